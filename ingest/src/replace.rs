//! Another card for an order whose payment was declined: it goes the same way as the first, sealed into quarantine.

use http::StatusCode;
use order::{
    CleanStatus, Details, OrderId, Owner, PaymentStatus, QuarantineStatus, TableError, Written,
    accepting::{Acceptance, decide},
};
use platform::{
    api::{Caller, Denied, Problem, Reply},
    metrics::Metric,
};
use vault::{Card, QuarantineIdentity, opaque_id};

use crate::{
    Ingest,
    accept::{ROUNDS, accepted},
    status,
};

const NOT_TOKENIZED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "ORDER_NOT_TOKENIZED",
    "The order is not tokenized; see its status, and send the order itself again if it failed",
);
const NOT_DECLINED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PAYMENT_NOT_DECLINED",
    "Only an order whose payment was declined takes another card",
);
const FORGOTTEN: Problem = Problem::new(
    StatusCode::GONE,
    "CARD_FORGOTTEN",
    "The card of this order was forgotten on request; place a new order",
);
const IN_PROGRESS: Problem =
    Problem::new(StatusCode::CONFLICT, "PAYMENT_IN_PROGRESS", "The payment is being submitted")
        .retry_after(5);
const BLOCKED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "CARD_CHANGE_BLOCKED",
    "Something else holds this order's place in quarantine; try again in some days, or place a new order",
);
const CHANGING: Problem =
    Problem::new(StatusCode::CONFLICT, "CARD_CHANGING", "Another card is on its way into this order")
        .retry_after(1);

impl Ingest {
    /// Takes another card in. Nothing is written before it is sealed; a repeat is answered as the first was.
    pub(crate) async fn replace(
        &self,
        caller: &Caller,
        order: &OrderId,
        card: Card,
        order_url: &str,
    ) -> Result<Reply, Problem> {
        let clean = self.own(caller, order).await?;
        if !takes_another_card(&clean)? {
            return by_its_card(&clean, &card);
        }
        let acceptance = opaque_id();
        let owner = clean.order.owner.clone();
        let place = QuarantineIdentity { order: order.as_str(), owner: owner.as_str(), acceptance };
        let sealed = self.sealer.seal(&card, place).await.map_err(|_| Problem::UNAVAILABLE)?;
        let details = Details {
            last4: card.last4(),
            brands: card.brands(),
            replaces: Some(clean.order.credit_card_token),
            ..clean.order.details()
        };
        let row = self.row(order.clone(), &details, acceptance, sealed);
        for _ in 0..ROUNDS {
            let found = match self.quarantine.view(order).await {
                Err(TableError::Malformed) => return Err(BLOCKED),
                found => found?,
            };
            if let Some((view, _)) = &found
                && view.acceptance_id == Some(acceptance)
            {
                return Ok(accepted(&row, Some(acceptance), Some(row.accepted_at), order_url));
            }
            // The card that was seen may have been replaced meanwhile, by this very card perhaps.
            let clean = self.own(caller, order).await?;
            if !takes_another_card(&clean)? || Some(clean.order.credit_card_token) != details.replaces {
                return by_its_card(&clean, &card);
            }
            let written = match (decide(&details, found.as_ref().map(|(view, _)| view), None), &found) {
                (Acceptance::New, _) => self.quarantine.put_if_absent(&row).await,
                (Acceptance::Renewed, Some((_, seen))) => self.quarantine.replace(&row, seen).await,
                (Acceptance::AlreadyPending, Some((first, _))) => {
                    return Ok(accepted(&row, first.acceptance_id, first.accepted_at, order_url));
                }
                // A pending card, or what is left of somebody else's order of this id, until it expires.
                (_, Some((view, _))) if view.owner == owner => return Err(CHANGING),
                _ => return Err(BLOCKED),
            };
            if written? == Written::Done {
                tracing::info!(%order, %acceptance, "accepted another card");
                Metric::Accepted.record();
                return Ok(accepted(&row, Some(acceptance), Some(row.accepted_at), order_url));
            }
        }
        Err(Problem::UNAVAILABLE)
    }

    /// The clean order, if the caller may change it.
    async fn own(&self, caller: &Caller, order: &OrderId) -> Result<CleanStatus, Problem> {
        let may_change = |owner: &Owner| caller.may_act_for(owner, &self.settings.billing_group);
        if let Some(clean) = self.orders.status(order).await? {
            let own = Some(clean).filter(|clean| may_change(&clean.order.owner));
            return own.ok_or_else(|| Denied::NotTheOwner.deny());
        }
        match self.quarantine.view(order).await {
            Ok(Some((view, _))) if may_change(&view.owner) => Err(match view.status {
                QuarantineStatus::Pending => NOT_TOKENIZED.retry_after(1),
                QuarantineStatus::Failed | QuarantineStatus::Expired => NOT_TOKENIZED,
            }),
            Ok(Some(_)) => Err(Denied::NotTheOwner.deny()),
            Ok(None) | Err(TableError::Malformed) => Err(Problem::ORDER_NOT_FOUND),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the payment was declined. Before the first try and after a replacement, there is none.
fn takes_another_card(clean: &CleanStatus) -> Result<bool, Problem> {
    match clean.payment {
        _ if clean.order.card_forgotten_at.is_some() => Err(FORGOTTEN),
        Some(PaymentStatus::Declined) => Ok(true),
        Some(PaymentStatus::Submitting) => Err(IN_PROGRESS),
        Some(PaymentStatus::Submitted | PaymentStatus::Unknown) | None => Ok(false),
    }
}

/// An order that has this card, as far as can be seen without opening it, needs no other: the answer to a repeat.
fn by_its_card(clean: &CleanStatus, card: &Card) -> Result<Reply, Problem> {
    let same = clean.order.card_last4 == card.last4() && card.brands().include(clean.order.card_brand);
    if same { Ok(status::tokenized(clean, None)) } else { Err(NOT_DECLINED) }
}
