//! Each control does what it says.

use serde_json::{Value, json};

use super::{Page, eventually};
use crate::put_event::put_event;

#[tokio::test]
async fn an_order_is_placed_seen_inside_and_paid() {
    let page = Page::start().await;
    let (status, placed) = page.place("a-1", "decline").await;
    assert_eq!(
        (status, &placed["status"], &placed["answer"]["Status"]),
        (200, &json!(202), &json!("PENDING"))
    );
    page.until("a-1", "tokenized").await;
    let (_, inside) = page.get("/console/orders/a-1").await;
    let rows = &inside["rows"];
    assert!(rows["quarantine"].is_null());
    assert_eq!(rows["clean"]["CreditCardToken"]["value"], rows["vault"]["Hash_Key"]["value"]);
    assert_eq!(
        (&rows["vault"]["CandidateString"]["type"], &rows["clean"]["CardLast4"]["value"]),
        (&json!("B"), &json!("0002"))
    );
    let events: Vec<_> = inside["stream"].as_array().unwrap().iter().map(|record| &record["event"]).collect();
    assert_eq!(events, ["INSERT", "REMOVE"]);
    let calls: Vec<_> =
        inside["calls"].as_array().unwrap().iter().map(|call| call["operation"].as_str().unwrap()).collect();
    for call in ["GenerateDataKey", "PutItem", "Decrypt", "TransactWriteItems"] {
        assert!(calls.contains(&call), "{call} in {calls:?}");
    }
    assert!(inside["calls"].as_array().unwrap().iter().all(|call| call["microseconds"].is_u64()), "{inside}");
    assert_eq!(inside["charges"], json!([]));

    let (_, paid) = page.post("/console/pay", json!({ "order": "a-1" })).await;
    assert_eq!((&paid["status"], &paid["answer"]["code"]), (&json!(402), &json!("PAYMENT_DECLINED")));
    let (_, inside) = page.get("/console/orders/a-1").await;
    assert_eq!(inside["summary"]["stage"], "declined");
    assert_eq!(inside["charges"][0]["outcome"], "declined");
    assert_eq!(inside["audit"][0]["Purpose"]["value"], "PAYMENT");
}

#[tokio::test]
async fn an_order_has_the_amount_that_is_asked_for_and_a_test_card_its_expiry() {
    let page = Page::start().await;
    let order = json!({ "order": "a-1", "name": "A", "address": "B", "testCard": "visa" });
    let mut priced = order.clone();
    (priced["order"], priced["amount"], priced["currency"]) = ("a-2".into(), 1999.into(), "USD".into());
    for (order, amount) in [(order, json!(null)), (priced, json!("1999"))] {
        let id = order["order"].as_str().unwrap().to_owned();
        page.post("/console/orders", order).await;
        page.until(&id, "tokenized").await;
        let (_, inside) = page.get(&format!("/console/orders/{id}")).await;
        let clean = &inside["rows"]["clean"];
        assert_eq!(clean["OrderAmount"]["value"], amount, "{clean}");
        assert_eq!(clean["CardHasExpiry"]["value"], "true", "{clean}");
    }
}

#[tokio::test]
async fn a_forgotten_card_and_another_card_for_a_declined_order_are_told() {
    let page = Page::start().await;
    let token = page.stack.token("demo", &[]).unwrap();
    page.place("gone", "visa").await;
    page.place("again", "decline").await;
    page.until("gone", "tokenized").await;
    page.until("again", "tokenized").await;
    let user = test_support::Client::new(&page.stack.api_url(), token);
    user.forget("gone").await.is(200);
    let (_, inside) = page.get("/console/orders/gone").await;
    assert!(inside["summary"]["forgottenAt"].is_string() && inside["rows"]["vault"].is_null(), "{inside}");

    page.post("/console/pay", json!({ "order": "again" })).await;
    page.until("again", "declined").await;
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    user.put_card("again", "5555 5555 5555 4444").await.is(202);
    let (_, inside) = page.get("/console/orders/again").await;
    assert_eq!(inside["summary"]["replacement"], "PENDING");
    page.post("/console/switch", json!({ "name": "kms-worker", "on": false })).await;
    page.until("again", "tokenized").await;
}

#[tokio::test]
async fn a_refusal_is_the_apis_own_and_many_orders_are_counted() {
    let page = Page::start().await;
    let (_, refused) = page.place("b", "wrong").await;
    assert_eq!((&refused["status"], &refused["answer"]["code"]), (&json!(422), &json!("CARD_INVALID")));
    let many = json!({ "order": "many", "name": "A", "address": "B", "testCard": "amex", "count": 12 });
    let (_, placed) = page.post("/console/orders", many).await;
    assert_eq!(placed, json!({ "placed": 12, "outcomes": { "202": 12 } }));
    page.until("many-012", "tokenized").await;
    for nonsense in
        [json!({}), json!({ "order": "x", "name": "A", "address": "B" }), json!("4111 1111 1111 1111")]
    {
        let (status, answer) = page.post("/console/orders", nonsense).await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(page.get("/console/orders/never-placed").await.0, 404);
    assert_eq!(page.get("/console/orders/4111111111111111").await.0, 404);
}

#[tokio::test]
async fn an_order_is_held_while_kms_is_down_and_a_replay_mends_it() {
    let page = Page::start().await;
    // The key of the first order's batch is in the worker's hands already: only the vault's key fails.
    page.place("before", "visa").await;
    page.until("before", "tokenized").await;
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    page.place("held", "visa").await;
    eventually("Lambda gives up", async || !page.stack.aws().waiting().is_empty()).await;
    assert_eq!(page.stage("held").await, "quarantine");
    let (_, inside) = page.get("/console/orders/held").await;
    assert_eq!(inside["letters"].as_array().unwrap().len(), 1, "positions that cover its record");
    let failed = inside["calls"].as_array().unwrap().iter().filter(|call| call["onPurpose"] == true).count();
    assert!(failed > 0, "{inside}");

    page.post("/console/switch", json!({ "name": "kms-worker", "on": false })).await;
    let (_, dry) = page.post("/console/replay", json!({ "dryRun": true })).await;
    assert_eq!((&dry["dryRun"], &dry["rearmed"]), (&json!(true), &json!(1)));
    assert_eq!(page.stage("held").await, "quarantine", "a dry run changes nothing");
    let (_, replayed) = page.post("/console/replay", json!({})).await;
    assert_eq!((&replayed["rearmed"], &replayed["messagesSettled"]), (&json!(1), &json!(1)));
    page.until("held", "tokenized").await;
    assert!(page.stack.aws().waiting().is_empty());
}

#[tokio::test]
async fn a_crash_strikes_after_the_transaction_and_doubles_nothing() {
    let page = Page::start().await;
    let (_, pulse) = page.post("/console/crash", json!({})).await;
    assert_eq!(pulse["crashesArmed"], 1);
    page.place("crashed", "visa").await;
    let worker = || page.stack.aws().tally("TokenizeWorkerRole", "TransactWriteItems").calls;
    eventually("the worker is invoked again", async || worker() == 2).await;
    page.until("crashed", "tokenized").await;
    let (_, pulse) = page.post("/console/switch", json!({ "name": "kms", "on": false })).await;
    assert_eq!(
        (&pulse["crashesArmed"], &pulse["functions"]["TokenizeWorkerFunction"]["failed"]),
        (&json!(0), &json!(1))
    );
    let rows = page.stack.aws().snapshot().unwrap();
    assert_eq!(rows["tables"]["CreditCardTokenizerTable"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_poison_order_is_parked_with_its_reason() {
    let page = Page::start().await;
    assert_eq!(page.post("/console/poison", json!({})).await.0, 409, "there is nothing to copy");
    page.place("source", "visa").await;
    page.until("source", "tokenized").await;
    let (_, poison) = page.post("/console/poison", json!({})).await;
    let order = poison["order"].as_str().unwrap();
    page.until(order, "failed").await;
    let (_, inside) = page.get(&format!("/console/orders/{order}")).await;
    assert_eq!(inside["summary"]["reason"], "ENVELOPE_REFUSED");
    assert_eq!(inside["letters"][0]["body"]["Kind"], "PARKED");
}

#[tokio::test]
async fn putting_the_clock_forward_sweeps_and_past_the_deadline_expires() {
    let page = Page::start().await;
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    page.place("late", "visa").await;
    page.until("late", "quarantine").await;
    let (_, forward) = page.post("/console/clock", json!({ "minutes": 73 * 60 })).await;
    assert_eq!((&forward["ahead"], &forward["swept"]["expired"]), (&json!(73 * 3600), &json!(1)));
    assert_eq!(page.stage("late").await, "expired");
    let (_, swept) = page.post("/console/sweep", json!({})).await;
    assert_eq!((&swept["rows"], &swept["expired"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn putting_the_clock_forward_makes_the_card_key_that_is_due() {
    let page = Page::start().await;
    let keys = || page.stack.aws().rows("CardKeyTable").unwrap().len();
    eventually("the first card key is there", async || keys() == 1).await;
    for moves in 1..=8 {
        page.post("/console/clock", json!({ "minutes": 4 * 24 * 60 })).await;
        assert_eq!(keys(), if moves * 4 < 30 { 1 } else { 2 }, "after {} days", moves * 4);
    }
}

#[tokio::test]
async fn all_off_ends_every_fault_and_disarms_every_crash() {
    let page = Page::start().await;
    page.stack.aws().faults().add("sqs/*=error".parse().unwrap());
    page.post("/console/switch", json!({ "name": "kms", "on": true })).await;
    let (_, pulse) = page.post("/console/crash", json!({})).await;
    assert_eq!((&pulse["faults"], &pulse["crashesArmed"]), (&json!(2), &json!(1)));
    let (_, pulse) = page.post("/console/all-off", json!({})).await;
    assert_eq!(
        (&pulse["faults"], &pulse["crashesArmed"], &pulse["switches"]["kms"]),
        (&json!(0), &json!(0), &json!(false))
    );
    assert!(page.stack.aws().faults().in_force().is_empty());
}

#[tokio::test]
async fn a_tab_gets_what_it_shows_and_the_numbers_of_the_others() {
    let page = Page::start().await;
    page.place("tab", "visa").await;
    page.until("tab", "tokenized").await;
    let (_, stream) = page.get("/console/orders/tab?tab=stream").await;
    assert_eq!(stream["stream"].as_array().unwrap().len(), 2);
    for absent in ["rows", "audit", "log", "letters", "calls", "runs", "charges"] {
        assert!(stream.get(absent).is_none(), "{absent}");
    }
    assert_eq!((&stream["counts"]["stream"], &stream["summary"]["stage"]), (&json!(2), &json!("tokenized")));
    assert!(stream["counts"]["calls"].as_u64().unwrap() > 3);
    let (_, story) = page.get("/console/orders/tab?tab=story").await;
    assert!(story["calls"].is_array() && story["stream"].is_array() && story.get("log").is_none());
    assert!(story["runs"][0]["from"].is_u64() && story["rows"]["clean"].is_object());
    let (_, rows) = page.get("/console/orders/tab?tab=rows").await;
    assert!(rows["rows"]["vault"].is_object() && rows.get("calls").is_none());
}

#[tokio::test]
async fn events_that_come_later_are_asked_for_by_number() {
    let page = Page::start().await;
    let put = async |kind: &str| put_event(&page.stack.aws_url(), kind, "e-1").await;
    for kind in ["order.tokenized", "order.failed", "payment.submitted"] {
        put(kind).await;
    }
    let kinds = |events: &Value| -> Vec<String> {
        let events = events["events"].as_array().unwrap().iter();
        events.map(|one| one["envelope"]["detail-type"].as_str().unwrap().to_owned()).collect()
    };
    let (_, all) = page.get("/console/bus").await;
    assert_eq!(kinds(&all), ["order.tokenized", "order.failed", "payment.submitted"]);
    let (_, later) = page.get("/console/bus?after=1").await;
    assert_eq!(kinds(&later), ["order.failed", "payment.submitted"]);
    assert_eq!(later["events"][0]["number"], 2);
    assert_eq!(page.get("/console/bus?after=3").await.1, json!({ "events": [] }), "without waiting");
    let (waited, ()) = tokio::join!(page.get("/console/bus?after=3&wait=true"), put("card.forgotten"));
    assert_eq!(kinds(&waited.1), ["card.forgotten"]);
}
