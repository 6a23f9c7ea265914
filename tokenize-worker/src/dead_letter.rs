//! Dead letters: word of an order that could not cross. Ids and a reason, never data.

use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, error::ProvideErrorMetadata, operation::RequestId};
use order::{FailureReason, OrderId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

/// A message of the dead-letter queue. Duplicates are harmless: the quarantine row is the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadLetter {
    /// What happened.
    pub kind: DeadLetterKind,
    /// The order, unless the row's key is no order id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_order: Option<OrderId>,
    /// The acceptance, unless the row has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance_id: Option<Uuid>,
    /// Why the order was parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// When.
    pub at: Timestamp,
}

/// What happened to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeadLetterKind {
    /// It was parked; its row waits as FAILED.
    Parked,
    /// DynamoDB's TTL removed its row while a sealed card was still in it: an alarm, for expiry comes first.
    RemovedByTtl,
}

/// The dead letter could not be sent; the record is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dead-letter queue is not available")]
pub struct NotSent;

/// The dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetterQueue {
    sqs: Client,
    url: String,
}

impl DeadLetterQueue {
    pub(crate) fn new(config: &SdkConfig, url: String) -> Self {
        Self { sqs: Client::new(config), url }
    }

    pub(crate) async fn send(&self, letter: &DeadLetter) -> Result<(), NotSent> {
        let body = serde_json::to_string(letter).map_err(|_| NotSent)?;
        match self.sqs.send_message().queue_url(&self.url).message_body(body).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("none");
                tracing::warn!(
                    operation = "SendMessage",
                    code,
                    request_id = error.request_id(),
                    "SQS refused or failed"
                );
                Err(NotSent)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_holds_ids_and_a_reason_only() {
        let letter = DeadLetter {
            kind: DeadLetterKind::Parked,
            customer_order: Some("123456789".parse().unwrap()),
            acceptance_id: Some(Uuid::nil()),
            reason: Some(FailureReason::OrderExists),
            at: "2026-11-21T18:59:33.120Z".parse().unwrap(),
        };
        assert_eq!(
            serde_json::to_string(&letter).unwrap(),
            r#"{"Kind":"PARKED","CustomerOrder":"123456789","AcceptanceId":"00000000-0000-0000-0000-000000000000","Reason":"ORDER_EXISTS","At":"2026-11-21T18:59:33.120Z"}"#
        );
    }
}
