//! The status of an order.

use http::{StatusCode, header};
use order::{
    Amount, CleanStatus, OrderId, Owner, ProcessorReference, QuarantineStatus, QuarantineView, TableError,
    Timestamp,
};
use platform::api::{Caller, Denied, Problem, Reply};
use serde_json::{Map, Value, json};

use crate::Ingest;

impl Ingest {
    /// Reads quarantine, then clean, so that an order that crosses in between is found at least once. The
    /// clean row wins; an order of somebody else is no order, but to the billing group. A row without a readable owner is
    /// the billing group's alone to see, as it is its alone to have the card of it forgotten.
    pub(crate) async fn status(&self, caller: &Caller, order: &OrderId) -> Result<Reply, Problem> {
        let quarantined = match self.quarantine.view(order).await {
            Ok(found) => found.map(|(view, _)| view),
            Err(TableError::Malformed) => None,
            Err(error) => return Err(error.into()),
        };
        let clean = self.orders.status(order).await?;
        let may_see = |owner: Option<&Owner>| caller.may_act_for(owner, &self.settings.billing_group);
        match (clean, quarantined) {
            (Some(clean), view) if may_see(Some(&clean.order.owner)) => {
                let replacement = view.filter(|view| may_see(view.owner.as_ref()));
                let is_merchant = caller.is_in(&self.settings.billing_group);
                let reference = clean.reference.as_ref().filter(|_| is_merchant);
                Ok(tokenized(&clean, replacement.as_ref().map(|view| (view, self.now())), reference))
            }
            (_, Some(view)) if may_see(view.owner.as_ref()) => Ok(in_quarantine(order, &view, self.now())),
            (None, None) => Err(Problem::ORDER_NOT_FOUND),
            _ => Err(Denied::NotTheOwner.deny()),
        }
    }
}

/// A clean order, and the card that is to replace its own, if there is one. `reference` is for merchants, who find the
/// payment at the processor by it.
pub(crate) fn tokenized(
    clean: &CleanStatus,
    replacement: Option<(&QuarantineView, Timestamp)>,
    reference: Option<&ProcessorReference>,
) -> Reply {
    let order = &clean.order;
    let mut body = json!({
        "CustomerOrder": order.customer_order,
        "Status": "TOKENIZED",
        "CreditCardToken": order.credit_card_token.to_string(),
        "CreditCard": order.card_last4.mask(),
        "CardBrand": order.card_brand.name(),
        "AcceptanceId": order.acceptance_id,
        "AcceptedAt": order.accepted_at,
        "TokenizedAt": order.tokenized_at,
    });
    let end = order.card_expires_at.map(Timestamp::of_epoch_seconds);
    let replacement = replacement.filter(|(view, _)| view.replaces == Some(order.credit_card_token));
    if let Some(body) = body.as_object_mut() {
        insert_amount(body, ["OrderAmount", "OrderCurrency"], order.amount());
        insert_amount(body, ["PaymentAmount", "PaymentCurrency"], clean.charged);
        if let Some(payment) = clean.payment {
            body.insert("PaymentStatus".into(), json!(payment));
        }
        if let Some(reference) = reference {
            body.insert("ProcessorReference".into(), json!(reference.as_str()));
        }
        for (name, time) in [("CardExpiresAt", end), ("CardForgottenAt", order.card_forgotten_at)] {
            if let Some(time) = time {
                body.insert(name.into(), json!(time));
            }
        }
        if let Some((view, _)) = replacement {
            body.insert("CardReplacement".into(), json!(status_of(view)));
        }
    }
    let reply = Reply::new(StatusCode::OK, body);
    match replacement {
        Some((view, now)) => while_pending(reply, view, now),
        None => reply,
    }
}

fn insert_amount(body: &mut Map<String, Value>, [number, currency]: [&str; 2], amount: Option<Amount>) {
    if let Some(amount) = amount {
        body.insert(number.into(), amount.minor_units.count().into());
        body.insert(currency.into(), amount.currency.to_string().into());
    }
}

/// What is said of a row whose status cannot be read: the next sweep parks it, and until then its card may be there.
pub(crate) fn status_of(view: &QuarantineView) -> QuarantineStatus {
    view.status.unwrap_or(QuarantineStatus::Pending)
}

fn in_quarantine(order: &OrderId, view: &QuarantineView, now: Timestamp) -> Reply {
    let mut body = json!({
        "CustomerOrder": order,
        "Status": status_of(view),
        "AcceptanceId": view.acceptance_id,
        "AcceptedAt": view.accepted_at,
    });
    if let Some(body) = body.as_object_mut() {
        insert_amount(body, ["OrderAmount", "OrderCurrency"], view.amount().ok().flatten());
        if status_of(view) != QuarantineStatus::Pending {
            body.insert("FailureReason".into(), json!(view.failure_reason));
        }
    }
    while_pending(Reply::new(StatusCode::OK, body), view, now)
}

/// A client may ask again for a pending order.
fn while_pending(reply: Reply, view: &QuarantineView, now: Timestamp) -> Reply {
    match status_of(view) {
        QuarantineStatus::Pending => reply.with_header(header::RETRY_AFTER, view.pending.retry_after(now)),
        QuarantineStatus::Failed | QuarantineStatus::Expired => reply,
    }
}
