//! What customers do: send, send again, pay.

use super::{
    faults::{ADA, End, ORDERED, Stage, insist},
    steps::{accepted, row, tokenized},
};
use crate::simulation::{details::DETAILS, world::World};

pub(super) struct Accepting;

impl Stage for Accepting {
    async fn begin(&self, _: &mut World, _: &str) {}

    async fn go(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        // Again while it is pending, by a customer who has seen no answer.
        accepted(world, order).await;
        let status = insist(world, async |world: &World| world.status(order, ADA).await).await;
        assert_eq!(status.text("Status"), "PENDING");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

pub(super) struct Crossing;

impl Stage for Crossing {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.settle().await;
        let again = insist(world, async |world: &World| world.submit(order, ADA, ORDERED).await).await;
        assert_eq!((again.status, again.text("Status")), (200, "TOKENIZED"));
        // The batch comes once more: Lambda delivers at least once.
        let records = world.records.clone();
        world.deliver(&records[records.len() - 2..]).await.expect("the worker failed");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// A put of ingest's arrives when the same order is across already.
pub(super) struct LatePut {
    /// With other details, as somebody else's order.
    pub(super) of_another: bool,
}

impl Stage for LatePut {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        let late = row(world, order).await;
        world.remove_quarantined(order).await;
        let details = if self.of_another { &DETAILS[1] } else { ORDERED };
        let answer = world.submit(order, ADA, details).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        world.settle().await;
        world.put_quarantined(late).await;
    }

    async fn go(&self, world: &mut World, _: &str) {
        world.settle().await;
    }

    fn end(&self) -> End {
        if self.of_another { End::OrderExists } else { End::Tokenized }
    }
}

pub(super) struct Paying;

impl Stage for Paying {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        for _ in 0..2 {
            let answer = insist(world, async |world: &World| world.pay(order, ADA).await).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// Paying too early: the order is in quarantine, or nowhere.
pub(super) struct PayingTooEarly;

impl Stage for PayingTooEarly {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        let early = insist(world, async |world: &World| world.pay(order, ADA).await).await;
        assert_eq!(early.text("code"), "ORDER_PENDING");
        let unknown = insist(world, async |world: &World| world.pay("unknown", ADA).await).await;
        assert_eq!(unknown.status, 404);
    }

    fn end(&self) -> End {
        End::Paid
    }
}
