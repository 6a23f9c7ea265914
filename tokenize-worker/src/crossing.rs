//! One record: the order crosses, is parked, or is tried again.

use aws_sdk_dynamodb::types::AttributeValue;
use order::{
    Crossing, FailureReason, OrderId, QuarantineRow, RowVersion, Timestamp, Written, metrics::Metric,
};
use vault::TokenizeError;

use crate::{
    TokenizeWorker,
    change::{Change, Item},
    dead_letter::{DeadLetter, DeadLetterKind},
};

/// The record is not done: it must be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Again;

impl TokenizeWorker {
    pub(crate) async fn process(&self, change: Change) -> Result<(), Again> {
        match change {
            Change::Armed(item) => self.cross(item).await,
            Change::CardRemovedByTtl(item) => self.mourn(&item).await,
            Change::Other => Ok(()),
        }
    }

    async fn cross(&self, item: Item) -> Result<(), Again> {
        let seen = Seen::of(&item);
        let Ok(row) = QuarantineRow::parse(item) else {
            return self.park(&seen, FailureReason::Malformed).await;
        };
        let tokenized = match self.tokenizer.tokenize(&row.card(), row.place()).await {
            Ok(tokenized) => tokenized,
            Err(error) if error.retryable() => return Err(Again),
            Err(TokenizeError::UnknownVersion) => {
                return self.park(&seen, FailureReason::UnknownVersion).await;
            }
            Err(_) => return self.park(&seen, FailureReason::EnvelopeRefused).await,
        };
        let (order, acceptance) = (&row.customer_order, row.acceptance_id);
        let crossing = match row.replaces {
            None => self.airlock.carry_across(&row, tokenized, self.now()).await,
            Some(replaced) => {
                let retired = self.tokenizer.retire(replaced);
                Ok(self.airlock.replace_card(&row, replaced, tokenized, retired, self.now()).await)
            }
        };
        match crossing {
            Ok(Crossing::Across) => {
                tracing::info!(%order, %acceptance, attempt = row.attempt, "tokenized");
                Metric::Tokenized.record();
                Metric::TimeInQuarantine(row.accepted_at.milliseconds_until(self.now())).record();
                Ok(())
            }
            Ok(Crossing::AlreadyAcross | Crossing::Superseded) => Ok(()),
            Ok(Crossing::Duplicate) => {
                self.quarantine.drop_duplicate(order, acceptance).await.map_err(|_| Again)?;
                tracing::info!(%order, %acceptance, "dropped a duplicate");
                Ok(())
            }
            Ok(Crossing::CardNotReplaced) => self.park(&seen, FailureReason::CardNotReplaced).await,
            Ok(Crossing::OrderExists) => self.park(&seen, FailureReason::OrderExists).await,
            Ok(Crossing::Transient) => Err(Again),
            Ok(Crossing::Rejected) | Err(_) => self.park(&seen, FailureReason::Rejected).await,
        }
    }

    /// Dead letter first: a crash in between leaves word of an order that is still pending, never a failed
    /// order without word. A row that changed meanwhile was taken care of by whoever changed it.
    async fn park(&self, seen: &Seen, reason: FailureReason) -> Result<(), Again> {
        let Some(key) = seen.key.clone() else { return Err(Again) };
        let letter = seen.letter(DeadLetterKind::Parked, Some(reason), self.now());
        self.dead_letters.send(&letter).await.map_err(|_| Again)?;
        if self.quarantine.park(key, &seen.version, reason).await.map_err(|_| Again)? == Written::Done {
            tracing::error!(order = letter.order_text(), reason = reason.code(), "parked");
            Metric::Parked(reason.code()).record();
        }
        Ok(())
    }

    async fn mourn(&self, item: &Item) -> Result<(), Again> {
        let letter = Seen::of(item).letter(DeadLetterKind::RemovedByTtl, None, self.now());
        self.dead_letters.send(&letter).await.map_err(|_| Again)?;
        Metric::RemovedByTtl.record();
        tracing::error!(order = letter.order_text(), "TTL removed an order that was not across");
        Ok(())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }
}

/// What is known of a row before it is parsed, and stays known when it cannot be.
struct Seen {
    key: Option<AttributeValue>,
    version: RowVersion,
    order: Option<OrderId>,
    acceptance: Option<uuid::Uuid>,
}

impl Seen {
    fn of(item: &Item) -> Self {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        Self {
            key: item.get("CustomerOrder").cloned(),
            version: RowVersion::of(item),
            order: text("CustomerOrder").and_then(|id| id.parse().ok()),
            acceptance: text("AcceptanceId").and_then(|id| id.parse().ok()),
        }
    }

    fn letter(&self, kind: DeadLetterKind, reason: Option<FailureReason>, at: Timestamp) -> DeadLetter {
        DeadLetter { kind, customer_order: self.order.clone(), acceptance_id: self.acceptance, reason, at }
    }
}
