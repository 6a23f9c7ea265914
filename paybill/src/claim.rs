//! How a payment becomes one request's own, and for how long.

use std::time::Duration;

use order::{Amount, Claim, Payer, Payment, PaymentKey, PaymentRoute, Timestamp};
use platform::api::Problem;
use vault::opaque_id;

/// How long a claim lasts, in seconds: longer than the function may run (its Timeout in the template), so that
/// a payment is never taken over from a request that may still submit it.
pub const CLAIM_SECONDS: u32 = 60;

pub(crate) const CLAIM: Duration = Duration::from_secs(CLAIM_SECONDS as u64);

/// Seconds after which it makes sense to ask again for a payment that is being submitted.
pub(crate) const SHORTLY: u32 = 5;

// The same as in the list of problems.
const _: () = assert!(matches!(Problem::PAYMENT_IN_PROGRESS.retry_after, Some(SHORTLY)));
const _: () = assert!(matches!(Problem::PAYMENT_UNCONFIRMED.retry_after, Some(CLAIM_SECONDS)));

/// A request that is to claim a payment.
#[derive(Debug, Clone)]
pub(crate) struct Claimant<'r> {
    /// Where it sends payments.
    pub(crate) route: &'r PaymentRoute,
    pub(crate) payer: Payer,
    pub(crate) key: Option<PaymentKey>,
    pub(crate) now: Timestamp,
}

impl Claimant<'_> {
    /// Claims a new payment in place of the one that was seen, if one was.
    pub(crate) fn begins(self, amount: Option<Amount>, seen: Option<Payment>) -> Claim {
        Claim {
            id: opaque_id(),
            until: self.now.after(CLAIM),
            payment: opaque_id(),
            amount,
            started_at: self.now,
            route: self.route.clone(),
            payer: self.payer,
            key: self.key,
            seen,
        }
    }

    /// Claims a payment again, whose claim has run out. It may have been charged, so it stays what it is: its id, its
    /// amount, and its beginning, from which the processor counts how long it knows a repeat as one.
    pub(crate) fn takes_over(self, payment: &Payment) -> Claim {
        Claim {
            payment: payment.id,
            amount: payment.amount,
            started_at: payment.started_at,
            payer: payment.payer.unwrap_or(self.payer),
            // The route is that of the row: under another one the payment is given up.
            ..self.begins(None, Some(payment.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use order::Standing;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn route() -> PaymentRoute {
        let [profile, digest, origin, account] = ["p", "d", "o", "a"].map(str::to_owned);
        PaymentRoute { profile, digest, origin, account }
    }

    fn euros(count: u64) -> Option<Amount> {
        Some(Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() })
    }

    fn interrupted(payer: Option<Payer>) -> Payment {
        Payment {
            id: opaque_id(),
            amount: euros(500),
            started_at: at("2026-11-21T10:00:00.000Z"),
            standing: Standing::Submitting { claim: opaque_id(), until: at("2026-11-21T10:01:00.000Z") },
            route: Some(route()),
            object: None,
            payer,
            reference: None,
            looked_up_at: None,
        }
    }

    #[test]
    fn a_takeover_changes_nothing_of_the_payment_but_whose_it_is_and_until_when() {
        let (route, now) = (route(), at("2026-11-21T18:00:00.000Z"));
        let key = Some(PaymentKey::accept("two").unwrap());
        let claimant = Claimant { route: &route, payer: Payer::Merchant, key: key.clone(), now };
        for (payer, expected) in [(Some(Payer::Owner), Payer::Owner), (None, Payer::Merchant)] {
            let payment = interrupted(payer);
            let claim = claimant.clone().takes_over(&payment);
            assert!(!claim.is_first());
            assert_eq!((claim.payment, claim.amount), (payment.id, payment.amount));
            assert_eq!(
                claim.started_at, payment.started_at,
                "or the processor would be taken to know it for longer"
            );
            assert_eq!(claim.until, at("2026-11-21T18:01:00.000Z"));
            assert_eq!((claim.payer, &claim.key, &claim.route), (expected, &key, &route));
            let Standing::Submitting { claim: seen, .. } = payment.standing else { panic!() };
            assert_ne!(claim.id, seen);
            assert_eq!(claim.seen, Some(payment));
        }
    }

    #[test]
    fn a_new_payment_has_ids_of_its_own_and_begins_now() {
        let (route, now) = (route(), at("2026-11-21T18:00:00.000Z"));
        let claimant = Claimant { route: &route, payer: Payer::Owner, key: None, now };
        let before = interrupted(None);
        for seen in [None, Some(before.clone())] {
            let claim = claimant.clone().begins(euros(1999), seen.clone());
            assert!(claim.is_first());
            assert_ne!(claim.id, claim.payment);
            assert_ne!(claim.payment, before.id);
            assert_eq!((claim.amount, claim.started_at, claim.payer), (euros(1999), now, Payer::Owner));
            assert_eq!((claim.until, claim.seen), (now.after(CLAIM), seen));
        }
    }
}
