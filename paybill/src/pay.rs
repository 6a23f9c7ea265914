//! Paying an order, once: claim the payment, take out the card, submit, write the outcome.

use std::time::SystemTime;

use http::StatusCode;
use order::{
    Claim, CleanOrder, OrderId, Outcome, Owner, Payer, Payment, Payments, Pending, ProcessorReference,
    QuarantineStatus, Settlement, Standing, TableError, Timestamp, Written,
};
use platform::{
    api::{Caller, Denied, Problem, Reply},
    metrics::Metric,
};
use serde_json::{Value, json};

use crate::{
    Paybill,
    amounts::{Price, amount_to_charge, may_collect},
    asked::Asked,
    card_gone::refuse_gone,
    claim::Claimant,
    decision::{Decision, Terms, decide},
    reveal::Revealed,
    submitting::Submitted,
};

impl Paybill {
    pub(crate) async fn pay(
        &self,
        caller: &Caller,
        asked: &Asked,
        deadline: SystemTime,
    ) -> Result<Reply, Problem> {
        let payer = if caller.is_in(&self.billing_group) { Payer::Merchant } else { Payer::Owner };
        let found = self.find(caller, &asked.order).await?;
        if !may_collect(payer, self.owner_may_pay) {
            return Err(Problem::MERCHANT_ONLY);
        }
        let (clean, payments) = match found {
            Found::Across(found) => *found,
            Found::InQuarantine(QuarantineStatus::Pending, pending) => {
                return Err(Problem::ORDER_PENDING.retry_after(pending.retry_after(self.now())));
            }
            Found::InQuarantine(QuarantineStatus::Failed, _) => return Err(Problem::ORDER_FAILED),
            Found::InQuarantine(QuarantineStatus::Expired, _) => return Err(Problem::ORDER_EXPIRED),
        };
        let amount = amount_to_charge(clean.amount(), asked.amount, payer)?;
        let requires = self.processor.requires();
        let price = Price { amount, is_required: self.amount_required || requires.amount };
        let terms = Terms {
            idempotency: self.idempotency,
            route: self.processor.route(),
            can_look_up: self.processor.can_look_up(),
            unfit: self.unfit_card(&clean, &payments),
        };
        let now = self.now();
        let route = self.processor.route();
        let claimant = Claimant { route, payer, key: asked.key.clone(), now };
        let claim = match decide(&payments, asked, price, terms, now) {
            Decision::Paid(payment) => return Ok(paid(&clean, payment, payer)),
            Decision::Refuse(problem) => return Err(problem),
            Decision::GiveUp(payment) => return Err(self.give_up(&clean, Some(payment)).await),
            Decision::LookUp(payment) => return self.look_up_unknown(&clean, payment, payer).await,
            Decision::Begin(Some(amount)) if !self.processor.can_charge(amount) => {
                return Err(Problem::AMOUNT_NOT_CHARGEABLE);
            }
            Decision::Begin(_) | Decision::Declined(_)
                if let Some(pending) = self.card_on_its_way(&clean).await? =>
            {
                return Err(Problem::CARD_CHANGING.retry_after(pending.retry_after(now)));
            }
            Decision::Declined(problem) => return Err(problem),
            Decision::Begin(amount) => claimant.begins(amount, payments.current.clone()),
            Decision::TakeOver(payment) => claimant.takes_over(payment),
        };
        match refuse_gone(&clean, claim.until) {
            Ok(()) => self.claim(&clean, &payments, &claim).await?,
            Err(gone) if claim.is_first() => return Err(gone),
            // It may have been charged, and without the card it cannot be sent again.
            Err(_) => return Err(self.give_up(&clean, claim.seen.as_ref()).await),
        }
        match self.submit(caller, &clean, &claim, deadline).await {
            Ok(Submitted { settlement, revealed }) => {
                self.settle(&clean, &claim, &settlement, revealed, payer).await
            }
            Err(unsettled) => Err(self.give_back(&clean, &claim, unsettled).await),
        }
    }

    /// Why no payment can begin with the order's card.
    fn unfit_card(&self, clean: &CleanOrder, payments: &Payments) -> Option<Problem> {
        if payments.is_declined_for_good(clean.card_brand, clean.card_last4) {
            return Some(Problem::ANOTHER_CARD_NEEDED);
        }
        let lacks_expiry = self.processor.requires().expiry && clean.card_has_expiry == Some(false);
        lacks_expiry.then_some(Problem::ORDER_EXPIRY_MISSING)
    }

    /// The order, clean or in quarantine, if it is the caller's or the caller is a merchant.
    async fn find(&self, caller: &Caller, order: &OrderId) -> Result<Found, Problem> {
        // A row without a readable owner is there for merchants alone, as in the other answers about it.
        let may_pay = |owner: Option<&Owner>| caller.may_act_for(owner, &self.billing_group);
        if let Some(found) =
            self.orders.with_payments(order).await?.filter(|(clean, _)| may_pay(Some(&clean.owner)))
        {
            return Ok(Found::Across(Box::new(found)));
        }
        let quarantined = match self.quarantine.standing(order).await {
            Ok(found) => found,
            Err(TableError::Malformed) => None,
            Err(error) => return Err(error.into()),
        };
        match &quarantined {
            // One without a readable status is parked by the next sweep.
            Some(row) if may_pay(row.owner.as_ref()) => {
                Ok(Found::InQuarantine(row.status.unwrap_or(QuarantineStatus::Pending), row.pending))
            }
            // It may have crossed between the two reads.
            _ => match self.orders.with_payments(order).await? {
                Some(found) if may_pay(Some(&found.0.owner)) => Ok(Found::Across(Box::new(found))),
                None if quarantined.is_none() => Err(Problem::ORDER_NOT_FOUND),
                _ => Err(Denied::NotTheOwner.deny()),
            },
        }
    }

    /// Another card that is to replace the order's: its sender wants that card to be charged. This is read after the
    /// clean row: a card that crosses between the two reads makes the claim fail.
    async fn card_on_its_way(&self, clean: &CleanOrder) -> Result<Option<Pending>, Problem> {
        if clean.card_forgotten_at.is_some() {
            return Ok(None);
        }
        match self.quarantine.standing(&clean.customer_order).await {
            Ok(standing) => {
                let row = standing.filter(|row| row.is_replacing(clean.credit_card_token));
                Ok(row.map(|row| row.pending))
            }
            Err(TableError::Malformed) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Claims the payment for this request. A claim whose reply was lost is recognized as our own.
    async fn claim(&self, clean: &CleanOrder, payments: &Payments, claim: &Claim) -> Result<(), Problem> {
        if self.orders.claim_payment(clean, payments, claim).await? == Written::Done {
            return Ok(());
        }
        let found = self.orders.with_payments(&clean.customer_order).await?;
        let Some((clean, payments)) = found else { return Err(Problem::PAYMENT_IN_PROGRESS) };
        match payments.current.map(|payment| payment.standing) {
            Some(Standing::Submitting { claim: stands, .. }) if stands == claim.id => Ok(()),
            _ => refuse_gone(&clean, claim.until).and(Err(Problem::PAYMENT_IN_PROGRESS)),
        }
    }

    /// Writes the outcome. If another request has written one, that one stays.
    async fn settle(
        &self,
        clean: &CleanOrder,
        claim: &Claim,
        settlement: &Settlement,
        revealed: Option<Revealed>,
        payer: Payer,
    ) -> Result<Reply, Problem> {
        let (order, outcome) = (&clean.customer_order, &settlement.outcome);
        let word = outcome.standing().word();
        let written = self.orders.record_outcome(clean, claim, settlement, self.now()).await;
        match written.map_err(|_| Problem::PAYMENT_UNCONFIRMED)? {
            Written::Done => {
                tracing::info!(%order, payment = %claim.payment, outcome = word, "settled");
                Metric::Payment(word).record();
            }
            Written::LostRace => {
                let found =
                    self.orders.with_payments(order).await.map_err(|_| Problem::PAYMENT_UNCONFIRMED)?;
                let stands = |payments: Payments| {
                    let current = payments.current.as_ref().filter(|payment| payment.id == claim.payment);
                    // A decline that was written may have been followed by another attempt, or another card.
                    let declined = payments.decline_of(claim.payment).map(|_| Standing::Declined);
                    declined.or_else(|| current.map(|payment| payment.standing.clone()))
                };
                if found.and_then(|(_, payments)| stands(payments)) != Some(outcome.standing()) {
                    tracing::error!(%order, payment = %claim.payment, outcome = word, "the outcome came too late");
                    return Err(Problem::PAYMENT_UNKNOWN);
                }
            }
        }
        match outcome {
            Outcome::Submitted => {
                let card = match revealed {
                    Some(card) => {
                        tracing::warn!(%order, payment = %claim.payment, "the card was revealed");
                        Metric::Revealed.record();
                        json!(card.as_str())
                    }
                    None => json!(clean.card_last4.mask()),
                };
                let reference = settlement.reference.as_ref();
                Ok(submitted(card, claim.payment, claim.amount, reference, payer))
            }
            Outcome::Declined(_) => Err(Problem::PAYMENT_DECLINED),
        }
    }

    /// After the time in which the processor recognizes a repeat, nothing is sent again.
    pub(crate) async fn give_up(&self, clean: &CleanOrder, payment: Option<&Payment>) -> Problem {
        let Some(payment) = payment else { return Problem::PAYMENT_IN_PROGRESS };
        let order = &clean.customer_order;
        match self.orders.give_payment_up(order, payment, self.now()).await {
            Ok(Written::Done) => {
                tracing::error!(%order, payment = %payment.id, "nobody knows what became of this payment");
                Metric::Payment(Standing::Unknown.word()).record();
                Problem::PAYMENT_UNKNOWN
            }
            Ok(Written::LostRace) => Problem::PAYMENT_IN_PROGRESS,
            Err(error) => error.into(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }
}

/// Where the order to be paid is stored.
enum Found {
    /// In the clean table, with its payments.
    Across(Box<(CleanOrder, Payments)>),
    InQuarantine(QuarantineStatus, Pending),
}

/// The answer from the row for a payment that the processor accepted. It opens no card.
fn paid(clean: &CleanOrder, payment: &Payment, payer: Payer) -> Reply {
    submitted(json!(clean.card_last4.mask()), payment.id, payment.amount, payment.reference.as_ref(), payer)
}

/// The sample's answer, with the ids by which a client, and a merchant at the processor, can find the charge.
pub(crate) fn submitted(
    card: Value,
    payment: uuid::Uuid,
    amount: Option<order::Amount>,
    reference: Option<&ProcessorReference>,
    payer: Payer,
) -> Reply {
    let mut body = json!({
        "message": "Payment Submitted Successfully",
        "CreditCard Charged": card,
        "PaymentId": payment,
    });
    if let Value::Object(body) = &mut body {
        if let Some(amount) = amount {
            body.insert("Amount".into(), amount.minor_units.count().into());
            body.insert("Currency".into(), amount.currency.to_string().into());
        }
        if let Some(reference) = reference.filter(|_| payer == Payer::Merchant) {
            body.insert("ProcessorReference".into(), reference.as_str().into());
        }
    }
    Reply::new(StatusCode::OK, body)
}
