//! Cards that the page has encrypted: for whom, until when, and how many.

use std::time::SystemTime;

use serde_json::{Value, json};
use vault::{Card, CardExpiry, CardIssue, CardPublicKey, Pan};

use super::{Page, eventually};

const NUMBER: &str = "5555 5555 5555 4444";

impl Page {
    /// What the page is told before it encrypts, once there is a key.
    async fn keys(&self, asked: &Value) -> Value {
        let mut told = Value::Null;
        eventually("there is a key", async || {
            told = self.post("/console/card-keys", asked.clone()).await.1;
            told["status"] == 200
        })
        .await;
        told
    }

    /// A card as the page encrypts it.
    pub(super) async fn encrypt(&self, order: &str, number: &str, asked: Value) -> String {
        let told = self.keys(&asked).await;
        let key = CardPublicKey::from_jwk(&told["answer"]["keys"][0].to_string()).unwrap();
        let card =
            Card { pan: Pan::parse(number).unwrap(), expiry: Some(CardExpiry::parse("12/39").unwrap()) };
        let issued_at = humantime::parse_rfc3339(told["issuedAt"].as_str().unwrap()).unwrap();
        let owner = told["owner"].as_str().unwrap();
        key.encrypt(&card, &CardIssue { order, owner, issued_at }).unwrap()
    }

    async fn place_encrypted(&self, order: &str, card: &str, by: &Value) -> Value {
        let order = json!({ "order": order, "name": "A", "address": "B", "encryptedCard": card, "by": by });
        let (status, answer) = self.post("/console/orders", order).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn last4(&self, order: &str) -> String {
        let (_, inside) = self.get(&format!("/console/orders/{order}")).await;
        inside["summary"]["last4"].as_str().unwrap_or_default().to_owned()
    }
}

fn user(name: &str, merchant: bool) -> Value {
    json!({ "user": name, "merchant": merchant })
}

#[tokio::test]
async fn an_encrypted_card_is_of_the_user_who_places_the_order_and_another_one_of_the_orders_owner() {
    let page = Page::start().await;
    let (eva, clerk) = (user("eva", false), user("clerk", true));
    let card = page.encrypt("hers", NUMBER, json!({ "by": eva })).await;
    assert_eq!(page.place_encrypted("hers", &card, &eva).await["status"], 202);
    page.until("hers", "tokenized").await;
    assert_eq!(page.last4("hers").await, "4444");

    let owner_of = async |asked: Value| page.keys(&asked).await["owner"].clone();
    let hers = owner_of(json!({ "by": eva })).await;
    assert!(hers.is_string());
    assert_ne!(owner_of(json!({ "by": clerk })).await, hers);
    assert_eq!(owner_of(json!({ "by": clerk, "order": "hers" })).await, hers);
    assert_eq!(
        owner_of(json!({ "by": clerk, "order": "none" })).await,
        owner_of(json!({ "by": clerk })).await
    );
    let other = page.encrypt("hers", "4111 1111 1111 1111", json!({ "by": clerk, "order": "hers" })).await;
    let sent = json!({ "order": "hers", "encryptedCard": other, "by": clerk });
    assert_eq!(page.post("/console/card", sent).await.1["status"], 202);
    eventually("the other card is there", async || page.last4("hers").await == "1111").await;

    // Of an order that waits in quarantine, too.
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    let card = page.encrypt("waits", NUMBER, json!({ "by": eva })).await;
    page.place_encrypted("waits", &card, &eva).await;
    page.until("waits", "quarantine").await;
    assert_eq!(owner_of(json!({ "by": clerk, "order": "waits" })).await, hers);
}

#[tokio::test]
async fn a_page_is_told_the_time_of_the_stack_and_the_newest_key() {
    let page = Page::start().await;
    let first = page.keys(&json!({})).await;
    let at = |told: &Value| humantime::parse_rfc3339(told["issuedAt"].as_str().unwrap()).unwrap();
    assert!(SystemTime::now().duration_since(at(&first)).unwrap_or_default().as_secs() < 60);
    // A day before the first key ends.
    for minutes in [4 * 24 * 60; 7].into_iter().chain([2 * 24 * 60 + 1]) {
        page.post("/console/clock", json!({ "minutes": minutes })).await;
    }
    let later = page.keys(&json!({})).await;
    assert!(at(&later).duration_since(SystemTime::now()).unwrap().as_secs() > 29 * 24 * 60 * 60);
    let kids = |told: &Value| -> Vec<String> {
        let keys = told["answer"]["keys"].as_array().unwrap();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kids(&later).len(), 2);
    assert_eq!(kids(&later)[1..], kids(&first));
    let card = page.encrypt("later", NUMBER, json!({})).await;
    page.place_encrypted("later", &card, &user("demo", true)).await;
    page.until("later", "tokenized").await;
}

#[tokio::test]
async fn a_card_comes_by_its_name_or_encrypted_for_one_order_and_in_no_other_way() {
    let page = Page::start().await;
    let card = page.encrypt("one", NUMBER, json!({})).await;
    let with = |more: Value| {
        let mut order = json!({ "order": "one", "name": "A", "address": "B" });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order
    };
    for (more, code) in [
        (json!({}), "NO_CARD"),
        (json!({ "testCard": "visa", "encryptedCard": card }), "NO_CARD"),
        (json!({ "testCard": "none" }), "NO_TEST_CARD"),
        (json!({ "encryptedCard": card, "count": 2 }), "ONE_ORDER"),
        (json!({ "encryptedCard": card, "first": 1 }), "ONE_ORDER"),
        (json!({ "number": NUMBER }), "CONSOLE_REQUEST"),
        (json!({ "creditCard": NUMBER }), "CONSOLE_REQUEST"),
        (json!({ "encryptedCard": card, "expiry": "12/39" }), "CONSOLE_REQUEST"),
    ] {
        let (status, answer) = page.post("/console/orders", with(more)).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)), "{answer}");
    }
    for (more, code) in [
        (json!({}), "NO_CARD"),
        (json!({ "testCard": "visa", "encryptedCard": card }), "NO_CARD"),
        (json!({ "number": NUMBER }), "CONSOLE_REQUEST"),
    ] {
        let mut asked = json!({ "order": "one" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = page.post("/console/card", asked).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)), "{answer}");
    }
    assert_eq!(page.get("/console/orders/one").await.0, 404, "nothing was placed");
    page.place_encrypted("one", &card, &user("demo", true)).await;
    page.until("one", "tokenized").await;
}

#[tokio::test]
async fn an_order_says_that_its_card_came_encrypted() {
    let page = Page::start().await;
    let card = page.encrypt("sealed", NUMBER, json!({})).await;
    page.place_encrypted("sealed", &card, &user("demo", true)).await;
    page.place("plain", "visa").await;
    for (order, encrypted) in [("sealed", json!(true)), ("plain", Value::Null)] {
        page.until(order, "tokenized").await;
        let (_, inside) = page.get(&format!("/console/orders/{order}")).await;
        assert_eq!(inside["summary"]["encrypted"], encrypted, "{order}");
    }
}
