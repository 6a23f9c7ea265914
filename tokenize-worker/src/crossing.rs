//! One record: the order crosses, is parked, or is tried again.

use aws_sdk_dynamodb::types::AttributeValue;
use order::{
    AFTER_THE_CLAIM, Crossing, DeadLetter, DeadLetterKind, FailureReason, LateCard, OrderId, QuarantineRow,
    RowVersion, Timestamp, Written,
};
use platform::{api::Problem, metrics::Metric};
use vault::{CardRefusal, SealedCard, TokenizeError, Tokenized};

use crate::{
    TokenizeWorker,
    change::{Change, Item},
};

/// The record is not done: it must be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Again;

/// What is to be done with a record; nothing has been written yet.
pub(crate) enum Step {
    /// The order's card is sealed for the vault: what is left is one transaction.
    Cross(Box<Ready>),
    Park(SeenRow, FailureReason),
    /// The card was sent encrypted, and it is not one that may be stored.
    Refuse(SeenRow, CardRefusal),
    ReportRemoval(SeenRow),
    Nothing,
}

/// An order that is ready to cross.
pub(crate) struct Ready {
    seen: SeenRow,
    row: QuarantineRow,
    tokenized: Tokenized,
}

impl Step {
    /// The order, if it may cross together with others: a replacement of a card needs another transaction.
    pub(crate) fn crossing(&self) -> Option<&Ready> {
        match self {
            Self::Cross(ready) if ready.row.replaces.is_none() => Some(ready),
            _ => None,
        }
    }
}

impl TokenizeWorker {
    /// Finds out what is to be done, and does the part that needs no write.
    pub(crate) async fn open(&self, change: Change) -> Result<Step, Again> {
        let item = match change {
            Change::Armed(item) => item,
            Change::CardRemovedByTtl(item) => return Ok(Step::ReportRemoval(SeenRow::of(&item))),
            // Its event is sent beside this: see `telling`.
            Change::Ended(_) | Change::Other => return Ok(Step::Nothing),
        };
        let seen = SeenRow::of(&item);
        let lacking = QuarantineRow::lacking(&item);
        let is_of_a_later_release = has_unknown_version(&item);
        let Ok(row) = QuarantineRow::parse(item) else {
            // What a later release seals may be in a row with other attributes.
            if is_of_a_later_release {
                return Ok(Step::Park(seen, FailureReason::UnknownVersion));
            }
            // The names of our own list only: others may be anything.
            tracing::warn!(
                order = seen.order_text(),
                lacking = lacking.join(", "),
                "a row that cannot be read"
            );
            return Ok(Step::Park(seen, FailureReason::Malformed));
        };
        match self.tokenizer.tokenize(&row.card(), row.place()).await {
            Ok(tokenized) => Ok(Step::Cross(Box::new(Ready { seen, row, tokenized }))),
            Err(error) if error.retryable() => Err(Again),
            Err(TokenizeError::CardRefused(refusal)) => Ok(Step::Refuse(seen, refusal)),
            Err(TokenizeError::UnknownVersion) => Ok(Step::Park(seen, FailureReason::UnknownVersion)),
            Err(_) => Ok(Step::Park(seen, FailureReason::EnvelopeRefused)),
        }
    }

    /// Takes the step.
    pub(crate) async fn take(&self, step: Step) -> Result<(), Again> {
        match step {
            Step::Cross(ready) => self.cross(&ready).await,
            Step::Park(seen, reason) => self.park(&seen, reason).await,
            Step::Refuse(seen, refusal) => self.refuse_card(&seen, refusal.code()).await,
            Step::ReportRemoval(seen) => self.report_removal(&seen).await,
            Step::Nothing => Ok(()),
        }
    }

    /// One transaction for all; how it ended for each, where that is known.
    pub(crate) async fn cross_together(&self, orders: &[&Ready]) -> Vec<Option<Crossing>> {
        let orders: Vec<_> = orders.iter().map(|ready| (&ready.row, &ready.tokenized)).collect();
        self.airlock.carry_together(&orders, self.now()).await
    }

    async fn cross(&self, ready: &Ready) -> Result<(), Again> {
        let Ready { row, tokenized, .. } = ready;
        let crossing = match row.replaces {
            None => self.airlock.carry_across(row, tokenized, self.now()).await,
            Some(replaced) => match self.tokenizer.retire(replaced) {
                Ok(retired) => self.airlock.replace_card(row, replaced, tokenized, retired, self.now()).await,
                Err(incomplete) => Err(incomplete.into()),
            },
        };
        match crossing {
            Ok(crossing) => self.settle(ready, crossing).await,
            Err(_) => self.park(&ready.seen, FailureReason::Rejected).await,
        }
    }

    /// Does what follows from the end of a try.
    pub(crate) async fn settle(&self, ready: &Ready, crossing: Crossing) -> Result<(), Again> {
        let Ready { seen, row, .. } = ready;
        let (order, acceptance) = (&row.customer_order, row.acceptance_id);
        match crossing {
            Crossing::Across => {
                tracing::info!(order = order.shown(), %acceptance, attempt = row.attempt, "tokenized");
                Metric::Tokenized.record();
                Metric::TimeInQuarantine(row.accepted_at.milliseconds_until(self.now())).record();
                Ok(())
            }
            Crossing::AlreadyAcross | Crossing::Superseded => Ok(()),
            Crossing::Duplicate => {
                self.quarantine.drop_row(order, acceptance).await.map_err(|_| Again)?;
                tracing::info!(order = order.shown(), %acceptance, "dropped a duplicate of an order that is across");
                Ok(())
            }
            Crossing::Forgotten => {
                self.quarantine.drop_row(order, acceptance).await.map_err(|_| Again)?;
                report_forgotten(order.shown(), Some(acceptance));
                Ok(())
            }
            Crossing::CardNotReplaced => self.end_replacement(seen).await,
            Crossing::CardRefused => self.refuse_card(seen, Problem::ANOTHER_CARD_NEEDED.code).await,
            Crossing::PaymentUnderWay { claimed_until } => self.wait_for_payment(seen, claimed_until).await,
            Crossing::NothingToReplace => self.park(seen, FailureReason::Malformed).await,
            Crossing::OrderExists => self.park(seen, FailureReason::OrderExists).await,
            Crossing::Transient => Err(Again),
            Crossing::Rejected => self.park(seen, FailureReason::Rejected).await,
        }
    }

    /// The dead letter is sent first: after a crash in between, there may be a letter about an order that is still
    /// pending, but never a failed order without a letter. A row that changed meanwhile is handled by its writer.
    async fn park(&self, seen: &SeenRow, reason: FailureReason) -> Result<(), Again> {
        let Some(key) = seen.key.clone() else { return Err(Again) };
        if self.late_card(seen, &key).await? != LateCard::Kept {
            return Ok(());
        }
        let letter = seen.letter(DeadLetterKind::Parked, Some(reason), self.now());
        self.dead_letters.send(&letter).await.map_err(|_| Again)?;
        if self.quarantine.park(key, &seen.version, reason).await.map_err(|_| Again)? == Written::Done {
            tracing::error!(order = letter.order_text(), reason = reason.code(), "parked");
            Metric::Parked(reason.code()).record();
        }
        Ok(())
    }

    /// Drops a row whose order's card was forgotten, instead of parking it: the answer to its owner said that no card is left.
    async fn late_card(&self, seen: &SeenRow, key: &AttributeValue) -> Result<LateCard, Again> {
        // A row without an owner is parked: nobody can have forgotten its card.
        let Some(owner) = &seen.owner else { return Ok(LateCard::Kept) };
        let outcome = self.airlock.drop_if_forgotten(key, owner, &seen.version).await;
        if outcome == Ok(LateCard::Dropped) {
            report_forgotten(seen.order_text(), seen.acceptance);
        }
        match outcome {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.retryable() => Err(Again),
            // DynamoDB refuses the contents of the row, and will always refuse them.
            Err(_) => Ok(LateCard::Kept),
        }
    }

    /// The order is being paid with the card that this one is to replace: the row waits, and the sweep arms it again
    /// when that payment should be over. The record is done: so no customer can delay a batch.
    async fn wait_for_payment(&self, seen: &SeenRow, claimed_until: Timestamp) -> Result<(), Again> {
        let Some(key) = seen.key.clone() else { return Err(Again) };
        let now = self.now();
        let time = claimed_until.max(now).after(AFTER_THE_CLAIM);
        let written = self.quarantine.arm_after(key, &seen.version, time).await.map_err(|_| Again)?;
        if written == Written::Done {
            tracing::info!(order = seen.order_text(), arm_after = %time, "another card waits for a payment");
        }
        Ok(())
    }

    /// Any customer can cause this, with a card that only this worker can judge, so it raises no alarm. Its sender gets one
    /// reason, whatever it was; the log has the other.
    async fn refuse_card(&self, seen: &SeenRow, detail: &'static str) -> Result<(), Again> {
        let Some(key) = seen.key.clone() else { return Err(Again) };
        let written = self.quarantine.refuse_card(key, &seen.version).await.map_err(|_| Again)?;
        if written == Written::Done {
            tracing::info!(order = seen.order_text(), detail, "refused a card that was sent encrypted");
            Metric::CardRefused(detail).record();
        }
        Ok(())
    }

    /// Any customer can cause this by paying at the same moment, so it raises no alarm.
    async fn end_replacement(&self, seen: &SeenRow) -> Result<(), Again> {
        let Some(key) = seen.key.clone() else { return Err(Again) };
        let written = self.quarantine.end_replacement(key, &seen.version).await.map_err(|_| Again)?;
        if written == Written::Done {
            tracing::info!(
                order = seen.order_text(),
                "another card came too late to replace the card of its order"
            );
        }
        Ok(())
    }

    async fn report_removal(&self, seen: &SeenRow) -> Result<(), Again> {
        let letter = seen.letter(DeadLetterKind::RemovedByTtl, None, self.now());
        self.dead_letters.send(&letter).await.map_err(|_| Again)?;
        Metric::RemovedByTtl.record();
        tracing::error!(order = letter.order_text(), "TTL removed an order that was not across");
        Ok(())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }
}

fn has_unknown_version(item: &Item) -> bool {
    let sealed = item.get("SealedCard").and_then(|sealed| sealed.as_b().ok());
    sealed.is_some_and(|sealed| SealedCard::has_unknown_version(sealed.as_ref()))
}

fn report_forgotten(order: Option<&str>, acceptance: Option<uuid::Uuid>) {
    let acceptance = acceptance.map(tracing::field::display);
    tracing::info!(order, acceptance, "dropped a card, because the card of its order was forgotten");
    Metric::Forgotten.record();
}

/// What is known about a row before it is parsed, also when it cannot be parsed.
pub(crate) struct SeenRow {
    key: Option<AttributeValue>,
    owner: Option<AttributeValue>,
    version: RowVersion,
    order: Option<OrderId>,
    acceptance: Option<uuid::Uuid>,
}

impl SeenRow {
    fn of(item: &Item) -> Self {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        Self {
            key: item.get("CustomerOrder").cloned(),
            owner: item.get("Owner").cloned(),
            version: RowVersion::of(item),
            // It goes into log lines and dead letters, and nothing else needs it.
            order: text("CustomerOrder").and_then(OrderId::stored).filter(|order| order.shown().is_some()),
            acceptance: text("AcceptanceId").and_then(|id| id.parse().ok()),
        }
    }

    fn order_text(&self) -> Option<&str> {
        self.order.as_ref().map(OrderId::as_str)
    }

    fn letter(&self, kind: DeadLetterKind, reason: Option<FailureReason>, at: Timestamp) -> DeadLetter {
        DeadLetter { kind, customer_order: self.order.clone(), acceptance_id: self.acceptance, reason, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_names_an_order_by_an_id_that_may_be_shown_and_by_nothing_else() {
        let seen = |key: &str| {
            let key = AttributeValue::S(key.to_owned());
            SeenRow::of(&Item::from([("CustomerOrder".to_owned(), key)]))
        };
        assert_eq!(seen("123456789").order_text(), Some("123456789"));
        assert_eq!(seen("4111111111111111").order_text(), None);
        assert_eq!(SeenRow::of(&Item::new()).order_text(), None);
    }
}
