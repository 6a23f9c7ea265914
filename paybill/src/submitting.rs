//! Under a claim: take the card out of the vault, do the steps before the charge, and charge. The result settles the
//! payment, or says why it is not settled.

use std::time::{Duration, SystemTime};

use order::{Claim, CleanOrder, OrderId, PaymentObject, Settlement, Written};
use platform::{
    api::{Caller, Problem},
    metrics::Metric,
};
use vault::{Card, CardReference, DetokenizeError};

use crate::{
    Paybill,
    audit::{AuditError, Detokenization, Purpose},
    card_gone::report_missing,
    claim::CLAIM_SECONDS,
    processor::{PaymentRequest, PrepareError, ProcessorError},
    reveal::Revealed,
};

/// The charge does not begin when the function has less time left: the answer would come too late.
const LEAST_TIME: Duration = Duration::from_secs(8);

/// The result of a submission.
pub(crate) struct Submitted {
    pub(crate) settlement: Settlement,
    /// The card for the answer, if it is to be shown.
    pub(crate) revealed: Option<Revealed>,
}

/// Why a submission has no outcome.
pub(crate) enum Unsettled {
    /// No card was opened: it could not be recorded.
    NotRecorded(AuditError),
    /// The card is not available.
    NoCard(DetokenizeError),
    /// The processor needs an expiry date, and the card has none.
    NoExpiry,
    /// The request that charges was not sent by this request.
    NotSent,
    /// The processor refuses this service.
    Refused,
    /// It may have been charged.
    NoAnswer,
    /// It may have been charged by an earlier request, and nothing would protect another.
    NoResend,
}

impl Paybill {
    /// Submits a payment. If an earlier request began it, the processor is asked first for its outcome. The
    /// card is wiped once the last request that carries it is written; while the processor works, there is no card except one
    /// that is to be revealed.
    pub(crate) async fn submit(
        &self,
        caller: &Caller,
        clean: &CleanOrder,
        claim: &Claim,
        deadline: SystemTime,
    ) -> Result<Submitted, Unsettled> {
        let (processor, order) = (&self.processor, &clean.customer_order);
        let before = claim.seen.as_ref().filter(|_| !claim.is_first()).and_then(|seen| seen.object.as_ref());
        let exchange = processor.exchange(claim.payment, clean.card_last4);
        if !claim.is_first() {
            if let Some(settlement) = processor.look_up(exchange, before).await {
                return Ok(Submitted { settlement, revealed: None });
            }
            if !processor.may_resend(before) {
                return Err(Unsettled::NoResend);
            }
        }
        let (card, revealed) = if processor.needs_card(before) {
            let (card, revealed) = self.open(caller, clean, claim).await?;
            (Some(card), revealed)
        } else {
            (None, None)
        };
        let lacks_expiry = card.as_ref().is_some_and(|card| card.expiry.is_none());
        if claim.is_first() && processor.requires().expiry && lacks_expiry {
            return Err(Unsettled::NoExpiry);
        }
        let request = PaymentRequest {
            order,
            customer_name: clean.customer.name.as_str(),
            amount: claim.amount,
            payer: claim.payer,
            object: before,
            card,
        };
        let prepared = match processor.prepare(exchange, request).await {
            Ok(prepared) => prepared,
            // This request charged nothing. Whether an earlier one did is not known.
            Err(PrepareError::Declined(settlement)) if claim.is_first() => {
                return Ok(Submitted { settlement, revealed });
            }
            Err(PrepareError::Declined(_)) => return Err(Unsettled::NoAnswer),
            Err(PrepareError::NotReached) => return Err(Unsettled::NotSent),
            Err(PrepareError::Refused) => return Err(Unsettled::Refused),
        };
        let made = prepared.object.clone();
        if let Some(object) = &made {
            self.remember(order, claim, object).await?;
        }
        if !has_time_to_charge(self.clock.now(), deadline) {
            tracing::warn!(%order, payment = %claim.payment, "too little time is left for a charge");
            return Err(Unsettled::NotSent);
        }
        match processor.charge(exchange, prepared).await {
            Ok(settlement) => Ok(Submitted { settlement, revealed }),
            Err(ProcessorError::NotReached) => Err(Unsettled::NotSent),
            Err(ProcessorError::Refused) => Err(Unsettled::Refused),
            Err(ProcessorError::NoAnswer) => {
                let found = processor.look_up(exchange, made.as_ref().or(before)).await;
                let settlement = found.ok_or(Unsettled::NoAnswer)?;
                Ok(Submitted { settlement, revealed })
            }
        }
    }

    /// Writes the object that the processor made. Without it the payment could not be found there again.
    async fn remember(
        &self,
        order: &OrderId,
        claim: &Claim,
        object: &PaymentObject,
    ) -> Result<(), Unsettled> {
        match self.orders.remember_object(order, claim, object).await {
            Ok(Written::Done) => Ok(()),
            Ok(Written::LostRace) | Err(_) => Err(Unsettled::NotSent),
        }
    }

    /// Takes the card out of the vault for the processor, and for the answer if it is to be revealed, once that is
    /// recorded.
    async fn open(
        &self,
        caller: &Caller,
        clean: &CleanOrder,
        claim: &Claim,
    ) -> Result<(Card, Option<Revealed>), Unsettled> {
        let order = &clean.customer_order;
        let reveals = self.reveal_card && caller.is_in(&self.billing_group);
        let detokenization = Detokenization {
            principal: &caller.owner,
            order,
            token: clean.credit_card_token,
            purpose: if reveals { Purpose::Reveal } else { Purpose::Payment },
            payment_id: claim.payment,
            at: self.now(),
        };
        self.audit.record(&detokenization).await.map_err(Unsettled::NotRecorded)?;
        let reference = CardReference {
            token: clean.credit_card_token,
            order: order.as_str(),
            owner: clean.owner.as_str(),
            acceptance: clean.acceptance_id,
            last4: clean.card_last4,
            brand: clean.card_brand,
        };
        let card = self.detokenizer.detokenize(reference).await.map_err(Unsettled::NoCard)?;
        let Detokenization { principal, token, purpose, payment_id, .. } = detokenization;
        tracing::info!(%principal, %order, %token, payment = %payment_id, %purpose, "detokenized");
        Metric::Detokenized.record();
        let revealed = reveals.then(|| Revealed::new(&card));
        Ok((card, revealed))
    }

    /// After a submission without an outcome. The claim is given back only when nothing can have been charged:
    /// this request did not charge, and no other can have, because the payment began with it.
    pub(crate) async fn give_back(&self, clean: &CleanOrder, claim: &Claim, unsettled: Unsettled) -> Problem {
        let order = &clean.customer_order;
        let mut has_expiry = None;
        let problem = match unsettled {
            Unsettled::NotRecorded(error) => error.into(),
            Unsettled::NoCard(error) if error.retryable() => Problem::UNAVAILABLE,
            Unsettled::NoCard(DetokenizeError::Missing) => {
                report_missing(order);
                Problem::CARD_UNREADABLE
            }
            Unsettled::NoCard(error) => {
                tracing::error!(%order, %error, "the card cannot be taken out of the vault");
                Metric::CardUnreadable.record();
                Problem::CARD_UNREADABLE
            }
            Unsettled::NoExpiry => {
                has_expiry = Some(false);
                Problem::ORDER_EXPIRY_MISSING
            }
            Unsettled::NotSent => Problem::UNAVAILABLE,
            Unsettled::NoAnswer => return Problem::PAYMENT_UNCONFIRMED,
            Unsettled::NoResend => {
                return self.give_up(clean, Some(&claim.standing_now())).await;
            }
            Unsettled::Refused => {
                tracing::error!(%order, payment = %claim.payment, "the payment processor refuses this service");
                Problem::PROCESSOR_REFUSED
            }
        };
        if !claim.is_first() || self.orders.release_claim(order, claim, has_expiry).await.is_err() {
            // The claim lasts until its end.
            return problem.retry_after(CLAIM_SECONDS);
        }
        problem
    }
}

fn has_time_to_charge(now: SystemTime, deadline: SystemTime) -> bool {
    deadline.duration_since(now).is_ok_and(|left| left >= LEAST_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_begins_with_eight_seconds_left_and_not_with_less() {
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        for (milliseconds, is_enough) in [(29_000, true), (8_000, true), (7_999, false), (0, false)] {
            let now = deadline - Duration::from_millis(milliseconds);
            assert_eq!(has_time_to_charge(now, deadline), is_enough, "{milliseconds}");
        }
        assert!(!has_time_to_charge(deadline + Duration::from_millis(1), deadline), "it has passed");
    }
}
