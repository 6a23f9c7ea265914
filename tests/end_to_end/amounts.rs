//! Who decides how much: a merchant, with the order or with a payment; never the customer.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::sandbox::Failure;
use paybill::Sandbox;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::support::{
    Answer, Client, Fault, ORDERS, QUARANTINE, Relay, World, eventually, order, order_of, text,
};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Order 1 as the shop places it for a customer.
fn placed_for(customer: &Client, amount: u64) -> Value {
    with(order("1"), &json!({ "Owner": customer.sub(), "Amount": amount, "Currency": "USD" }))
}

fn bill() -> Value {
    json!({ "CustomerOrder": "1" })
}

fn bill_of(amount: u64, currency: &str) -> Value {
    json!({ "CustomerOrder": "1", "Amount": amount, "Currency": currency })
}

async fn asks(client: &Client, bill: &Value) -> Answer {
    client.post("/paybill", bill.to_string()).await
}

/// What was charged or declined, in the order of the ledger.
fn charged(world: &World) -> Vec<Option<(u64, String)>> {
    let amount = |amount: order::Amount| (amount.minor_units.count(), amount.currency.to_string());
    world.sandbox.ledger().into_iter().map(|charge| charge.amount.map(amount)).collect()
}

fn usd(amount: u64) -> Option<(u64, String)> {
    Some((amount, "USD".to_owned()))
}

fn no_call_was_made(world: &World) -> bool {
    let roles = ["IngestRole", "PaybillRole"];
    world.aws.calls().iter().all(|call| !roles.contains(&call.role.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_the_customer_does_not_set_the_price() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order("1")).await;
    assert_eq!(asks(&ann, &bill_of(1, "USD")).await.is(403).code(), "MERCHANT_ONLY");
    assert_eq!(world.only_row(ORDERS).await.get("PaymentStatus"), None);
    let paid = asks(&clerk, &bill_of(4999, "USD")).await.is(200);
    assert_eq!((paid.json["Amount"].as_u64(), paid.text("Currency")), (Some(4999), "USD"));
    assert_eq!(charged(&world), [usd(4999)]);
    // Also not afterwards, with any amount.
    for amount in [1, 4999] {
        assert_eq!(asks(&ann, &bill_of(amount, "USD")).await.is(403).code(), "MERCHANT_ONLY");
    }
    assert_eq!(asks(&ann, &bill()).await.is(200).json, paid.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_says_how_much_or_for_whom_is_refused_before_anything_is_looked_up() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    for more in [
        json!({ "Amount": 1, "Currency": "USD" }),
        json!({ "Amount": 1 }),
        json!({ "Currency": "USD" }),
        json!({ "Owner": ann.sub() }),
        json!({ "Owner": bob.sub() }),
        json!({ "Owner": "nobody" }),
        json!({ "Amount": "1", "Currency": null }),
        json!({ "Amount": 0, "Currency": "none", "Owner": "nobody" }),
    ] {
        for groups in [&[][..], &["support"], &["Billing"]] {
            let customer = world.client_in("ann", groups);
            let refused = customer.submit(&with(order("1"), &more)).await.is(403);
            assert_eq!(refused.code(), "MERCHANT_ONLY", "{more}");
        }
    }
    assert!(no_call_was_made(&world));
    // It is the same where there is such an order.
    ann.submit(&order("1")).await.is(202);
    let before = world.aws.calls().len();
    for customer in [&ann, &bob] {
        let priced = with(order("1"), &json!({ "Amount": 1, "Currency": "USD" }));
        assert_eq!(customer.submit(&priced).await.is(403).code(), "MERCHANT_ONLY");
    }
    assert_eq!(world.aws.calls().len(), before);
    // A null says nothing.
    let nulls = json!({ "Amount": null, "Currency": null, "Owner": null });
    ann.submit(&with(order("1"), &nulls)).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merchants_amount_travels_with_the_order_and_is_what_its_owner_pays() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    clerk.submit(&placed_for(&ann, 4999)).await.is(202);
    let waiting = ann.status("1").await.is(200);
    assert_eq!((waiting.text("Status"), waiting.json["OrderAmount"].as_u64()), ("PENDING", Some(4999)));
    assert_eq!(world.deliver_last().await, None);
    let row = world.only_row(ORDERS).await;
    assert_eq!(row["Owner"], AttributeValue::S(ann.sub()));
    assert_eq!(row["OrderAmount"], AttributeValue::N("4999".into()));
    assert_eq!(row["OrderCurrency"], AttributeValue::S("USD".into()));
    let across = ann.status("1").await.is(200);
    assert_eq!((across.json["OrderAmount"].as_u64(), across.text("OrderCurrency")), (Some(4999), "USD"));
    assert!(across.json.get("PaymentAmount").is_none());

    for other in [bill_of(1, "USD"), bill_of(4999, "EUR")] {
        for payer in [&ann, &clerk] {
            assert_eq!(asks(payer, &other).await.is(422).code(), "AMOUNT_DIFFERS");
        }
    }
    let paid = asks(&ann, &bill()).await.is(200);
    assert_eq!((paid.json["Amount"].as_u64(), paid.text("Currency")), (Some(4999), "USD"));
    for payer in [&ann, &clerk] {
        assert_eq!(asks(payer, &bill_of(4999, "USD")).await.is(200).json, paid.json);
        assert_eq!(asks(payer, &bill()).await.is(200).json, paid.json);
        assert_eq!(asks(payer, &bill_of(1, "USD")).await.is(422).code(), "AMOUNT_DIFFERS");
    }
    assert_eq!(charged(&world), [usd(4999)]);
    let status = ann.status("1").await.is(200);
    assert_eq!((status.json["PaymentAmount"].as_u64(), status.text("PaymentCurrency")), (Some(4999), "USD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_merchant_places_for_somebody_is_theirs() {
    let world = World::stepped().await;
    let (ann, bob, clerk) = (world.client("ann"), world.client("bob"), world.clerk());
    let placed = clerk.submit(&placed_for(&ann, 4999)).await.is(202);
    // Ann's own order, sent again. She may not send the amount.
    assert_eq!(ann.submit(&order("1")).await.is(202).text("AcceptanceId"), placed.text("AcceptanceId"));
    for other in [&bob, &clerk] {
        assert_eq!(other.submit(&order("1")).await.is(409).code(), "ORDER_CONFLICT");
    }
    bob.status("1").await.is(404);
    assert_eq!(world.deliver_last().await, None);
    ann.submit(&order("1")).await.is(200);
    bob.pay("1").await.is(404);
    assert_eq!(ann.pay("1").await.is(200).json["Amount"].as_u64(), Some(4999));
    ann.forget("1").await.is(200);
}

/// The second table of `order::accepting::decide`, for an order that is there: who sent it first, who sends it then, with what.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_is_told_again_with_its_amount_or_without_and_with_no_other() {
    for is_across in [false, true] {
        let world = World::stepped().await;
        let (ann, bob, clerk) = (world.client("ann"), world.client("bob"), world.clerk());
        let other_clerk = world.client_in("other clerk", &["billing"]);
        let of_ann = json!({ "Owner": ann.sub() });
        let at = |amount: u64, currency: &str| json!({ "Owner": ann.sub(), "Amount": amount, "Currency": currency });
        ann.submit(&order("hers")).await.is(202);
        clerk.submit(&with(order("priced"), &at(4999, "USD"))).await.is(202);
        if is_across {
            world.deliver(&world.records()).await;
        }
        let same = if is_across { 200 } else { 202 };
        let own = json!({});
        for (sender, id, more, status) in [
            (&ann, "hers", &own, same),
            (&clerk, "hers", &of_ann, same),
            (&clerk, "hers", &own, 409),
            (&clerk, "hers", &at(4999, "USD"), 409),
            (&ann, "priced", &own, same),
            (&clerk, "priced", &at(4999, "USD"), same),
            (&clerk, "priced", &of_ann, same),
            (&other_clerk, "priced", &at(4999, "USD"), same),
            (&clerk, "priced", &own, 409),
            (&clerk, "priced", &at(5000, "USD"), 409),
            (&clerk, "priced", &at(4999, "EUR"), 409),
            (&clerk, "priced", &json!({ "Owner": bob.sub(), "Amount": 4999, "Currency": "USD" }), 409),
            (&bob, "priced", &own, 409),
        ] {
            let before = (world.rows(QUARANTINE).await, world.rows(ORDERS).await);
            let answer = sender.submit(&with(order(id), more)).await;
            assert_eq!(answer.status, status, "{id} {more} {answer:?}");
            assert_eq!((world.rows(QUARANTINE).await, world.rows(ORDERS).await), before, "{id} {more}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_acceptance_in_place_of_a_failed_or_expired_one_keeps_the_amount_unless_a_merchant_gives_another()
 {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    let of_ann = json!({ "Owner": ann.sub() });
    let dearer = json!({ "Owner": ann.sub(), "Amount": 5999, "Currency": "EUR" });
    for is_expired in [false, true] {
        for (nth, (sender, more, amount, currency)) in [
            (&ann, &json!({}), "4999", "USD"),
            (&clerk, &of_ann, "4999", "USD"),
            (&clerk, &dearer, "5999", "EUR"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("{nth}-{is_expired}");
            clerk
                .submit(&with(order(&id), &with(of_ann.clone(), &json!({"Amount": 4999, "Currency": "USD"}))))
                .await
                .is(202);
            world.alter_card().await;
            world.deliver_last().await;
            if is_expired {
                ann.forget(&id).await.is(200);
            }
            let lost = ann.status(&id).await.is(200);
            assert_eq!(lost.text("Status"), if is_expired { "EXPIRED" } else { "FAILED" });
            assert_eq!(lost.json["OrderAmount"].as_u64(), Some(4999));
            world.tokenized(sender, &with(order(&id), more)).await;
            let row = world.row(ORDERS, &id).await.unwrap();
            assert_eq!(row["OrderAmount"], AttributeValue::N(amount.into()), "{id}");
            assert_eq!(text(&row, "OrderCurrency"), currency, "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_cannot_be_read_is_not_renewed_away() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    clerk.submit(&placed_for(&ann, 4999)).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    row.remove("OrderCurrency");
    world.put(QUARANTINE, row).await;
    world.deliver_last().await;
    let parked = ann.status("1").await.is(200);
    assert_eq!((parked.text("Status"), parked.text("FailureReason")), ("FAILED", "MALFORMED"));
    ann.submit(&order("1")).await.is(409);
    world.tokenized(&clerk, &placed_for(&ann, 4999)).await;
    assert_eq!(ann.pay("1").await.is(200).json["Amount"].as_u64(), Some(4999));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_customer_and_a_merchant_who_renew_at_once_one_is_first_and_no_price_is_lost() {
    for customer_is_late in [true, false] {
        let world = World::stepped().await;
        let (ann, clerk) = (world.client("ann"), world.clerk());
        clerk.submit(&placed_for(&ann, 4999)).await.is(202);
        world.alter_card().await;
        world.deliver_last().await;
        let relay = Relay::to(world.aws.url()).await;
        let front = world.front(relay.url()).await;
        let let_through = Arc::new(Notify::new());
        relay.strike_after("PutItem", 1, Fault::Held(let_through.clone()), 1);
        let (late, first) = if customer_is_late { (&ann, &clerk) } else { (&clerk, &ann) };
        let body = |sender: &Client| {
            if sender.sub() == ann.sub() { order("1") } else { placed_for(&ann, 5999) }
        };
        let slow = late.at(&front);
        let late_body = body(late);
        let (answer, ()) = futures::future::join(slow.submit(&late_body), async {
            eventually("the late put is held", async || (relay.struck() == 1).then_some(())).await;
            first.submit(&body(first)).await.is(202);
            let_through.notify_one();
        })
        .await;
        // The customer repeats the stored order; the merchant gets the answer that the order has another amount.
        assert_eq!(answer.status, if customer_is_late { 202 } else { 409 }, "{answer:?}");
        let row = world.only_row(QUARANTINE).await;
        let amount = if customer_is_late { "5999" } else { "4999" };
        assert_eq!(row["OrderAmount"], AttributeValue::N(amount.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_arrives_late_with_another_price_is_parked_and_one_without_is_the_same() {
    for (late, left) in [(None, 0), (Some(4999), 0), (Some(5999), 1)] {
        let world = World::stepped().await;
        let (ann, clerk) = (world.client("ann"), world.clerk());
        let relay = Relay::to(world.aws.url()).await;
        let front = world.front(relay.url()).await;
        let let_through = Arc::new(Notify::new());
        relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
        let (sender, body) = match late {
            None => (&ann, order("1")),
            Some(amount) => (&clerk, placed_for(&ann, amount)),
        };
        let slow = sender.at(&front);
        let (answer, ()) = futures::future::join(slow.submit(&body), async {
            eventually("the late put is held", async || (relay.struck() == 1).then_some(())).await;
            world.tokenized(&clerk, &placed_for(&ann, 4999)).await;
            let_through.notify_one();
        })
        .await;
        answer.is(202);
        assert_eq!(world.deliver_last().await, None);
        let rows = world.rows(QUARANTINE).await;
        assert_eq!(rows.len(), left, "{late:?}");
        assert!(rows.iter().all(|row| text(row, "FailureReason") == "ORDER_EXISTS"), "{rows:?}");
        assert_eq!(ann.pay("1").await.is(200).json["Amount"].as_u64(), Some(4999));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerks_amount_is_that_payments_only_and_a_typing_error_can_be_corrected_after_a_decline() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order_of("1", Sandbox::DECLINED)).await;
    assert_eq!(clerk.pay_with("one", &bill_of(499_900, "USD")).await.is(402).code(), "PAYMENT_DECLINED");
    assert_eq!(clerk.pay_with("one", &bill_of(4999, "USD")).await.is(422).code(), "AMOUNT_DIFFERS");
    let row = world.only_row(ORDERS).await;
    assert_eq!((row.get("OrderAmount"), row.get("OrderCurrency")), (None, None));
    assert!(ann.status("1").await.json.get("OrderAmount").is_none());
    clerk.pay_with("two", &bill_of(4999, "USD")).await.is(402);
    // The order has none still: the next payment has its own, or none.
    ann.pay_with("three", &bill()).await.is(402);
    assert_eq!(charged(&world), [usd(499_900), usd(4999), None]);
    assert_eq!(ann.pay_with("four", &bill_of(4999, "USD")).await.is(403).code(), "MERCHANT_ONLY");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_leaves_the_orders_amount_as_it_is() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    let declining = with(placed_for(&ann, 4999), &json!({ "CreditCard": Sandbox::DECLINED }));
    world.tokenized(&clerk, &declining).await;
    ann.pay("1").await.is(402);
    ann.put_card("1", "5555-5555-5555-4444").await.is(202);
    assert_eq!(world.only_row(QUARANTINE).await.get("OrderAmount"), None);
    assert_eq!(world.deliver_last().await, None);
    let status = ann.status("1").await.is(200);
    assert_eq!(
        (status.text("CreditCard"), status.json["OrderAmount"].as_u64()),
        ("****-****-****-4444", Some(4999))
    );
    assert!(status.json.get("PaymentAmount").is_none());
    assert_eq!(asks(&ann, &bill_of(1, "USD")).await.is(422).code(), "AMOUNT_DIFFERS");
    ann.pay("1").await.is(200);
    assert_eq!(charged(&world), [usd(4999), usd(4999)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_amount_is_required_no_payment_begins_without_one() {
    let world = World::stepped_under([("AmountRequired", "true")]).await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order("1")).await;
    for payer in [&ann, &clerk] {
        assert_eq!(asks(payer, &bill()).await.is(409).code(), "AMOUNT_NOT_SET");
        assert_eq!(payer.pay_with("key", &bill()).await.is(409).code(), "AMOUNT_NOT_SET");
    }
    assert_eq!(asks(&ann, &bill_of(1, "USD")).await.is(403).code(), "MERCHANT_ONLY");
    world.client("bob").pay("1").await.is(404);
    let row = world.only_row(ORDERS).await;
    assert!(!row.contains_key("PaymentStatus") && !row.contains_key("PaymentKeys"), "{row:?}");
    let paid = clerk.pay_with("key", &bill_of(4999, "USD")).await.is(200);
    // The answer about a paid order needs none.
    assert_eq!(asks(&ann, &bill()).await.is(200).json, paid.json);
    let priced = with(placed_for(&ann, 700), &json!({ "CustomerOrder": "2" }));
    world.tokenized(&clerk, &priced).await;
    ann.pay("2").await.is(200);
    assert_eq!(charged(&world), [usd(4999), usd(700)]);
}

/// As paybill left a row when it was interrupted, before merchants decided how much: the customer named the amount.
async fn interrupted_before_this_rule(world: &World, amount: Option<u64>) {
    let mut row = world.only_row(ORDERS).await;
    let ids = ["PaymentId", "ClaimId"].map(|name| (name, AttributeValue::S(Uuid::new_v4().to_string())));
    row.extend(ids.map(|(name, id)| (name.to_owned(), id)));
    row.insert("PaymentStatus".into(), AttributeValue::S("SUBMITTING".into()));
    row.insert("PaymentStartedAt".into(), row["AcceptedAt"].clone());
    row.insert("ClaimedUntil".into(), row["AcceptedAt"].clone());
    // Where it was sent is another rule's affair: without that it would not be sent again.
    let digest = paybill::profile::Profile::load("airlock").unwrap().digest().to_owned();
    for (name, value) in [
        ("PaymentProfile", "airlock".to_owned()),
        ("PaymentProfileDigest", digest),
        ("PaymentOrigin", world.sandbox.url()),
        ("PaymentAccount", String::new()),
    ] {
        row.insert(name.into(), AttributeValue::S(value));
    }
    if let Some(amount) = amount {
        row.insert("PaymentAmount".into(), AttributeValue::N(amount.to_string()));
        row.insert("PaymentCurrency".into(), AttributeValue::S("USD".into()));
    }
    world.put(ORDERS, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_a_customer_began_before_this_rule_keeps_its_amount_when_it_is_taken_over() {
    for amount in [Some(250), None] {
        for owner_asks in [true, false] {
            let world = World::stepped_under([("AmountRequired", "true")]).await;
            let (ann, clerk) = (world.client("ann"), world.clerk());
            world.tokenized(&ann, &order("1")).await;
            interrupted_before_this_rule(&world, amount).await;
            let payment = text(&world.only_row(ORDERS).await, "PaymentId").to_owned();
            assert_eq!(asks(&clerk, &bill_of(4999, "USD")).await.is(422).code(), "AMOUNT_DIFFERS");
            let paid = if owner_asks { ann.pay("1").await } else { clerk.pay("1").await }.is(200);
            assert_eq!((paid.text("PaymentId"), paid.json["Amount"].as_u64()), (payment.as_str(), amount));
            assert_eq!(charged(&world), [amount.and_then(usd)]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_before_this_rule_is_given_up_after_a_day_with_its_amount() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    interrupted_before_this_rule(&world, Some(250)).await;
    world.advance(Duration::from_hours(23));
    assert_eq!(world.client("ann").pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    let status = world.client("ann").status("1").await.is(200);
    assert_eq!((status.text("PaymentStatus"), status.json["PaymentAmount"].as_u64()), ("UNKNOWN", Some(250)));
    assert!(world.sandbox.ledger().is_empty());
}

/// The text in single quotes after an option of the command in docs/operating.md.
fn documented(option: &str) -> &'static str {
    let guide = include_str!("../../docs/operating.md");
    let command = guide.split("**Payments that customers began.**").nth(1).unwrap();
    command.split(option).nth(1).unwrap().split('\'').nth(1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_command_lists_the_open_payments_whose_amount_a_customer_may_have_named() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order("1")).await;
    interrupted_before_this_rule(&world, Some(250)).await;
    for id in ["paid", "untouched"] {
        world.tokenized(&ann, &order(id)).await;
    }
    asks(&clerk, &json!({ "CustomerOrder": "paid", "Amount": 4999, "Currency": "USD" })).await.is(200);
    world.tokenized(&clerk, &with(placed_for(&ann, 4999), &json!({ "CustomerOrder": "priced" }))).await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    ann.pay("priced").await.is(503);

    let values: Value = serde_json::from_str(documented("--expression-attribute-values")).unwrap();
    let mut scan = world.dynamodb().scan().table_name(ORDERS);
    for (name, value) in values.as_object().unwrap() {
        scan = scan.expression_attribute_values(name, AttributeValue::S(value["S"].as_str().unwrap().into()));
    }
    let names: Value = serde_json::from_str(documented("--expression-attribute-names")).unwrap();
    for (name, attribute) in names.as_object().unwrap() {
        scan = scan.expression_attribute_names(name, attribute.as_str().unwrap());
    }
    let listed = scan
        .filter_expression(documented("--filter-expression"))
        .projection_expression(documented("--projection-expression"))
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
    let [row] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((text(row, "CustomerOrder"), text(row, "Owner")), ("1", ann.sub().as_str()));
    assert_eq!(row["PaymentAmount"], AttributeValue::N("250".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerks_payment_that_was_interrupted_keeps_its_amount_whoever_takes_it_over() {
    let world = World::stepped_under([("AmountRequired", "true")]).await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order("1")).await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    asks(&clerk, &bill_of(4999, "USD")).await.is(503);
    world.advance(CLAIM_OVER);
    assert_eq!(asks(&clerk, &bill_of(5999, "USD")).await.is(422).code(), "AMOUNT_DIFFERS");
    assert_eq!(ann.pay("1").await.is(200).json["Amount"].as_u64(), Some(4999));
    let ledger = world.sandbox.ledger();
    assert_eq!((charged(&world), ledger[0].requests), (vec![usd(4999)], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_merchants_collect_an_owner_pays_nothing_and_a_stranger_hears_nothing() {
    let world = World::stepped_under([("OwnerMayPay", "false")]).await;
    let (ann, bob, clerk) = (world.client("ann"), world.client("bob"), world.clerk());
    ann.submit(&order("1")).await.is(202);
    for payer in [&ann, &bob] {
        let status = if payer.sub() == ann.sub() { 403 } else { 404 };
        payer.pay("1").await.is(status);
    }
    assert_eq!(clerk.pay("1").await.is(409).code(), "ORDER_PENDING");
    assert_eq!(world.deliver_last().await, None);
    for bill in [bill(), bill_of(4999, "USD")] {
        assert_eq!(asks(&ann, &bill).await.is(403).code(), "MERCHANT_ONLY");
        assert_eq!(asks(&bob, &bill).await.is(404).code(), "ORDER_NOT_FOUND");
    }
    assert!(world.sandbox.ledger().is_empty());
    asks(&clerk, &bill_of(4999, "USD")).await.is(200);
    assert_eq!(asks(&ann, &bill()).await.is(403).code(), "MERCHANT_ONLY");
    assert_eq!(charged(&world), [usd(4999)]);
    // A merchant's own order is a merchant's.
    world.tokenized(&clerk, &order("2")).await;
    clerk.pay("2").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_names_an_amount_hears_of_no_order() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let strange = async |id: &str| {
        let bill = json!({ "CustomerOrder": id, "Amount": 1, "Currency": "USD" });
        asks(&bob, &bill).await.is(404).code().to_owned()
    };
    world.tokenized(&ann, &order("1")).await;
    assert_eq!([strange("1").await, strange("unknown").await], ["ORDER_NOT_FOUND"; 2]);
    world.tokenized(&world.clerk(), &with(placed_for(&ann, 4999), &json!({ "CustomerOrder": "2" }))).await;
    assert_eq!(strange("2").await, "ORDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_and_merchant_who_pay_at_once_charge_one_amount_once() {
    let world = World::stepped().await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    for round in 0..4 {
        let id = round.to_string();
        world.tokenized(&ann, &order(&id)).await;
        let of_clerk = json!({ "CustomerOrder": id, "Amount": 4999, "Currency": "USD" });
        let of_ann = json!({ "CustomerOrder": id, "Amount": 1, "Currency": "USD" });
        let (cheated, paid, owned) =
            futures::join!(asks(&ann, &of_ann), clerk.pay_with("k", &of_clerk), ann.pay(&id));
        cheated.is(403);
        // The first one decides; the answer to the other says so, or asks to try again.
        for answer in [paid, owned] {
            let known = ["", "PAYMENT_IN_PROGRESS", "AMOUNT_DIFFERS"].contains(&answer.code());
            assert!(known, "{answer:?}");
        }
    }
    let charges = charged(&world);
    assert_eq!(charges.len(), 4);
    assert!(charges.iter().all(|charge| [None, usd(4999)].contains(charge)), "{charges:?}");
    // Where the order has its price there is nothing to be first at.
    world.tokenized(&clerk, &with(placed_for(&ann, 700), &json!({ "CustomerOrder": "priced" }))).await;
    let same = json!({ "CustomerOrder": "priced", "Amount": 700, "Currency": "USD" });
    let other = json!({ "CustomerOrder": "priced", "Amount": 701, "Currency": "USD" });
    let (a, b, c, d) =
        futures::join!(asks(&ann, &same), asks(&clerk, &same), ann.pay("priced"), asks(&clerk, &other));
    d.is(422);
    for answer in [a, b, c] {
        assert!(["", "PAYMENT_IN_PROGRESS"].contains(&answer.code()), "{answer:?}");
    }
    assert_eq!(charged(&world).last().unwrap(), &usd(700));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_from_before_amounts_cross_are_paid_and_told_again_as_ever() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    // An order without an amount has the row that it always had.
    let row = world.only_row(QUARANTINE).await;
    assert!(row.keys().all(|name| !name.starts_with("Order")), "{row:?}");
    assert_eq!(world.deliver_last().await, None);
    let row = world.only_row(ORDERS).await;
    assert!(row.keys().all(|name| !name.starts_with("Order")), "{row:?}");
    ann.submit(&order("1")).await.is(200);
    ann.pay("1").await.is(200);
}
