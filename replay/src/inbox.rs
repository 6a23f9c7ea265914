//! The messages of the dead-letter queue, of both kinds: ours, which name an order, and Lambda's, which name
//! positions in the stream.

use order::{DeadLetter, OrderId, Timestamp};
use serde::Deserialize;

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Order(OrderId),
    /// An order without a valid id: only its row shows which one.
    Nameless,
    /// Records that Lambda gave up on: of rows armed up to then, some may be stuck.
    ArmedUpTo(Timestamp),
    /// A message that this release does not know. It is left in the queue.
    Unknown,
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
#[derive(Deserialize)]
struct GivenUp {
    #[serde(rename = "DDBStreamBatchInfo")]
    batch: BatchInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    approximate_arrival_of_last_record: Timestamp,
}

impl Word {
    pub(super) fn of(body: &str) -> Self {
        if let Ok(letter) = serde_json::from_str::<DeadLetter>(body) {
            return letter.customer_order.map_or(Self::Nameless, Self::Order);
        }
        match serde_json::from_str::<GivenUp>(body) {
            Ok(given_up) => Self::ArmedUpTo(given_up.batch.approximate_arrival_of_last_record),
            Err(_) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_message_are_read() {
        let ours =
            r#"{"Kind":"PARKED","CustomerOrder":"1","Reason":"MALFORMED","At":"2026-11-21T18:59:33.120Z"}"#;
        assert_eq!(Word::of(ours), Word::Order(OrderId::stored("1").unwrap()));
        let nameless = r#"{"Kind":"EXPIRED","At":"2026-11-21T18:59:33.120Z"}"#;
        assert_eq!(Word::of(nameless), Word::Nameless);
        let lambdas = r#"{"requestContext":{"requestId":"x","functionArn":"arn","condition":"RetryAttemptsExhausted","approximateInvokeCount":6},
            "responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"version":"1.0","timestamp":"2026-11-21T19:00:00.000Z",
            "DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1","endSequenceNumber":"2",
            "approximateArrivalOfFirstRecord":"2026-11-21T18:59:33Z","approximateArrivalOfLastRecord":"2026-11-21T18:59:34Z","batchSize":2,"streamArn":"arn"}}"#;
        assert_eq!(Word::of(lambdas), Word::ArmedUpTo("2026-11-21T18:59:34Z".parse().unwrap()));
    }

    #[test]
    fn anything_else_is_unknown() {
        for body in ["", "{}", "hello", r#"{"Kind":"OTHER","At":"2026-11-21T18:59:33.120Z"}"#] {
            assert_eq!(Word::of(body), Word::Unknown, "{body}");
        }
    }
}
