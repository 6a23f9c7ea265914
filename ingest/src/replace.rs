//! Another card for an order that is not paid: it is sealed into quarantine, as the first card was.

use order::{
    CleanStatus, ComparedCard, Details, OrderId, Owner, PaymentStatus, QuarantineStatus, TableError, Written,
    accepting::{Acceptance, decide},
};
use platform::{
    api::{Caller, Denied, Problem, Reply},
    metrics::Metric,
};
use vault::opaque_id;

use crate::{
    Ingest,
    accept::{ROUNDS, accepted, place, repeated},
    status,
    submitted_card::SubmittedCard,
};

impl Ingest {
    /// Accepts another card. Nothing is written before it is sealed. A repeat gets the same answer as the first request.
    ///
    /// First by the clean row, or by the quarantine row if there is none. The first row that matches decides:
    ///
    /// | the order | then |
    /// |---|---|
    /// | in no table, or somebody else's | 404 `ORDER_NOT_FOUND` |
    /// | not across yet | 409 `ORDER_NOT_TOKENIZED`; while PENDING with Retry-After |
    /// | its card is forgotten | 410 `CARD_FORGOTTEN` |
    /// | payment SUBMITTING, also when the claim has run out | 409 `PAYMENT_IN_PROGRESS`, Retry-After 5 |
    /// | SUBMITTED or UNKNOWN | the order has a card of this last4 and brand: 200 with its status, a repeat whose answer was lost; else 409 `PAYMENT_NOT_DECLINED` |
    /// | five declines in the history (ingest reads only the id of the fifth) | 409 `PAYMENT_ATTEMPTS_EXHAUSTED`: no card could be charged |
    /// | the order has this very encrypted card, byte by byte | 200 with its status, a repeat whose answer was lost |
    /// | no payment, and a card of this last4 and brand, with or without an expiry as this one, replaced another (`CardReplacedAt`) | 200 with its status, a repeat whose answer was lost. The first card of the order is accepted again: a mistyped number or expiry may look the same |
    /// | a card of this last4 and brand was declined permanently; of an encrypted one the worker finds out, `CARD_REFUSED` | 409 `ANOTHER_CARD_NEEDED` |
    /// | no payment, or DECLINED | seal, then put |
    ///
    /// Then, in each round, by the quarantine row and the clean row, whose token becomes the row's `Replaces`:
    ///
    /// | quarantine row | then |
    /// |---|---|
    /// | owner or status cannot be read | 409 `CARD_CHANGE_BLOCKED` |
    /// | this acceptance, or the clean row has this acceptance | 202: a put whose reply was lost |
    /// | any, and the clean row no longer accepts another card | as the table above says |
    /// | none | put if there is none: 202 |
    /// | PENDING, same details, replacing the same token | 202 with the first `AcceptanceId` and `AcceptedAt`; nothing is written |
    /// | FAILED or EXPIRED, of the same owner | a new acceptance in its place, if unchanged since it was read: 202 |
    /// | PENDING, anything else, of the same owner | 409 `CARD_CHANGING`, Retry-After as for a PENDING order |
    /// | of another owner (two met at one order id, and this one cannot cross any more) | 409 `CARD_CHANGE_BLOCKED`, until that row expires and is removed |
    pub(crate) async fn replace(
        &self,
        caller: &Caller,
        order: &OrderId,
        card: SubmittedCard,
        order_url: &str,
    ) -> Result<Reply, Problem> {
        let (card_seen, has_expiry) = (card.compared(), card.has_expiry());
        let clean = self.own(caller, order).await?;
        if let Some(repeated) = answer_by_its_card(&clean, card_seen, has_expiry)? {
            return Ok(repeated);
        }
        if let ComparedCard::Shown { last4, brands } = card_seen
            && clean.is_declined_for_good(brands, last4)
        {
            return Err(Problem::ANOTHER_CARD_NEEDED);
        }
        let acceptance = opaque_id();
        let accepted_at = self.now();
        let owner = clean.order.owner.clone();
        let details_for = |clean: &CleanStatus| {
            let replaces = Some(clean.order.credit_card_token);
            // The clean row keeps the order's amount; a card changes nothing about it.
            Details { card: card_seen, replaces, amount: None, ..clean.order.details() }
        };
        let details = details_for(&clean);
        let sealed = match self.seal(card, place(order, &owner, acceptance, accepted_at)).await {
            Ok(sealed) => sealed,
            Err(problem) => return self.repeat(order, &details, order_url).await?.ok_or(problem),
        };
        let mut row = self.row(order.clone(), &details, acceptance, accepted_at, sealed);
        for _ in 0..ROUNDS {
            let found = match self.quarantine.view(order).await {
                Err(TableError::Malformed) => return Err(Problem::CARD_CHANGE_BLOCKED),
                found => found?,
            };
            let is_put = found.as_ref().is_some_and(|(view, _)| view.acceptance_id == Some(acceptance));
            // The card that was read may have been replaced meanwhile, perhaps by this one.
            let clean = self.own(caller, order).await?;
            if is_put || clean.order.acceptance_id == acceptance {
                return Ok(accepted(&row, order_url));
            }
            if let Some(repeated) = answer_by_its_card(&clean, card_seen, has_expiry)? {
                return Ok(repeated);
            }
            let details = details_for(&clean);
            row.replaces = details.replaces;
            let written = match (decide(&details, found.as_ref().map(|(view, _)| view), None), &found) {
                (Acceptance::New, _) => self.quarantine.put_if_absent(&row).await,
                (Acceptance::Renewed { .. }, Some((_, seen))) => self.quarantine.replace(&row, seen).await,
                (Acceptance::AlreadyPending, Some((first, _))) => {
                    return Ok(repeated(order, first, self.now(), order_url));
                }
                // A pending card, or another owner's row with this id until it expires.
                (_, Some((view, _))) if view.owner.as_ref() == Some(&owner) && view.status.is_some() => {
                    return Err(Problem::CARD_CHANGING.retry_after(view.pending.retry_after(self.now())));
                }
                _ => return Err(Problem::CARD_CHANGE_BLOCKED),
            };
            if written? == Written::Done {
                tracing::info!(%order, %acceptance, "accepted another card");
                Metric::Accepted.record();
                return Ok(accepted(&row, order_url));
            }
        }
        Err(Problem::UNAVAILABLE)
    }

    /// The clean order, if the caller may change it.
    async fn own(&self, caller: &Caller, order: &OrderId) -> Result<CleanStatus, Problem> {
        let may_change = |owner: Option<&Owner>| caller.may_act_for(owner, &self.settings.billing_group);
        let mut clean = self.orders.status(order).await?;
        if clean.is_none() {
            match self.quarantine.view(order).await {
                Ok(Some((view, _))) if may_change(view.owner.as_ref()) => {
                    return Err(match status::status_of(&view) {
                        QuarantineStatus::Pending => {
                            Problem::ORDER_NOT_TOKENIZED.retry_after(view.pending.retry_after(self.now()))
                        }
                        QuarantineStatus::Failed | QuarantineStatus::Expired => Problem::ORDER_NOT_TOKENIZED,
                    });
                }
                Ok(Some(_)) => return Err(Denied::NotTheOwner.deny()),
                // It may have crossed between the two reads.
                Ok(None) | Err(TableError::Malformed) => clean = self.orders.status(order).await?,
                Err(error) => return Err(error.into()),
            }
        }
        match clean {
            Some(clean) if may_change(Some(&clean.order.owner)) => Ok(clean),
            Some(_) => Err(Denied::NotTheOwner.deny()),
            None => Err(Problem::ORDER_NOT_FOUND),
        }
    }
}

/// The answer when the order has the card already, as far as that can be known without opening it. `None`: the order
/// accepts the card. The first card of the order is accepted again while nobody has paid, because a card with a mistyped
/// number or expiry may look the same.
fn answer_by_its_card(
    clean: &CleanStatus,
    card: ComparedCard,
    has_expiry: Option<bool>,
) -> Result<Option<Reply>, Problem> {
    let has_it = clean.order.has_card(card);
    // The same bytes are the same card, whatever is in them.
    let is_same = has_it && matches!(card, ComparedCard::Encrypted(_));
    // For the processor, the same number with an expiry date is another card than without.
    let has_all_of_it = has_it && clean.order.card_has_expiry.is_none_or(|has| has_expiry == Some(has));
    match clean.payment {
        _ if clean.order.card_forgotten_at.is_some() => Err(Problem::CARD_FORGOTTEN),
        Some(PaymentStatus::Submitting) => Err(Problem::PAYMENT_IN_PROGRESS),
        Some(PaymentStatus::Submitted | PaymentStatus::Unknown) if !has_it => {
            Err(Problem::PAYMENT_NOT_DECLINED)
        }
        Some(PaymentStatus::Submitted | PaymentStatus::Unknown) => {
            Ok(Some(status::tokenized(clean, None, None)))
        }
        _ if clean.is_exhausted => Err(Problem::PAYMENT_ATTEMPTS_EXHAUSTED),
        None | Some(PaymentStatus::Declined) if is_same => Ok(Some(status::tokenized(clean, None, None))),
        None if has_all_of_it && clean.order.card_replaced_at.is_some() => {
            Ok(Some(status::tokenized(clean, None, None)))
        }
        None | Some(PaymentStatus::Declined) => Ok(None),
    }
}
