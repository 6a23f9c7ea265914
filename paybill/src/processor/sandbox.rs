//! A processor that charges nobody, to try a deployment.

use futures::future::BoxFuture;
use order::{Amount, DeclineCode, Outcome, PaymentObject, PaymentRoute, Settlement};
use tokio::time::Instant;
use uuid::Uuid;
use vault::{Card, Last4};

use super::seam::{
    Exchange, PaymentRequest, PrepareError, Prepared, PreparedStep, Processor, ProcessorError, Requires,
};

/// Charges nobody and remembers nothing: approves every card except [`Sandbox::DECLINED`].
#[derive(Debug)]
pub struct Sandbox(PaymentRoute);

impl Default for Sandbox {
    fn default() -> Self {
        let word = || "sandbox".to_owned();
        Self(PaymentRoute { profile: word(), digest: word(), origin: word(), account: String::new() })
    }
}

impl Sandbox {
    /// The card that is always declined.
    pub const DECLINED: &'static str = "4000000000000002";

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the processor tells its test card by its number")]
    fn decide(card: &Card) -> Outcome {
        match card.pan.expose() == Self::DECLINED {
            true => Outcome::Declined(DeclineCode::of("card_declined")),
            false => Outcome::Submitted,
        }
    }
}

impl Processor for Sandbox {
    fn route(&self) -> &PaymentRoute {
        &self.0
    }

    fn requires(&self) -> Requires {
        Requires::default()
    }

    fn can_charge(&self, _: Amount) -> bool {
        true
    }

    fn may_resend(&self, _: Option<&PaymentObject>) -> bool {
        true
    }

    fn can_look_up(&self) -> bool {
        false
    }

    fn needs_card(&self, _: Option<&PaymentObject>) -> bool {
        true
    }

    fn exchange(&self, payment: Uuid, last4: Last4) -> Exchange {
        Exchange { payment, last4, until: Instant::now() }
    }

    fn prepare<'a>(
        &'a self,
        _: Exchange,
        request: PaymentRequest<'a>,
    ) -> BoxFuture<'a, Result<Prepared, PrepareError>> {
        let outcome = request.card.as_ref().map(Self::decide).ok_or(PrepareError::NotReached);
        let prepared = outcome
            .map(|outcome| Prepared { object: None, step: PreparedStep::Decided(Settlement::of(outcome)) });
        Box::pin(std::future::ready(prepared))
    }

    fn charge(&self, _: Exchange, prepared: Prepared) -> BoxFuture<'_, Result<Settlement, ProcessorError>> {
        Box::pin(std::future::ready(match prepared.step {
            PreparedStep::Decided(settlement) => Ok(settlement),
            PreparedStep::Http(_) => Err(ProcessorError::NotReached),
        }))
    }

    fn look_up<'a>(&'a self, _: Exchange, _: Option<&'a PaymentObject>) -> BoxFuture<'a, Option<Settlement>> {
        Box::pin(std::future::ready(None))
    }
}

#[cfg(test)]
mod tests {
    use vault::Pan;

    use super::*;

    #[test]
    fn it_declines_one_card_and_asks_for_nothing_else() {
        let sandbox = Sandbox::default();
        let outcome =
            |number: &str| Sandbox::decide(&Card { pan: Pan::parse(number).unwrap(), expiry: None });
        assert_eq!(outcome("4111111111111111"), Outcome::Submitted);
        assert_eq!(outcome(Sandbox::DECLINED), Outcome::Declined(DeclineCode::of("card_declined")));
        let amount = Amount::of_parts(1_u64.try_into().ok(), "EUR".parse().ok()).unwrap().unwrap();
        assert!(sandbox.can_charge(amount) && sandbox.may_resend(None) && sandbox.needs_card(None));
        assert!(!sandbox.can_look_up());
        assert_eq!(sandbox.requires(), Requires { amount: false, expiry: false });
    }
}
