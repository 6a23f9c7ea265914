//! Taking a number out of its source, on condition that the order still has the card that was imported.

use aws_sdk_dynamodb::Client;
use order::OrderTable;
use test_support::tables::ORDERS;

use crate::{
    rows::{Change, NOW, OTHER, OURS, clean, s},
    world::{World, order_id},
};

#[tokio::test]
async fn the_check_holds_only_while_the_order_has_the_card_of_that_acceptance_and_it_is_not_forgotten() {
    let world = World::start().await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let dynamodb = Client::new(&world.config);
    let check = async || {
        let check = orders.check_card_of(&order_id(), OTHER.parse().unwrap()).unwrap();
        dynamodb.transact_write_items().transact_items(check).send().await.is_ok()
    };
    let others = [
        Change::Gone,
        Change::Without("AcceptanceId"),
        Change::With("AcceptanceId", s(OURS)),
        Change::With("CardForgottenAt", s(NOW)),
    ];
    world.loses(ORDERS, &clean(), &others, check, false).await;
    world.leaves(ORDERS, Some(&clean()), check(), (true, Some(&clean())), "as it was imported").await;
}
