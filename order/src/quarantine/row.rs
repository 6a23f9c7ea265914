//! The rows of the quarantine table: whole rows, and the part that may be read without the card.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_with::{DefaultOnError, DisplayFromStr, serde_as};
use uuid::Uuid;
use vault::{CardBrand, JweDigest, Last4, QuarantineIdentity, QuarantinedCard, Token};

use super::recovery::Pending;
use crate::{
    amount::{Amount, Currency, MinorUnits, ParseAmountError},
    attributes::QUARANTINE,
    customer::Customer,
    failure_reason::FailureReason,
    order_id::OrderId,
    owner::Owner,
    same_order::{ComparedCard, Details},
    status::QuarantineStatus,
    table_error::TableError,
    timestamp::Timestamp,
};

/// A quarantine row, whole: what ingest writes and the worker reads from the stream.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineRow {
    /// The key.
    pub customer_order: OrderId,
    #[serde(flatten)]
    pub customer: Customer,
    /// Who placed the order.
    pub owner: Owner,
    /// This acceptance of the order.
    pub acceptance_id: Uuid,
    /// When the order was accepted.
    pub accepted_at: Timestamp,
    /// When the row was last written so that the stream carries it to the worker.
    pub armed_at: Timestamp,
    /// Version, nonce, ciphertext, tag.
    #[serde(with = "serde_bytes")]
    pub sealed_card: Vec<u8>,
    /// The wrapped data key.
    #[serde(with = "serde_bytes")]
    pub data_key: Vec<u8>,
    /// The batch of rows that share the data key.
    pub key_batch_id: Uuid,
    /// The card's last four digits, not verified until the card is opened. None: the card was sent encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde_as(as = "Option<DisplayFromStr>")]
    pub card_last4: Option<Last4>,
    /// The card's scheme, as `card_last4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde_as(as = "Option<DisplayFromStr>")]
    pub card_brand: Option<CardBrand>,
    /// The digest of the encrypted card as it was sent, not verified until it is opened. None: the card was sent as it is.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::stored_digest")]
    pub card_jwe_digest: Option<JweDigest>,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde_as(as = "Option<DisplayFromStr>")]
    pub replaces: Option<Token>,
    /// What the order costs, as the merchant said, in minor units. It is there only together with its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_amount: Option<MinorUnits>,
    /// The currency of `order_amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_currency: Option<Currency>,
    /// Its status.
    pub status: QuarantineStatus,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<FailureReason>,
    /// How often the row was armed; the first time is 1.
    pub attempt: u32,
    /// When the row expires, in epoch seconds.
    pub deadline: u64,
    /// DynamoDB's TTL, which acts if the deadline was missed, in epoch seconds.
    pub expires_at: u64,
}

/// What no row can be read without.
const NEEDED: [&str; 16] = [
    "CustomerOrder",
    "CustomerName",
    "Address",
    "Owner",
    "AcceptanceId",
    "AcceptedAt",
    "ArmedAt",
    "SealedCard",
    "DataKey",
    "KeyBatchId",
    "CardLast4",
    "CardBrand",
    "Status",
    "Attempt",
    "Deadline",
    "ExpiresAt",
];

/// What a row has of a card that was sent as it is, and of one that was sent encrypted.
const SHOWN: [&str; 2] = ["CardLast4", "CardBrand"];
const DIGEST: &str = "CardJweDigest";

impl QuarantineRow {
    /// The attributes that a stored row lacks. One that lacks none may still hold an unknown one, or a value of another
    /// form; whoever wrote it chose those, so they are not named.
    #[must_use]
    pub fn lacking(item: &HashMap<String, AttributeValue>) -> Vec<&'static str> {
        // Nobody has seen the digits of a card that was sent encrypted.
        let is_needed = |name| !item.contains_key(DIGEST) || !SHOWN.contains(&name);
        NEEDED.into_iter().filter(|name| is_needed(*name) && !item.contains_key(*name)).collect()
    }
}

/// How long an accepted order may be in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// When it expires, after it was accepted.
    pub deadline: Duration,
    /// How long after that DynamoDB removes a row that is still there.
    pub ttl_after_deadline: Duration,
}

impl QuarantineRow {
    /// The row of an order. Its card was sealed for this acceptance and its time.
    #[must_use]
    pub fn accepted(
        customer_order: OrderId,
        details: &Details,
        acceptance_id: Uuid,
        card: QuarantinedCard,
        accepted_at: Timestamp,
        terms: Terms,
    ) -> Self {
        let deadline = accepted_at.after(terms.deadline);
        Self {
            customer_order,
            customer: details.customer.clone(),
            owner: details.owner.clone(),
            acceptance_id,
            accepted_at,
            armed_at: accepted_at,
            sealed_card: card.sealed.as_bytes().to_vec(),
            data_key: card.data_key.as_bytes().to_vec(),
            key_batch_id: card.key_batch,
            card_last4: card.last4,
            card_brand: card.brand,
            card_jwe_digest: card.jwe_digest,
            replaces: details.replaces,
            order_amount: details.amount.map(|amount| amount.minor_units),
            order_currency: details.amount.map(|amount| amount.currency),
            status: QuarantineStatus::Pending,
            failure_reason: None,
            attempt: 1,
            deadline: deadline.epoch_seconds(),
            expires_at: deadline.after(terms.ttl_after_deadline).epoch_seconds(),
        }
    }

    /// Reads a row from its stored form, without the attributes that only arming and recovery read.
    ///
    /// # Errors
    /// [`TableError::Malformed`] when attributes are missing, unknown or of another type, when half an amount is there, or
    /// unless there is what is known of a card that was sent in one way, and nothing of the other.
    pub fn parse(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        if item.keys().any(|name| !QUARANTINE.has(name)) {
            return Err(TableError::Malformed);
        }
        let row: Self = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
        match (row.card_last4, row.card_brand, row.card_jwe_digest) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => return Err(TableError::Malformed),
        }
        Amount::of_parts(row.order_amount, row.order_currency).map_err(|_| TableError::Malformed)?;
        Ok(row)
    }

    /// Sets the amount: a renewed order keeps that of the first one.
    pub fn set_amount(&mut self, amount: Option<Amount>) {
        self.order_amount = amount.map(|amount| amount.minor_units);
        self.order_currency = amount.map(|amount| amount.currency);
    }

    /// The card as the vault's tokenizer takes it.
    #[must_use]
    pub fn card(&self) -> QuarantinedCard {
        QuarantinedCard {
            sealed: self.sealed_card.clone().into(),
            data_key: self.data_key.clone().into(),
            key_batch: self.key_batch_id,
            last4: self.card_last4,
            brand: self.card_brand,
            jwe_digest: self.card_jwe_digest,
        }
    }

    /// The place that the sealed card is bound to.
    #[must_use]
    pub fn place(&self) -> QuarantineIdentity<'_> {
        QuarantineIdentity {
            order: self.customer_order.as_str(),
            owner: self.owner.as_str(),
            acceptance: self.acceptance_id,
            accepted_at: self.accepted_at.into(),
        }
    }
}

/// What may be read of a quarantine row without its sealed card. Nothing of it must be readable: the owner of a malformed
/// row may see that it failed, and so may the billing group if even the owner cannot be read.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineView {
    /// Who placed the order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub owner: Option<Owner>,
    /// Its status. None: the next sweep parks it.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub status: Option<QuarantineStatus>,
    /// This acceptance of the order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub acceptance_id: Option<Uuid>,
    /// When the order was accepted.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub accepted_at: Option<Timestamp>,
    /// Why it failed, when it did.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub failure_reason: Option<FailureReason>,
    #[serde(flatten)]
    customer: Option<Customer>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_last4: Option<Last4>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_brand: Option<CardBrand>,
    #[serde(default, deserialize_with = "crate::stored_digest::readable")]
    card_jwe_digest: Option<JweDigest>,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    pub replaces: Option<Token>,
    #[serde(default, deserialize_with = "readable")]
    order_amount: Option<Result<MinorUnits, ParseAmountError>>,
    #[serde(default, deserialize_with = "readable")]
    order_currency: Option<Result<Currency, ParseAmountError>>,
    /// When it continues, while it is PENDING.
    #[serde(skip)]
    pub pending: Pending,
}

/// An attribute that may have any form in a malformed row. It counts as present in any form.
fn readable<'de, T, D>(deserializer: D) -> Result<Option<Result<T, ParseAmountError>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored<T> {
        Readable(T),
        Other(IgnoredAny),
    }
    Ok(Some(match Stored::deserialize(deserializer)? {
        Stored::Readable(value) => Ok(value),
        Stored::Other(_) => Err(ParseAmountError),
    }))
}

/// What a payment reads of a quarantine row.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineStanding {
    /// Who placed the order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub owner: Option<Owner>,
    /// Its status. None: the next sweep parks it.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub status: Option<QuarantineStatus>,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    pub replaces: Option<Token>,
    /// When it continues, while it is PENDING.
    #[serde(skip)]
    pub pending: Pending,
}

impl QuarantineStanding {
    /// Whether this card is to replace the card of that token, and is PENDING.
    #[must_use]
    pub fn is_replacing(&self, token: Token) -> bool {
        self.status == Some(QuarantineStatus::Pending) && self.replaces == Some(token)
    }
}

impl QuarantineView {
    /// What the order costs, as the merchant said.
    ///
    /// # Errors
    /// [`ParseAmountError`] when there is an amount that cannot be read: the code does not guess it.
    pub fn amount(&self) -> Result<Option<Amount>, ParseAmountError> {
        Amount::of_parts(self.order_amount.transpose()?, self.order_currency.transpose()?)
    }

    /// The details, unless the row has expired and lost them, or is malformed.
    #[must_use]
    pub fn details(&self) -> Option<Details> {
        // Without these there is nothing to answer a repeated submission with.
        self.acceptance_id.zip(self.accepted_at)?;
        Some(Details {
            owner: self.owner.clone()?,
            customer: self.customer.clone()?,
            card: match self.card_jwe_digest {
                Some(digest) => ComparedCard::Encrypted(digest),
                None => ComparedCard::Shown { last4: self.card_last4?, brands: self.card_brand?.into() },
            },
            replaces: self.replaces,
            amount: self.amount().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_malformed_row_is_still_seen_by_its_owner() {
        let row: serde_json::Map<_, _> = json!({
            "Owner": "me", "Status": "FAILED", "FailureReason": "MALFORMED", "AcceptanceId": 7,
            "AcceptedAt": "never", "CustomerName": ["x"], "Address": "", "CardLast4": "12345", "CardBrand": 1,
            "CardJweDigest": 7,
        })
        .as_object()
        .cloned()
        .unwrap();
        let item: HashMap<String, AttributeValue> = serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap();
        let view: QuarantineView = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap();
        assert_eq!(view.status, Some(QuarantineStatus::Failed));
        assert_eq!(view.owner, "me".parse().ok());
        assert_eq!(view.failure_reason, Some(FailureReason::Malformed));
        assert_eq!((view.acceptance_id, view.accepted_at), (None, None));
        assert!(view.details().is_none());
    }

    #[test]
    fn a_row_whose_owner_or_status_cannot_be_read_is_there_all_the_same() {
        for odd in [json!(null), json!(7), json!([]), json!("")] {
            let row = json!({"Owner": odd, "Status": odd, "FailureReason": "MALFORMED"});
            let item: HashMap<String, AttributeValue> =
                serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap();
            let view: QuarantineView = serde_dynamo::aws_sdk_dynamodb_1::from_item(item.clone()).unwrap();
            assert_eq!((view.owner.as_ref(), view.status), (None, None), "{odd}");
            assert_eq!(view.failure_reason, Some(FailureReason::Malformed));
            let standing: QuarantineStanding = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap();
            assert_eq!((standing.owner, standing.status), (None, None), "{odd}");
        }
    }

    #[test]
    fn a_row_is_read_with_each_attribute_of_the_list_and_with_no_other() {
        let whole = json!({
            "CustomerOrder": "1", "CustomerName": "AWS", "Address": "Las Vegas", "Owner": "me",
            "AcceptanceId": "550e8400-e29b-41d4-a716-446655440000", "AcceptedAt": "2026-11-21T18:59:33.000Z",
            "ArmedAt": "2026-11-21T18:59:33.000Z", "KeyBatchId": "550e8400-e29b-41d4-a716-446655440000",
            "CardLast4": "1111", "CardBrand": "visa", "Status": "PENDING", "Attempt": 1, "Deadline": 2,
            "ExpiresAt": 3, "FirstArmedAt": "2026-11-21T18:59:33.000Z",
        });
        let mut item: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(whole).unwrap();
        for name in ["SealedCard", "DataKey"] {
            item.insert(name.into(), AttributeValue::B(vec![1].into()));
        }
        let row = QuarantineRow::parse(item.clone()).unwrap();
        assert_eq!(row.customer.name.as_str(), "AWS");
        assert_eq!(row.customer.address.as_str(), "Las Vegas");
        let written: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(&row).unwrap();
        let mut kept = item.clone();
        kept.remove("FirstArmedAt");
        assert_eq!(written, kept);

        assert_eq!(QuarantineRow::lacking(&item), [""; 0]);
        for missing in item.keys() {
            let mut item = item.clone();
            item.remove(missing);
            // Only these times are not needed.
            let is_needed = missing != "FirstArmedAt";
            assert_eq!(QuarantineRow::lacking(&item), vec![missing.as_str(); usize::from(is_needed)]);
            assert_eq!(QuarantineRow::parse(item).is_err(), is_needed, "{missing}");
        }
        let mut unknown = item.clone();
        unknown.insert("CardNumber".into(), AttributeValue::S("1".into()));
        assert_eq!(QuarantineRow::parse(unknown), Err(TableError::Malformed));

        // Of a card that was sent encrypted, there is the digest, and neither digits nor brand.
        let digest = AttributeValue::B(vec![7; 32].into());
        let mut encrypted = item.clone();
        encrypted.retain(|name, _| !["CardLast4", "CardBrand", "FirstArmedAt"].contains(&name.as_str()));
        assert_eq!(QuarantineRow::lacking(&encrypted), ["CardLast4", "CardBrand"]);
        encrypted.insert("CardJweDigest".into(), digest.clone());
        let row = QuarantineRow::parse(encrypted.clone()).unwrap();
        assert_eq!(row.card().jwe_digest, JweDigest::stored(&[7; 32]));
        let written: HashMap<String, AttributeValue> =
            serde_dynamo::aws_sdk_dynamodb_1::to_item(&row).unwrap();
        assert_eq!(written, encrypted);
        assert_eq!(QuarantineRow::lacking(&encrypted), [""; 0]);
        for (name, value) in [
            ("CardLast4", item["CardLast4"].clone()),
            ("CardBrand", item["CardBrand"].clone()),
            ("CardJweDigest", AttributeValue::B(vec![7; 31].into())),
            ("CardJweDigest", AttributeValue::S("7".repeat(32))),
        ] {
            let mut both = encrypted.clone();
            both.insert(name.into(), value);
            assert_eq!(QuarantineRow::parse(both), Err(TableError::Malformed), "{name}");
        }
        item.insert("CardJweDigest".into(), digest);
        assert_eq!(QuarantineRow::parse(item), Err(TableError::Malformed));
    }

    #[test]
    fn an_amount_that_cannot_be_read_is_told_from_none() {
        let view = |amounts: serde_json::Value| {
            let mut row = json!({"Owner": "me", "Status": "FAILED"}).as_object().cloned().unwrap();
            row.extend(amounts.as_object().cloned().unwrap());
            let item: HashMap<String, AttributeValue> =
                serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap();
            serde_dynamo::aws_sdk_dynamodb_1::from_item::<QuarantineView>(item).unwrap()
        };
        let euros = Amount { minor_units: 500.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        for (amounts, read) in [
            (json!({}), Ok(None)),
            (json!({"OrderAmount": 500, "OrderCurrency": "EUR"}), Ok(Some(euros))),
            (json!({"OrderAmount": 500}), Err(ParseAmountError)),
            (json!({"OrderCurrency": "EUR"}), Err(ParseAmountError)),
            (json!({"OrderAmount": 0, "OrderCurrency": "EUR"}), Err(ParseAmountError)),
            (json!({"OrderAmount": 1.5, "OrderCurrency": "EUR"}), Err(ParseAmountError)),
            (json!({"OrderAmount": "500", "OrderCurrency": "EUR"}), Err(ParseAmountError)),
            (json!({"OrderAmount": null, "OrderCurrency": "EUR"}), Err(ParseAmountError)),
            (json!({"OrderAmount": 500, "OrderCurrency": ["EUR"]}), Err(ParseAmountError)),
        ] {
            assert_eq!(view(amounts.clone()).amount(), read, "{amounts}");
        }
    }
}
