//! A card key ends, and its private half is due to be deleted: the schedule makes the next one, and clients get it.

use aws_sdk_dynamodb::types::AttributeValue;
use test_support::tables::CARD_KEYS;

use super::{
    faults::{ADA, End, Stage, insist, run_again},
    steps::accepted,
};
use crate::simulation::world::World;

pub(super) struct CardKeyOver;

impl Stage for CardKeyOver {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        world.settle().await;
        kept(world).await;
        end_all(world).await;
    }

    async fn go(&self, world: &mut World, _: &str) {
        kept(world).await;
        let served = served(world).await;
        assert_eq!(served.len(), 1, "one key is served, not {served:?}");
        // A lost reply is no second key: what a client has encrypted to the first one must open.
        kept(world).await;
        assert_eq!(self::served(world).await, served);
        assert_eq!(halves(world).await, served, "private halves that are left");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

async fn kept(world: &World) {
    run_again(world, async |world: &World| world.keep_card_keys().await).await;
}

/// The ids of the keys that clients get.
async fn served(world: &World) -> Vec<String> {
    let answer = insist(world, async |world: &World| world.card_keys(ADA).await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let keys = answer.body["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The ids of the keys whose private half is stored.
async fn halves(world: &World) -> Vec<String> {
    let rows = world.dynamodb.scan().table_name(CARD_KEYS).send().await.unwrap().items.unwrap();
    let with_half = rows.iter().filter(|row| row.contains_key("WrappedPrivateKey"));
    with_half.map(|row| row["Kid"].as_s().unwrap().clone()).collect()
}

/// Time passes for the keys alone: no order waits so long.
async fn end_all(world: &World) {
    for mut row in world.dynamodb.scan().table_name(CARD_KEYS).send().await.unwrap().items.unwrap() {
        for name in ["AcceptedUntil", "OpenedUntil"] {
            if row.contains_key(name) {
                row.insert(name.to_owned(), AttributeValue::N("0".to_owned()));
            }
        }
        let put = world.dynamodb.put_item().table_name(CARD_KEYS);
        put.set_item(Some(row)).send().await.unwrap();
    }
}
