//! A shop's own order ids, and ids of every other kind.

use serde_json::json;

use crate::support::{World, order, order_of};

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_the_shops_pattern_and_good_ids_of_any_other_go_all_the_way() {
    let world = World::stepped_under([("OrderIdPattern", r"SO-\d{4}-\d{6}")]).await;
    let client = world.client("ann");
    for id in [
        "SO-2026-001234",
        "112-1234567-1234567",
        "2026112814301500123",
        "1994123456789012480",
        "01JDQ7Z3YV8K5N2M4P6R8T0W1X",
        "41111111-1111-4111-9111-501800000009",
    ] {
        client.submit(&order_of(id, "4242-4242-4242-4242")).await.is(202);
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(client.status(id).await.is(200).text("Status"), "TOKENIZED");
        client.pay(id).await.is(200);
        client.forget(id).await.is(200);
    }
    for id in ["4111111111111111", "SO-4111-1111-1111-1111", "4111_1111_1111_1111"] {
        assert_eq!(client.submit(&order(id)).await.is(422).code(), "ORDER_ID_CARD_SHAPED");
        assert_eq!(client.status(id).await.is(422).code(), "CARD_IN_URL");
    }
    assert_eq!(
        client
            .post("/paybill", json!({ "CustomerOrder": "4111111111111111" }).to_string())
            .await
            .is(422)
            .code(),
        "ORDER_ID_CARD_SHAPED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uuid_is_a_good_idempotency_key_whatever_its_digits_are() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    client.pay_with("41111111-1111-4111-9111-501800000009", &json!({ "CustomerOrder": "1" })).await.is(200);
}
