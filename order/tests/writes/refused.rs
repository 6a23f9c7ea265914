//! A write that AWS did not do for another reason than the row: an error, and never a lost race.

use aws_config::SdkConfig;
use order::{FoundOut, OrderTable, Settling, TableError};
use serde_json::json;
use test_support::{
    Fault, Relay,
    tables::{AUDIT, ORDERS, VAULT},
};
use vault::Forgetter;

use crate::{
    payments::paid,
    rows::{NOW, TOKEN, clean},
    world::{ACCOUNT, World, order_id},
};

/// AWS answers each transaction so.
async fn answering(world: &World, answer: serde_json::Value) -> SdkConfig {
    let relay = Relay::to(world.aws.endpoint.url()).await;
    relay.strike("TransactWriteItems", Fault::AnsweredWith(answer.to_string()), usize::MAX);
    world.config.clone().into_builder().endpoint_url(relay.url()).build()
}

#[tokio::test]
async fn a_settlement_that_met_another_transaction_is_no_lost_race() {
    let world = World::start().await;
    let conflict = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{ "Code": "TransactionConflict" }, { "Code": "None" }],
    });
    for (answer, error) in [
        (conflict, TableError::Unavailable),
        (json!({ "__type": "AccessDeniedException" }), TableError::Unavailable),
        (json!({ "__type": "ValidationException" }), TableError::Rejected),
    ] {
        let config = answering(&world, answer).await;
        world.have(ORDERS, Some(&paid("UNKNOWN"))).await;
        let orders = OrderTable::new(&world.config, ORDERS.into());
        let seen = orders.with_payments(&order_id()).await.unwrap().unwrap().1.current.unwrap();
        let settling = Settling::new(&config, ORDERS.into(), AUDIT.into());
        let settled =
            settling.settle(&order_id(), &seen, &FoundOut::NotCharged, "ann", NOW.parse().unwrap()).await;
        assert_eq!(settled, Err(error));
    }
}

#[tokio::test]
async fn a_card_that_could_not_be_forgotten_is_no_lost_race() {
    let world = World::start().await;
    world.have(ORDERS, Some(&clean())).await;
    for (code, error) in [
        ("AccessDeniedException", TableError::Unavailable),
        ("InternalServerError", TableError::Unavailable),
        ("ValidationException", TableError::Rejected),
    ] {
        let config = answering(&world, json!({ "__type": code })).await;
        let (token, forgetter) = (TOKEN.parse().unwrap(), Forgetter::new(VAULT.into(), ACCOUNT.into()));
        let orders = OrderTable::new(&config, ORDERS.into());
        let delete = forgetter.delete(token).unwrap();
        let forgotten = orders.forget_card(&order_id(), token, delete, NOW.parse().unwrap()).await;
        assert_eq!(forgotten, Err(error), "{code}");
    }
}
