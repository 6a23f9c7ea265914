//! Forgetting a card, on request and when its retention ends.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock::sandbox::Failure;
use paybill::Sandbox;
use serde_json::{Value, json};

use crate::support::{Client, Item, Log, ORDERS, QUARANTINE, VAULT, World, order, order_of, overtaken, text};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_card_is_in_no_table_and_its_order_stays() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let quarantined = world.only_row(QUARANTINE).await;
    world.deliver_last().await;
    let vaulted = world.only_row(VAULT).await;
    let forgotten = ann.forget("1").await.is(200);
    assert_eq!(forgotten.text("CustomerOrder"), "1");
    assert_eq!(world.counts().await, [0, 0, 1]);
    let tables = world.aws.snapshot().unwrap()["tables"].to_string();
    for sealed in [&quarantined["SealedCard"], &vaulted["CandidateString"]] {
        assert!(!tables.contains(&STANDARD.encode(sealed.as_b().unwrap())));
    }

    let status = ann.status("1").await.is(200);
    assert_eq!(status.text("Status"), "TOKENIZED");
    assert_eq!(status.text("CardForgottenAt"), forgotten.text("CardForgottenAt"));
    assert_eq!(ann.submit(&order("1")).await.is(200).json, status.json);
    assert_eq!(ann.pay("1").await.is(410).code(), "CARD_FORGOTTEN");
    for _ in 0..2 {
        world.advance(CLAIM_OVER);
        assert_eq!(ann.forget("1").await.is(200).json, forgotten.json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_and_a_declined_order_answer_as_before_when_their_cards_are_forgotten() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("paid")).await;
    world.tokenized(&ann, &order_of("declined", Sandbox::DECLINED)).await;
    let paid = ann.pay("paid").await.is(200);
    ann.pay("declined").await.is(402);
    for order in ["paid", "declined"] {
        ann.forget(order).await.is(200);
    }
    assert_eq!(world.rows(VAULT).await, []);
    assert_eq!(ann.pay("paid").await.is(200).json, paid.json);
    assert_eq!(ann.pay("declined").await.is(402).code(), "PAYMENT_DECLINED");
    assert!(world.sandbox.ledger().iter().all(|charge| charge.requests == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_forgotten_by_its_orders_owner_or_by_billing_and_for_nobody_else_there_is_any() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    for order in ["1", "2"] {
        world.tokenized(&ann, &crate::support::order(order)).await;
    }
    ann.submit(&order("3")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    let unknown = bob.forget("unknown").await.is(404);
    for order in ["1", "3"] {
        let anns = bob.forget(order).await.is(404);
        assert_eq!((anns.code(), anns.text("message")), (unknown.code(), unknown.text("message")));
    }
    assert_eq!(world.counts().await, [1, 2, 2]);
    let calls = world.aws.calls();
    assert!(calls.iter().all(|call| call.role != "ForgetRole" || call.operation == "GetItem"));
    ann.forget("1").await.is(200);
    let clerk = world.clerk();
    for order in ["2", "3"] {
        clerk.forget(order).await.is(200);
    }
    clerk.forget("unknown").await.is(404);
    assert_eq!(world.rows(VAULT).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_of_a_row_whose_owner_cannot_be_read_is_forgotten_by_billing_alone() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    row.remove("Owner");
    world.put(QUARANTINE, row).await;
    world.deliver_last().await;
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "MALFORMED");
    ann.forget("1").await.is(404);
    assert!(world.only_row(QUARANTINE).await.contains_key("SealedCard"));
    // Each answer about it is the same: it is there for billing, and for nobody else.
    ann.status("1").await.is(404);
    assert_eq!(ann.pay("1").await.is(404).code(), "ORDER_NOT_FOUND");
    let clerk = world.clerk();
    let seen = clerk.status("1").await.is(200);
    assert_eq!((seen.text("Status"), seen.text("FailureReason")), ("FAILED", "MALFORMED"));
    assert_eq!(clerk.pay("1").await.is(409).code(), "ORDER_FAILED");
    assert_eq!(ann.submit(&order("1")).await.is(409).code(), "ORDER_CONFLICT");
    clerk.forget("1").await.is(200);
    assert_eq!(clerk.status("1").await.is(200).text("FailureReason"), "FORGOTTEN");
    assert_eq!(clerk.pay("1").await.is(409).code(), "ORDER_EXPIRED");
    let forgotten = world.only_row(QUARANTINE).await;
    assert_eq!(text(&forgotten, "FailureReason"), "FORGOTTEN");
    assert!(!forgotten.contains_key("SealedCard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_status_cannot_be_read_is_on_its_way_in_each_answer_until_the_sweep_parks_it() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    ann.submit(&order("1")).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    row.insert("Status".to_owned(), AttributeValue::S("SOMETHING".to_owned()));
    world.put(QUARANTINE, row).await;
    let seen = ann.status("1").await.is(200);
    assert_eq!(seen.text("Status"), "PENDING");
    assert!(seen.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(ann.pay("1").await.is(409).code(), "ORDER_PENDING");
    assert_eq!(ann.forget("1").await.is(409).code(), "ORDER_PENDING");
    // Nobody says that it is accepted again, or whose it is.
    assert_eq!(ann.submit(&order("1")).await.is(409).code(), "ORDER_CONFLICT");
    for missing in [bob.status("1").await, bob.pay("1").await, bob.forget("1").await] {
        missing.is(404);
    }
    assert_eq!(world.sweep().await["parked"], 1);
    let seen = ann.status("1").await.is(200);
    assert_eq!((seen.text("Status"), seen.text("FailureReason")), ("FAILED", "MALFORMED"));
    ann.forget("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_met_at_an_order_id_forget_their_own_cards() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    bob.submit(&order_of("1", "5555-5555-5555-4444")).await.is(202);
    let bobs = world.only_row(QUARANTINE).await;
    let key = world
        .dynamodb()
        .delete_item()
        .table_name(QUARANTINE)
        .key("CustomerOrder", bobs["CustomerOrder"].clone());
    key.send().await.unwrap();
    world.tokenized(&ann, &order("1")).await;
    world.put(QUARANTINE, bobs).await;
    world.deliver_last().await;
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "ORDER_EXISTS");
    ann.forget("1").await.is(200);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "Status"), "FAILED");
    bob.forget("1").await.is(200);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "Status"), "EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_on_its_way_is_not_forgotten_until_it_has_arrived() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let pending = ann.forget("1").await.is(409);
    assert_eq!((pending.code(), pending.header("retry-after")), ("ORDER_PENDING", "1"));
    assert_eq!(world.deliver_last().await, None);
    ann.forget("1").await.is(200);
    assert_eq!(world.counts().await, [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_order_loses_its_card_and_never_crosses_again() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    parked(&world, &ann).await;
    let forgotten = ann.forget("1").await.is(200);
    assert_eq!(forgotten.json, json!({ "CustomerOrder": "1" }), "it never was in the vault");
    let row = world.only_row(QUARANTINE).await;
    for gone in ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"] {
        assert!(!row.contains_key(gone), "{gone}");
    }
    let status = ann.status("1").await.is(200);
    assert_eq!((status.text("Status"), status.text("FailureReason")), ("EXPIRED", "FORGOTTEN"));
    assert_eq!(ann.forget("1").await.is(200).json, forgotten.json);

    assert_eq!(world.replay("1").await["rearmed"], 0);
    // Every image of it that the stream still has, and that would have crossed.
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(world.counts().await, [1, 0, 0]);
    world.tokenized(&ann, &order("1")).await;
    ann.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_may_have_been_charged_is_kept_until_that_is_known() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    ann.pay("1").await.is(503);
    for _ in 0..2 {
        let paying = ann.forget("1").await.is(409);
        assert_eq!((paying.code(), paying.header("retry-after")), ("PAYMENT_IN_PROGRESS", "5"));
        world.advance(CLAIM_OVER);
    }
    assert_eq!(world.counts().await, [0, 1, 1]);
    ann.pay("1").await.is(200);
    ann.forget("1").await.is(200);
    assert_eq!(world.counts().await, [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_that_forget_a_card_at_once_are_told_the_same() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let answers = futures::future::join_all((0..10).map(|_| ann.forget("1"))).await;
    let forgotten = ann.forget("1").await.is(200);
    for answer in answers {
        assert_eq!(answer.is(200).json, forgotten.json);
    }
    assert_eq!(world.counts().await, [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_claimed_first_keeps_its_card() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let request = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "TransactWriteItems", request, async {
        ann.pay("1").await.is(503);
    });
    assert_eq!(answer.await.is(409).code(), "PAYMENT_IN_PROGRESS");
    assert_eq!(world.counts().await, [0, 1, 1]);
    world.advance(CLAIM_OVER);
    ann.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_card_was_forgotten_first_claims_nothing() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let request = async |ann: Client| ann.pay("1").await;
    let answer = overtaken(&world, &ann, "UpdateItem", request, async {
        ann.forget("1").await.is(200);
    });
    assert_eq!(answer.await.is(410).code(), "CARD_FORGOTTEN");
    assert!(world.sandbox.ledger().is_empty());
    assert!(!world.only_row(ORDERS).await.contains_key("PaymentStatus"));
    assert!(world.aws.calls().iter().all(|call| call.role != "PaybillRole" || call.operation != "Decrypt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_order_has_got_another_card_meanwhile_claims_nothing() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let request = async |ann: Client| ann.pay("1").await;
    let answer = overtaken(&world, &ann, "UpdateItem", request, async {
        let mut row = world.only_row(ORDERS).await;
        row.insert("TokenizedAt".into(), AttributeValue::S("2026-01-02T03:04:05.006Z".into()));
        world.put(ORDERS, row).await;
    });
    assert_eq!(answer.await.is(409).code(), "PAYMENT_IN_PROGRESS");
    assert!(world.sandbox.ledger().is_empty());
    assert!(!world.only_row(ORDERS).await.contains_key("PaymentStatus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_card_that_is_armed_again_first_is_not_forgotten_on_its_way() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    parked(&world, &ann).await;
    let request = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "UpdateItem", request, async {
        assert_eq!(world.replay("1").await["rearmed"], 1);
    });
    assert_eq!(answer.await.is(409).code(), "ORDER_PENDING");
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_card_that_crosses_first_is_forgotten_in_the_vault() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    parked(&world, &ann).await;
    let request = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "UpdateItem", request, async {
        assert_eq!(world.replay("1").await["rearmed"], 1);
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(world.counts().await, [0, 1, 1]);
    });
    assert!(!answer.await.is(200).text("CardForgottenAt").is_empty());
    assert_eq!(world.counts().await, [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_retention_cards_are_kept_until_they_are_forgotten() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    assert!(!world.only_row(VAULT).await.contains_key("ExpiresAt"));
    assert!(!world.only_row(ORDERS).await.contains_key("CardExpiresAt"));
    world.advance(3650 * DAY);
    ann.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_ends_with_its_retention_and_no_payment_begins_that_would_outlast_it() {
    let world = World::keeping_cards(1).await;
    let ann = world.client("ann");
    let before = world.now();
    for id in ["paid", "unpaid"] {
        world.tokenized(&ann, &order(id)).await;
    }
    let clean = world.row(ORDERS, "unpaid").await.unwrap();
    let end = clean["CardExpiresAt"].clone();
    let seconds: u64 = end.as_n().unwrap().parse().unwrap();
    let since = before.duration_since(UNIX_EPOCH).unwrap() + DAY;
    assert!((since.as_secs()..since.as_secs() + 60).contains(&seconds), "{seconds}");
    let vaulted = world.rows(VAULT).await;
    let is_its = |row: &&Item| row["Hash_Key"] == clean["CreditCardToken"];
    assert_eq!(vaulted.iter().find(is_its).unwrap()["ExpiresAt"], end);
    assert!(ann.status("unpaid").await.is(200).text("CardExpiresAt").ends_with(".000Z"));
    ann.pay("paid").await.is(200);
    let opened = decrypts(&world);

    world.advance(DAY - Duration::from_secs(59));
    for _ in 0..2 {
        assert_eq!(ann.pay("unpaid").await.is(410).code(), "CARD_RETENTION_ENDED");
        ann.pay("paid").await.is(200);
        world.advance(Duration::from_secs(120));
        // DynamoDB removes the rows, sooner or later.
        world.aws.sweep_ttl().unwrap();
    }
    assert_eq!(world.counts().await, [0, 0, 2]);
    assert_eq!((decrypts(&world), world.sandbox.ledger().len()), (opened, 1));
    ann.forget("unpaid").await.is(200);
    assert_eq!(ann.pay("unpaid").await.is(410).code(), "CARD_FORGOTTEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_may_have_been_charged_ends_unknown_when_its_cards_retention_does() {
    let world = World::keeping_cards(1).await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    world.advance(DAY - Duration::from_hours(4));
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    ann.pay("1").await.is(503);
    // The processor would still know the payment again, but there is no card to ask it with.
    world.advance(Duration::from_hours(4) - Duration::from_secs(30));
    for _ in 0..2 {
        assert_eq!(ann.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    }
    assert_eq!(world.sandbox.ledger().len(), 1, "it was charged once, and is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_own_retention_has_ended_is_not_opened_whatever_the_order_says() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let mut row = world.only_row(VAULT).await;
    let now = world.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    row.insert("ExpiresAt".into(), AttributeValue::N(now.to_string()));
    world.put(VAULT, row.clone()).await;
    assert_eq!(ann.pay("1").await.is(500).code(), "CARD_UNREADABLE");
    assert_eq!((decrypts(&world), world.sandbox.ledger().len()), (0, 0));
    row.insert("ExpiresAt".into(), AttributeValue::N((now + 3_600).to_string()));
    world.put(VAULT, row).await;
    ann.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_missing_without_a_reason_is_an_alarm_and_no_410() {
    let log = Log::of_all_tests();
    let world = World::keeping_cards(1).await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("lost-card")).await;
    let card = world.only_row(VAULT).await;
    world.lose_card(&card).await;
    assert_eq!(ann.pay("lost-card").await.is(500).code(), "CARD_UNREADABLE");
    let lines = log.lines();
    let tells =
        |line: &str| line.contains("the vault lacks the card of an order") && line.contains("lost-card");
    assert!(lines.lines().any(tells), "no word of it");
    assert!(lines.contains("\"CardMissing\""), "no metric, and so no alarm");
    // Nothing was charged and no claim is left: with the card back, the order is paid.
    world.put(VAULT, card).await;
    ann.pay("lost-card").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_functions_time_is_over_nothing_is_forgotten_and_the_request_may_come_again() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let claims = json!({ "sub": ann.sub(), "token_use": "id", "aud": world.declared.user_pool_client_id });
    let event = json!({
        "resource": "/order/{CustomerOrder}/card", "path": "/order/1/card", "httpMethod": "DELETE",
        "pathParameters": { "CustomerOrder": "1" }, "headers": {},
        "requestContext": { "httpMethod": "DELETE", "authorizer": { "claims": claims } },
        "body": null, "isBase64Encoded": false,
    });
    let function = world.function("ForgetFunction", world.aws.url());
    let answer = async |time: Duration| {
        let answer = world.invoke(&function, &event, time).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].clone(), body["code"].clone())
    };
    // The answer itself takes a second.
    assert_eq!(answer(Duration::from_secs(1)).await, (json!(503), json!("UNAVAILABLE")));
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(answer(Duration::from_secs(29)).await, (json!(200), Value::Null));
    assert_eq!(world.counts().await, [0, 0, 1]);
}

/// An order in quarantine, FAILED, whose card would open again.
async fn parked(world: &World, client: &Client) {
    client.submit(&order("1")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    world.alter_card().await;
    assert_eq!(text(&world.only_row(QUARANTINE).await, "Status"), "FAILED");
}

/// How often paybill asked KMS to open a card's key.
fn decrypts(world: &World) -> usize {
    let calls = world.aws.calls();
    calls.iter().filter(|call| call.role == "PaybillRole" && call.operation == "Decrypt").count()
}
