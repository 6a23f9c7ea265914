//! A record of the stream, with the parts that the mapping reads.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::sequence::SequenceNumber;

/// A record for the function. Its content is kept as the JSON text the function gets.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) sequence: SequenceNumber,
    /// When the item was written (`ApproximateCreationDateTime`).
    pub(crate) arrived: SystemTime,
    /// The same for records of one item, and nearly always another for those of another.
    pub(crate) key: u64,
    pub(crate) json: Vec<u8>,
}

impl Record {
    /// `None` when it lacks a sequence number or a time.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let dynamodb = value.get("dynamodb")?;
        let sequence = SequenceNumber::parse(dynamodb.get("SequenceNumber")?.as_str()?)?;
        let created = dynamodb.get("ApproximateCreationDateTime")?;
        let seconds = created.as_f64().or_else(|| created.as_str()?.parse().ok())?;
        let arrived = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        let key = key(dynamodb.get("Keys"));
        Some(Self { sequence, arrived, key, json: serde_json::to_vec(value).ok()? })
    }
}

fn key(keys: Option<&Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(Value::Object(keys)) = keys {
        let mut attributes: Vec<_> = keys.iter().collect();
        attributes.sort_by_key(|(name, _)| *name);
        for (name, value) in attributes {
            (name, value.to_string()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The event of an invocation with these records.
pub(crate) fn event(records: &[Record]) -> Vec<u8> {
    let mut event = br#"{"Records":["#.to_vec();
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            event.push(b',');
        }
        event.extend_from_slice(&record.json);
    }
    event.extend_from_slice(b"]}");
    event
}

/// How many of these records fit one invocation of `payload` bytes; one always does.
pub(crate) fn fitting<'a>(records: impl Iterator<Item = &'a Record>, most: usize, payload: usize) -> usize {
    let mut size = event(&[]).len();
    let mut count = 0;
    for record in records.take(most) {
        size += record.json.len() + usize::from(count > 0);
        if count > 0 && size > payload {
            break;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(number: u32, padding: usize) -> Record {
        let value = json!({"dynamodb": {"SequenceNumber": number.to_string(), "ApproximateCreationDateTime": 5.0,
                                        "NewImage": {"A": {"S": "a".repeat(padding)}}}});
        Record::parse(&value).unwrap()
    }

    #[test]
    fn a_record_without_number_or_time_is_none() {
        for broken in [
            json!({}),
            json!({"dynamodb": {"SequenceNumber": "1"}}),
            json!({"dynamodb": {"ApproximateCreationDateTime": 1}}),
            json!({"dynamodb": {"SequenceNumber": 1, "ApproximateCreationDateTime": 1}}),
            json!({"dynamodb": {"SequenceNumber": "1", "ApproximateCreationDateTime": -1}}),
        ] {
            assert!(Record::parse(&broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn the_event_is_the_records_as_they_came() {
        let records = [record(1, 1), record(2, 1)];
        let parsed: Value = serde_json::from_slice(&event(&records)).unwrap();
        assert_eq!(parsed["Records"][1]["dynamodb"]["SequenceNumber"], "2");
        assert_eq!(parsed["Records"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn as_many_records_fit_as_keep_the_event_within_the_payload() {
        let records = [record(1, 10), record(2, 10), record(3, 10)];
        let two = event(&records[..2]).len();
        assert_eq!(fitting(records.iter(), 10, two), 2);
        assert_eq!(fitting(records.iter(), 10, two - 1), 1);
        assert_eq!(fitting(records.iter(), 10, 1), 1);
        assert_eq!(fitting(records.iter(), 1, two), 1);
        assert_eq!(fitting([].iter(), 1, two), 0);
    }

    #[test]
    fn the_key_is_that_of_the_item_whatever_the_order_of_its_attributes() {
        let (a, b) = (json!({"P": {"S": "1"}, "S": {"S": "2"}}), json!({"S": {"S": "2"}, "P": {"S": "1"}}));
        assert_eq!(key(Some(&a)), key(Some(&b)));
        assert_ne!(key(Some(&a)), key(Some(&json!({"P": {"S": "1"}, "S": {"S": "3"}}))));
    }
}
