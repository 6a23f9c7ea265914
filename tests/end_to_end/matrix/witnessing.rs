//! The audit item of a payment is witnessed.

use super::{
    faults::{ADA, End, Stage, insist},
    steps::tokenized,
};
use crate::simulation::world::World;

/// An order is paid, and its item gets into a chain.
pub(super) struct Witnessing;

impl Stage for Witnessing {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
        let answer = insist(world, async |world: &World| world.pay(order, ADA).await).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn go(&self, world: &mut World, _: &str) {
        world.witness_all().await;
    }

    fn end(&self) -> End {
        End::Paid
    }

    fn is_witnessed(&self) -> bool {
        true
    }
}
