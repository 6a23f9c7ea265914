//! `CustomerOrderTable`: clean orders, each with a token in its card's place.

mod forgetting;
mod importing;
mod overview;
mod payments;

use std::collections::{BTreeSet, HashMap};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{
        AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_with::{DisplayFromStr, serde_as};
use uuid::Uuid;
use vault::{Brands, CardBrand, JweDigest, Last4, Token, Tokenized, action};

use crate::{
    amount::{Amount, Currency, MinorUnits},
    attributes::{Access, CLEAN, List},
    customer::Customer,
    order_id::OrderId,
    owner::Owner,
    payment::{MAX_ATTEMPTS, PaymentStatus, ProcessorReference, hard_decline, is_hard_decline},
    quarantine::QuarantineRow,
    same_order::{ComparedCard, Details},
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

pub use forgetting::CardStanding;
pub(crate) use forgetting::is_forgotten_for;
pub use overview::{OrderOverview, OverviewPage};

/// A clean order as the worker writes it.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CleanOrder {
    /// The key.
    pub customer_order: OrderId,
    #[serde(flatten)]
    pub customer: Customer,
    /// The token in the card's place.
    #[serde_as(as = "DisplayFromStr")]
    pub credit_card_token: Token,
    /// The card's last four digits, derived from the opened card.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// The card's scheme, derived from the opened card.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
    /// Who placed the order.
    pub owner: Owner,
    /// The acceptance that came across.
    pub acceptance_id: Uuid,
    /// The time of that acceptance.
    pub accepted_at: Timestamp,
    /// What the order costs, as the merchant said, in minor units; see [`Self::amount`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_amount: Option<MinorUnits>,
    /// The currency of `order_amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_currency: Option<Currency>,
    /// The digest of the encrypted card that the present card was sent as; none: it was sent as it is.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::stored_digest")]
    pub card_jwe_digest: Option<JweDigest>,
    /// When it came across.
    pub tokenized_at: Timestamp,
    /// Whether the card was sent with its expiry date; none: an earlier release wrote the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_has_expiry: Option<bool>,
    /// When the vault row's retention ends, in epoch seconds; none: the card is kept until it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_expires_at: Option<u64>,
    /// When the card was forgotten on request. The token stays, and no longer points to a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_forgotten_at: Option<Timestamp>,
    /// When another card replaced the first one. None: no card did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_replaced_at: Option<Timestamp>,
}

impl CleanOrder {
    /// The details that a repeated order is compared by.
    #[must_use]
    pub fn details(&self) -> Details {
        Details {
            owner: self.owner.clone(),
            customer: self.customer.clone(),
            card: match self.card_jwe_digest {
                Some(digest) => ComparedCard::Encrypted(digest),
                None => ComparedCard::Shown { last4: self.card_last4, brands: self.card_brand.into() },
            },
            replaces: None,
            amount: self.amount(),
        }
    }

    /// What the order costs. None: no merchant gave an amount, or the release that accepted it had no amounts.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        Amount::of_parts(self.order_amount, self.order_currency).ok().flatten()
    }

    /// Whether the order has a card that was just sent, as far as that can be known without opening it.
    #[must_use]
    pub fn has_card(&self, sent: ComparedCard) -> bool {
        sent.is_stored_as(self.details().card)
    }

    /// Whether a submission is the same order. After its card was replaced, a submission with the first card still is.
    #[must_use]
    pub fn is_again(&self, submitted: &Details) -> bool {
        let mut own = self.details();
        if self.card_replaced_at.is_some() {
            own.card = submitted.card;
        }
        submitted.are_those_of(&own)
    }

    /// Reads an order from its stored form; payment attributes are ignored.
    ///
    /// # Errors
    /// [`TableError::Malformed`] when attributes are missing or of another type, or when half an amount is there.
    pub fn parse(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        let order: Self = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
        Amount::of_parts(order.order_amount, order.order_currency).map_err(|_| TableError::Malformed)?;
        Ok(order)
    }
}

/// In `PaymentHistory`, the last decline that an order may have.
const LAST_DECLINE: &str = "[4].PaymentId";
const _: () = assert!(MAX_ATTEMPTS == 5);

/// A clean order and the state of its payment, as much as everybody who may see the order may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanStatus {
    pub order: CleanOrder,
    /// The state of its payment. None: nobody has tried to pay, or not with the card that replaced a declined one.
    pub payment: Option<PaymentStatus>,
    /// What that payment charges, if it has an amount.
    pub charged: Option<Amount>,
    /// The processor's own id of that payment, once it is settled.
    pub reference: Option<ProcessorReference>,
    /// Whether it was declined as often as one order allows.
    pub is_exhausted: bool,
    /// The cards that were declined permanently, each by its brand and last digits.
    hard_declines: BTreeSet<String>,
}

impl CleanStatus {
    /// Whether a card was declined permanently: the order does not accept it again.
    #[must_use]
    pub fn is_declined_for_good(&self, brands: Brands, last4: Last4) -> bool {
        is_hard_decline(&self.hard_declines, brands, last4)
    }
}

/// The table of clean orders.
#[derive(Debug, Clone)]
pub struct OrderTable {
    pub(crate) dynamodb: Client,
    pub(crate) name: String,
}

impl OrderTable {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// Reads an order, consistently. Of its payments, it reads only the state of the last one.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn status(&self, order: &OrderId) -> Result<Option<CleanStatus>, TableError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Paid {
            payment_status: Option<PaymentStatus>,
            payment_amount: Option<MinorUnits>,
            payment_currency: Option<Currency>,
            processor_reference: Option<ProcessorReference>,
            /// The last decline that an order may have, if there is one.
            #[serde(default)]
            payment_history: Vec<IgnoredAny>,
            #[serde(default)]
            hard_declines: BTreeSet<String>,
        }

        let named = CLEAN.list(Access::ReadStatus).narrowed_to("PaymentHistory", LAST_DECLINE);
        let reply =
            self.read(order, named).send().await.map_err(|error| classify("GetItem order", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let paid: Paid = serde_dynamo::aws_sdk_dynamodb_1::from_item(item.clone())?;
        let charged = Amount::of_parts(paid.payment_amount, paid.payment_currency);
        Ok(Some(CleanStatus {
            order: CleanOrder::parse(item)?,
            payment: paid.payment_status,
            reference: paid.processor_reference,
            is_exhausted: !paid.payment_history.is_empty(),
            charged: charged.map_err(|_| TableError::Malformed)?,
            hard_declines: paid.hard_declines,
        }))
    }

    /// The acceptance by which an order came across, read consistently; none: it has not.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn acceptance(&self, order: &OrderId) -> Result<Option<Uuid>, TableError> {
        let reply = self
            .read(order, CLEAN.list(Access::ReadAcceptance))
            .send()
            .await
            .map_err(|error| classify("GetItem order", &error))?;
        let acceptance = reply.item.as_ref().and_then(|item| item.get("AcceptanceId"));
        Ok(acceptance.and_then(|value| value.as_s().ok()).and_then(|id| id.parse().ok()))
    }

    /// A consistent read of what is named.
    pub(crate) fn read(
        &self,
        order: &OrderId,
        named: List,
    ) -> aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder {
        self.dynamodb
            .get_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .consistent_read(true)
            .projection_expression(named.expression)
            .set_expression_attribute_names(Some(named.placeholders))
    }

    /// The update that is part of the transaction that replaces a card: only while the order has the replaced one,
    /// and no payment or a declined one. The payment is then removed, but its decline stays in the history.
    pub(crate) fn replace_card(
        &self,
        row: &QuarantineRow,
        replaced: Token,
        tokenized: &Tokenized,
        now: Timestamp,
    ) -> Result<TransactWriteItem, TableError> {
        let expires_at = tokenized.expires_at;
        let mut set = String::new();
        let mut remove = String::new();
        let mut values = HashMap::new();
        let digest =
            row.card_jwe_digest.map(|digest| AttributeValue::B(Blob::new(digest.as_bytes().as_slice())));
        for (name, placeholder, value) in [
            ("CardExpiresAt", ":end", expires_at.map(|end| AttributeValue::N(end.to_string()))),
            ("CardJweDigest", ":digest", digest),
        ] {
            match value {
                Some(value) => {
                    set += &format!(", {name} = {placeholder}");
                    values.insert(placeholder.to_owned(), value);
                }
                None => remove += &format!("{name}, "),
            }
        }
        // The release that wrote the decline used the brand of its own table.
        let [now_declined, first_declined] =
            tokenized.brands.versions().map(|brand| hard_decline(brand, tokenized.last4));
        let List { expression: removed, placeholders } = CLEAN.list(Access::ReplacementRemoves);
        let update = Update::builder()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(row.customer_order.to_string()))
            .update_expression(format!(
                "SET CreditCardToken = :token, CardLast4 = :last4, CardBrand = :brand, \
                 AcceptanceId = :acceptance, AcceptedAt = :accepted, TokenizedAt = :now, CardReplacedAt = :now, \
                 CardHasExpiry = :has_expiry{set} REMOVE {remove}{removed}",
            ))
            .condition_expression(
                "CreditCardToken = :replaced AND #owner = :owner AND attribute_not_exists(CardForgottenAt) \
                 AND (attribute_not_exists(PaymentStatus) OR PaymentStatus = :declined) \
                 AND NOT contains(HardDeclines, :card) AND NOT contains(HardDeclines, :card_at_first)",
            )
            .set_expression_attribute_values(Some(values))
            .set_expression_attribute_names(Some(placeholders))
            .expression_attribute_names("#owner", "Owner")
            .expression_attribute_values(":token", AttributeValue::S(tokenized.token.to_string()))
            .expression_attribute_values(":last4", AttributeValue::S(tokenized.last4.to_string()))
            .expression_attribute_values(":brand", AttributeValue::S(tokenized.brands.now().to_string()))
            .expression_attribute_values(":acceptance", AttributeValue::S(row.acceptance_id.to_string()))
            .expression_attribute_values(":accepted", AttributeValue::S(row.accepted_at.to_string()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":has_expiry", AttributeValue::Bool(tokenized.has_expiry))
            .expression_attribute_values(":card", AttributeValue::S(now_declined))
            .expression_attribute_values(":card_at_first", AttributeValue::S(first_declined))
            .expression_attribute_values(":replaced", AttributeValue::S(replaced.to_string()))
            .expression_attribute_values(
                ":declined",
                AttributeValue::S(PaymentStatus::Declined.word().into()),
            )
            .expression_attribute_values(":owner", AttributeValue::S(row.owner.as_str().into()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(action(update)?)
    }

    /// A check, which is part of a transaction: that the order is across.
    pub(crate) fn check_across(&self, order: &AttributeValue) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .key("CustomerOrder", order.clone())
            .condition_expression("attribute_exists(CustomerOrder)")
            .build();
        Ok(action(check)?)
    }

    /// The put that is part of the transaction that carries an order across: only where there is none.
    pub(crate) fn put_if_absent(&self, order: &CleanOrder) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(serde_dynamo::aws_sdk_dynamodb_1::to_item(order)?))
            .condition_expression("attribute_not_exists(CustomerOrder)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(action(put)?)
    }
}
