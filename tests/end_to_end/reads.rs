//! The order in which requests read the two tables: an order that crosses between two reads is seen by one of them.

use crate::support::{Client, World, order, overtaken_after};

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
