//! What an operator does when the vault's key was replaced, and what customers do meanwhile.

use aws_sdk_dynamodb::types::AttributeValue;

use super::faults::{ADA, End, ORDERED, Stage, insist, run_again};
use crate::{
    simulation::{details::Details, world::World},
    support::VAULT,
};

/// Across, by a worker from before the vault's key was replaced.
async fn tokenized_as_before(world: &mut World, order: &str, details: &Details) {
    let answer = insist(world, async |world: &World| world.submit(order, ADA, details).await).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.archive();
    let record = world.records.last().cloned();
    let answer = world.deliver_as_before(&record.into_iter().collect::<Vec<_>>()).await;
    assert_eq!(answer.expect("the worker failed")["batchItemFailures"].as_array().map(Vec::len), Some(0));
    world.settle().await;
}

async fn rewrapped(world: &World) {
    run_again(world, async |world: &World| world.rewrap("rewrap").await).await;
}

async fn verified(world: &World) {
    let verified = run_again(world, async |world: &World| world.rewrap("verify").await).await;
    assert_eq!(verified["left"], 0, "{verified}");
}

async fn paid(world: &World, order: &str) {
    for _ in 0..2 {
        let answer = insist(world, async |world: &World| world.pay(order, ADA).await).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

pub(super) struct Rewrapping {
    /// Whether the row says which key wrapped its data key.
    pub(super) marked: bool,
}

impl Stage for Rewrapping {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_as_before(world, order, ORDERED).await;
        if !self.marked {
            forget_materials(world).await;
        }
    }

    async fn go(&self, world: &mut World, order: &str) {
        rewrapped(world).await;
        verified(world).await;
        paid(world, order).await;
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// Every row is as an earlier release wrote it.
async fn forget_materials(world: &World) {
    for row in world.at_rest().vault.values() {
        let text = |name: &str| AttributeValue::S(row[name]["S"].as_str().unwrap().to_owned());
        let update = world.dynamodb.update_item().table_name(VAULT).update_expression("REMOVE KeyMaterial");
        let update = update.key("Hash_Key", text("Hash_Key")).key("Account_Id", text("Account_Id"));
        update.send().await.unwrap();
    }
}

/// Charged before anybody has re-wrapped it.
pub(super) struct PaidUnderThePreviousKey;

impl Stage for PaidUnderThePreviousKey {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_as_before(world, order, ORDERED).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        paid(world, order).await;
        rewrapped(world).await;
        paid(world, order).await;
    }

    fn end(&self) -> End {
        End::Paid
    }
}

/// A card that was re-wrapped is forgotten, and re-wrapping again brings nothing back.
pub(super) struct ForgottenAfterRewrapping;

impl Stage for ForgottenAfterRewrapping {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized_as_before(world, order, ORDERED).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        rewrapped(world).await;
        let forgotten = insist(world, async |world: &World| world.forget(order, ADA).await).await;
        assert_eq!(forgotten.status, 200, "{forgotten:?}");
        rewrapped(world).await;
        verified(world).await;
    }

    fn end(&self) -> End {
        End::Forgotten
    }
}
