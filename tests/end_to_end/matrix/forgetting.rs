//! What is asked to be forgotten.

use super::{
    customers::LatePut,
    faults::{ADA, End, Stage, insist},
    steps::{alter, given_up, row, sweep, tokenized},
};
use crate::simulation::{details::OTHER_CARDS, world::World};

async fn forgotten(world: &World, order: &str) {
    let first = insist(world, async |world: &World| world.forget(order, ADA).await).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert!(!first.text("CardForgottenAt").is_empty(), "{first:?}");
    // Again, by somebody who has seen no answer.
    assert_eq!(insist(world, async |world: &World| world.forget(order, ADA).await).await, first);
}

pub(super) struct Forgetting;

impl Stage for Forgetting {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        forgotten(world, order).await;
        let paid = insist(world, async |world: &World| world.pay(order, ADA).await).await;
        assert_eq!((paid.status, paid.text("code")), (410, "CARD_FORGOTTEN"));
        let unknown = insist(world, async |world: &World| world.forget("unknown", ADA).await).await;
        assert_eq!(unknown.status, 404);
    }

    fn end(&self) -> End {
        End::Forgotten
    }
}

/// Another card that was sent before the order was forgotten arrives after that.
pub(super) struct AnotherCardForAForgottenOrder;

impl Stage for AnotherCardForAForgottenOrder {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
        let [card, ..] = OTHER_CARDS;
        let taken = world.put_card(order, ADA, card).await;
        assert_eq!(taken.status, 202, "{taken:?}");
        let late = row(world, order).await;
        world.remove_quarantined(order).await;
        forgotten(world, order).await;
        world.put_quarantined(late).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.settle().await;
        forgotten(world, order).await;
    }

    fn end(&self) -> End {
        End::Forgotten
    }
}

/// The same, and no worker can open it: it is dropped too, without an alarm.
pub(super) struct LateCardThatCannotBeOpened;

impl Stage for LateCardThatCannotBeOpened {
    async fn begin(&self, world: &mut World, order: &str) {
        AnotherCardForAForgottenOrder.begin(world, order).await;
        alter(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.settle().await;
        let letters = world.at_rest().messages;
        assert!(letters.iter().all(|letter| letter["CustomerOrder"] != order), "somebody is called for it");
    }

    fn end(&self) -> End {
        End::Forgotten
    }
}

/// The same while KMS is down: no worker gets to it, and the sweep takes it out.
pub(super) struct LateCardThatTheSweepMeets;

impl Stage for LateCardThatTheSweepMeets {
    async fn begin(&self, world: &mut World, order: &str) {
        AnotherCardForAForgottenOrder.begin(world, order).await;
        given_up(world).await;
    }

    async fn go(&self, world: &mut World, _: &str) {
        sweep(world).await;
    }

    fn end(&self) -> End {
        End::ForgottenLate
    }
}

/// The order is across, and a parked submission of the same id holds another card.
pub(super) struct ForgettingInQuarantine;

impl Stage for ForgettingInQuarantine {
    async fn begin(&self, world: &mut World, order: &str) {
        LatePut { of_another: true }.begin(world, order).await;
        world.settle().await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        forgotten(world, order).await;
    }

    fn end(&self) -> End {
        End::ForgottenTwice
    }
}
