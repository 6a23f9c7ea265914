//! The payments of a clean order, read and written: every write is conditional on what was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::AttributeValue::{self, L, M, N, S},
};
use serde::Serialize;

use super::{CleanOrder, OrderTable};
use crate::{
    amount::Amount,
    attributes::{Access, CLEAN},
    order_id::OrderId,
    payment::{Claim, Decline, Outcome, Payment, Payments, Standing},
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// Holds while the order has the card that was read, and that card is not forgotten. Each card of an order has a
/// `TokenizedAt` of its own, which tells it as well as the token does; IAM lets a role write what it lets it compare,
/// and nobody but the worker is to write a token.
const SAME_CARD: &str = "TokenizedAt = :tokenized AND attribute_not_exists(CardForgottenAt)";

impl OrderTable {
    /// Reads an order with its payments, consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn with_payments(&self, order: &OrderId) -> Result<Option<(CleanOrder, Payments)>, TableError> {
        let reply = self
            .read(order, CLEAN.list(Access::ReadForPayment))
            .send()
            .await
            .map_err(|error| classify("GetItem order", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let payments = serde_dynamo::aws_sdk_dynamodb_1::from_item(item.clone())?;
        Ok(Some((CleanOrder::parse(item)?, payments)))
    }

    /// Claims a payment, before anything is sent to the processor: only while the order's payments and its card
    /// still are what was read.
    ///
    /// # Errors
    /// [`TableError`]; the claim may stand all the same when no reply came, and runs out by itself.
    pub async fn claim_payment(
        &self,
        clean: &CleanOrder,
        payments: &Payments,
        claim: &Claim,
    ) -> Result<Written, TableError> {
        let mut set = "SET PaymentStatus = :submitting, PaymentId = :payment, PaymentStartedAt = :started, \
                       ClaimId = :claim, ClaimedUntil = :until"
            .to_owned();
        let mut update = self
            .update(&clean.customer_order)
            .expression_attribute_values(":tokenized", S(clean.tokenized_at.to_string()))
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":payment", S(claim.payment.to_string()))
            .expression_attribute_values(":started", S(claim.started_at.to_string()))
            .expression_attribute_values(":claim", S(claim.id.to_string()))
            .expression_attribute_values(":until", S(claim.until.to_string()));
        if let Some(key) = &claim.key {
            let (name, payment) = (key.as_str().to_owned(), S(claim.payment.to_string()));
            if payments.keys.is_some() {
                set += ", PaymentKeys.#key = :payment";
                update = update.expression_attribute_names("#key", name);
            } else {
                set += ", PaymentKeys = :keys";
                let keys = M(HashMap::from([(name, payment)]));
                update = update.expression_attribute_values(":keys", keys);
            }
        }
        let amounted;
        (amounted, update) = with_amount(update, claim.amount);
        let standing = match &claim.seen {
            None => "attribute_not_exists(PaymentStatus)",
            Some(Payment { standing: Standing::Submitting { claim: seen, .. }, .. }) => {
                update = update.expression_attribute_values(":seen", S(seen.to_string()));
                "PaymentStatus = :submitting AND PaymentId = :payment AND ClaimId = :seen"
            }
            Some(seen) => {
                update = update
                    .expression_attribute_values(":seen", S(seen.id.to_string()))
                    .expression_attribute_values(":stood", S(seen.standing.word().into()));
                "PaymentStatus = :stood AND PaymentId = :seen"
            }
        };
        let update = update
            .update_expression(format!("{set}{amounted}"))
            .condition_expression(format!("{SAME_CARD} AND {standing}"));
        conditional("UpdateItem order", update.send().await)
    }

    /// Writes the processor's answer, only while this payment is still being submitted.
    ///
    /// # Errors
    /// [`TableError`]; the answer may have been written all the same when no reply came.
    pub async fn record_outcome(
        &self,
        clean: &CleanOrder,
        claim: &Claim,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let mut set = "SET PaymentStatus = :outcome, PaymentSettledAt = :at".to_owned();
        let mut update = self
            .update(&clean.customer_order)
            .condition_expression("PaymentStatus = :submitting AND PaymentId = :payment")
            .expression_attribute_values(":outcome", S(outcome.standing().word().into()))
            .expression_attribute_values(":at", S(at.to_string()))
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":payment", S(claim.payment.to_string()));
        if let Outcome::Declined(code) = outcome {
            set += ", PaymentHistory = list_append(if_not_exists(PaymentHistory, :none), :declined)";
            let decline = Decline {
                payment_id: claim.payment,
                amount: claim.amount.map(|amount| amount.minor_units),
                currency: claim.amount.map(|amount| amount.currency),
                decline_code: code.clone(),
                settled_at: at,
                card_last4: clean.card_last4,
                card_brand: clean.card_brand,
            };
            update = update
                .expression_attribute_values(":none", L(vec![]))
                .expression_attribute_values(":declined", L(vec![value(decline)?]));
        }
        let update = update.update_expression(format!("{set} REMOVE ClaimId, ClaimedUntil"));
        conditional("UpdateItem order", update.send().await)
    }

    /// Gives a payment's first claim back when nothing was sent to the processor under it: the row says again what
    /// it said before.
    ///
    /// # Errors
    /// [`TableError`]; a claim that is not given back runs out by itself.
    pub async fn release_claim(&self, order: &OrderId, claim: &Claim) -> Result<Written, TableError> {
        let mut update = self
            .update(order)
            .condition_expression("PaymentStatus = :submitting AND ClaimId = :claim")
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":claim", S(claim.id.to_string()));
        let mut change = match &claim.seen {
            None => {
                "REMOVE PaymentStatus, PaymentId, PaymentStartedAt, PaymentAmount, PaymentCurrency, ClaimId, \
                     ClaimedUntil"
                    .to_owned()
            }
            Some(seen) => {
                let amounted;
                (amounted, update) = with_amount(update, seen.amount);
                update = update
                    .expression_attribute_values(":stood", S(seen.standing.word().into()))
                    .expression_attribute_values(":payment", S(seen.id.to_string()))
                    .expression_attribute_values(":started", S(seen.started_at.to_string()));
                let remove = if seen.amount.is_some() { " REMOVE" } else { "," };
                format!(
                    "SET PaymentStatus = :stood, PaymentId = :payment, PaymentStartedAt = :started{amounted}{remove} \
                     ClaimId, ClaimedUntil"
                )
            }
        };
        if let Some(key) = &claim.key {
            change += ", PaymentKeys.#key";
            update = update.expression_attribute_names("#key", key.as_str());
        }
        conditional("UpdateItem order", update.update_expression(change).send().await)
    }

    /// Gives up a payment that was interrupted and can no longer be sent again, only while the claim that was
    /// read still stands.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn give_payment_up(
        &self,
        order: &OrderId,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let Standing::Submitting { claim, .. } = payment.standing else { return Ok(Written::LostRace) };
        let update = self
            .update(order)
            .update_expression(
                "SET PaymentStatus = :unknown, PaymentSettledAt = :at REMOVE ClaimId, ClaimedUntil",
            )
            .condition_expression("PaymentStatus = :submitting AND PaymentId = :payment AND ClaimId = :seen")
            .expression_attribute_values(":unknown", S(Standing::Unknown.word().into()))
            .expression_attribute_values(":at", S(at.to_string()))
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":payment", S(payment.id.to_string()))
            .expression_attribute_values(":seen", S(claim.to_string()));
        conditional("UpdateItem order", update.send().await)
    }

    fn update(&self, order: &OrderId) -> UpdateItemFluentBuilder {
        self.dynamodb.update_item().table_name(&self.name).key("CustomerOrder", S(order.to_string()))
    }
}

/// The end of a SET clause, or a REMOVE clause after it, that leaves the row with this amount and no other.
fn with_amount(
    update: UpdateItemFluentBuilder,
    amount: Option<Amount>,
) -> (&'static str, UpdateItemFluentBuilder) {
    let Some(amount) = amount else { return (" REMOVE PaymentAmount, PaymentCurrency", update) };
    let update = update
        .expression_attribute_values(":amount", N(amount.minor_units.count().to_string()))
        .expression_attribute_values(":currency", S(amount.currency.to_string()));
    (", PaymentAmount = :amount, PaymentCurrency = :currency", update)
}

fn value(decline: impl Serialize) -> Result<AttributeValue, TableError> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(decline)?)
}
