//! Accepting an order: seal the card, then one conditional put. Nothing is written before the card is sealed.

use http::{StatusCode, header};
use order::{
    CleanStatus, ComparedCard, Details, OrderId, Owner, QuarantineRow, QuarantineStatus, QuarantineView,
    RowVersion, TableError, Timestamp, Written,
    accepting::{Acceptance, decide},
};
use platform::{
    api::{Caller, Problem, Reply},
    metrics::Metric,
};
use serde_json::json;
use uuid::Uuid;
use vault::{QuarantineIdentity, QuarantinedCard, opaque_id};

use crate::{Ingest, status, submission::Submission};

/// How often a race for the same order id is run again before the client is asked to.
pub(crate) const ROUNDS: usize = 4;

impl Ingest {
    pub(crate) async fn accept(
        &self,
        caller: &Caller,
        submission: Submission,
        order_url: &str,
    ) -> Result<Reply, Problem> {
        let Submission { order, customer, card, owner, amount } = submission;
        let owner = owner.unwrap_or_else(|| caller.owner.clone());
        let acceptance = opaque_id();
        let accepted_at = self.now();
        let place = place(&order, &owner, acceptance, accepted_at);
        let card_seen = card.compared();
        let details = Details { owner: owner.clone(), customer, card: card_seen, replaces: None, amount };
        // The card is wiped as soon as it is sealed, even if the other call takes longer.
        let (sealed, clean) = tokio::join!(self.seal(card, place), self.orders.status(&order));
        if let Some(clean) = clean? {
            return by_clean_order(&details, &clean);
        }
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(problem) => return self.repeat(&order, &details, order_url).await?.ok_or(problem),
        };
        let row = self.row(order, &details, acceptance, accepted_at, sealed);
        self.put(row, &details, order_url).await
    }

    pub(crate) fn row(
        &self,
        customer_order: OrderId,
        details: &Details,
        acceptance_id: Uuid,
        accepted_at: Timestamp,
        card: QuarantinedCard,
    ) -> QuarantineRow {
        QuarantineRow::accepted(
            customer_order,
            details,
            acceptance_id,
            card,
            accepted_at,
            self.settings.terms,
        )
    }

    /// The answer to an encrypted card that is in quarantine already. A repeat of it needs no key, and the key that it was
    /// made for may have ended since.
    pub(crate) async fn repeat(
        &self,
        order: &OrderId,
        details: &Details,
        order_url: &str,
    ) -> Result<Option<Reply>, Problem> {
        if !matches!(details.card, ComparedCard::Encrypted(_)) {
            return Ok(None);
        }
        let found = match self.quarantine.view(order).await {
            Err(TableError::Malformed) => None,
            found => found?,
        };
        let first = found.filter(|(view, _)| decide(details, Some(view), None) == Acceptance::AlreadyPending);
        Ok(first.map(|(first, _)| repeated(order, &first, self.now(), order_url)))
    }

    /// Puts the row if there is none. If there is one, it does what the decision table says. If the reply of a put was
    /// lost, it finds its own row, which is the same order.
    async fn put(
        &self,
        mut row: QuarantineRow,
        details: &Details,
        order_url: &str,
    ) -> Result<Reply, Problem> {
        let order = &row.customer_order.clone();
        let mut found: Option<(QuarantineView, RowVersion)> = None;
        for _ in 0..ROUNDS {
            if let Some((view, _)) = &found
                && view.acceptance_id == Some(row.acceptance_id)
            {
                return Ok(accepted(&row, order_url));
            }
            let written = match (decide(details, found.as_ref().map(|(view, _)| view), None), &found) {
                (Acceptance::New, _) => {
                    row.set_amount(details.amount);
                    self.quarantine.put_if_absent(&row).await
                }
                (Acceptance::Renewed { amount }, Some((_, seen))) => {
                    row.set_amount(amount);
                    self.quarantine.replace(&row, seen).await
                }
                (Acceptance::AlreadyPending, Some((first, _))) => {
                    return Ok(repeated(order, first, self.now(), order_url));
                }
                _ => return Err(Problem::ORDER_CONFLICT),
            };
            if written? == Written::Done {
                tracing::info!(%order, acceptance = %row.acceptance_id, "accepted");
                Metric::Accepted.record();
                return Ok(accepted(&row, order_url));
            }
            found = self.quarantine.view(order).await.map_err(|error| match error {
                TableError::Malformed => Problem::ORDER_CONFLICT,
                error => error.into(),
            })?;
            // The other row may have crossed meanwhile, and the clean row decides.
            if let Some(clean) = self.orders.status(order).await? {
                return by_clean_order(details, &clean);
            }
        }
        Err(Problem::UNAVAILABLE)
    }
}

/// The place that a card is sealed for.
pub(crate) fn place<'a>(
    order: &'a OrderId,
    owner: &'a Owner,
    acceptance: Uuid,
    accepted_at: Timestamp,
) -> QuarantineIdentity<'a> {
    QuarantineIdentity {
        order: order.as_str(),
        owner: owner.as_str(),
        acceptance,
        accepted_at: accepted_at.into(),
    }
}

fn by_clean_order(details: &Details, clean: &CleanStatus) -> Result<Reply, Problem> {
    match decide(details, None, Some(&clean.order)) {
        Acceptance::AlreadyTokenized => Ok(status::tokenized(clean, None, None)),
        _ => Err(Problem::ORDER_CONFLICT),
    }
}

/// The first answer to a submission: the worker gets it in a moment.
pub(crate) fn accepted(row: &QuarantineRow, order_url: &str) -> Reply {
    pending(&row.customer_order, Some(row.acceptance_id), Some(row.accepted_at), 1, order_url)
}

/// The answer to a submission that is PENDING already.
pub(crate) fn repeated(order: &OrderId, first: &QuarantineView, now: Timestamp, order_url: &str) -> Reply {
    let retry_after = first.pending.retry_after(now);
    pending(order, first.acceptance_id, first.accepted_at, retry_after, order_url)
}

fn pending(
    order: &OrderId,
    acceptance: Option<Uuid>,
    accepted_at: Option<Timestamp>,
    retry_after: u32,
    order_url: &str,
) -> Reply {
    Reply::new(
        StatusCode::ACCEPTED,
        json!({
            "message": "Order Accepted",
            "CustomerOrder": order,
            "Status": QuarantineStatus::Pending,
            "AcceptanceId": acceptance,
            "AcceptedAt": accepted_at,
        }),
    )
    .with_header(header::LOCATION, format!("{order_url}/{order}"))
    .with_header(header::RETRY_AFTER, retry_after)
}
