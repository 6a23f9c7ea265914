//! What requests read, and in which order: an order that crosses between two reads of the two tables is seen by one of
//! them.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    Client, Encryptor, PREVIOUS_KEY, Relay, World, encrypted_order, order, overtaken_after,
};

/// The code of the answer, or its status where it has none, to a request on whose so-many-eth read the order crosses.
async fn crossing_before_read(
    passed: usize,
    request: impl AsyncFnOnce(Client) -> crate::support::Answer,
) -> String {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let answer = overtaken_after(&world, &ann, ("GetItem", passed), request, async {
        assert_eq!(world.deliver_last().await, None);
    });
    let answer = answer.await;
    let status = answer.json["Status"].as_str().unwrap_or_default();
    format!("{} {}{status}", answer.status.as_u16(), answer.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_crosses_between_two_reads_is_seen_all_the_same() {
    // Quarantine, then clean.
    let status = async |ann: Client| ann.status("1").await;
    assert_eq!(crossing_before_read(1, status).await, "200 TOKENIZED");
    // Clean, quarantine, and clean again.
    let pay = async |ann: Client| ann.pay("1").await;
    assert_eq!(crossing_before_read(1, pay).await, "200 ");
    // Quarantine, then clean: what was seen is answered, and nobody is told that there is no such order.
    let forget = async |ann: Client| ann.forget("1").await;
    assert_eq!(crossing_before_read(1, forget).await, "409 ORDER_PENDING");
    // Clean before the card is sealed; then, after a put that lost, quarantine and clean.
    let again = async |ann: Client| ann.submit(&order("1")).await;
    assert_eq!(crossing_before_read(2, again).await, "200 TOKENIZED");
}

/// A private half that was written a moment ago is not gone, and a sweep passes no row over.
#[tokio::test(flavor = "multi_thread")]
async fn every_function_reads_consistently() {
    let world = World::stepped_under([("PreviousVaultKeyArn", PREVIOUS_KEY)]).await;
    let relay = Relay::to(world.aws.url()).await;
    let encryptor = Encryptor::of(&world, &world.client("ann")).await;
    let ann = world.client("ann").at(&world.front(relay.url()).await);
    let card = encryptor.card("1", "4111-1111-1111-1111", Some("12/30"));
    ann.submit(&encrypted_order("1", &card)).await.is(202);
    world.sweep_at(relay.url()).await;
    assert_eq!(world.deliver_to(&world.worker(relay.url()), &world.records()).await, None);
    ann.get("/card-keys").await.is(200);
    ann.status("1").await.is(200);
    ann.pay("1").await.is(200);
    let rewrap = world.function("RewrapFunction", relay.url());
    world.invoke(&rewrap, &json!({ "action": "count" }), Duration::from_mins(15)).await.unwrap();
    ann.forget("1").await.is(200);
    // Scanned: the card keys by two functions, quarantine, the vault.
    are_consistent(&relay, [("GetItem", 8), ("Scan", 4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_that_decides_something_is_consistent() {
    let world = World::stepped().await;
    let relay = Relay::to(world.aws.url()).await;
    let ann = world.client("ann").at(&world.front(relay.url()).await);
    let worker = world.worker(relay.url());
    for _ in 0..2 {
        ann.submit(&order("1")).await.is(202);
    }
    ann.status("1").await.is(200);
    assert_eq!(world.deliver_to(&worker, &world.records()).await, None);
    ann.put_card("1", "5555555555554444").await.is(202);
    ann.pay("1").await.is(409);
    assert_eq!(world.deliver_to(&worker, &world.records()).await, None);
    ann.pay("1").await.is(200);
    ann.status("1").await.is(200);
    ann.forget("1").await.is(200);
    ann.submit(&order("2")).await.is(202);
    world.sweep_at(relay.url()).await;
    are_consistent(&relay, [("GetItem", 12), ("Scan", 1)]);
}

/// The local database has no other reads, so the requests tell. So many there are at least.
fn are_consistent(relay: &Relay, operations: [(&str, usize); 2]) {
    for (operation, fewest) in operations {
        let reads = relay.bodies(operation);
        assert!(reads.len() >= fewest, "{operation} {reads:?}");
        for read in reads {
            assert_eq!(read["ConsistentRead"], true, "{operation} {read}");
        }
    }
}
