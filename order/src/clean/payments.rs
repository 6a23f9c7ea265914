//! The payments of a clean order, read and written: every write is conditional on what was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::AttributeValue::{self, L, M, N, S, Ss},
};
use serde::Serialize;
use uuid::Uuid;

use super::{CleanOrder, OrderTable};
use crate::{
    amount::Amount,
    attributes::{Access, CLEAN},
    order_id::OrderId,
    payment::{
        Claim, Decline, DeclineKind, Outcome, Payment, PaymentObject, PaymentRoute, PaymentStatus, Payments,
        Settlement, Standing, hard_decline,
    },
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// Holds while the order has the card that was read, and that card is not forgotten. Each card of an order has a
/// `TokenizedAt` of its own, which identifies it as the token does. IAM allows a role to write each attribute that it
/// may compare, and only the worker may write a token.
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
    /// [`TableError`]; if no reply came, the claim may have been written, and it ends by itself.
    pub async fn claim_payment(
        &self,
        clean: &CleanOrder,
        payments: &Payments,
        claim: &Claim,
    ) -> Result<Written, TableError> {
        let mut set = "SET ClaimId = :claim, ClaimedUntil = :until, PaymentProfile = :profile, \
                       PaymentProfileDigest = :digest, PaymentOrigin = :origin, PaymentAccount = :account, \
                       PaymentPayer = :payer"
            .to_owned();
        let mut update = self
            .update(&clean.customer_order)
            .expression_attribute_values(":tokenized", S(clean.tokenized_at.to_string()))
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":payment", S(claim.payment.to_string()))
            .expression_attribute_values(":claim", S(claim.id.to_string()))
            .expression_attribute_values(":until", S(claim.until.to_string()))
            .expression_attribute_values(":profile", S(claim.route.profile.clone()))
            .expression_attribute_values(":digest", S(claim.route.digest.clone()))
            .expression_attribute_values(":origin", S(claim.route.origin.clone()))
            .expression_attribute_values(":account", S(claim.route.account.clone()))
            .expression_attribute_values(":payer", S(claim.payer.word().into()));
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
        let mut remove = Vec::new();
        // A payment that is taken over stays what it is.
        if claim.is_first() {
            set += ", PaymentStatus = :submitting, PaymentId = :payment, PaymentStartedAt = :started";
            update = update.expression_attribute_values(":started", S(claim.started_at.to_string()));
            remove.extend(["PaymentObject", "LookedUpAt", "ProcessorReference"]);
            (set, update) = with_amount(update, set, &mut remove, claim.amount);
        }
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
            .update_expression(expression(&set, &remove))
            .condition_expression(format!("{SAME_CARD} AND {standing}"));
        conditional("UpdateItem order", update.send().await)
    }

    /// Writes down what the processor has made before the charge, only while this claim is there. Without this write
    /// nothing is charged.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn remember_object(
        &self,
        order: &OrderId,
        claim: &Claim,
        object: &PaymentObject,
    ) -> Result<Written, TableError> {
        let update = self
            .update(order)
            .update_expression("SET PaymentObject = :object")
            .condition_expression("PaymentStatus = :submitting AND ClaimId = :claim")
            .expression_attribute_values(":object", S(object.to_string()))
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":claim", S(claim.id.to_string()));
        conditional("UpdateItem order", update.send().await)
    }

    /// Writes the processor's answer, only while this payment is still being submitted.
    ///
    /// # Errors
    /// [`TableError`]; if no reply came, the answer may have been written.
    pub async fn record_outcome(
        &self,
        clean: &CleanOrder,
        claim: &Claim,
        settlement: &Settlement,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        self.settle(clean, (claim.payment, claim.amount), PaymentStatus::Submitting, settlement, at).await
    }

    /// Writes the outcome that a lookup found for an UNKNOWN payment, only while it is UNKNOWN.
    ///
    /// # Errors
    /// [`TableError`]; if no reply came, it may have been written.
    pub async fn record_found(
        &self,
        clean: &CleanOrder,
        payment: &Payment,
        settlement: &Settlement,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        self.settle(clean, (payment.id, payment.amount), PaymentStatus::Unknown, settlement, at).await
    }

    async fn settle(
        &self,
        clean: &CleanOrder,
        (payment, amount): (Uuid, Option<Amount>),
        stood: PaymentStatus,
        settlement: &Settlement,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let outcome = &settlement.outcome;
        let mut set = "SET PaymentStatus = :outcome, PaymentSettledAt = :at".to_owned();
        let mut remove = vec!["ClaimId", "ClaimedUntil", "LookedUpAt"];
        let mut add = "";
        let mut update = self
            .update(&clean.customer_order)
            .condition_expression("PaymentStatus = :stood AND PaymentId = :payment")
            .expression_attribute_values(":outcome", S(outcome.standing().word().into()))
            .expression_attribute_values(":at", S(at.to_string()))
            .expression_attribute_values(":stood", S(stood.word().into()))
            .expression_attribute_values(":payment", S(payment.to_string()));
        match &settlement.reference {
            Some(reference) => {
                set += ", ProcessorReference = :reference";
                update = update.expression_attribute_values(":reference", S(reference.to_string()));
            }
            None => remove.push("ProcessorReference"),
        }
        if let Outcome::Declined(code) = outcome {
            set += ", PaymentHistory = list_append(if_not_exists(PaymentHistory, :none), :declined)";
            let decline = Decline {
                payment_id: payment,
                amount: amount.map(|amount| amount.minor_units),
                currency: amount.map(|amount| amount.currency),
                decline_code: code.clone(),
                decline_kind: Some(settlement.kind),
                settled_at: at,
                card_last4: clean.card_last4,
                card_brand: clean.card_brand,
            };
            update = update
                .expression_attribute_values(":none", L(vec![]))
                .expression_attribute_values(":declined", L(vec![value(decline)?]));
            if settlement.kind == DeclineKind::Hard {
                add = " ADD HardDeclines :card";
                let card = hard_decline(clean.card_brand, clean.card_last4);
                update = update.expression_attribute_values(":card", Ss(vec![card]));
            }
        }
        let update = update.update_expression(format!("{}{add}", expression(&set, &remove)));
        conditional("UpdateItem order", update.send().await)
    }

    /// Marks that the processor is asked for the outcome of a payment, only while it is UNKNOWN and nobody else has asked
    /// since the row was read.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mark_looked_up(
        &self,
        order: &OrderId,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let mut update = self
            .update(order)
            .update_expression("SET LookedUpAt = :at")
            .expression_attribute_values(":at", S(at.to_string()))
            .expression_attribute_values(":unknown", S(PaymentStatus::Unknown.word().into()))
            .expression_attribute_values(":payment", S(payment.id.to_string()));
        let seen = match payment.looked_up_at {
            None => "attribute_not_exists(LookedUpAt)",
            Some(seen) => {
                update = update.expression_attribute_values(":seen", S(seen.to_string()));
                "LookedUpAt = :seen"
            }
        };
        let condition = format!("PaymentStatus = :unknown AND PaymentId = :payment AND {seen}");
        conditional("UpdateItem order", update.condition_expression(condition).send().await)
    }

    /// Gives a payment's first claim back when nothing was charged under it: the row gets its former values back.
    /// `has_expiry` is written if the card was opened and a later payment would open it without a charge.
    ///
    /// # Errors
    /// [`TableError`]; a claim that is not given back ends by itself.
    pub async fn release_claim(
        &self,
        order: &OrderId,
        claim: &Claim,
        has_expiry: Option<bool>,
    ) -> Result<Written, TableError> {
        let mut update = self
            .update(order)
            .condition_expression("PaymentStatus = :submitting AND ClaimId = :claim")
            .expression_attribute_values(":submitting", S("SUBMITTING".into()))
            .expression_attribute_values(":claim", S(claim.id.to_string()));
        let mut sets = Vec::new();
        let mut remove = vec!["ClaimId", "ClaimedUntil"];
        let seen = claim.seen.as_ref();
        let route = seen.and_then(|seen| seen.route.clone());
        let (profile, digest, origin, account) = match route {
            Some(PaymentRoute { profile, digest, origin, account }) => {
                (Some(profile), Some(digest), Some(origin), Some(account))
            }
            None => (None, None, None, None),
        };
        for (name, was) in [
            ("PaymentProfile", profile),
            ("PaymentProfileDigest", digest),
            ("PaymentOrigin", origin),
            ("PaymentAccount", account),
            ("PaymentPayer", seen.and_then(|seen| seen.payer).map(|payer| payer.word().to_owned())),
            ("PaymentObject", seen.and_then(|seen| seen.object.as_ref()).map(ToString::to_string)),
            ("ProcessorReference", seen.and_then(|seen| seen.reference.as_ref()).map(ToString::to_string)),
        ] {
            match was {
                Some(was) => {
                    sets.push(format!("{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), S(was));
                }
                None => remove.push(name),
            }
        }
        if let Some(has_expiry) = has_expiry {
            sets.push("CardHasExpiry = :has_expiry".to_owned());
            update = update.expression_attribute_values(":has_expiry", AttributeValue::Bool(has_expiry));
        }
        let amount = seen.and_then(|seen| seen.amount);
        match seen {
            None => remove.extend(["PaymentStatus", "PaymentId", "PaymentStartedAt"]),
            Some(seen) => {
                sets.push(
                    "PaymentStatus = :stood, PaymentId = :payment, PaymentStartedAt = :started".to_owned(),
                );
                update = update
                    .expression_attribute_values(":stood", S(seen.standing.word().into()))
                    .expression_attribute_values(":payment", S(seen.id.to_string()))
                    .expression_attribute_values(":started", S(seen.started_at.to_string()));
            }
        }
        let mut set = if sets.is_empty() { String::new() } else { format!("SET {}", sets.join(", ")) };
        (set, update) = with_amount(update, set, &mut remove, amount);
        if let Some(key) = &claim.key {
            remove.push("PaymentKeys.#key");
            update = update.expression_attribute_names("#key", key.as_str());
        }
        conditional("UpdateItem order", update.update_expression(expression(&set, &remove)).send().await)
    }

    /// Gives up a payment that was interrupted and can no longer be sent again, only while the claim that was
    /// read is still there.
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

/// Gives the row this amount and no other. An amount is set only together with something else.
fn with_amount(
    update: UpdateItemFluentBuilder,
    mut set: String,
    remove: &mut Vec<&str>,
    amount: Option<Amount>,
) -> (String, UpdateItemFluentBuilder) {
    let Some(amount) = amount else {
        remove.extend(["PaymentAmount", "PaymentCurrency"]);
        return (set, update);
    };
    set += ", PaymentAmount = :amount, PaymentCurrency = :currency";
    let update = update
        .expression_attribute_values(":amount", N(amount.minor_units.count().to_string()))
        .expression_attribute_values(":currency", S(amount.currency.to_string()));
    (set, update)
}

/// An update expression of a SET clause, if there is one, and of what is removed.
fn expression(set: &str, remove: &[&str]) -> String {
    match remove {
        [] => set.to_owned(),
        remove => format!("{set} REMOVE {}", remove.join(", ")).trim_start().to_owned(),
    }
}

fn value(decline: impl Serialize) -> Result<AttributeValue, TableError> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(decline)?)
}
