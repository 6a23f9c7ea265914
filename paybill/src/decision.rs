//! The decision table of paying: what a request means, by the payments in the row.

use std::time::Duration;

use order::{Amount, MAX_ATTEMPTS, Payment, PaymentRoute, Payments, Standing, Timestamp};
use platform::api::Problem;

use crate::{
    amounts::Price,
    asked::Asked,
    claim::{CLAIM, SHORTLY},
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision<'a> {
    /// Answer from the row: it is paid.
    Paid(&'a Payment),
    /// Answer from the row.
    Refuse(Problem),
    /// Answer that the card was declined, unless another card is pending.
    Declined(Problem),
    /// Claim a new payment, of this amount.
    Begin(Option<Amount>),
    /// Claim this one again, whose claim has ended: it may have been charged, so it keeps its id and amount.
    TakeOver(&'a Payment),
    /// Write that the outcome of this one is not known.
    GiveUp(&'a Payment),
    /// Ask the processor for the outcome of this one, which is UNKNOWN.
    LookUp(&'a Payment),
}

/// The processor is not asked more often for the outcome of a payment.
const BETWEEN_LOOKUPS: Duration = Duration::from_secs(60);

/// The durations, and the properties of the processor.
#[derive(Debug, Clone)]
pub(crate) struct Terms<'t> {
    /// How long the processor recognizes a repeated payment by its id.
    pub(crate) idempotency: Duration,
    /// Where payments are sent now.
    pub(crate) route: &'t PaymentRoute,
    /// Whether the processor can be asked for the outcome of a payment.
    pub(crate) can_look_up: bool,
    /// Why no payment can begin with the order's card.
    pub(crate) unfit: Option<Problem>,
}

/// The table "Payments" of docs/paying.md, row by row from the top.
pub(crate) fn decide<'a>(
    payments: &'a Payments,
    asked: &Asked,
    price: Price,
    terms: Terms<'_>,
    now: Timestamp,
) -> Decision<'a> {
    let named = asked.key.as_ref().and_then(|key| payments.of_key(key));
    if let Some(decline) = named.and_then(|payment| payments.decline_of(payment)) {
        return Decision::Refuse(problem_of(asked, decline.amount(), Problem::PAYMENT_DECLINED));
    }
    let Some(payment) = &payments.current else { return begin(payments, price, terms.unfit) };
    match payment.standing {
        Standing::Declined if asked.key.is_some() => begin(payments, price, terms.unfit),
        Standing::Declined if differs(asked, payment.amount) => Decision::Refuse(Problem::AMOUNT_DIFFERS),
        Standing::Declined => Decision::Declined(Problem::PAYMENT_DECLINED),
        _ if differs(asked, payment.amount) => Decision::Refuse(Problem::AMOUNT_DIFFERS),
        Standing::Submitted => Decision::Paid(payment),
        Standing::Unknown => {
            let is_due = payment.looked_up_at.is_none_or(|at| at.after(BETWEEN_LOOKUPS) <= now);
            match terms.can_look_up && is_due && payment.route.as_ref() == Some(terms.route) {
                true => Decision::LookUp(payment),
                false => Decision::Refuse(Problem::PAYMENT_UNKNOWN),
            }
        }
        Standing::Submitting { until, .. } if until > now => {
            // Most requests finish long before their claim ends.
            let left = now.milliseconds_until(until).div_ceil(1_000);
            let left = u32::try_from(left).unwrap_or(u32::MAX).min(SHORTLY);
            Decision::Refuse(Problem::PAYMENT_IN_PROGRESS.retry_after(left))
        }
        // It was sent by another route, or by an unknown one: by this route it would be charged again.
        Standing::Submitting { .. } if payment.route.as_ref() != Some(terms.route) => {
            Decision::GiveUp(payment)
        }
        Standing::Submitting { .. } if !is_repeat_recognized(payment, terms.idempotency, now) => {
            Decision::GiveUp(payment)
        }
        Standing::Submitting { .. } => Decision::TakeOver(payment),
    }
}

/// Whether the processor still recognizes a payment that is sent again: the claim of a request that begins now must end
/// within that time.
#[must_use]
pub fn is_repeat_recognized(payment: &Payment, idempotency: Duration, now: Timestamp) -> bool {
    now.after(CLAIM) <= payment.started_at.after(idempotency)
}

fn begin(payments: &Payments, price: Price, unfit: Option<Problem>) -> Decision<'_> {
    if payments.declines.len() >= MAX_ATTEMPTS {
        Decision::Refuse(Problem::PAYMENT_ATTEMPTS_EXHAUSTED)
    } else if let Some(problem) = unfit {
        Decision::Refuse(problem)
    } else if price.is_required && price.amount.is_none() {
        Decision::Refuse(Problem::AMOUNT_NOT_SET)
    } else {
        Decision::Begin(price.amount)
    }
}

fn problem_of(asked: &Asked, amount: Option<Amount>, problem: Problem) -> Problem {
    if differs(asked, amount) { Problem::AMOUNT_DIFFERS } else { problem }
}

/// A request without an amount asks for the amount that was claimed.
fn differs(asked: &Asked, claimed: Option<Amount>) -> bool {
    asked.amount.is_some() && asked.amount != claimed
}

#[cfg(test)]
mod tests {
    use order::{OrderId, PaymentKey};
    use std::sync::LazyLock;

    use serde_json::{Value, json};

    use super::*;

    static HERE: LazyLock<PaymentRoute> = LazyLock::new(|| route("here"));

    fn route(origin: &str) -> PaymentRoute {
        let word = |word: &str| word.to_owned();
        PaymentRoute { profile: word("p"), digest: word("d"), origin: word(origin), account: String::new() }
    }

    fn terms() -> Terms<'static> {
        Terms { idempotency: Duration::from_hours(23), route: &HERE, can_look_up: false, unfit: None }
    }

    const FIRST: &str = "550e8400-e29b-41d4-a716-446655440001";
    const SECOND: &str = "550e8400-e29b-41d4-a716-446655440002";
    const STARTED: &str = "2026-11-21T10:00:00.000Z";

    /// A row whose payment `SECOND`, of 5 euros, stands so; `FIRST` was declined before it.
    fn payments(status: Value) -> Payments {
        let mut row = json!({
            "PaymentHistory": [decline(FIRST)], "PaymentKeys": { "one": FIRST, "two": SECOND },
        });
        if status != Value::Null {
            row["PaymentStatus"] = status.clone();
            row["PaymentId"] = SECOND.into();
            row["PaymentStartedAt"] = STARTED.into();
            row["PaymentAmount"] = 500.into();
            row["PaymentCurrency"] = "EUR".into();
            let route = serde_json::to_value(&*HERE).unwrap();
            row.as_object_mut().unwrap().extend(route.as_object().unwrap().clone());
        }
        if status == "SUBMITTING" {
            row["ClaimId"] = SECOND.into();
            row["ClaimedUntil"] = "2026-11-21T10:01:00.000Z".into();
        }
        if status == "DECLINED" {
            row["PaymentHistory"].as_array_mut().unwrap().push(decline(SECOND));
        }
        serde_json::from_value(row).unwrap()
    }

    fn decline(id: &str) -> Value {
        json!({
            "PaymentId": id, "Amount": 500, "Currency": "EUR", "DeclineCode": "card_declined",
            "SettledAt": STARTED, "CardLast4": "0002", "CardBrand": "visa",
        })
    }

    /// A price that stops nothing.
    const ANY: Price = Price { amount: None, is_required: false };

    fn asked(key: Option<&str>, amount: Option<u64>) -> Asked {
        let euros =
            |count: u64| Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        Asked {
            order: OrderId::accept("1").unwrap(),
            amount: amount.map(euros),
            key: key.map(|key| PaymentKey::accept(key).unwrap()),
        }
    }

    /// The word of a decision, or the code of its problem.
    fn word(status: Value, key: Option<&str>, amount: Option<u64>, at: &str) -> &'static str {
        match decide(&payments(status), &asked(key, amount), ANY, terms(), at.parse().unwrap()) {
            Decision::Paid(_) => "paid",
            Decision::Refuse(problem) | Decision::Declined(problem) => problem.code,
            Decision::Begin(_) => "begin",
            Decision::TakeOver(_) => "take over",
            Decision::GiveUp(_) => "give up",
            Decision::LookUp(_) => "look up",
        }
    }

    #[test]
    fn a_payment_that_was_sent_elsewhere_or_nobody_knows_where_is_not_sent_here() {
        let at = "2026-11-21T10:01:00.000Z";
        assert_eq!(word(json!("SUBMITTING"), None, None, at), "take over");
        for name in ["PaymentProfile", "PaymentProfileDigest", "PaymentOrigin", "PaymentAccount"] {
            for value in [Value::Null, json!("other")] {
                let mut payments = payments(json!("SUBMITTING"));
                let current = payments.current.as_mut().unwrap();
                let mut row = serde_json::to_value(current.route.as_ref().unwrap()).unwrap();
                row[name] = value.clone();
                current.route = serde_json::from_value(row).ok();
                let decision = decide(&payments, &asked(None, None), ANY, terms(), at.parse().unwrap());
                assert!(matches!(decision, Decision::GiveUp(_)), "{name} {value}: {decision:?}");
            }
        }
    }

    #[test]
    fn an_unknown_payment_is_looked_up_once_a_minute_where_it_was_sent() {
        let word = |looked_up_at: Option<&str>, can_look_up: bool, route: Option<PaymentRoute>, at: &str| {
            let mut payments = payments(json!("UNKNOWN"));
            let current = payments.current.as_mut().unwrap();
            current.looked_up_at = looked_up_at.map(|at| at.parse().unwrap());
            current.route = route;
            let terms = Terms { can_look_up, ..terms() };
            match decide(&payments, &asked(None, None), ANY, terms, at.parse().unwrap()) {
                Decision::LookUp(_) => "look up",
                Decision::Refuse(problem) => problem.code,
                other => panic!("{other:?}"),
            }
        };
        let (here, unknown) = (Some(HERE.clone()), "PAYMENT_UNKNOWN");
        let (soon, later) = ("2026-11-28T10:00:59.999Z", "2026-11-28T10:01:00.000Z");
        assert_eq!(word(None, true, here.clone(), soon), "look up");
        assert_eq!(word(Some("2026-11-28T10:00:00.000Z"), true, here.clone(), soon), unknown);
        assert_eq!(word(Some("2026-11-28T10:00:00.000Z"), true, here.clone(), later), "look up");
        assert_eq!(word(None, false, here, later), unknown, "there is no lookup");
        assert_eq!(word(None, true, Some(route("elsewhere")), later), unknown);
        assert_eq!(word(None, true, None, later), unknown);
    }

    #[test]
    fn a_card_that_is_unfit_begins_no_payment_and_stops_none() {
        for (status, key, at, expected) in [
            (Value::Null, None, STARTED, "ANOTHER_CARD_NEEDED"),
            (json!("DECLINED"), Some("new"), STARTED, "ANOTHER_CARD_NEEDED"),
            (json!("DECLINED"), None, STARTED, "PAYMENT_DECLINED"),
            (json!("SUBMITTED"), None, STARTED, "paid"),
            (json!("SUBMITTING"), None, "2026-11-21T10:01:00.000Z", "take over"),
        ] {
            let payments = payments(status.clone());
            let terms = Terms { unfit: Some(Problem::ANOTHER_CARD_NEEDED), ..terms() };
            let word = match decide(&payments, &asked(key, None), ANY, terms, at.parse().unwrap()) {
                Decision::Paid(_) => "paid",
                Decision::Refuse(problem) | Decision::Declined(problem) => problem.code,
                Decision::TakeOver(_) => "take over",
                other => panic!("{other:?}"),
            };
            assert_eq!(word, expected, "{status} {key:?}");
        }
    }

    #[test]
    fn every_standing_key_and_amount_has_its_answer() {
        let (alive, over, too_late) =
            ("2026-11-21T10:00:59.999Z", "2026-11-21T10:01:00.000Z", "2026-11-22T08:59:00.001Z");
        let just_in_time = "2026-11-22T08:59:00.000Z";
        let other = "AMOUNT_DIFFERS";
        for (status, at, [none, first, second, new, wrong]) in [
            (Value::Null, alive, ["begin", "PAYMENT_DECLINED", "begin", "begin", "begin"]),
            (json!("SUBMITTED"), alive, ["paid", "PAYMENT_DECLINED", "paid", "paid", other]),
            (
                json!("DECLINED"),
                alive,
                ["PAYMENT_DECLINED", "PAYMENT_DECLINED", "PAYMENT_DECLINED", "begin", other],
            ),
            (
                json!("UNKNOWN"),
                alive,
                ["PAYMENT_UNKNOWN", "PAYMENT_DECLINED", "PAYMENT_UNKNOWN", "PAYMENT_UNKNOWN", other],
            ),
            (
                json!("SUBMITTING"),
                alive,
                [
                    "PAYMENT_IN_PROGRESS",
                    "PAYMENT_DECLINED",
                    "PAYMENT_IN_PROGRESS",
                    "PAYMENT_IN_PROGRESS",
                    other,
                ],
            ),
            (json!("SUBMITTING"), over, ["take over", "PAYMENT_DECLINED", "take over", "take over", other]),
            (
                json!("SUBMITTING"),
                just_in_time,
                ["take over", "PAYMENT_DECLINED", "take over", "take over", other],
            ),
            (json!("SUBMITTING"), too_late, ["give up", "PAYMENT_DECLINED", "give up", "give up", other]),
        ] {
            for (key, amount, expected) in [
                (None, None, none),
                (None, Some(500).filter(|_| status != Value::Null), none),
                (Some("one"), Some(500), first),
                (Some("one"), Some(501), other),
                (Some("two"), None, second),
                (Some("new"), None, new),
                (None, Some(501), wrong),
            ] {
                assert_eq!(
                    word(status.clone(), key, amount, at),
                    expected,
                    "{status} {at} {key:?} {amount:?}"
                );
            }
        }
    }

    #[test]
    fn a_new_key_after_a_decline_may_ask_for_another_amount() {
        assert_eq!(word(json!("DECLINED"), Some("new"), Some(501), STARTED), "begin");
        assert_eq!(word(json!("DECLINED"), Some("two"), Some(501), STARTED), "AMOUNT_DIFFERS");
    }

    #[test]
    fn a_live_claim_says_when_to_ask_again() {
        let payments = payments(json!("SUBMITTING"));
        for (at, seconds) in [("2026-11-21T10:00:17.400Z", 5), ("2026-11-21T10:00:57.400Z", 3)] {
            let decision = decide(&payments, &asked(None, None), ANY, terms(), at.parse().unwrap());
            assert_eq!(decision, Decision::Refuse(Problem::PAYMENT_IN_PROGRESS.retry_after(seconds)));
        }
    }

    #[test]
    fn an_order_is_tried_five_times_at_most() {
        for (declines, expected) in [(4, "begin"), (5, "PAYMENT_ATTEMPTS_EXHAUSTED")] {
            let row = json!({ "PaymentHistory": vec![decline(FIRST); declines] });
            let payments = serde_json::from_value(row).unwrap();
            let decision =
                decide(&payments, &asked(Some("new"), None), ANY, terms(), STARTED.parse().unwrap());
            let word = match decision {
                Decision::Begin(_) => "begin",
                Decision::Refuse(problem) => problem.code,
                _ => "another",
            };
            assert_eq!(word, expected);
        }
    }

    #[test]
    fn a_payment_begins_with_its_price_and_without_one_where_none_is_required() {
        let amount = asked(None, Some(4999)).amount;
        let begin = |status: Value, price| {
            let payments = payments(status);
            match decide(&payments, &asked(Some("new"), None), price, terms(), STARTED.parse().unwrap()) {
                Decision::Begin(amount) => Ok(amount),
                Decision::Refuse(problem) => Err(problem.code),
                other => panic!("{other:?}"),
            }
        };
        for status in [Value::Null, json!("DECLINED")] {
            for (price, expected) in [
                (Price { amount, is_required: true }, Ok(amount)),
                (Price { amount, is_required: false }, Ok(amount)),
                (Price { amount: None, is_required: false }, Ok(None)),
                (Price { amount: None, is_required: true }, Err("AMOUNT_NOT_SET")),
            ] {
                assert_eq!(begin(status.clone(), price), expected, "{status} {price:?}");
            }
        }
    }

    #[test]
    fn a_payment_that_stands_or_is_taken_over_needs_no_price() {
        let required = Price { amount: None, is_required: true };
        for (status, at, expected) in [
            ("SUBMITTED", STARTED, "paid"),
            ("SUBMITTING", "2026-11-21T10:01:00.000Z", "take over"),
            ("SUBMITTING", "2026-11-22T08:59:00.001Z", "give up"),
        ] {
            let payments = payments(json!(status));
            let word = match decide(&payments, &asked(None, None), required, terms(), at.parse().unwrap()) {
                Decision::Paid(_) => "paid",
                Decision::TakeOver(payment) => {
                    assert_eq!(payment.amount, asked(None, Some(500)).amount);
                    "take over"
                }
                Decision::GiveUp(_) => "give up",
                other => panic!("{other:?}"),
            };
            assert_eq!(word, expected, "{status} {at}");
        }
        for (key, expected) in [
            (None, Decision::Declined(Problem::PAYMENT_DECLINED)),
            (Some("one"), Decision::Refuse(Problem::PAYMENT_DECLINED)),
            (Some("new"), Decision::Refuse(Problem::AMOUNT_NOT_SET)),
        ] {
            let declined = payments(json!("DECLINED"));
            let decision = decide(&declined, &asked(key, None), required, terms(), STARTED.parse().unwrap());
            assert_eq!(decision, expected, "{key:?}");
        }
        let spent = json!({ "PaymentHistory": vec![decline(FIRST); MAX_ATTEMPTS] });
        let spent: Payments = serde_json::from_value(spent).unwrap();
        let decision = decide(&spent, &asked(None, None), required, terms(), STARTED.parse().unwrap());
        assert_eq!(decision, Decision::Refuse(Problem::PAYMENT_ATTEMPTS_EXHAUSTED));
    }
}
