//! What a user can ask of an order, as whoever signs in.

use serde_json::{Value, json};

use super::Page;

impl Page {
    /// The API's status and answer.
    async fn ask(&self, what: &str, mut asked: Value, by: Option<(&str, bool)>) -> (u64, Value) {
        if let Some((user, merchant)) = by {
            asked["by"] = json!({ "user": user, "merchant": merchant });
        }
        let (status, answer) = self.post(&format!("/console/{what}"), asked).await;
        assert_eq!(status, 200, "{answer}");
        (answer["status"].as_u64().unwrap(), answer["answer"].clone())
    }
}

#[tokio::test]
async fn another_user_sees_no_order_of_this_one_and_a_merchant_sees_all() {
    let page = Page::start().await;
    let order = json!({ "order": "hers", "name": "A", "address": "B", "testCard": "visa", "by": { "user": "eva", "merchant": false } });
    page.post("/console/orders", order).await;
    page.until("hers", "tokenized").await;
    let ask = async |by| page.ask("ask", json!({ "order": "hers" }), by).await;
    assert_eq!(ask(Some(("eva", false))).await.0, 200);
    assert_eq!(ask(Some(("adam", false))).await.0, 404);
    assert_eq!(ask(Some(("adam", true))).await.0, 200);
    assert_eq!(ask(None).await.0, 200, "the console's own user is a merchant");
    let priced = json!({ "order": "hers", "amount": 5, "currency": "USD" });
    assert_eq!(page.ask("pay", priced, Some(("eva", false))).await.1["code"], "MERCHANT_ONLY");
    for user in ["", " ", "4111 1111 1111 1111", &"x".repeat(65)] {
        let by = json!({ "order": "hers", "by": { "user": user, "merchant": true } });
        assert_eq!(
            page.post("/console/ask", by).await,
            (
                400,
                json!({ "code": "NO_USER", "message": "Say who signs in: a name of at most 64 characters" })
            )
        );
    }
    let (status, _) = page.post("/console/ask", json!({ "order": "4111111111111111" })).await;
    assert_eq!(status, 400, "a number is not asked for");
}

#[tokio::test]
async fn a_declined_order_is_paid_with_another_card_an_amount_and_a_key_and_its_card_is_forgotten() {
    let page = Page::start().await;
    page.place("again", "decline").await;
    page.until("again", "tokenized").await;
    let pay = async |more: Value| {
        let mut asked = json!({ "order": "again", "amount": 700, "currency": "USD" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        page.ask("pay", asked, None).await
    };
    assert_eq!(pay(json!({ "key": "first" })).await.1["code"], "PAYMENT_DECLINED");
    let (status, answer) =
        page.ask("card", json!({ "order": "again", "testCard": "mastercard" }), None).await;
    assert_eq!(status, 202, "{answer}");
    page.until("again", "tokenized").await;
    assert_eq!(
        pay(json!({ "key": "first" })).await.1["code"],
        "PAYMENT_DECLINED",
        "the key is of the declined one"
    );
    let (status, answer) = pay(json!({ "key": "second" })).await;
    assert_eq!(status, 200, "{answer}");
    let (_, inside) = page.get("/console/orders/again").await;
    assert_eq!(inside["rows"]["clean"]["PaymentAmount"]["value"], "700", "{inside}");

    let (status, _) = page.ask("forget", json!({ "order": "again" }), None).await;
    assert_eq!(status, 200);
    let (_, inside) = page.get("/console/orders/again").await;
    assert!(inside["rows"]["vault"].is_null() && inside["summary"]["forgottenAt"].is_string(), "{inside}");
    assert_eq!(page.post("/console/card", json!({ "order": "again", "testCard": "none" })).await.0, 400);
    assert_eq!(
        page.post("/console/pay", json!({ "order": "again", "key": "ä\n" })).await.1["code"],
        "IDEMPOTENCY_KEY"
    );
}

#[tokio::test]
async fn a_payment_goes_to_the_processor_that_was_chosen_last() {
    let page = Page::start().await;
    for (order, profile) in
        [("p-1", "airlock"), ("p-2", "stripe"), ("p-3", "adyen"), ("p-4", "checkout"), ("p-5", "airlock")]
    {
        let (status, chosen) = page.post("/console/processor", json!({ "profile": profile })).await;
        assert_eq!((status, &chosen["chosen"]), (200, &json!(profile)));
        page.place(order, "visa").await;
        page.until(order, "tokenized").await;
        let (status, answer) =
            page.ask("pay", json!({ "order": order, "amount": 100, "currency": "USD" }), None).await;
        assert_eq!(status, 200, "{profile}: {answer}");
        let (_, inside) = page.get(&format!("/console/orders/{order}")).await;
        assert_eq!(inside["charges"][0]["profile"], profile);
    }
    assert_eq!(page.post("/console/processor", json!({ "profile": "other" })).await.0, 404);
}

#[tokio::test]
async fn many_orders_are_placed_a_part_after_the_other() {
    let page = Page::start().await;
    let part = |first: u16, count: u16| json!({ "order": "part", "name": "A", "address": "B", "testCard": "visa", "first": first, "count": count });
    assert_eq!(
        page.post("/console/orders", part(1, 2)).await.1,
        json!({ "placed": 2, "outcomes": { "202": 2 } })
    );
    assert_eq!(
        page.post("/console/orders", part(3, 1)).await.1,
        json!({ "placed": 1, "outcomes": { "202": 1 } })
    );
    page.until("part-003", "tokenized").await;
    assert_eq!(page.get("/console/orders/part-004").await.0, 404);
}
