//! Another card for an order that is not paid goes through the same airlock as the first.

use paybill::Sandbox;
use serde_json::json;

use crate::support::{
    Client, Fault, ORDERS, QUARANTINE, Relay, VAULT, World, order, order_of, overtaken, overtaken_after, text,
};

const GOOD: &str = "5555-5555-5555-4444";
const OTHER: &str = "4111-1111-1111-1111";
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

/// Order 1, its card declined.
async fn declined() -> (World, Client) {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay_with("one", &json!({ "CustomerOrder": "1" })).await.is(402);
    (world, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_sealed_crosses_and_is_charged() {
    let (world, client) = declined().await;
    let before = world.only_row(ORDERS).await;
    let accepted = client.put_card("1", GOOD).await.is(202);
    assert!(accepted.header("location").ends_with("/order/1"));
    let repeated = client.put_card("1", GOOD).await.is(202);
    assert_eq!(repeated.text("AcceptanceId"), accepted.text("AcceptanceId"));
    assert_eq!(client.put_card("1", OTHER).await.is(409).code(), "CARD_CHANGING");
    let status = client.status("1").await.is(200);
    assert_eq!((status.text("Status"), status.text("CardReplacement")), ("TOKENIZED", "PENDING"));
    assert_eq!((status.text("PaymentStatus"), status.header("retry-after")), ("DECLINED", "1"));

    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    let after = world.only_row(ORDERS).await;
    assert_ne!(after["CreditCardToken"], before["CreditCardToken"]);
    assert_eq!(text(&world.only_row(VAULT).await, "Hash_Key"), text(&after, "CreditCardToken"));
    assert_eq!((text(&after, "CardLast4"), text(&after, "CardBrand")), ("4444", "mastercard"));
    assert_eq!(after["PaymentHistory"], before["PaymentHistory"]);
    let status = client.status("1").await.is(200);
    assert_eq!(status.text("CreditCard"), "****-****-****-4444");
    assert!(status.json.get("PaymentStatus").is_none() && status.json.get("CardReplacement").is_none());
    // A repeat of the client's whose answer was lost.
    client.put_card("1", GOOD).await.is(200);

    // The key of the declined attempt keeps its answer, also with the new card.
    let bill = json!({ "CustomerOrder": "1" });
    client.pay_with("one", &bill).await.is(402);
    assert_eq!(client.pay("1").await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    assert_eq!(world.sandbox.ledger().len(), 2);
    assert_eq!(client.put_card("1", OTHER).await.is(409).code(), "PAYMENT_NOT_DECLINED");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_delivered_twice_or_late_changes_nothing_more() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let records = world.records();
    let last = &records[records.len() - 1..];
    let late = world.only_row(QUARANTINE).await;
    assert_eq!(world.deliver(last).await, None);
    let replaced = world.only_row(ORDERS).await;
    assert_eq!(world.deliver(last).await, None);
    // Ingest's put arrives once more, after the crossing.
    world.put(QUARANTINE, late).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(world.only_row(ORDERS).await, replaced);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_any_call_replaces_the_card_once() {
    for (operation, nth) in [("GetItem", 0), ("GenerateDataKey", 0), ("GetItem", 1), ("PutItem", 0)] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let (world, client) = declined().await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after(operation, nth, fault.clone(), 1);
            client.at(&world.front(relay.url()).await).put_card("1", GOOD).await.is(202);
            assert_eq!(relay.struck(), 1, "{operation} {nth} {fault:?}");
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after("TransactWriteItems", 0, fault, 1);
            let worker = world.worker(relay.url());
            let records = world.records();
            world.deliver_to(&worker, &records[records.len() - 1..]).await;
            world.deliver_last().await;
            assert_eq!(world.counts().await, [0, 1, 1]);
            client.pay("1").await.is(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_succeeds_meanwhile_makes_another_card_needless() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let mut row = world.only_row(ORDERS).await;
    row.insert("PaymentStatus".into(), aws_sdk_dynamodb::types::AttributeValue::S("SUBMITTED".into()));
    world.put(ORDERS, row.clone()).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(ORDERS).await, row);
    let parked = world.only_row(QUARANTINE).await;
    assert_eq!((text(&parked, "Status"), text(&parked, "FailureReason")), ("FAILED", "CARD_NOT_REPLACED"));
    for gone in ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"] {
        assert!(!parked.contains_key(gone), "{gone}");
    }
    assert!(world.dead_letters().is_empty(), "nobody is called for it");
    let replayed = world.replay("1").await;
    assert_eq!((&replayed["rearmed"], &replayed["stillFailing"]), (&json!(0), &json!(0)), "{replayed}");
    world.advance(std::time::Duration::from_hours(1));
    let swept = world.sweep().await;
    let told = ["failed", "oldestSeconds"].map(|name| swept[name].as_u64().unwrap());
    assert_eq!(told, [0, 0], "it waits for nobody: {swept}");
    // Nor when its time is over.
    world.advance(std::time::Duration::from_hours(73));
    let client = world.client("ann");
    assert_eq!(world.sweep().await["expired"], 1);
    assert!(world.dead_letters().is_empty());
    assert_eq!(client.status("1").await.is(200).text("CardReplacement"), "EXPIRED");
    client.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_waits_for_no_order_of_another_customer_that_met_at_the_same_id() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let mut others = world.only_row(QUARANTINE).await;
    others.insert("Owner".into(), aws_sdk_dynamodb::types::AttributeValue::S("somebody else".into()));
    world.put(QUARANTINE, others).await;
    // That row never crosses: to ask again in a moment is of no use.
    assert_eq!(client.put_card("1", GOOD).await.is(409).code(), "CARD_CHANGE_BLOCKED");
    assert_eq!(client.status("1").await.is(200).json.get("CardReplacement"), None, "it is another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_card_is_taken_in_while_a_payment_may_be_charging_the_old_one() {
    let (world, client) = declined().await;
    let mut claimed = world.only_row(ORDERS).await;
    // With a claim that has ended: the outcome is not known yet.
    for (name, text) in [("PaymentStatus", "SUBMITTING"), ("ClaimedUntil", "2026-01-02T03:04:05.006Z")] {
        claimed.insert(name.into(), aws_sdk_dynamodb::types::AttributeValue::S(text.into()));
    }
    world.put(ORDERS, claimed).await;
    let refused = client.put_card("1", GOOD).await.is(409);
    assert_eq!((refused.code(), refused.header("retry-after")), ("PAYMENT_IN_PROGRESS", "5"));
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_lets_another_card_wait_which_crosses_after_a_decline() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let declined = world.only_row(ORDERS).await;
    let mut claimed = declined.clone();
    let string = aws_sdk_dynamodb::types::AttributeValue::S;
    claimed.insert("PaymentStatus".into(), string("SUBMITTING".into()));
    let until =
        humantime::format_rfc3339_millis(world.now() + std::time::Duration::from_secs(600)).to_string();
    claimed.insert("ClaimedUntil".into(), string(until));
    world.put(ORDERS, claimed.clone()).await;
    assert_eq!(world.deliver_last().await, None, "the record is done");
    let waiting = world.only_row(QUARANTINE).await;
    assert_eq!(text(&waiting, "Status"), "PENDING");
    let after = humantime::parse_rfc3339(text(&waiting, "ArmAfter")).unwrap();
    assert_eq!(after, humantime::parse_rfc3339(text(&claimed, "ClaimedUntil")).unwrap() + MINUTE);
    let told = client.status("1").await.is(200);
    let wait: u64 = told.header("retry-after").parse().unwrap();
    assert!((650..=960).contains(&wait), "to the end of the claim and a sweep more: {wait}");
    // Its own change does not wake the worker, and neither position nor sweep takes it up before its time.
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(QUARANTINE).await, waiting);
    world.give_up().await;
    let swept = world.sweep().await;
    assert_eq!(
        (&swept["waiting"], &swept["givenUp"], &swept["positionsSettled"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(world.replay("1").await["rearmed"], 0, "and no operator either");
    world.advance(11 * MINUTE);
    assert_eq!(world.sweep().await["rearmed"], 1);
    let armed = world.only_row(QUARANTINE).await;
    assert!(!armed.contains_key("ArmAfter") && text(&armed, "Attempt") == "2");
    // The claim has ended, but nobody has settled the payment.
    assert_eq!(world.deliver_last().await, None);
    let again = humantime::parse_rfc3339(text(&world.only_row(QUARANTINE).await, "ArmAfter")).unwrap();
    let ahead = again.duration_since(world.now()).unwrap();
    assert!((50..=60).contains(&ahead.as_secs()), "{ahead:?}");
    world.put(ORDERS, declined).await;
    world.advance(2 * MINUTE);
    assert_eq!(world.sweep().await["rearmed"], 1);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(ORDERS).await, "CardLast4"), "4444");
    assert!(world.dead_letters().iter().all(|letter| letter["Kind"].is_null()), "no word of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_whose_payment_never_ends_goes_at_its_deadline_without_word() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let mut claimed = world.only_row(ORDERS).await;
    for (name, text) in [("PaymentStatus", "SUBMITTING"), ("ClaimedUntil", "2026-01-02T03:04:05.006Z")] {
        claimed.insert(name.into(), aws_sdk_dynamodb::types::AttributeValue::S(text.into()));
    }
    world.put(ORDERS, claimed).await;
    // For three days, beyond the time after which any other row is parked.
    for _ in 0..11 {
        assert_eq!(world.deliver_last().await, None);
        world.advance(6 * 60 * MINUTE);
        let swept = world.sweep().await;
        assert_eq!((&swept["rearmed"], &swept["parked"]), (&json!(1), &json!(0)), "{swept}");
    }
    assert_eq!(world.deliver_last().await, None);
    let waiting = world.sweep().await;
    assert_eq!(
        (&waiting["waiting"], &waiting["oldestSeconds"]),
        (&json!(1), &json!(0)),
        "it is stuck nowhere"
    );
    world.advance(6 * 60 * MINUTE);
    assert_eq!(world.sweep().await["notReplaced"], 1);
    let ended = world.only_row(QUARANTINE).await;
    assert_eq!((text(&ended, "Status"), text(&ended, "FailureReason")), ("FAILED", "CARD_NOT_REPLACED"));
    assert!(
        ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"]
            .iter()
            .all(|gone| !ended.contains_key(*gone))
    );
    // What is left of it is no parked row, grows no older, and expires without word as well.
    for (deadline, expired) in [("9999999999", 0), ("1", 1), ("1", 0)] {
        let mut row = world.only_row(QUARANTINE).await;
        row.insert("Deadline".into(), aws_sdk_dynamodb::types::AttributeValue::N(deadline.into()));
        world.put(QUARANTINE, row).await;
        let swept = world.sweep().await;
        let told = ["failed", "oldestSeconds", "expired"].map(|name| swept[name].as_u64().unwrap());
        assert_eq!(told, [0, 0, expired], "{swept}");
    }
    assert!(world.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_attempt_waits_for_another_card_that_is_on_its_way() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let bill = json!({ "CustomerOrder": "1" });
    let early = client.pay_with("two", &bill).await.is(409);
    assert_eq!((early.code(), early.header("retry-after")), ("CARD_CHANGING", "1"));
    client.pay_with("one", &bill).await.is(402);
    world.deliver_last().await;
    assert_eq!(client.pay_with("two", &bill).await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    assert_eq!(world.sandbox.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_submission_sent_again_or_late_is_still_the_same_order() {
    let (world, client) = declined().await;
    let first = order_of("1", Sandbox::DECLINED);
    let late = {
        let record = world.records().into_iter().next().unwrap();
        let image = record["dynamodb"]["NewImage"].clone();
        assert!(image["SealedCard"].is_object());
        record
    };
    client.put_card("1", GOOD).await.is(202);
    world.deliver_last().await;
    assert_eq!(client.submit(&first).await.is(200).text("CreditCard"), "****-****-****-4444");
    let mut other = first.clone();
    other["Address"] = "Reno".into();
    client.submit(&other).await.is(409);
    // The first record once more: its order is across, though by another acceptance now.
    assert_eq!(world.deliver(&[late]).await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert!(world.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_of_billing_sends_another_card_for_its_owner() {
    let (world, client) = declined().await;
    world.clerk().put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_gets_a_retention_of_its_own() {
    let world = World::keeping_cards(1).await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay("1").await.is(402);
    let first = world.only_row(ORDERS).await["CardExpiresAt"].clone();
    world.advance(std::time::Duration::from_hours(12));
    let client = world.client("ann");
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    let (clean, vault) = (world.only_row(ORDERS).await, world.only_row(VAULT).await);
    assert_ne!(clean["CardExpiresAt"], first);
    assert_eq!(clean["CardExpiresAt"], vault["ExpiresAt"]);
    world.advance(std::time::Duration::from_hours(13));
    world.client("ann").pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_taken_from_its_owner_only_and_not_once_the_order_is_paid() {
    let (world, client) = declined().await;
    let bob = world.client("bob");
    let unknown = bob.put_card("2", GOOD).await.is(404);
    let anns = bob.put_card("1", GOOD).await.is(404);
    assert_eq!((anns.code(), anns.text("message")), (unknown.code(), unknown.text("message")));
    client.submit(&order_of("2", GOOD)).await.is(202);
    assert_eq!(client.put_card("2", OTHER).await.is(409).code(), "ORDER_NOT_TOKENIZED");
    assert_eq!(bob.put_card("2", OTHER).await.is(404).code(), unknown.code(), "in quarantine either");
    world.deliver_last().await;
    client.pay("2").await.is(200);
    // Also one of the same last four digits or of the same brand; the very one that was charged is a repeat.
    for other in [OTHER, "4000-0000-0008-4444", "5105-1051-0510-5100"] {
        assert_eq!(client.put_card("2", other).await.is(409).code(), "PAYMENT_NOT_DECLINED", "{other}");
    }
    client.put_card("2", GOOD).await.is(200);
    assert_eq!(client.put_card("1", "4111-1111-1111-1112").await.is(422).code(), "CARD_INVALID");
    assert_eq!(world.counts().await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_that_does_not_open_is_parked_and_the_order_stays_as_it_was() {
    let (world, client) = declined().await;
    let before = world.only_row(ORDERS).await;
    client.put_card("1", GOOD).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(ORDERS).await, before);
    assert_eq!(client.status("1").await.is(200).text("CardReplacement"), "FAILED");
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_made_to_replace_another_token_replaces_nothing() {
    let (world, client) = declined().await;
    let bobs = world.client("bob");
    world.tokenized(&bobs, &order_of("bobs", Sandbox::DECLINED)).await;
    bobs.pay("bobs").await.is(402);
    let victim = world.row(ORDERS, "bobs").await.unwrap();
    client.put_card("1", GOOD).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    row.insert("Replaces".into(), victim["CreditCardToken"].clone());
    world.put(QUARANTINE, row).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "CARD_NOT_REPLACED");
    assert_eq!(world.row(ORDERS, "bobs").await.unwrap(), victim);
    assert_eq!(world.rows(VAULT).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_card_is_replaced_before_any_payment_and_never_charged() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    ann.put_card("1", GOOD).await.is(202);
    let bill = json!({ "CustomerOrder": "1" });
    for _ in 0..2 {
        for early in [ann.pay("1").await, ann.pay_with("one", &bill).await, world.clerk().pay("1").await] {
            let early = early.is(409);
            assert_eq!((early.code(), early.header("retry-after")), ("CARD_CHANGING", "1"));
        }
    }
    assert!(!world.only_row(ORDERS).await.contains_key("PaymentStatus"));
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    let paid = ann.pay("1").await.is(200);
    assert_eq!(paid.text("CreditCard Charged"), "****-****-****-4444");
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_order_without_a_key_is_told_of_the_card_on_its_way_and_not_of_the_old_decline() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(client.pay("1").await.is(409).code(), "CARD_CHANGING");
    world.deliver_last().await;
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_or_crosses_between_a_payments_reads_is_not_passed_over() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for (id, crosses, code) in [("pending", false, "CARD_CHANGING"), ("across", true, "PAYMENT_IN_PROGRESS")]
    {
        world.tokenized(&ann, &order(id)).await;
        // The clean row is read, and the quarantine row not yet.
        let pay = async |ann: Client| ann.pay(id).await;
        let answer = overtaken_after(&world, &ann, ("GetItem", 1), pay, async {
            ann.put_card(id, GOOD).await.is(202);
            if crosses {
                assert_eq!(world.deliver_last().await, None);
            }
        });
        assert_eq!(answer.await.is(409).code(), code);
        assert!(world.sandbox.ledger().is_empty(), "{id}: the mistyped card was charged");
        world.deliver_last().await;
    }
    for id in ["pending", "across"] {
        assert_eq!(ann.pay(id).await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_replace_the_card_holds_no_payment_up() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let late = world.only_row(QUARANTINE).await;
    world.deliver_last().await;
    let mut stale = late.clone();
    let no_token = "11111111-2222-4333-8444-aaaaaaaaaaaa";
    stale.insert("Replaces".into(), aws_sdk_dynamodb::types::AttributeValue::S(no_token.into()));
    world.put(QUARANTINE, stale).await;
    ann.pay_with("one", &json!({ "CustomerOrder": "1" })).await.is(200);
    world.tokenized(&ann, &order("2")).await;
    let mut second = late.clone();
    second.insert("CustomerOrder".into(), aws_sdk_dynamodb::types::AttributeValue::S("2".into()));
    world.put(QUARANTINE, second).await;
    ann.pay("2").await.is(200);
    // Nor does a row that cannot be read.
    world.tokenized(&ann, &order("3")).await;
    let mut unreadable = late;
    unreadable.insert("CustomerOrder".into(), aws_sdk_dynamodb::types::AttributeValue::S("3".into()));
    unreadable.remove("Status");
    world.put(QUARANTINE, unreadable).await;
    ann.pay("3").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_declined_five_times_takes_no_other_card() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order_of("1", Sandbox::DECLINED)).await;
    let bill = json!({ "CustomerOrder": "1" });
    for key in ["one", "two", "three", "four"] {
        ann.pay_with(key, &bill).await.is(402);
    }
    // One try is left, also for another card, which is declined too.
    ann.put_card("1", Sandbox::DECLINED).await.is(202);
    world.deliver_last().await;
    ann.pay_with("five", &bill).await.is(402);
    let before = world.only_row(ORDERS).await;
    for card in [GOOD, Sandbox::DECLINED] {
        assert_eq!(ann.put_card("1", card).await.is(409).code(), "PAYMENT_ATTEMPTS_EXHAUSTED");
    }
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(world.only_row(ORDERS).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_about_another_card_tells_id_and_time_of_one_acceptance() {
    let (world, client) = declined().await;
    let told = |answer: &crate::support::Answer| {
        (answer.text("AcceptanceId").to_owned(), answer.text("AcceptedAt").to_owned())
    };
    let first = told(&client.status("1").await.is(200));
    world.advance(std::time::Duration::from_secs(60));
    let client = world.client("ann");
    let accepted = told(&client.put_card("1", GOOD).await.is(202));
    assert!(accepted.0 != first.0 && accepted.1 > first.1);
    world.advance(std::time::Duration::from_secs(60));
    let client = world.client("ann");
    assert_eq!(told(&client.put_card("1", GOOD).await.is(202)), accepted);
    assert_eq!(told(&client.status("1").await.is(200)), first, "until it is across");
    world.deliver_last().await;
    for answer in [
        client.put_card("1", GOOD).await,
        client.status("1").await,
        client.submit(&order_of("1", Sandbox::DECLINED)).await,
    ] {
        assert_eq!(told(&answer.is(200)), accepted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_crosses_before_its_put_is_known_to_be_done_is_accepted_once() {
    let (world, client) = declined().await;
    let relay = Relay::to(world.aws.url()).await;
    relay.strike("PutItem", Fault::ReplyLost, 1);
    let slow = client.at(&world.front(relay.url()).await);
    let let_through = std::sync::Arc::new(tokio::sync::Notify::new());
    // Read: the order, quarantine, the order. Put, whose reply is lost, and again, in vain. Read: quarantine.
    relay.strike_after("GetItem", 3, Fault::Held(let_through.clone()), 1);
    let (answer, ()) = futures::future::join(slow.put_card("1", GOOD), async {
        crate::support::eventually("both are struck", async || (relay.struck() == 2).then_some(())).await;
        assert_eq!(world.deliver_last().await, None);
        let_through.notify_one();
    })
    .await;
    let accepted = answer.is(202);
    let status = client.status("1").await.is(200);
    for name in ["AcceptanceId", "AcceptedAt"] {
        assert_eq!(accepted.text(name), status.text(name));
    }
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_sent_while_another_crosses_replaces_that_one() {
    // Read: the order, and then quarantine before the order once more.
    for passed in [1, 2] {
        let world = World::stepped().await;
        let ann = world.client("ann");
        world.tokenized(&ann, &order("1")).await;
        let put = async |ann: Client| ann.put_card("1", "378282246310005").await;
        let answer = overtaken_after(&world, &ann, ("GetItem", passed), put, async {
            ann.put_card("1", GOOD).await.is(202);
            assert_eq!(world.deliver_last().await, None);
        });
        answer.await.is(202);
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(world.counts().await, [0, 1, 1], "{passed}");
        assert_eq!(ann.pay("1").await.is(200).text("CreditCard Charged"), "****-****-****-0005", "{passed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_that_an_order_was_placed_with_is_taken_once_more_for_its_expiry_may_have_been_mistyped() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order_of("1", GOOD)).await;
    let before = world.only_row(ORDERS).await;
    ann.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    assert_ne!(world.only_row(ORDERS).await["CreditCardToken"], before["CreditCardToken"]);
    // A repeat of the client's whose answer was lost.
    ann.put_card("1", GOOD).await.is(200);
    ann.pay("1").await.is(200);
    ann.put_card("1", GOOD).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_crosses_while_its_other_card_is_sent_is_not_unknown() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let put = async |ann: Client| ann.put_card("1", GOOD).await;
    overtaken_after(&world, &ann, ("GetItem", 1), put, async {
        assert_eq!(world.deliver_last().await, None);
    })
    .await
    .is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_begun_first_is_not_overtaken_by_another_card() {
    for status in ["SUBMITTING", "SUBMITTED", "UNKNOWN"] {
        let world = World::stepped().await;
        let ann = world.client("ann");
        world.tokenized(&ann, &order("1")).await;
        let put = async |ann: Client| ann.put_card("1", GOOD).await;
        let answer = overtaken(&world, &ann, "PutItem", put, async {
            ann.pay("1").await.is(200);
            let mut row = world.only_row(ORDERS).await;
            row.insert("PaymentStatus".into(), aws_sdk_dynamodb::types::AttributeValue::S(status.into()));
            world.put(ORDERS, row).await;
        });
        answer.await.is(202);
        let before = world.only_row(ORDERS).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(world.only_row(ORDERS).await, before, "{status}");
        assert_eq!(world.rows(VAULT).await.len(), 1, "{status}");
    }
}
