//! What a function's answer says about the batch it was given.

use std::collections::HashMap;

use serde_json::Value;

use crate::record::Record;

/// The result of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    /// The records from this index on are to come again, those before are done.
    FailedFrom(usize),
    /// The response cannot be used: the whole batch failed.
    Unusable,
}

/// Reads the answer under `ReportBatchItemFailures`.
///
/// Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda": an empty or null
/// response, and an empty or null list, mean success; an empty, null or misnamed `itemIdentifier` fails the
/// whole batch. That `[]` and `""` mean success too, and that a number or one that is not in the batch fails
/// it, was recorded against AWS by LocalStack (`test_dynamodb_report_batch_item_*_scenarios`). The lowest
/// number counts, whatever the order.
pub(crate) fn verdict(answer: &[u8], records: &[Record]) -> Verdict {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Success;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return Verdict::Unusable };
    let failures = match &answer {
        Value::Null => return Verdict::Success,
        Value::Array(list) if list.is_empty() => return Verdict::Success,
        Value::String(text) if text.is_empty() => return Verdict::Success,
        Value::Object(response) => response.get("batchItemFailures"),
        _ => return Verdict::Unusable,
    };
    match failures {
        None | Some(Value::Null) => Verdict::Success,
        Some(Value::Array(failures)) => lowest(failures, records),
        Some(_) => Verdict::Unusable,
    }
}

fn lowest(failures: &[Value], records: &[Record]) -> Verdict {
    let places: HashMap<&str, usize> =
        records.iter().enumerate().map(|(place, record)| (record.sequence.as_str(), place)).collect();
    let place = |failure: &Value| places.get(failure.get("itemIdentifier")?.as_str()?).copied();
    // The records are in stream order, so the lowest place is the lowest number.
    match failures.iter().map(place).collect::<Option<Vec<_>>>() {
        Some(places) => places.into_iter().min().map_or(Verdict::Success, Verdict::FailedFrom),
        None => Verdict::Unusable,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict_on(answer: &str) -> Verdict {
        let record = |number: &str| {
            let dynamodb = json!({"SequenceNumber": number, "ApproximateCreationDateTime": 1});
            Record::parse(&json!({ "dynamodb": dynamodb })).unwrap()
        };
        verdict(answer.as_bytes(), &["9", "10", "11"].map(record))
    }

    #[test]
    fn an_empty_or_null_answer_or_list_is_success() {
        for answer in [
            "",
            " ",
            "null",
            "{}",
            "[]",
            "\"\"",
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
        ] {
            assert_eq!(verdict_on(answer), Verdict::Success, "{answer}");
        }
    }

    #[test]
    fn the_lowest_number_counts_as_a_number() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"11"},{"itemIdentifier":"10"}]}"#;
        assert_eq!(verdict_on(answer), Verdict::FailedFrom(1));
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":"9"}]}"#;
        assert_eq!(verdict_on(answer), Verdict::FailedFrom(0));
    }

    #[test]
    fn an_answer_that_cannot_be_trusted_fails_the_whole_batch() {
        for item in [
            r#"{"itemIdentifier":""}"#,
            r#"{"itemIdentifier":null}"#,
            r#"{"itemIdentifier":10}"#,
            r#"{"itemIdentifier":"12"}"#,
            r#"{"foo":"10"}"#,
            r#"{"foo":null}"#,
            r#"{}"#,
            r#""10""#,
        ] {
            let answer = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"10"}},{item}]}}"#);
            assert_eq!(verdict_on(&answer), Verdict::Unusable, "{item}");
        }
        for answer in ["{", "1", "true", "\"ok\"", "[1]", r#"{"batchItemFailures":"10"}"#] {
            assert_eq!(verdict_on(answer), Verdict::Unusable, "{answer}");
        }
    }
}
