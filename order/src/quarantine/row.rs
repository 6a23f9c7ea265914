//! The rows of the quarantine table, whole and as far as they may be read without their card.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnError, DisplayFromStr, serde_as};
use uuid::Uuid;
use vault::{CardBrand, Last4, QuarantineIdentity, QuarantinedCard, Token};

use crate::{
    details::{Address, CustomerName, Details},
    order_id::OrderId,
    owner::Owner,
    status::{FailureReason, QuarantineStatus},
    table_error::TableError,
    timestamp::Timestamp,
};

/// A quarantine row, whole: what ingest writes and the worker reads from the stream.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct QuarantineRow {
    /// The key.
    pub customer_order: OrderId,
    /// The customer's name.
    pub customer_name: CustomerName,
    /// The customer's address.
    pub address: Address,
    /// Who placed the order.
    pub owner: Owner,
    /// This taking-in of the order.
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
    /// The card's last four digits, a claim until the card is opened.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// The card's scheme, a claim until the card is opened.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde_as(as = "Option<DisplayFromStr>")]
    pub replaces: Option<Token>,
    /// Where it stands.
    pub status: QuarantineStatus,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<FailureReason>,
    /// How often the row was armed; the first time is 1.
    pub attempt: u32,
    /// When the row expires, in epoch seconds.
    pub deadline: u64,
    /// DynamoDB's TTL, the net under the deadline, in epoch seconds.
    pub expires_at: u64,
}

impl QuarantineRow {
    /// Reads a row from its stored form.
    ///
    /// # Errors
    /// [`TableError::Malformed`] when attributes are missing, unknown or of another type.
    pub fn parse(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        Ok(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)
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
        }
    }

    /// The place that the sealed card is bound to.
    #[must_use]
    pub fn place(&self) -> QuarantineIdentity<'_> {
        QuarantineIdentity {
            order: self.customer_order.as_str(),
            owner: self.owner.as_str(),
            acceptance: self.acceptance_id,
        }
    }
}

/// What may be read of a quarantine row without its sealed card. Only owner and status must be readable: a
/// malformed row still belongs to somebody, who may see that it failed.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineView {
    /// Who placed the order.
    pub owner: Owner,
    /// Where it stands.
    pub status: QuarantineStatus,
    /// This taking-in of the order.
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
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    customer_name: Option<CustomerName>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    address: Option<Address>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_last4: Option<Last4>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_brand: Option<CardBrand>,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    pub replaces: Option<Token>,
}

/// What a payment sees of a quarantine row.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineStanding {
    /// Who placed the order.
    pub owner: Owner,
    /// Where it stands.
    pub status: QuarantineStatus,
    /// The token whose card this one is to replace; none for a new order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    pub replaces: Option<Token>,
}

impl QuarantineStanding {
    /// Whether this card is on its way to replace the card of that token.
    #[must_use]
    pub fn is_replacing(&self, token: Token) -> bool {
        self.status == QuarantineStatus::Pending && self.replaces == Some(token)
    }
}

impl QuarantineView {
    /// The details, unless the row has expired and lost them, or is malformed.
    #[must_use]
    pub fn details(&self) -> Option<Details> {
        // Without these there is nothing to answer a repeated submission with.
        self.acceptance_id.zip(self.accepted_at)?;
        Some(Details {
            owner: self.owner.clone(),
            name: self.customer_name.clone()?,
            address: self.address.clone()?,
            last4: self.card_last4?,
            brands: self.card_brand?.into(),
            replaces: self.replaces,
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
        })
        .as_object()
        .cloned()
        .unwrap();
        let item: HashMap<String, AttributeValue> = serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap();
        let view: QuarantineView = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap();
        assert_eq!(view.status, QuarantineStatus::Failed);
        assert_eq!(view.failure_reason, Some(FailureReason::Malformed));
        assert_eq!((view.acceptance_id, view.accepted_at), (None, None));
        assert!(view.details().is_none());
    }
}
