//! What the functions behind a DynamoDB stream share: the place of a record, and the answer to a batch.

use std::time::SystemTime;

use aws_lambda_events::{
    dynamodb::{EventRecord, StreamRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use order::{RecordedAt, Timestamp};

/// The sequence numbers of a batch, in its order.
#[must_use]
pub fn sequence_numbers(records: &[EventRecord]) -> Vec<Option<String>> {
    records.iter().map(|record| record.change.sequence_number.clone()).collect()
}

/// Reports the first record that is not done; the records after it are delivered again, which changes nothing if they
/// are done. <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[must_use]
pub fn answer(sequence_numbers: Vec<Option<String>>, first_undone: Option<usize>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if let Some(index) = first_undone {
        // A record without a number gives an empty identifier. This fails the whole batch, as intended.
        let number = sequence_numbers.into_iter().nth(index).flatten().unwrap_or_default();
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(number);
        response.batch_item_failures.push(failure);
    }
    response
}

/// Where and when a change was recorded.
#[must_use]
pub fn recorded_at(change: &StreamRecord) -> RecordedAt {
    RecordedAt {
        sequence_number: change.sequence_number.clone().unwrap_or_default(),
        time: Timestamp::from(SystemTime::from(change.approximate_creation_date_time)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_record_that_is_not_done_is_reported_by_its_number() {
        let numbers = || vec![Some("7".to_owned()), None, Some("9".to_owned())];
        let reported = |first| serde_json::to_value(answer(numbers(), first)).unwrap();
        assert_eq!(reported(None), json!({ "batchItemFailures": [] }));
        assert_eq!(reported(Some(2)), json!({ "batchItemFailures": [{ "itemIdentifier": "9" }] }));
        assert_eq!(reported(Some(1)), json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }));
    }

    #[test]
    fn a_change_has_the_number_and_the_second_of_its_record() {
        let change: StreamRecord = serde_json::from_value(json!({
            "ApproximateCreationDateTime": 1_763_751_573, "SequenceNumber": "17", "SizeBytes": 1, "Keys": {},
        }))
        .unwrap();
        let recorded = recorded_at(&change);
        assert_eq!(recorded.sequence_number, "17");
        assert_eq!(recorded.time.to_string(), "2025-11-21T18:59:33.000Z");
    }
}
