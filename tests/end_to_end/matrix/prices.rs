//! Who decides how much: the merchant, at whichever call something goes wrong.

use serde_json::Value;

use super::{
    faults::{ADA, End, ORDERED, Stage, insist},
    steps::{accepted, alter, given_up},
};
use crate::simulation::{
    client::{Answer, Bill, MERCHANT},
    world::{LATER, World},
};

const CENTS: u64 = 4999;

async fn placed_by_the_merchant(world: &World, order: &str) -> Answer {
    insist(world, async |world: &World| world.place_for(order, ADA, ORDERED, Some(CENTS)).await).await
}

async fn asked_by(world: &World, payer: &str, order: &str, amount: Option<u64>) -> Answer {
    insist(world, async |world: &World| world.pay_by(order, payer, Bill { key: None, amount }).await).await
}

async fn paid_at_its_price(world: &World, order: &str) {
    let cheap = asked_by(world, ADA, order, Some(1)).await;
    assert_eq!((cheap.status, cheap.text("code")), (422, "AMOUNT_DIFFERS"));
    for (payer, amount) in [(ADA, None), (MERCHANT, Some(CENTS))] {
        let paid = asked_by(world, payer, order, amount).await;
        assert_eq!((paid.status, paid.body["Amount"].as_u64()), (200, Some(CENTS)), "{paid:?}");
    }
    let status = insist(world, async |world: &World| world.status(order, ADA).await).await;
    let shown = ["OrderAmount", "PaymentAmount"].map(|name| status.body[name].as_u64());
    assert_eq!(shown, [Some(CENTS); 2], "{status:?}");
}

/// A merchant places it for its owner, who pays.
pub(super) struct PlacedByAMerchant;

impl Stage for PlacedByAMerchant {
    async fn begin(&self, _: &mut World, _: &str) {}

    async fn go(&self, world: &mut World, order: &str) {
        assert_eq!(placed_by_the_merchant(world, order).await.status, 202);
        // Its owner sends it too, who cannot know whether the shop did.
        accepted(world, order).await;
        world.settle().await;
        paid_at_its_price(world, order).await;
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// The merchant's acceptance failed, and the owner renews it.
pub(super) struct RenewedByItsOwner;

impl Stage for RenewedByItsOwner {
    async fn begin(&self, world: &mut World, order: &str) {
        assert_eq!(placed_by_the_merchant(world, order).await.status, 202);
        given_up(world).await;
        alter(world, order).await;
        world.settle().await;
        assert_eq!(world.status(order, ADA).await.text("Status"), "FAILED");
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        world.settle().await;
        paid_at_its_price(world, order).await;
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// An order without a price: its owner sets none, a merchant may.
pub(super) struct PricedAtPaying;

impl Stage for PricedAtPaying {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        world.settle().await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        let cheap = asked_by(world, ADA, order, Some(1)).await;
        assert_eq!((cheap.status, cheap.text("code")), (403, "MERCHANT_ONLY"));
        for (payer, amount) in [(MERCHANT, Some(CENTS)), (ADA, None)] {
            let paid = asked_by(world, payer, order, amount).await;
            assert_eq!((paid.status, paid.body["Amount"].as_u64()), (200, Some(CENTS)), "{paid:?}");
        }
        let status = insist(world, async |world: &World| world.status(order, ADA).await).await;
        assert_eq!(
            (&status.body["OrderAmount"], status.body["PaymentAmount"].as_u64()),
            (&Value::Null, Some(CENTS))
        );
    }

    fn end(&self) -> End {
        End::Paid
    }
}
