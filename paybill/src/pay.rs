//! Paying an order, once: claim the payment, take out the card, submit, write the outcome.

use std::time::Duration;

use http::StatusCode;
use order::{
    Claim, ClaimedPayment, CleanOrder, OrderId, Outcome, Payment, QuarantineStatus, TableError, Timestamp,
    Written,
    api::{Caller, Denied, Problem, Reply},
    metrics::Metric,
};
use serde_json::json;
use vault::{CardReference, DetokenizeError, opaque_id};

use crate::{
    Paybill,
    processor::{PaymentRequest, ProcessorError},
};

/// How long a claim stands, in seconds: longer than the function may run (its Timeout in the template), so that
/// a payment is never taken over from a request that may still submit it.
pub const CLAIM_SECONDS: u32 = 60;

const PENDING: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_PENDING", "The order is not tokenized yet").retry_after(1);
const FAILED: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_FAILED", "The order could not be tokenized; see its status");
const EXPIRED: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_EXPIRED", "The order expired before it was tokenized");
const IN_PROGRESS: Problem =
    Problem::new(StatusCode::CONFLICT, "PAYMENT_IN_PROGRESS", "The payment is being submitted")
        .retry_after(5);
const DECLINED: Problem = Problem::new(
    StatusCode::PAYMENT_REQUIRED,
    "PAYMENT_DECLINED",
    "The payment processor declined the card; place the order again, under another CustomerOrder",
);
const CARD_UNREADABLE: Problem = Problem::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "CARD_UNREADABLE",
    "The card of this order cannot be used; nothing was charged",
);
pub(crate) const NO_ANSWER: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "PAYMENT_UNCONFIRMED",
    "The payment processor did not answer; send the same request again, it is charged once at most",
)
.retry_after(CLAIM_SECONDS);

impl Paybill {
    pub(crate) async fn pay(&self, caller: &Caller, order: &OrderId) -> Result<Reply, Problem> {
        let (clean, payment) = self.find(caller, order).await?;
        let seen = match payment {
            Payment::Unpaid => None,
            Payment::Submitting(seen) if seen.until <= self.now() => Some(seen),
            settled => return answer(&clean, &settled),
        };
        let claim = self.claim(&clean, seen.as_ref()).await?;
        let submitted = self.submit(&clean, &claim).await;
        let outcome = match submitted {
            Ok(outcome) => outcome,
            Err(unsent) => return Err(self.give_back(order, &claim, seen.is_none(), unsent).await),
        };
        self.settle(&clean, &claim, outcome).await
    }

    /// The caller's clean order with its payment. What is not clean yet, or somebody else's, is a problem.
    async fn find(&self, caller: &Caller, order: &OrderId) -> Result<(CleanOrder, Payment), Problem> {
        let is_callers = |clean: &CleanOrder| clean.owner == caller.owner;
        if let Some(found) = self.orders.with_payment(order).await?.filter(|(clean, _)| is_callers(clean)) {
            return Ok(found);
        }
        let quarantined = match self.quarantine.standing(order).await {
            Ok(found) => found,
            Err(TableError::Malformed) => None,
            Err(error) => return Err(error.into()),
        };
        match &quarantined {
            Some((owner, status)) if *owner == caller.owner => Err(match status {
                QuarantineStatus::Pending => PENDING,
                QuarantineStatus::Failed => FAILED,
                QuarantineStatus::Expired => EXPIRED,
            }),
            // It may have crossed between the two reads.
            _ => match self.orders.with_payment(order).await? {
                Some((clean, payment)) if is_callers(&clean) => Ok((clean, payment)),
                None if quarantined.is_none() => Err(Problem::ORDER_NOT_FOUND),
                _ => Err(Denied::NotTheOwner.problem()),
            },
        }
    }

    /// Claims the payment for this request. A claim whose reply was lost is recognised as our own.
    async fn claim(&self, clean: &CleanOrder, seen: Option<&ClaimedPayment>) -> Result<Claim, Problem> {
        let order = &clean.customer_order;
        let claim = Claim {
            payment_id: seen.map_or_else(opaque_id, |seen| seen.payment_id),
            claim_id: opaque_id(),
            until: self.now().after(Duration::from_secs(CLAIM_SECONDS.into())),
        };
        match self.orders.claim_payment(order, &claim, seen).await? {
            Written::Done => Ok(claim),
            Written::LostRace => match self.orders.with_payment(order).await? {
                Some((_, Payment::Submitting(stands))) if stands.claim_id == claim.claim_id => Ok(claim),
                _ => Err(IN_PROGRESS),
            },
        }
    }

    /// Takes the card out of the vault for the processor alone. The card is wiped when this ends.
    async fn submit(&self, clean: &CleanOrder, claim: &Claim) -> Result<Outcome, Unsettled> {
        let order = &clean.customer_order;
        let reference = CardReference {
            token: clean.credit_card_token,
            order: order.as_str(),
            owner: clean.owner.as_str(),
            acceptance: clean.acceptance_id,
            last4: clean.card_last4,
            brand: clean.card_brand,
        };
        let card = self.detokenizer.detokenize(reference).await.map_err(Unsettled::NoCard)?;
        tracing::info!(%order, payment = %claim.payment_id, "detokenized");
        Metric::Detokenized.record();
        let request = PaymentRequest { payment_id: claim.payment_id, order, card: &card };
        self.processor.submit(request).await.map_err(Unsettled::NoOutcome)
    }

    /// After a submission without outcome. The claim is given back only when nothing can have been charged:
    /// this request sent nothing, and it is the payment's first.
    async fn give_back(&self, order: &OrderId, claim: &Claim, first: bool, unsettled: Unsettled) -> Problem {
        let problem = match unsettled {
            Unsettled::NoCard(error) if error.retryable() => Problem::UNAVAILABLE,
            Unsettled::NoCard(error) => {
                tracing::error!(%order, %error, "the card cannot be taken out of the vault");
                Metric::CardUnreadable.record();
                CARD_UNREADABLE
            }
            Unsettled::NoOutcome(ProcessorError::NotReached) => Problem::UNAVAILABLE,
            Unsettled::NoOutcome(ProcessorError::NoAnswer) => return NO_ANSWER,
        };
        if !first || self.orders.release_claim(order, claim).await.is_err() {
            // The claim stands until it runs out.
            return problem.retry_after(CLAIM_SECONDS);
        }
        problem
    }

    /// Writes the outcome. Where somebody else has written one, theirs stands.
    async fn settle(&self, clean: &CleanOrder, claim: &Claim, outcome: Outcome) -> Result<Reply, Problem> {
        let order = &clean.customer_order;
        let written = self.orders.record_outcome(order, claim.payment_id, outcome, self.now()).await;
        match written.map_err(|_| NO_ANSWER)? {
            Written::Done => {
                tracing::info!(%order, payment = %claim.payment_id, outcome = outcome.word(), "paid");
                Metric::Payment(outcome.word()).record();
                answer(clean, &outcome.into())
            }
            Written::LostRace => match self.orders.with_payment(order).await.map_err(|_| NO_ANSWER)? {
                Some((clean, payment)) => answer(&clean, &payment),
                None => Err(Problem::ORDER_NOT_FOUND),
            },
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }
}

enum Unsettled {
    NoCard(DetokenizeError),
    NoOutcome(ProcessorError),
}

/// What the row says, said to the client. Opens no card.
fn answer(clean: &CleanOrder, payment: &Payment) -> Result<Reply, Problem> {
    match payment {
        Payment::Submitted => Ok(Reply::new(
            StatusCode::OK,
            json!({
                "message": "Payment Submitted Successfully",
                "CreditCard Charged": clean.card_last4.mask(),
            }),
        )),
        Payment::Declined => Err(DECLINED),
        Payment::Submitting(_) => Err(IN_PROGRESS),
        Payment::Unpaid => Err(Problem::UNAVAILABLE),
        Payment::Malformed => Err(Problem::INTERNAL),
    }
}
