//! What is asked to be forgotten.

use super::{
    customers::LatePut,
    faults::{ADA, End, Stage, insist},
    steps::tokenized,
};
use crate::simulation::world::World;

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
