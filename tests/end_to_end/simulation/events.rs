//! What everybody was told, held against what happened in the tables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    at_rest::{AtRest, text},
    world::World,
};
use crate::support::{Told, on_the_bus};

/// A change of state that everybody must be told of, as its stream record has it.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    kind: String,
    order: String,
    acceptance: String,
    status: String,
    /// Of a clean row: each change has an event of its own. A quarantine row may be told of again instead.
    sequence_number: Option<String>,
}

impl Change {
    fn is_told_by(&self, told: &Told) -> bool {
        let position = told.text("Position");
        told.kind == self.kind
            && told.text("CustomerOrder") == self.order
            && told.text("AcceptanceId") == self.acceptance
            && told.text("Status") == self.status
            && self
                .sequence_number
                .as_ref()
                .is_none_or(|number| position.ends_with(&format!("#1#{number:0>40}")))
    }
}

/// Every event, wherever it is by now.
fn all_told(world: &World, rest: &AtRest) -> Vec<Told> {
    let mut told = on_the_bus(world.stack.aws());
    told.extend(rest.refused.iter().cloned());
    told
}

/// Whether everybody was told of each change of an order, at least once.
pub(crate) fn check_told(world: &World, rest: &AtRest, order: &str) -> Result<(), String> {
    let told = all_told(world, rest);
    let ended = world.records.iter().filter_map(of_quarantine);
    let across = world.clean_records.iter().flat_map(of_clean);
    let untold: Vec<_> = ended
        .chain(across)
        .filter(|change| change.order == order)
        .filter(|change| !told.iter().any(|told| change.is_told_by(told)))
        .collect();
    if untold.is_empty() { Ok(()) } else { Err(format!("nobody was told of {untold:?}, but of {told:?}")) }
}

/// The orders that ended in quarantine, of which nobody was told yet.
pub(crate) fn untold_ends(world: &World, rest: &AtRest) -> BTreeSet<String> {
    let told = all_told(world, rest);
    let is_told = |row: &Value| {
        let is_same = |name: &str, of: &Told| text(row, name) == of.text(name);
        told.iter().any(|of| is_same("AcceptanceId", of) && is_same("Status", of))
    };
    let ended =
        rest.quarantine.iter().filter(|(_, row)| ["FAILED", "EXPIRED"].contains(&text(row, "Status")));
    ended.filter(|(_, row)| !is_told(row)).map(|(order, _)| order.clone()).collect()
}

/// What a subscriber knows of each order, who hears events in any order and more than once.
#[derive(Debug, Default)]
struct Subscriber(BTreeMap<String, Told>);

impl Subscriber {
    /// Drops what is older than what it has, and what does not tell the state of an order.
    fn hear(&mut self, told: &Told) {
        let (order, position) = (told.text("CustomerOrder"), told.text("Position"));
        let known = self.0.get(order).map_or("", |known| known.text("Position"));
        if !position.is_empty() && position >= known {
            self.0.insert(order.to_owned(), told.clone());
        }
    }
}

/// A subscriber ends with the true state of each order, in whatever order the events come. Of some orders an event was
/// lost with its record, a day after.
pub(crate) fn check_subscriber(world: &World, rest: &AtRest, lost: &BTreeSet<String>) {
    let mut told = all_told(world, rest);
    for seed in 0..3 {
        fastrand::Rng::with_seed(seed).shuffle(&mut told);
        let mut subscriber = Subscriber::default();
        for told in told.iter().chain(told.iter().take(5)) {
            subscriber.hear(told);
        }
        for (order, row) in &rest.clean {
            let known = subscriber.0.get(order).unwrap_or_else(|| panic!("nobody was told of {order}"));
            assert_eq!(known.text("Status"), "TOKENIZED", "{known:?} {row}");
            let mut same = vec!["CardReplacedAt", "CardForgottenAt"];
            // Nobody is told of a claim.
            if text(row, "PaymentStatus") != "SUBMITTING" {
                same.extend(["PaymentStatus", "PaymentId", "AcceptanceId"]);
            }
            for name in same {
                assert_eq!(known.text(name), text(row, name), "{name} of {known:?} {row}");
            }
        }
        for (order, row) in &rest.quarantine {
            let is_order = !rest.clean.contains_key(order) && row.get("Replaces").is_none();
            if !is_order || text(row, "Status") == "PENDING" || lost.contains(order) {
                continue;
            }
            let known = subscriber.0.get(order).unwrap_or_else(|| panic!("nobody was told of {order}"));
            assert_eq!(known.text("Status"), text(row, "Status"), "{known:?} {row}");
            assert_eq!(known.text("Reason"), text(row, "FailureReason"), "{known:?} {row}");
        }
    }
}

fn of_quarantine(record: &Value) -> Option<Change> {
    let images = &record["dynamodb"];
    let is_removed = record["eventName"] == "REMOVE"
        && record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"
        && images["OldImage"].get("SealedCard").is_some();
    let (row, status) = match text(&images["NewImage"], "Status") {
        _ if is_removed => (&images["OldImage"], "EXPIRED"),
        status @ ("FAILED" | "EXPIRED") => (&images["NewImage"], status),
        _ => return None,
    };
    let kind = match (row.get("Replaces"), status) {
        (Some(_), _) => "card.not_replaced",
        (None, "FAILED") => "order.failed",
        (None, _) => "order.expired",
    };
    Some(change(kind, row, status, None))
}

fn of_clean(record: &Value) -> Vec<Change> {
    let [before, after] = ["OldImage", "NewImage"].map(|image| &record["dynamodb"][image]);
    let payment = |row: &Value| ["PaymentStatus", "PaymentId"].map(|name| text(row, name).to_owned());
    let [was, _] = payment(before);
    let mut kinds = Vec::new();
    if record["eventName"] == "INSERT" {
        kinds.push("order.tokenized");
    }
    if record["eventName"] == "MODIFY" {
        let [is, _] = payment(after);
        let is_replaced = text(before, "CreditCardToken") != text(after, "CreditCardToken");
        if is_replaced {
            kinds.push("card.replaced");
        }
        if text(before, "CardForgottenAt") != text(after, "CardForgottenAt") {
            kinds.push("card.forgotten");
        }
        if payment(before) != payment(after) {
            match (was.as_str(), is.as_str()) {
                (_, "SUBMITTED") => kinds.push("payment.submitted"),
                (_, "DECLINED") => kinds.push("payment.declined"),
                (_, "UNKNOWN") => kinds.push("payment.unknown"),
                ("UNKNOWN", "") => kinds.push("order.tokenized"),
                _ => {}
            }
        }
    }
    let number = record["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
    kinds.into_iter().map(|kind| change(kind, after, "TOKENIZED", number.clone())).collect()
}

fn change(kind: &str, row: &Value, status: &str, sequence_number: Option<String>) -> Change {
    let of = |name| text(row, name).to_owned();
    Change {
        kind: kind.to_owned(),
        order: of("CustomerOrder"),
        acceptance: of("AcceptanceId"),
        status: status.to_owned(),
        sequence_number,
    }
}
