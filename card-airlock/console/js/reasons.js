// Why an order is parked or has ended, in the words of docs/operating.md, "What each reason means".

export const REASONS = {
  ENVELOPE_REFUSED: "the sealed card does not open: the row, its data key or its envelope was altered. An altered row never opens: its owner must place the order again",
  UNKNOWN_VERSION: "an envelope of a newer version than this worker",
  MALFORMED: "the row lacks attributes or holds unknown ones: written by hand, or by another version of ingest",
  ORDER_EXISTS: "another order with this id, with other details, is across already. The customer needs another id",
  CARD_NOT_REPLACED: "another card that came too late. The order itself did not change, and that card is gone: if the order is still declined, send the card again",
  CARD_REFUSED: "a card that was sent encrypted cannot be opened, is no valid card of this order, or was declined permanently. The card is gone from the row: encrypt it again, and send the order or the other card again",
  REJECTED: "DynamoDB refuses the transaction itself",
  ATTEMPTS_EXHAUSTED: "it did not cross within 48 hours after it was first armed or replayed",
  FORGOTTEN: "not a failure: the card in the row was forgotten on request",
};

/** Their card is gone: no replay can start these again. */
const ENDED = ["CARD_NOT_REPLACED", "CARD_REFUSED", "FORGOTTEN"];

/** Whether a replay will only park an order again, as far as anybody knows. */
export const isHopeless = (reason) => reason === "ENVELOPE_REFUSED";

/** What a person reads about a reason. */
export const reasonWords = (reason) => (REASONS[reason] ? `${reason}: ${REASONS[reason]}` : (reason ?? "no reason is known"));

/** Whether a replay can start an order again that is parked for this reason. */
export const isReplayable = (reason) => !ENDED.includes(reason);
