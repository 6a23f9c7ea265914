//! Everything at rest, taken apart, and what must hold of it at any time.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use local::sandbox::Charge;
use serde_json::Value;

use super::details::{DETAILS, Details};

/// The rows by order or token, in DynamoDB's JSON, and every message that was ever sent.
pub(crate) struct AtRest {
    pub(crate) quarantine: BTreeMap<String, Value>,
    pub(crate) clean: BTreeMap<String, Value>,
    pub(crate) vault: BTreeMap<String, Value>,
    pub(crate) messages: Vec<Value>,
}

impl AtRest {
    pub(super) fn of(snapshot: &Value) -> Self {
        let rows = |table: &str, key: &str| -> BTreeMap<String, Value> {
            let rows = snapshot["tables"][table].as_array().expect("there is no such table");
            rows.iter().map(|row| (text(row, key).to_owned(), row.clone())).collect()
        };
        let queues = snapshot["queues"].as_object().unwrap();
        let sent = queues.values().flat_map(|sent| sent.as_array().unwrap());
        let body = |sent: &Value| serde_json::from_str(sent["MessageBody"].as_str().unwrap()).unwrap();
        Self {
            quarantine: rows("OrderQuarantineTable", "CustomerOrder"),
            clean: rows("CustomerOrderTable", "CustomerOrder"),
            vault: rows("CreditCardTokenizerTable", "Hash_Key"),
            messages: sent.map(body).collect(),
        }
    }

    /// One vault row to each clean row whose card was not forgotten, and no more; messages without data; one charge of the right card at most.
    pub(crate) fn check(&self, charges: &[Charge]) -> Result<(), String> {
        let kept: Vec<_> = self.clean.values().filter(|row| row.get("CardForgottenAt").is_none()).collect();
        let tokens: BTreeSet<_> = kept.iter().map(|row| text(row, "CreditCardToken")).collect();
        let vaulted: BTreeSet<_> = self.vault.keys().map(String::as_str).collect();
        let mut wrongs = Vec::new();
        if tokens != vaulted || tokens.len() != kept.len() {
            wrongs.push(format!("tokens of clean orders {tokens:?}, tokens in the vault {vaulted:?}"));
        }
        wrongs.extend(
            self.messages.iter().filter(|message| !is_bare(message)).map(|message| format!("{message}")),
        );
        let mut paid = BTreeSet::new();
        for charge in charges {
            let order = charge.order.as_str();
            if !paid.insert(order) {
                wrongs.push(format!("{order} was charged twice"));
            }
            let right = self.clean.get(order).map(|row| Details::of(text(row, "CustomerName")).card);
            if !right.is_some_and(|card| charge.charged_with(card)) {
                wrongs.push(format!("{order} was charged to another card"));
            }
        }
        if wrongs.is_empty() { Ok(()) } else { Err(wrongs.join("; ")) }
    }

    /// Whether there is word that an acceptance is lost: a letter that names it, or one about the place in the
    /// stream where its row went.
    pub(crate) fn is_mourned(&self, acceptance: &str, records: &[Value]) -> bool {
        let removals = records.iter().filter(|record| {
            record["eventName"] == "REMOVE"
                && text(&record["dynamodb"]["OldImage"], "AcceptanceId") == acceptance
        });
        let removed: Vec<u128> =
            removals.map(|record| number(&record["dynamodb"]["SequenceNumber"])).collect();
        self.messages.iter().any(|message| {
            let named = message["AcceptanceId"] == acceptance
                && ["EXPIRED", "REMOVED_BY_TTL"].map(Some).contains(&message["Kind"].as_str());
            let lost = &message["DDBStreamBatchInfo"];
            let covers = |place: &u128| {
                (number(&lost["startSequenceNumber"])..=number(&lost["endSequenceNumber"])).contains(place)
            };
            named || (lost.is_object() && removed.iter().any(covers))
        })
    }
}

/// Where a card number stands in a text, plain or in base64.
pub(crate) fn card_in(text: &str) -> Option<&'static str> {
    let is_in = |card: &str| {
        let encoded = STANDARD.encode(card);
        // Without the last group, which depends on what follows.
        text.contains(card) || text.contains(&encoded[..16])
    };
    DETAILS.iter().map(|details| details.card).find(|card| is_in(card))
}

/// A text attribute of a row.
pub(crate) fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name]["S"].as_str().unwrap_or_default()
}

/// A dead letter of ours, or Lambda's: ids, a reason, positions.
fn is_bare(message: &Value) -> bool {
    const OURS: [&str; 5] = ["Kind", "CustomerOrder", "AcceptanceId", "Reason", "At"];
    const LAMBDAS: [&str; 5] =
        ["requestContext", "responseContext", "version", "timestamp", "DDBStreamBatchInfo"];
    let names: Vec<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
    [OURS, LAMBDAS].iter().any(|known| names.iter().all(|name| known.contains(name)))
}

fn number(text: &Value) -> u128 {
    text.as_str().unwrap_or_default().parse().unwrap_or_default()
}
