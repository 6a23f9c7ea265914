//! Who may: an order is its owner's and the billing group's; to everybody else it is no order.

use std::collections::BTreeMap;

use paybill::Sandbox;
use serde_json::Value;

use crate::support::{AUDIT, Answer, World, order, order_of, text};

/// Groups that are not the billing group, however near their names come.
const STRANGERS: [&[&str]; 7] = [
    &[],
    &["support"],
    &["billing2"],
    &["Billing"],
    &["not billing"],
    &["support", "pre-billing"],
    &["bill", "ing"],
];

#[tokio::test(flavor = "multi_thread")]
async fn the_billing_group_sees_where_anybodys_order_stands_and_nobody_else_does() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    seen_by_owner_and_billing(&world, "PENDING").await;
    world.alter_card().await;
    world.deliver_last().await;
    seen_by_owner_and_billing(&world, "FAILED").await;
    world.tokenized(&ann, &order("1")).await;
    seen_by_owner_and_billing(&world, "TOKENIZED").await;
}

async fn seen_by_owner_and_billing(world: &World, status: &str) {
    let owners = world.client("ann").status("1").await.is(200);
    assert_eq!(owners.text("Status"), status);
    for groups in [&["billing"][..], &["support", "billing"], &["billing", "support"]] {
        let seen = world.client_in("clerk", groups).status("1").await.is(200);
        assert_eq!(seen.json, owners.json, "{groups:?}");
    }
    for groups in STRANGERS {
        let stranger = world.client_in("bob", groups);
        let anns = stranger.status("1").await.is(404);
        let unknown = stranger.status("unknown").await.is(404);
        assert_eq!(shown(&anns), shown(&unknown), "{status} {groups:?}");
        assert_eq!(anns.code(), "ORDER_NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_billing_group_still_hears_of_no_order_that_there_is_not() {
    let world = World::stepped().await;
    let answer = world.client_in("clerk", &["billing"]).status("unknown").await.is(404);
    assert_eq!(answer.code(), "ORDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_order_and_an_unknown_one_are_told_alike_to_who_would_pay_them() {
    let world = World::stepped().await;
    world.tokenized(&world.client("ann"), &order("1")).await;
    for groups in STRANGERS {
        let stranger = world.client_in("bob", groups);
        let anns = stranger.pay("1").await.is(404);
        assert_eq!(shown(&anns), shown(&stranger.pay("unknown").await.is(404)), "{groups:?}");
    }
}

/// All that an answer shows but what differs between any two: the request's id and the time.
fn shown(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let mut body = answer.json.clone();
    let id = body.as_object_mut().unwrap().remove("requestId").unwrap();
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.filter(|(name, value)| name != "date" && id != value.as_str());
    (answer.status.as_u16(), headers.collect(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_billing_group_pays_anybodys_order_and_nobody_else_does() {
    let world = World::stepped().await;
    world.tokenized(&world.client("ann"), &order("1")).await;
    for groups in STRANGERS {
        world.client_in("bob", groups).pay("1").await.is(404);
    }
    assert!(world.sandbox.ledger().is_empty());
    let paid = world.client_in("clerk", &["support", "billing"]).pay("1").await.is(200);
    assert_eq!(paid.text("CreditCard Charged"), "****-****-****-1111");
    assert_eq!(world.client("ann").pay("1").await.is(200).json, paid.json);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_revealed_to_the_billing_group_alone_and_once_where_that_is_asked_for() {
    let world = World::stepped_under([("RevealCard", "true")]).await;
    let ann = world.client("ann");
    for id in ["1", "2"] {
        world.tokenized(&ann, &order(id)).await;
    }
    let clerk = world.client_in("clerk", &["billing"]);
    assert_eq!(clerk.pay("1").await.is(200).text("CreditCard Charged"), "4111-1111-1111-1111");
    for payer in [&clerk, &ann] {
        assert_eq!(payer.pay("1").await.is(200).text("CreditCard Charged"), "****-****-****-1111");
    }
    assert_eq!(ann.pay("2").await.is(200).text("CreditCard Charged"), "****-****-****-1111");
    let rows = world.rows(AUDIT).await;
    let items = rows.iter().filter(|row| row.contains_key("Purpose"));
    let mut told: Vec<_> =
        items.map(|row| ["CustomerOrder", "Purpose", "Principal"].map(|name| text(row, name))).collect();
    told.sort_unstable();
    // Who took a card out, which need not be whose card it is.
    assert_eq!(told, [["1", "REVEAL", &clerk.sub()], ["2", "PAYMENT", &ann.sub()]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refusal_reveals_a_card() {
    let world = World::stepped_under([("RevealCard", "true")]).await;
    world.tokenized(&world.client("ann"), &order_of("1", Sandbox::DECLINED)).await;
    let declined = world.client_in("clerk", &["billing"]).pay("1").await.is(402);
    assert!(!declined.json.to_string().contains("4000"), "{declined:?}");
}
