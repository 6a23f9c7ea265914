//! An order in a few words: its stage, and since when.

use std::collections::BTreeMap;

use card_airlock_services::AwsEndpoint;
use card_airlock_template::Stack;
use order::Pending;
use serde_json::{Value, json};

use super::attributes;
use crate::deployment::ACCOUNT_ID;

pub(super) const QUARANTINE: &str = "OrderQuarantineTable";
pub(super) const VAULT: &str = "CreditCardTokenizerTable";
pub(super) const CLEAN: &str = "CustomerOrderTable";
pub(super) const AUDIT: &str = "DetokenizeAuditTable";

/// The deployed name of a table.
pub(super) fn table<'a>(declared: &'a Stack, logical_id: &'a str) -> &'a str {
    let found = declared.tables.iter().find(|table| table.logical_id == logical_id);
    found.map_or(logical_id, |table| &table.name)
}

/// The ids of the orders that were accepted last, oldest first.
pub(super) fn newest(aws: &AwsEndpoint, declared: &Stack, most: usize) -> Vec<String> {
    let rows =
        [QUARANTINE, CLEAN].map(|logical_id| aws.rows(table(declared, logical_id)).unwrap_or_default());
    let accepted = rows.iter().flatten().filter_map(|row| {
        let named = |name| text(row, name).map(str::to_owned);
        Some((named("CustomerOrder")?, named("AcceptedAt").unwrap_or_default()))
    });
    // An order that gets another card has two rows.
    let accepted: BTreeMap<String, String> = accepted.collect();
    let mut newest: Vec<(String, String)> = accepted.into_iter().map(|(id, at)| (at, id)).collect();
    newest.sort();
    newest.split_off(newest.len().saturating_sub(most)).into_iter().map(|(_, id)| id).collect()
}

/// An order's rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) quarantine: Option<Value>,
    pub(super) clean: Option<Value>,
    pub(super) vault: Option<Value>,
}

impl Rows {
    /// Quarantine first, then clean: an order that crosses in between is seen twice, and never missed.
    pub(super) fn read(aws: &AwsEndpoint, declared: &Stack, order: &str) -> Self {
        let row = |logical_id, key: &[(&str, &str)]| aws.row(table(declared, logical_id), key).ok().flatten();
        let quarantine = row(QUARANTINE, &[("CustomerOrder", order)]);
        let clean = row(CLEAN, &[("CustomerOrder", order)]);
        let token = clean.as_ref().and_then(|clean| text(clean, "CreditCardToken"));
        let vault = token.and_then(|token| row(VAULT, &[("Hash_Key", token), ("Account_Id", ACCOUNT_ID)]));
        Self { quarantine, clean, vault }
    }

    /// Where the order is. The clean row decides, as in the API.
    pub(super) fn stage(&self) -> Option<Stage> {
        if let Some(clean) = &self.clean {
            return Some(match text(clean, "PaymentStatus") {
                Some("SUBMITTED") => Stage::Paid,
                Some("DECLINED") => Stage::Declined,
                Some("SUBMITTING") => Stage::Paying,
                Some("UNKNOWN") => Stage::Unknown,
                _ => Stage::Tokenized,
            });
        }
        self.quarantine.as_ref().map(|row| match text(row, "Status") {
            Some("FAILED") => Stage::Failed,
            Some("EXPIRED") => Stage::Expired,
            _ => Stage::Quarantine,
        })
    }

    /// When an order in quarantine continues, as its row says.
    pub(super) fn pending(&self) -> Option<Pending> {
        let row = self.quarantine.as_ref().filter(|_| self.stage() == Some(Stage::Quarantine))?;
        Some(Pending::of(&attributes::of_texts_and_numbers(row)))
    }

    /// What the page shows of it in lists and in the picture.
    pub(super) fn summary(&self, order: &str) -> Option<Value> {
        let stage = self.stage()?;
        let row = self.clean.as_ref().or(self.quarantine.as_ref())?;
        let attempt = self.quarantine.as_ref().and_then(|row| row.pointer("/Attempt/N"));
        let mut summary = json!({
            "id": order,
            "stage": stage.word(),
            "last4": text(row, "CardLast4"),
            "brand": text(row, "CardBrand"),
            "acceptedAt": text(row, "AcceptedAt"),
            "tokenizedAt": text(row, "TokenizedAt"),
            "reason": text(row, "FailureReason"),
            "attempt": attempt,
            "forgottenAt": text(row, "CardForgottenAt"),
            // Another card for an order whose payment was declined.
            "replacement": self.clean.as_ref().and(self.quarantine.as_ref()).and_then(|row| text(row, "Status")),
        });
        // Few are, and each change of an order is sent to every page.
        if row.get("CardJweDigest").is_some()
            && let Some(members) = summary.as_object_mut()
        {
            members.insert("encrypted".to_owned(), json!(true));
        }
        Some(summary)
    }
}

/// The stage of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Stage {
    Quarantine,
    Failed,
    Expired,
    Tokenized,
    Paying,
    Paid,
    Declined,
    /// The outcome of its payment is not known.
    Unknown,
}

impl Stage {
    pub(super) fn word(self) -> &'static str {
        self.into()
    }

    /// Whether the order is across.
    pub(super) fn is_across(self) -> bool {
        !matches!(self, Self::Quarantine | Self::Failed | Self::Expired)
    }
}

/// A text attribute of a row.
pub(super) fn text<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    row.get(name)?.get("S")?.as_str()
}
