//! Everything at rest, taken apart, and what must hold of it at any time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use aho_corasick::AhoCorasick;
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock::sandbox::Charge;
use order::{MAX_ATTEMPTS, Outcome};
use serde_json::Value;

use crate::support::{Told, messages, refused_in};

use super::details::{DETAILS, Details, OTHER_CARDS};

/// The rows by order or token, in DynamoDB's JSON, every dead letter that was ever sent, and every event that the bus
/// refused.
pub(crate) struct AtRest {
    pub(crate) quarantine: BTreeMap<String, Value>,
    pub(crate) clean: BTreeMap<String, Value>,
    pub(crate) vault: BTreeMap<String, Value>,
    pub(crate) messages: Vec<Value>,
    pub(crate) refused: Vec<Told>,
}

impl AtRest {
    pub(super) fn of(snapshot: &Value) -> Self {
        let rows = |table: &str, key: &str| -> BTreeMap<String, Value> {
            let rows = snapshot["tables"][table].as_array().expect("there is no such table");
            rows.iter().map(|row| (text(row, key).to_owned(), row.clone())).collect()
        };
        Self {
            quarantine: rows("OrderQuarantineTable", "CustomerOrder"),
            clean: rows("CustomerOrderTable", "CustomerOrder"),
            vault: rows("CreditCardTokenizerTable", "Hash_Key"),
            messages: messages(snapshot, "DeadLetterQueue"),
            refused: refused_in(snapshot),
        }
    }

    /// One vault row to each clean row whose card was not forgotten, and no more; messages without data; one charge at
    /// most, few declines, each of a right card and known to its row.
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
        for (order, row) in &self.clean {
            let of_order: Vec<_> = charges.iter().filter(|charge| charge.order.as_str() == order).collect();
            let wrong = wrong_payments(row, &of_order).into_iter();
            wrongs.extend(wrong.map(|wrong| format!("{order}: {wrong}")));
        }
        wrongs.extend(
            charges
                .iter()
                .filter(|charge| !self.clean.contains_key(charge.order.as_str()))
                .map(|charge| format!("{} is not across, and {charge:?}", charge.order.as_str())),
        );
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

/// What of an order's row and ledger cannot be.
fn wrong_payments(row: &Value, charges: &[&Charge]) -> Vec<String> {
    let (declines, charged): (Vec<&Charge>, Vec<&Charge>) =
        charges.iter().copied().partition(|charge| is_decline(charge));
    let (payment, status) = (text(row, "PaymentId"), text(row, "PaymentStatus"));
    let current = charges.iter().find(|charge| charge.payment_id.to_string() == payment);
    let first = Details::of(text(row, "CustomerName")).card;
    let last4 = text(row, "CardLast4");
    let of_card = |charge: &Charge| {
        let is_right = |card: &&str| charge.charged_with(card);
        // Once charged, a card is not replaced any more.
        let current = |card: &&str| is_decline(charge) || card.ends_with(last4);
        [first].iter().chain(&OTHER_CARDS).filter(|card| current(card)).any(is_right)
    };
    let cents = |charge: &Charge| charge.amount.map(|amount| amount.minor_units.count().to_string());
    let mut decided: Vec<_> = declines.iter().map(|charge| charge.payment_id.to_string()).collect();
    // The last one may not be written down yet.
    let mut written = history(row);
    if current.is_some_and(|charge| is_decline(charge)) && ["SUBMITTING", "UNKNOWN"].contains(&status) {
        written.push(payment.to_owned());
    }
    decided.sort();
    written.sort();
    let fits = match (status, current) {
        ("", None) => payment.is_empty(),
        ("SUBMITTED", Some(charge)) => !is_decline(charge),
        ("DECLINED", Some(charge)) => is_decline(charge),
        ("SUBMITTING" | "UNKNOWN", _) => true,
        _ => false,
    };
    let wrongs = [
        ("charged twice", charged.len() > 1),
        ("declined too often", declines.len() > MAX_ATTEMPTS),
        ("charged to another card", !charges.iter().all(|charge| of_card(charge))),
        ("charged without its row", charged.iter().any(|charge| charge.payment_id.to_string() != payment)),
        ("declined without its row, or never declined", decided != written),
        ("another outcome in the row", !fits),
        (
            "another amount",
            current.is_some_and(|charge| cents(charge).as_deref() != number_in(row, "PaymentAmount")),
        ),
    ];
    let wrongs = wrongs.into_iter().filter(|(_, is_wrong)| *is_wrong);
    wrongs.map(|(wrong, _)| format!("{wrong}: {row} {charges:?}")).collect()
}

/// Whether the processor declined it.
pub(crate) fn is_decline(charge: &Charge) -> bool {
    matches!(charge.outcome, Outcome::Declined(_))
}

/// The payments of `PaymentHistory`, each as often as it is there.
pub(super) fn history(row: &Value) -> Vec<String> {
    let declines = row["PaymentHistory"]["L"].as_array();
    declines.into_iter().flatten().map(|decline| text(&decline["M"], "PaymentId").to_owned()).collect()
}

fn number_in<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    row[name]["N"].as_str()
}

/// A card number in a text, plain or in base64.
pub(crate) fn card_in(text: &str) -> Option<&'static str> {
    static FORMS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        // In base64 without the last group, which depends on what follows.
        let forms = cards().flat_map(|card| [card.to_owned(), STANDARD.encode(card)[..16].to_owned()]);
        AhoCorasick::new(forms).expect("a few short texts")
    });
    FORMS.find(text).and_then(|found| cards().nth(found.pattern().as_usize() / 2))
}

/// All that the simulation knows.
fn cards() -> impl Iterator<Item = &'static str> {
    DETAILS.iter().map(|details| details.card).chain(OTHER_CARDS)
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
