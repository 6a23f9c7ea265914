//! What can be seen of orders: whole values, events, searches.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{Page, eventually};

#[tokio::test]
async fn a_row_is_seen_whole_with_its_table_and_its_key() {
    let page = Page::start().await;
    page.place("whole", "visa").await;
    page.until("whole", "tokenized").await;
    page.post("/console/pay", json!({ "order": "whole" })).await;
    let (_, inside) = page.get("/console/orders/whole").await;
    let (status, whole) = page.get("/console/orders/whole/whole").await;
    assert_eq!(status, 200);
    let vault = &whole["rows"]["vault"];
    assert_eq!(vault["table"], "CreditCardTokenizerTable");
    let key = json!({ "Hash_Key": vault["item"]["Hash_Key"], "Account_Id": vault["item"]["Account_Id"] });
    assert_eq!(vault["key"], key);
    let sealed = BASE64_STANDARD.decode(vault["item"]["CandidateString"]["B"].as_str().unwrap()).unwrap();
    let cut = &inside["rows"]["vault"]["CandidateString"];
    assert_eq!(json!(sealed.len()), cut["bytes"]);
    let hex: Vec<_> = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(hex.join(":").starts_with(cut["value"].as_str().unwrap()) && cut["cut"] == true);
    assert!(whole["rows"]["quarantine"].is_null());
    assert_eq!(whole["audit"][0]["key"].as_object().unwrap().len(), 2, "{whole}");
    assert!(whole["stream"][0]["new"]["SealedCard"]["B"].is_string() && whole["stream"][1]["new"].is_null());
    assert_eq!(page.get("/console/orders/4111111111111111/whole").await.0, 404);
}

#[tokio::test]
async fn the_events_of_an_order_are_its_own_in_their_sequence() {
    let page = Page::start().await;
    for order in ["told", "other"] {
        page.place(order, "visa").await;
        page.until(order, "tokenized").await;
    }
    page.post("/console/pay", json!({ "order": "told" })).await;
    let types = async |path: &str| {
        let (_, inside) = page.get(path).await;
        let events = inside["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| event["envelope"]["detail-type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    eventually("the payment is told", async || types("/console/orders/told?tab=events").await.len() == 2)
        .await;
    assert_eq!(types("/console/orders/told?tab=events").await, ["order.tokenized", "payment.submitted"]);
    assert_eq!(types("/console/recent?tab=events").await.len(), 3);
    let (_, inside) = page.get("/console/orders/told?tab=events").await;
    let position = inside["events"][0]["envelope"]["detail"]["Position"].as_str().unwrap();
    assert!(position.contains('#'), "no position is taken for a card: {position}");
    assert_eq!(inside["counts"]["events"], 2);
}

#[tokio::test]
async fn orders_are_searched_in_all_that_are_known() {
    let page = Page::start().await;
    let many = json!({ "order": "many", "name": "A", "address": "B", "testCard": "amex", "count": 60 });
    page.post("/console/orders", many).await;
    page.place("single", "mastercard").await;
    page.until("single", "tokenized").await;
    page.until("many-060", "tokenized").await;
    let search = async |query: &str| {
        let (status, found) = page.get(&format!("/console/orders?{query}")).await;
        assert_eq!(status, 200, "{query}");
        let ids =
            found["orders"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned());
        (found["total"].as_u64().unwrap(), ids.collect::<Vec<_>>())
    };
    assert_eq!(search("text=4444").await, (1, vec!["single".to_owned()]));
    let (total, second) = search("text=many&sort=id&page=1").await;
    assert_eq!((total, second.len(), second[0].as_str()), (60, 10, "many-051"));
    assert_eq!(search("stage=quarantine").await.0, 0);
    assert_eq!(search("from=2999-01-01T00:00:00.000Z").await.0, 0);
    assert_eq!(page.get("/console/orders?sort=colour").await.0, 400);
}

#[tokio::test]
async fn an_operator_examines_the_stack_and_is_told_why_there_is_nothing_to_import() {
    let page = Page::start().await;
    let done = async |work: serde_json::Value| {
        let (status, begun) = page.post("/console/operate", work).await;
        assert_eq!((status, &begun["running"]), (200, &json!(true)), "{begun}");
        test_support::eventually("it is done", async || {
            let latest = page.state().await["operation"].clone();
            (latest["running"] != true).then_some(latest)
        })
        .await
    };
    let examined = done(json!({ "what": "doctor" })).await;
    let checks = examined["doctor"]["checks"].as_array().unwrap();
    assert!(checks.len() >= 10, "{examined}");
    let refused = done(json!({ "what": "import", "action": "check" })).await;
    assert!(refused["error"].as_str().unwrap().contains("no table to import from"), "{refused}");
    let refused = done(json!({ "what": "rewrap", "action": "count" })).await;
    assert!(refused["error"].as_str().unwrap().contains("no previous key"), "{refused}");
    assert_eq!(page.post("/console/operate", json!({ "what": "format" })).await.0, 400);
}
