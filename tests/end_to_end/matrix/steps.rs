//! Steps that several stages are made of.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock_services::{FaultKind, When};
use serde_json::Value;

use super::faults::{ADA, DECLINING, ORDERED, insist, run_again};
use crate::simulation::{
    details::Details,
    world::{Item, WORKER, World},
};

pub(super) async fn accepted(world: &World, order: &str) {
    accepted_of(world, order, ORDERED).await;
}

async fn accepted_of(world: &World, order: &str, details: &Details) {
    let answer = insist(world, async |world: &World| world.submit(order, ADA, details).await).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

pub(super) async fn tokenized(world: &mut World, order: &str) {
    accepted(world, order).await;
    world.settle().await;
}

/// Across, with a card that the processor declines.
pub(super) async fn tokenized_to_be_declined(world: &mut World, order: &str) {
    accepted_of(world, order, DECLINING).await;
    world.settle().await;
}

/// Accepted, and given up by the mapping while KMS was down: the row is PENDING, its positions in the queue.
pub(super) async fn stuck(world: &mut World, order: &str) {
    accepted(world, order).await;
    given_up(world).await;
}

/// The mapping gives up what is there, while KMS is down.
pub(super) async fn given_up(world: &mut World) {
    world.fault(WORKER, Some("Decrypt"), FaultKind::InternalError, When::Always);
    world.settle().await;
    world.faults().clear();
}

pub(super) async fn row(world: &World, order: &str) -> Item {
    world.quarantined(order).await.expect("no row in quarantine")
}

pub(super) async fn sweep(world: &mut World) -> Value {
    for _ in 0..3 {
        let summary = world.sweep().await;
        world.settle().await;
        if let Some(summary) = summary {
            return summary;
        }
    }
    panic!("the sweep stops every time");
}

pub(super) async fn replay(world: &mut World, selection: Value) -> Value {
    let run = async |world: &World| world.replay(selection.clone()).await;
    let summary = run_again(world, run).await;
    world.settle().await;
    summary
}

/// Flips a bit of the sealed card; once more, and it is as it was.
pub(super) async fn alter(world: &World, order: &str) {
    let mut altered = row(world, order).await;
    let mut sealed = altered["SealedCard"].as_b().unwrap().clone().into_inner();
    *sealed.last_mut().unwrap() ^= 1;
    altered.insert("SealedCard".into(), AttributeValue::B(Blob::new(sealed)));
    world.put_quarantined(altered).await;
}
