//! What customers do about money: keys and amounts, declines and new attempts, another card, a processor in trouble.

use std::time::Duration;

use card_airlock::sandbox::{Dialect, Failure};

use super::{
    faults::{ADA, End, ORDERED, Stage, insist},
    steps::{row, sweep, tokenized, tokenized_to_be_declined},
};
use crate::simulation::{
    client::{Answer, Bill, MERCHANT},
    details::OTHER_CARDS,
    world::{LATER, World},
};

const CENTS: Option<u64> = Some(1999);

async fn paid_by(world: &World, order: &str, key: &str, amount: Option<u64>) -> Answer {
    let bill = Bill { key: Some(key), amount };
    insist(world, async |world: &World| world.pay_by(order, MERCHANT, bill).await).await
}

async fn declined_by(world: &World, order: &str, key: &str) {
    let answer = paid_by(world, order, key, CENTS).await;
    assert_eq!((answer.status, answer.text("code")), (402, "PAYMENT_DECLINED"));
}

pub(super) struct PayingByKey;

impl Stage for PayingByKey {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        let first = paid_by(world, order, "one", CENTS).await;
        assert_eq!((first.status, first.body["Amount"].as_u64()), (200, CENTS), "{first:?}");
        for (key, amount) in [("one", CENTS), ("two", None)] {
            assert_eq!(paid_by(world, order, key, amount).await, first);
        }
        assert_eq!(paid_by(world, order, "one", Some(2000)).await.text("code"), "AMOUNT_DIFFERS");
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// A decline, and a new key, which is declined too.
pub(super) struct Declining {
    /// Of the first decline.
    pub(super) answer_lost: bool,
}

impl Stage for Declining {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_to_be_declined(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.stack.sandbox().fail_next(self.answer_lost.then_some(Failure::AnswerLost));
        for key in ["one", "one", "two", "one"] {
            declined_by(world, order, key).await;
        }
    }

    fn end(&self) -> End {
        End::Declined(2)
    }
}

/// A decline, another card, and a payment with it.
pub(super) struct AnotherCard;

impl Stage for AnotherCard {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_to_be_declined(world, order).await;
        declined_by(world, order, "one").await;
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, order: &str) {
        let [card, ..] = OTHER_CARDS;
        let taken = insist(world, async |world: &World| world.put_card(order, ADA, card).await).await;
        assert_eq!(taken.status, 202, "{taken:?}");
        world.settle().await;
        declined_by(world, order, "one").await;
        let paid = paid_by(world, order, "two", CENTS).await;
        assert_eq!((paid.status, paid.text("CreditCard Charged")), (200, "****-****-****-1117"));
        // Again, by somebody who has seen no answer.
        let again = insist(world, async |world: &World| world.put_card(order, ADA, card).await).await;
        assert_eq!((again.status, again.text("PaymentStatus")), (200, "SUBMITTED"));
    }

    fn end(&self) -> End {
        End::PaidWithAnotherCard(1)
    }
}

/// The card was mistyped: another comes before anybody has paid, and the first is never charged.
pub(super) struct AnotherCardBeforeAnyPayment;

impl Stage for AnotherCardBeforeAnyPayment {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, order: &str) {
        let [card, ..] = OTHER_CARDS;
        let taken = insist(world, async |world: &World| world.put_card(order, ADA, card).await).await;
        assert_eq!(taken.status, 202, "{taken:?}");
        for key in [None, Some("one")] {
            let bill = Bill { key, amount: CENTS };
            let early = insist(world, async |world: &World| world.pay_by(order, MERCHANT, bill).await).await;
            assert_eq!((early.status, early.text("code")), (409, "CARD_CHANGING"));
        }
        world.settle().await;
        let paid = paid_by(world, order, "one", CENTS).await;
        assert_eq!((paid.status, paid.text("CreditCard Charged")), (200, "****-****-****-1117"));
    }

    fn end(&self) -> End {
        End::PaidWithAnotherCard(0)
    }
}

/// Another card meets a payment that is in progress with the old one, and waits for its end.
pub(super) struct AnotherCardMeetsAPayment;

impl Stage for AnotherCardMeetsAPayment {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_to_be_declined(world, order).await;
        declined_by(world, order, "one").await;
        world.advance(LATER);
        let [card, ..] = OTHER_CARDS;
        assert_eq!(world.put_card(order, ADA, card).await.status, 202);
        let row = row(world, order).await;
        world.remove_quarantined(order).await;
        world.settle().await;
        // The payment begins before the put arrives, and its answer is lost.
        world.stack.sandbox().fail_next(Some(Failure::AnswerLost));
        let bill = Bill { key: Some("two"), amount: CENTS };
        assert_eq!(world.pay_by(order, MERCHANT, bill).await.text("code"), "PAYMENT_UNCONFIRMED");
        world.put_quarantined(row).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.settle().await;
        assert!(row(world, order).await.contains_key("ArmAfter"));
        world.advance(Duration::from_secs(180));
        declined_by(world, order, "two").await;
        sweep(world).await;
        let paid = paid_by(world, order, "three", CENTS).await;
        assert_eq!((paid.status, paid.text("CreditCard Charged")), (200, "****-****-****-1117"), "{paid:?}");
    }

    fn end(&self) -> End {
        End::PaidWithAnotherCard(2)
    }
}

/// Interrupted, and asked for again when the processor may have forgotten it.
pub(super) struct PayingTooLate;

impl Stage for PayingTooLate {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
        world.stack.sandbox().fail_next(Some(Failure::AnswerLost));
        assert_eq!(world.pay(order, ADA).await.text("code"), "PAYMENT_UNCONFIRMED");
        world.advance(Duration::from_hours(23));
    }

    async fn go(&self, world: &mut World, order: &str) {
        for key in ["one", "two"] {
            let answer = paid_by(world, order, key, None).await;
            assert_eq!((answer.status, answer.text("code")), (409, "PAYMENT_UNKNOWN"));
        }
    }

    fn end(&self) -> End {
        End::Unknown
    }
}

/// The processor is in trouble at the first submission.
pub(super) struct PayingDespite(pub(super) Trouble);

#[derive(Clone, Copy)]
pub(super) enum Trouble {
    Fails(Failure),
    Unreachable,
}

impl Stage for PayingDespite {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        match self.0 {
            Trouble::Fails(failure) => world.stack.sandbox().fail_next(Some(failure)),
            Trouble::Unreachable => world.stack.sandbox().set_reachable(false).await.unwrap(),
        }
        let first = world.pay_by(order, MERCHANT, Bill { key: Some("one"), amount: CENTS }).await;
        assert!([502, 503].contains(&first.status), "{first:?}");
        world.stack.sandbox().set_reachable(true).await.unwrap();
        let paid = paid_by(world, order, "one", CENTS).await;
        assert_eq!((paid.status, paid.body["Amount"].as_u64()), (200, CENTS), "{paid:?}");
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// At a real processor, which makes something before it charges, forgets keys after a failure, or cannot be asked.
pub(super) struct PayingAt {
    pub(super) processor: Dialect,
    /// Of the first charge.
    pub(super) answer_lost: bool,
}

impl Stage for PayingAt {
    async fn begin(&self, world: &mut World, order: &str) {
        let placed = async |world: &World| world.place_for(order, ADA, ORDERED, CENTS).await;
        assert_eq!(insist(world, placed).await.status, 202);
        world.settle().await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.stack.sandbox().fail_next(self.answer_lost.then_some(Failure::AnswerLost));
        let paid = paid_by(world, order, "one", CENTS).await;
        match self.end() {
            End::PaidOrUnknown if paid.status == 409 => assert_eq!(paid.text("code"), "PAYMENT_UNKNOWN"),
            _ => assert_eq!((paid.status, paid.body["Amount"].as_u64()), (200, CENTS), "{paid:?}"),
        }
        world.stack.sandbox().fail_next(None);
    }

    fn end(&self) -> End {
        match self.processor {
            Dialect::Checkout => End::PaidOrUnknown,
            Dialect::Airlock | Dialect::Stripe | Dialect::Adyen => End::Paid,
        }
    }

    fn processor(&self) -> Dialect {
        self.processor
    }
}
