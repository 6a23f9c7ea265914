//! What happened to an order, from all its traces: the stream, the queue, the AWS calls.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_event_source::SequenceNumber;
use card_airlock_services::{ObservedCall, Service};
use serde_json::{Value, json};

use super::{attributes, hub::Kept, shown, state::Console, stream_tail::sequence, summary::text};

/// The quarantine's stream records of an order, oldest first, each as it is but for the bytes.
pub(super) fn records(console: &Console, order: &str) -> Vec<Value> {
    each_record(console, order, shown)
}

/// The images of the same records, whole.
pub(super) fn images(console: &Console, order: &str) -> Vec<Value> {
    let image = |record: &Value, name: &str| record.pointer(&format!("/dynamodb/{name}")).cloned();
    each_record(
        console,
        order,
        |record| json!({ "old": image(record, "OldImage"), "new": image(record, "NewImage") }),
    )
}

fn each_record(console: &Console, order: &str, told: impl Fn(&Value) -> Value) -> Vec<Value> {
    let of_order = |record: &&Value| {
        record.pointer("/dynamodb/Keys/CustomerOrder/S").and_then(Value::as_str) == Some(order)
    };
    console.stream.read(&console.aws, &console.declared).iter().filter(of_order).map(told).collect()
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

/// The calls that name the order, alone or with others of one transaction; KMS's calls for its token or its key batch;
/// and failed calls while the worker processed the order, if it is not known to which order they belong.
pub(super) fn calls(console: &Console, order: &str, token: Option<&str>) -> Vec<Value> {
    let all = console.hub.calls();
    let orders_in = {
        let known = console.hub.known();
        all.iter().map(|kept| known.among(&kept.seen.mentions)).collect::<Vec<_>>()
    };
    let named = || all.iter().zip(&orders_in).filter(|(kept, _)| names(kept, order));
    // A transaction of several orders names their tokens too, and nothing tells whose is whose but the rows.
    let alone = named().filter(|(_, orders)| orders.iter().all(|other| *other == order));
    let related: BTreeSet<&str> =
        alone.flat_map(|(kept, _)| kept.seen.mentions.iter().map(String::as_str)).chain(token).collect();
    let sharers = sharers(&all, &orders_in, &related, order);
    let calls = all.iter().zip(&orders_in).filter_map(|(kept, orders)| {
        let seen = &kept.seen;
        if names(kept, order) {
            return Some(call(seen, Relation::Own { among: orders.len().max(1) }));
        }
        // Other orders of the same batch name it too: of what names only a token or batch, KMS's calls are the order's.
        if seen.call.service != Service::Kms {
            return None;
        }
        if let Some(mention) = seen.mentions.iter().find(|mention| related.contains(mention.as_str())) {
            let is_for_vault = seen.call.purpose.as_deref() == Some("vault");
            let among = sharers.get(mention.as_str()).map_or(1, BTreeSet::len);
            let relation = if is_for_vault { Relation::Own { among: 1 } } else { Relation::Batch { among } };
            return Some(call(seen, relation));
        }
        let maybe = kept.in_worker.iter().any(|other| other == order);
        maybe.then(|| call(seen, Relation::OneOf(kept.in_worker.len())))
    });
    calls.collect()
}

fn names(kept: &Kept, order: &str) -> bool {
    kept.seen.mentions.iter().any(|mention| mention == order)
}

/// By each key batch of the order: the orders that were written with it.
fn sharers<'a>(
    all: &'a [Arc<Kept>],
    orders_in: &[Vec<&'a str>],
    related: &BTreeSet<&'a str>,
    order: &str,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut sharers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kept, orders) in all.iter().zip(orders_in) {
        let batches = kept.seen.mentions.iter().map(String::as_str);
        for batch in batches.filter(|name| *name != order && related.contains(name)) {
            sharers.entry(batch).or_default().extend(orders);
        }
    }
    sharers
}

/// The latest calls of all.
pub(super) fn latest_calls(console: &Console, most: usize) -> Vec<Value> {
    let all = console.hub.calls();
    all.iter()
        .skip(all.len().saturating_sub(most))
        .map(|kept| call(&kept.seen, Relation::Own { among: 1 }))
        .collect()
}

/// How a call is related to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It names the order, beside the others of its transaction.
    Own { among: usize },
    /// For a key batch that so many orders share.
    Batch { among: usize },
    /// For one of so many orders.
    OneOf(usize),
}

impl Relation {
    fn word(self) -> &'static str {
        match self {
            Self::Own { .. } => "own",
            Self::Batch { .. } => "batch",
            Self::OneOf(_) => "one-of",
        }
    }

    /// How many orders the call was for: the order's share of it is one part in so many.
    fn among(self) -> usize {
        match self {
            Self::Own { among } | Self::Batch { among } | Self::OneOf(among) => among,
        }
    }
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
        "relation": relation.word(),
        "among": relation.among(),
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
