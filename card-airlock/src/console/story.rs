//! What happened to an order, from all its traces: the stream, the queue, the AWS calls.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_event_source::SequenceNumber;
use card_airlock_services::{ObservedCall, Service};
use serde_json::{Value, json};

use super::{attributes, hub::Kept, shown, state::Console, stream_tail::sequence, summary::text};

/// The quarantine's stream records of an order, oldest first, each as it is but for the bytes.
pub(super) fn records(console: &Console, order: &str) -> Vec<Value> {
    let of_order = |record: &Value| {
        record.pointer("/dynamodb/Keys/CustomerOrder/S").and_then(Value::as_str) == Some(order)
    };
    console
        .stream
        .read(&console.aws, &console.declared)
        .iter()
        .filter(|record| of_order(record))
        .map(shown)
        .collect()
}

/// The newest row with a sealed card in the stream.
pub(super) fn latest_sealed(console: &Console) -> Option<HashMap<String, AttributeValue>> {
    let sealed = |record: &Value| {
        let image = record.pointer("/dynamodb/NewImage")?;
        image.get("SealedCard").is_some().then(|| attributes::of_row(image))?
    };
    console.stream.read(&console.aws, &console.declared).iter().rev().find_map(sealed)
}

/// The messages in the queue about the order or one of its stream records; all messages for `None`.
pub(super) fn letters(console: &Console, of: Option<(&str, &[Value])>) -> Vec<Value> {
    let letters = console.aws.waiting().into_iter().filter_map(|waiting| {
        let body: Value = serde_json::from_str(&waiting.body).unwrap_or_default();
        let tells = of.is_none_or(|(order, records)| {
            body.get("CustomerOrder").and_then(Value::as_str) == Some(order) || covers(&body, records)
        });
        tells.then(|| json!({ "queue": waiting.queue, "received": waiting.received, "body": body }))
    });
    letters.collect()
}

/// The calls that name the order, or a token or key batch that a call of the order's named with it; and failed calls
/// while the worker processed the order, if it is not known to which order they belong.
pub(super) fn calls(console: &Console, order: &str) -> Vec<Value> {
    let all = console.hub.calls();
    let names = |kept: &Kept, name: &str| kept.seen.mentions.iter().any(|mention| mention == name);
    let related = all.iter().filter(|kept| names(kept, order)).flat_map(|kept| kept.seen.mentions.iter());
    let related: BTreeSet<&String> = related.collect();
    let calls = all.iter().filter_map(|kept| {
        let seen = &kept.seen;
        if names(kept, order) {
            return Some(call(seen, Relation::Own));
        }
        // Other orders of the same batch name it too: of what names only a token or batch, KMS's calls are the order's.
        if seen.call.service != Service::Kms {
            return None;
        }
        if seen.mentions.iter().any(|mention| related.contains(mention)) {
            let is_for_vault = seen.call.purpose.as_deref() == Some("vault");
            return Some(call(seen, if is_for_vault { Relation::Own } else { Relation::Batch }));
        }
        let maybe = kept.in_worker.iter().any(|other| other == order);
        maybe.then(|| call(seen, Relation::OneOf(kept.in_worker.len())))
    });
    calls.collect()
}

/// The latest calls of all.
pub(super) fn latest_calls(console: &Console, most: usize) -> Vec<Value> {
    let all = console.hub.calls();
    all.iter().skip(all.len().saturating_sub(most)).map(|kept| call(&kept.seen, Relation::Own)).collect()
}

/// How a call is related to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Own,
    /// For a key batch that several orders share.
    Batch,
    /// For one of so many orders.
    OneOf(usize),
}

fn call(seen: &ObservedCall, relation: Relation) -> Value {
    // The id of a key does not help a person, but its purpose does. For a queue's URL the name is enough.
    let resources = seen.call.resources.iter().map(|name| name.rsplit('/').next().unwrap_or(name));
    let resources: Vec<_> = resources.filter(|_| seen.call.service != Service::Kms).collect();
    json!({
        "at": shown::milliseconds(seen.at),
        // A whole number, because the digits of a fraction could look like a card number by chance.
        "microseconds": u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX),
        "role": seen.call.role,
        "service": seen.call.service.name(),
        "operation": seen.call.operation,
        "resources": resources,
        "purpose": seen.call.purpose,
        "outcome": seen.outcome,
        "onPurpose": seen.on_purpose,
        "shared": relation == Relation::Batch,
        "among": if let Relation::OneOf(orders) = relation { orders } else { 1 },
    })
}

fn shown(record: &Value) -> Value {
    let image = |name: &str| record.pointer(&format!("/dynamodb/{name}"));
    let status = |name: &str| image(name).and_then(|image| text(image, "Status"));
    json!({
        "event": record.get("eventName"),
        "sequence": sequence(record),
        "at": record.pointer("/dynamodb/ApproximateCreationDateTime"),
        "byTtl": record.get("userIdentity").is_some(),
        "before": status("OldImage"),
        "after": status("NewImage"),
        "old": image("OldImage").map(attributes::shown),
        "new": image("NewImage").map(attributes::shown),
    })
}

/// Whether a message of Lambda's own, which names positions only, speaks of one of the records.
fn covers(body: &Value, records: &[Value]) -> bool {
    let position =
        |name: &str| SequenceNumber::parse(body.pointer(&format!("/DDBStreamBatchInfo/{name}"))?.as_str()?);
    let Some((start, end)) = position("startSequenceNumber").zip(position("endSequenceNumber")) else {
        return false;
    };
    let numbers =
        records.iter().filter_map(|record| SequenceNumber::parse(record.get("sequence")?.as_str()?));
    numbers.into_iter().any(|number| start <= number && number <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_positions_is_an_orders_when_it_covers_one_of_its_records() {
        let records = [json!({ "sequence": "000000000000000000005" })];
        let body = |start: &str, end: &str| json!({ "DDBStreamBatchInfo": { "startSequenceNumber": start, "endSequenceNumber": end } });
        assert!(covers(&body("000000000000000000001", "000000000000000000005"), &records));
        assert!(!covers(&body("000000000000000000006", "000000000000000000010"), &records));
        assert!(!covers(&json!({ "CustomerOrder": "a" }), &records));
    }
}
