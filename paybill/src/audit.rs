//! `DetokenizeAuditTable`: who takes which card out of the vault, when and what for, and how many in a minute. Written
//! before the vault is read and KMS is asked: no card is opened without a record, or above the limit.

use std::{num::NonZeroU32, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        RequestId,
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
    },
    types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update},
};
use order::{OrderId, Owner, Timestamp};
use platform::{api::Problem, metrics::Metric};
use uuid::Uuid;
use vault::{IncompleteActionError, Token, action, opaque_id};

/// How long a minute's counter is kept before DynamoDB removes it, in seconds. The audit items themselves never expire.
const COUNTER_SECONDS: u64 = 24 * 60 * 60;

/// Payments of one principal at the same time conflict at the counter: DynamoDB accepts one and cancels the others.
const TRIES: u32 = 6;
/// The longest wait after the first such cancellation; it doubles from one to the next.
const FIRST_WAIT_MILLISECONDS: u64 = 25;

/// The settings that the template gives to the audit.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// `AUDIT_TABLE`: name of the table.
    pub table: String,
    /// `DETOKENIZE_LIMIT_PER_MINUTE`: how many cards one principal may take out within a minute of the clock.
    pub limit_per_minute: NonZeroU32,
}

/// One card to be taken out of the vault.
#[derive(Debug, Clone, Copy)]
pub struct Detokenization<'a> {
    /// Who asks: the caller, who need not own the order.
    pub principal: &'a Owner,
    /// Whose card it is.
    pub order: &'a OrderId,
    /// The card's token.
    pub token: Token,
    /// The purpose.
    pub purpose: Purpose,
    /// The payment it is taken out for.
    pub payment_id: Uuid,
    /// The time.
    pub at: Timestamp,
}

/// The purpose for which a card is taken out of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "UPPERCASE")]
pub enum Purpose {
    /// For the payment processor only.
    Payment,
    /// Also to be shown in full to the caller.
    Reveal,
}

/// Why a card must not be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The principal has taken out as many as it may in this minute.
    #[error("the limit of detokenizations per minute is reached")]
    OverLimit {
        /// Seconds until the next minute, 1 to 60.
        retry_after: u32,
    },
    /// It could not be recorded, for any reason.
    #[error("the detokenization could not be recorded")]
    Unavailable,
}

impl From<IncompleteActionError> for AuditError {
    fn from(_: IncompleteActionError) -> Self {
        Self::Unavailable
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::OverLimit { retry_after } => Problem::DETOKENIZE_LIMIT.retry_after(retry_after),
            AuditError::Unavailable => Self::UNAVAILABLE,
        }
    }
}

/// The table. It can only be added to.
#[derive(Debug, Clone)]
pub struct AuditTable {
    dynamodb: Client,
    settings: AuditSettings,
}

impl AuditTable {
    /// The table of that name, with that limit.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: AuditSettings) -> Self {
        Self { dynamodb: Client::new(config), settings }
    }

    /// Counts and records, in one transaction: both are written, or none. It counts once, even if it
    /// is sent several times: the SDK's `ClientRequestToken` is the same for each of its own tries, and if one of our own
    /// tries was written although it failed, the next one finds the item by its id.
    ///
    /// # Errors
    /// [`AuditError`]; the card must stay in the vault then.
    pub async fn record(&self, card: &Detokenization<'_>) -> Result<(), AuditError> {
        let id = opaque_id();
        for tried in 0..TRIES {
            let transaction = self
                .dynamodb
                .transact_write_items()
                .transact_items(self.count(card)?)
                .transact_items(self.item(card, id)?);
            match outcome(transaction.send().await) {
                Outcome::Recorded => return Ok(()),
                Outcome::OverLimit => {
                    tracing::warn!(
                        principal = %card.principal, order = %card.order, payment = %card.payment_id,
                        "the card was not detokenized, because the user is over the limit"
                    );
                    Metric::DetokenizeRefused.record();
                    return Err(AuditError::OverLimit { retry_after: seconds_to_next_minute(card.at) });
                }
                Outcome::Busy if tried + 1 < TRIES => {
                    let longest = FIRST_WAIT_MILLISECONDS << tried;
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(..=longest))).await;
                }
                Outcome::Busy | Outcome::Failed => break,
            }
        }
        Err(AuditError::Unavailable)
    }

    /// One more in this minute, if that is within the limit.
    fn count(&self, card: &Detokenization<'_>) -> Result<TransactWriteItem, IncompleteActionError> {
        let limit = self.settings.limit_per_minute;
        let update = Update::builder()
            .table_name(&self.settings.table)
            .key("Principal", AttributeValue::S(card.principal.to_string()))
            .key("At", AttributeValue::S(minute(card.at)))
            .update_expression("ADD Uses :one SET ExpiresAt = :end")
            .condition_expression("attribute_not_exists(Uses) OR Uses < :limit")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":limit", AttributeValue::N(limit.to_string()))
            .expression_attribute_values(":end", AttributeValue::N(counter_ends(card.at).to_string()));
        action(update.build())
    }

    fn item(&self, card: &Detokenization<'_>, id: Uuid) -> Result<TransactWriteItem, IncompleteActionError> {
        let facts = [
            ("Principal", card.principal.to_string()),
            ("At", format!("{}#{id}", card.at)),
            ("CustomerOrder", card.order.to_string()),
            ("CreditCardToken", card.token.to_string()),
            ("Purpose", card.purpose.to_string()),
            ("PaymentId", card.payment_id.to_string()),
        ];
        let put = Put::builder()
            .table_name(&self.settings.table)
            .set_item(Some(facts.map(|(name, fact)| (name.to_owned(), AttributeValue::S(fact))).into()))
            .condition_expression("attribute_not_exists(Principal)");
        action(put.build())
    }
}

/// The counter's range key. Sorts after all times, so that a range of times holds audit items only.
fn minute(at: Timestamp) -> String {
    let to_the_minute: String = at.to_string().chars().take("2026-11-21T18:59".len()).collect();
    format!("minute#{to_the_minute}Z")
}

/// The same for every use within a minute.
fn counter_ends(at: Timestamp) -> u64 {
    at.epoch_seconds() + u64::from(seconds_to_next_minute(at)) + COUNTER_SECONDS
}

fn seconds_to_next_minute(at: Timestamp) -> u32 {
    60 - u32::try_from(at.epoch_seconds() % 60).unwrap_or_default()
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Recorded,
    OverLimit,
    /// Cancelled, with nothing written, for a temporary reason.
    Busy,
    Failed,
}

fn outcome<R>(reply: Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError, R>>) -> Outcome
where
    SdkError<TransactWriteItemsError, R>: RequestId,
{
    let Err(error) = reply else { return Outcome::Recorded };
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        return of_cancelled(cancelled.cancellation_reasons());
    }
    let code = vault::failure_code(&error);
    tracing::warn!(code, request_id = error.request_id(), "a detokenization could not be recorded");
    Outcome::Failed
}

/// The reasons for the counter and the audit item, in this order.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html>
fn of_cancelled(reasons: &[CancellationReason]) -> Outcome {
    let code = |place: usize| reasons.get(place).and_then(CancellationReason::code).unwrap_or("None");
    let [counter, item] = [code(0), code(1)];
    match (counter, item) {
        // Nobody else has this id: an earlier try was written after all.
        (_, "ConditionalCheckFailed") => Outcome::Recorded,
        ("ConditionalCheckFailed", _) => Outcome::OverLimit,
        _ if [counter, item].iter().any(|code| passes(code)) => Outcome::Busy,
        _ => {
            tracing::warn!(counter, item, "a detokenization could not be recorded");
            Outcome::Failed
        }
    }
}

fn passes(code: &str) -> bool {
    matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_counter_is_a_minutes_and_outlives_it_by_a_day() {
        for (time, left) in [
            ("2026-11-21T18:59:00.000Z", 60),
            ("2026-11-21T18:59:33.120Z", 27),
            ("2026-11-21T18:59:59.999Z", 1),
        ] {
            assert_eq!(minute(at(time)), "minute#2026-11-21T18:59Z");
            assert_eq!(seconds_to_next_minute(at(time)), left);
            assert_eq!(counter_ends(at(time)), at("2026-11-22T19:00:00.000Z").epoch_seconds());
        }
        assert_eq!(minute(at("2026-11-21T19:00:00.000Z")), "minute#2026-11-21T19:00Z");
    }

    #[test]
    fn counters_sort_after_every_audit_item() {
        assert!(minute(at("1970-01-01T00:00:00.000Z")) > at("9999-12-31T23:59:59.999Z").to_string());
    }

    #[test]
    fn a_cancelled_transaction_says_which_of_the_two_was_in_the_way() {
        let reason = |code: &str| CancellationReason::builder().set_code(Some(code.to_owned())).build();
        for (counter, item, expected) in [
            ("ConditionalCheckFailed", "None", Outcome::OverLimit),
            ("ConditionalCheckFailed", "TransactionConflict", Outcome::OverLimit),
            ("None", "ConditionalCheckFailed", Outcome::Recorded),
            ("ConditionalCheckFailed", "ConditionalCheckFailed", Outcome::Recorded),
            ("TransactionConflict", "None", Outcome::Busy),
            ("None", "TransactionConflict", Outcome::Busy),
            ("ThrottlingError", "None", Outcome::Busy),
            ("ProvisionedThroughputExceeded", "None", Outcome::Busy),
            ("ValidationError", "None", Outcome::Failed),
            ("None", "SomethingNew", Outcome::Failed),
        ] {
            assert_eq!(of_cancelled(&[reason(counter), reason(item)]), expected, "{counter} {item}");
        }
        assert_eq!(of_cancelled(&[]), Outcome::Failed);
    }

    #[test]
    fn a_refusal_says_when_and_tells_nothing_of_the_request() {
        let over = Problem::from(AuditError::OverLimit { retry_after: 27 });
        assert_eq!((over.status.as_u16(), over.code, over.retry_after), (429, "DETOKENIZE_LIMIT", Some(27)));
        assert_eq!(Problem::from(AuditError::Unavailable), Problem::UNAVAILABLE);
    }
}
