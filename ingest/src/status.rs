//! Where an order stands.

use http::{StatusCode, header};
use order::{
    CleanOrder, OrderId, QuarantineStatus, QuarantineView, TableError,
    api::{Caller, Denied, Problem, Reply},
};
use serde_json::json;

use crate::Ingest;

impl Ingest {
    /// Reads quarantine, then clean, so that an order that crosses in between is seen once at least. The
    /// clean row wins; an order of somebody else is no order.
    pub(crate) async fn status(&self, caller: &Caller, order: &OrderId) -> Result<Reply, Problem> {
        let quarantined = match self.quarantine.view(order).await {
            Ok(found) => found.map(|(view, _)| view),
            Err(TableError::Malformed) => None,
            Err(error) => return Err(error.into()),
        };
        match (self.orders.status(order).await?, quarantined) {
            (Some(clean), _) if clean.owner == caller.owner => Ok(tokenized(&clean)),
            (_, Some(view)) if view.owner == caller.owner => Ok(in_quarantine(order, &view)),
            (None, None) => Err(Problem::ORDER_NOT_FOUND),
            _ => Err(Denied::NotTheOwner.problem()),
        }
    }
}

pub(crate) fn tokenized(clean: &CleanOrder) -> Reply {
    Reply::new(
        StatusCode::OK,
        json!({
            "CustomerOrder": clean.customer_order,
            "Status": "TOKENIZED",
            "CreditCardToken": clean.credit_card_token.to_string(),
            "CreditCard": clean.card_last4.mask(),
            "CardBrand": clean.card_brand.name(),
            "AcceptanceId": clean.acceptance_id,
            "AcceptedAt": clean.accepted_at,
            "TokenizedAt": clean.tokenized_at,
        }),
    )
}

fn in_quarantine(order: &OrderId, view: &QuarantineView) -> Reply {
    let mut body = json!({
        "CustomerOrder": order,
        "Status": view.status,
        "AcceptanceId": view.acceptance_id,
        "AcceptedAt": view.accepted_at,
    });
    if view.status != QuarantineStatus::Pending
        && let Some(body) = body.as_object_mut()
    {
        body.insert("FailureReason".into(), json!(view.failure_reason));
    }
    let reply = Reply::new(StatusCode::OK, body);
    match view.status {
        QuarantineStatus::Pending => reply.with_header(header::RETRY_AFTER, 1),
        QuarantineStatus::Failed | QuarantineStatus::Expired => reply,
    }
}
