//! Cards that their senders encrypt: ingest never sees them, and the worker judges what ingest cannot.

use std::time::Duration;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde_json::{Value, json};

use crate::support::{
    Client, Encryptor, Fault, Item, Log, ORDERS, QUARANTINE, Relay, VAULT, World, encrypted_order, names,
    order, text,
};

const NUMBER: &str = "4111-1111-1111-1111";
const OTHER: &str = "5555-5555-5555-4444";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_hours(24);

async fn world() -> (World, Client, Encryptor) {
    let world = World::stepped().await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    (world, client, encryptor)
}

async fn put(client: &Client, order: &str, card: &str) -> crate::support::Answer {
    client.replace_card(order, &json!({ "EncryptedCard": card })).await
}

fn digest(row: &Item) -> Option<&[u8]> {
    Some(row.get("CardJweDigest")?.as_b().unwrap().as_ref())
}

/// Order 1 came across with a plain card, and its payment was declined.
async fn declined(world: &World, client: &Client) {
    world.tokenized(client, &order("1")).await;
    let mut row = world.only_row(ORDERS).await;
    row.insert("PaymentStatus".into(), AttributeValue::S("DECLINED".into()));
    row.insert("HardDeclines".into(), AttributeValue::Ss(vec!["visa:1111".into()]));
    world.put(ORDERS, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_is_sealed_as_it_came_crosses_and_is_charged() {
    let (world, client, encryptor) = world().await;
    let card = encryptor.card("1", NUMBER, Some("12/30"));
    client.submit(&encrypted_order("1", &card)).await.is(202);
    let row = world.only_row(QUARANTINE).await;
    for absent in ["CardLast4", "CardBrand"] {
        assert!(!row.contains_key(absent), "{absent}");
    }
    assert_eq!(row["SealedCard"].as_b().unwrap().as_ref()[0], 2, "the version of the envelope");
    let sent = aws_lc_digest(&card);
    assert_eq!(digest(&row), Some(sent.as_slice()));

    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    let clean = world.only_row(ORDERS).await;
    assert_eq!((text(&clean, "CardLast4"), text(&clean, "CardBrand")), ("1111", "visa"));
    assert_eq!(clean["CardHasExpiry"], AttributeValue::Bool(true));
    assert_eq!(digest(&clean), Some(sent.as_slice()));
    assert_eq!(world.only_row(VAULT).await["CandidateString"].as_b().unwrap().as_ref()[0], 1);
    assert_eq!(client.pay("1").await.is(200).text("CreditCard Charged"), "****-****-****-1111");
    assert_eq!(world.sandbox.ledger().len(), 1);
}

fn aws_lc_digest(text: &str) -> Vec<u8> {
    vault::EncryptedCard::parse(text).unwrap().digest().as_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_the_same_order_and_all_others_are_another_one() {
    let (world, client, encryptor) = world().await;
    let card = encryptor.card("1", NUMBER, None);
    let others = [encrypted_order("1", &encryptor.card("1", NUMBER, None)), order("1")];
    let first = client.submit(&encrypted_order("1", &card)).await.is(202);
    let again = client.submit(&encrypted_order("1", &card)).await.is(202);
    for name in ["AcceptanceId", "AcceptedAt"] {
        assert_eq!(again.text(name), first.text(name));
    }
    for other in &others {
        assert_eq!(client.submit(other).await.is(409).code(), "ORDER_CONFLICT", "{other}");
    }
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(client.submit(&encrypted_order("1", &card)).await.is(200).text("Status"), "TOKENIZED");
    for other in &others {
        assert_eq!(client.submit(other).await.is(409).code(), "ORDER_CONFLICT", "{other}");
    }
    // And the other way about: an order with a plain card is not repeated by an encrypted one.
    client.submit(&order("2")).await.is(202);
    let encrypted = encrypted_order("2", &encryptor.card("2", NUMBER, None));
    client.submit(&encrypted).await.is(409);
    world.deliver_last().await;
    client.submit(&encrypted).await.is(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_put_of_the_same_bytes_is_dropped_and_of_others_parked() {
    let (world, client, encryptor) = world().await;
    let card = encryptor.card("1", NUMBER, None);
    client.submit(&encrypted_order("1", &card)).await.is(202);
    let row = world.only_row(QUARANTINE).await;
    world.deliver_last().await;
    world.put(QUARANTINE, row).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);

    let [first, late] = [encryptor.card("2", NUMBER, None), encryptor.card("2", NUMBER, None)];
    world.race(&encrypted_order("2", &first), &encrypted_order("2", &late)).await.is(202);
    world.deliver_last().await;
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "ORDER_EXISTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_any_call_accepts_an_encrypted_card_once() {
    for operation in ["Scan", "GetItem", "GenerateDataKey", "PutItem"] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let (world, client, encryptor) = world().await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike(operation, fault.clone(), 1);
            let card = encryptor.card("1", NUMBER, None);
            client.at(&world.front(relay.url()).await).submit(&encrypted_order("1", &card)).await.is(202);
            assert_eq!(relay.struck(), 1, "{operation} {fault:?}");
            world.deliver_last().await;
            assert_eq!(world.counts().await, [0, 1, 1]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_may_be_encrypted_and_its_bytes_are_what_a_repeat_is_known_by() {
    let (world, client, encryptor) = world().await;
    declined(&world, &client).await;
    let card = encryptor.card("1", OTHER, Some("12/30"));
    let accepted = put(&client, "1", &card).await.is(202);
    assert_eq!(put(&client, "1", &card).await.is(202).text("AcceptanceId"), accepted.text("AcceptanceId"));
    let others = [encryptor.card("1", OTHER, Some("12/30")), encryptor.card("1", NUMBER, None)];
    for other in &others {
        assert_eq!(put(&client, "1", other).await.is(409).code(), "CARD_CHANGING");
    }
    assert_eq!(client.put_card("1", OTHER).await.is(409).code(), "CARD_CHANGING");
    assert_eq!(world.deliver_last().await, None);
    let clean = world.only_row(ORDERS).await;
    assert_eq!((text(&clean, "CardLast4"), digest(&clean)), ("4444", Some(aws_lc_digest(&card).as_slice())));
    put(&client, "1", &card).await.is(200);

    // Declined again, the very same bytes are no other card.
    let mut row = clean.clone();
    row.insert("PaymentStatus".into(), AttributeValue::S("DECLINED".into()));
    world.put(ORDERS, row).await;
    assert_eq!(put(&client, "1", &card).await.is(200).text("PaymentStatus"), "DECLINED");
    world.put(ORDERS, clean).await;
    client.pay("1").await.is(200);
    put(&client, "1", &card).await.is(200);
    for other in &others {
        assert_eq!(put(&client, "1", other).await.is(409).code(), "PAYMENT_NOT_DECLINED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_and_a_plain_one_replace_each_other() {
    let (world, client, encryptor) = world().await;
    let first = encryptor.card("1", NUMBER, Some("12/30"));
    world.tokenized(&client, &encrypted_order("1", &first)).await;
    // The first card, sent again with the same bytes, holds no other number.
    put(&client, "1", &first).await.is(200);
    client.put_card("1", OTHER).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    let clean = world.only_row(ORDERS).await;
    assert_eq!((text(&clean, "CardLast4"), digest(&clean)), ("4444", None));
    client.put_card("1", OTHER).await.is(200);
    put(&client, "1", &encryptor.card("1", NUMBER, None)).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    let clean = world.only_row(ORDERS).await;
    assert_eq!(text(&clean, "CardLast4"), "1111");
    assert!(digest(&clean).is_some());
    // The card that an order came with counts as the same order after another card took its place.
    client.submit(&encrypted_order("1", &first)).await.is(200);
    client.pay("1").await.is(200);
}

/// What a client may put into an encrypted card for order 1, and the detail with which the worker refuses it.
fn refused(encryptor: &Encryptor, world: &World) -> Vec<(String, &'static str)> {
    let content = |change: &dyn Fn(&mut Value)| {
        let mut content = encryptor.content("1", NUMBER);
        change(&mut content);
        encryptor.text(&content.to_string())
    };
    let now = world.now();
    let card = encryptor.card("1", NUMBER, None);
    let (start, tag) = card.rsplit_once('.').unwrap();
    let other_tag = if tag.starts_with('A') { tag.replacen('A', "B", 1) } else { format!("A{}", &tag[1..]) };
    vec![
        (encryptor.card("2", NUMBER, None), "OTHER_ORDER"),
        (encryptor.for_owner("somebody-else").card("1", NUMBER, None), "OTHER_OWNER"),
        (encryptor.at(now - 16 * MINUTE).card("1", NUMBER, None), "ISSUED_AT"),
        (encryptor.at(now + 16 * MINUTE).card("1", NUMBER, None), "ISSUED_AT"),
        (encryptor.at(now - DAY).card("1", NUMBER, None), "ISSUED_AT"),
        (encryptor.card("1", NUMBER, Some("10/26")), "CARD_EXPIRED"),
        (content(&|content| content["CreditCard"] = "4111111111111112".into()), "CARD_INVALID"),
        (content(&|content| content["CardExpiry"] = "13/30".into()), "EXPIRY_INVALID"),
        (content(&|content| content["CVV"] = "123".into()), "CONTENT_MALFORMED"),
        (content(&|content| content["Owner"] = Value::Null), "CONTENT_MALFORMED"),
        (encryptor.text("4111111111111111"), "CONTENT_MALFORMED"),
        (format!("{start}.{other_tag}"), "NOT_OPENED"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_only_the_worker_can_judge_is_refused_with_one_reason_and_can_be_sent_again() {
    let log = Log::of_all_tests();
    let (world, client, encryptor) = world().await;
    for (card, detail) in refused(&encryptor, &world) {
        client.submit(&encrypted_order("1", &card)).await.is(202);
        let logged = log.lines().len();
        assert_eq!(world.deliver_last().await, None, "{detail}");
        let row = world.only_row(QUARANTINE).await;
        assert_eq!(
            (text(&row, "Status"), text(&row, "FailureReason")),
            ("FAILED", "CARD_REFUSED"),
            "{detail}"
        );
        for gone in ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"] {
            assert!(!row.contains_key(gone), "{detail} {gone}");
        }
        let status = client.status("1").await.is(200);
        assert_eq!((status.text("Status"), status.text("FailureReason")), ("FAILED", "CARD_REFUSED"));
        assert!(!status.json.to_string().contains(detail));
        assert_eq!(client.pay("1").await.is(409).code(), "ORDER_FAILED");
        assert!(
            log.lines()[logged..].contains(&format!("detail=\"{detail}\"")),
            "{detail} is not in the log"
        );
        // Nobody is called for it, and no replay selects it.
        assert!(world.dead_letters().is_empty(), "{detail}");
        assert_eq!(world.replay("1").await["rearmed"], 0, "{detail}");
        let swept = world.sweep().await;
        assert_eq!((&swept["failed"], &swept["oldestSeconds"]), (&json!(0), &json!(0)), "{detail}");
        // An old image of the row changes nothing.
        let records = world.records();
        let armed =
            records.iter().rev().find(|record| record["dynamodb"]["NewImage"]["Status"]["S"] == "PENDING");
        assert_eq!(world.deliver(&[armed.unwrap().clone()]).await, None);
        assert_eq!(world.only_row(QUARANTINE).await, row);
    }
    assert_eq!(world.counts().await, [1, 0, 0]);
    let card = encryptor.card("1", NUMBER, None);
    world.tokenized(&client, &encrypted_order("1", &card)).await;
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_within_fifteen_minutes_of_its_acceptance_is_taken_whenever_it_is_opened() {
    let (world, client, encryptor) = world().await;
    let now = world.now();
    for (id, issued_at) in [("late", now - 14 * MINUTE), ("early", now + 14 * MINUTE)] {
        let card = encryptor.at(issued_at).card(id, NUMBER, None);
        client.submit(&encrypted_order(id, &card)).await.is(202);
    }
    // The acceptance decides, not the time at which a worker comes to it. The stream keeps its images for a day only.
    let records = world.records();
    world.advance(2 * DAY);
    assert_eq!(world.deliver(&records).await, None);
    assert_eq!(world.counts().await, [0, 2, 2]);
}

/// A worker from before encrypted cards knows neither the digest nor a row without last4: MALFORMED. One that can read the
/// row and not the envelope says UNKNOWN_VERSION.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_worker_parked_crosses_by_a_replay_hours_later() {
    let (world, client, encryptor) = world().await;
    let parked = [("1", "MALFORMED"), ("2", "UNKNOWN_VERSION")];
    for (id, reason) in parked {
        client.submit(&encrypted_order(id, &encryptor.card(id, NUMBER, None))).await.is(202);
        let mut row = world.row(QUARANTINE, id).await.unwrap();
        row.insert("Status".into(), AttributeValue::S("FAILED".into()));
        row.insert("FailureReason".into(), AttributeValue::S(reason.into()));
        world.put(QUARANTINE, row).await;
    }
    world.advance(60 * MINUTE);
    let client = world.client("ann");
    for (id, reason) in parked {
        assert_eq!(client.status(id).await.text("FailureReason"), reason);
        assert_eq!(world.replay(id).await["rearmed"], 1, "{reason}");
        assert_eq!(world.deliver_last().await, None);
        assert!(world.row(ORDERS, id).await.is_some(), "{reason}");
    }
    assert_eq!(world.counts().await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_refused_card_expires_without_word() {
    let (world, client, encryptor) = world().await;
    client.submit(&encrypted_order("1", &encryptor.card("2", NUMBER, None))).await.is(202);
    world.deliver_last().await;
    world.advance(3 * DAY + MINUTE);
    assert_eq!(world.sweep().await["expired"], 1);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "Status"), "EXPIRED");
    assert!(world.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_that_was_declined_permanently_is_refused_and_leaves_the_order_as_it_was() {
    let (world, client, encryptor) = world().await;
    declined(&world, &client).await;
    let before = world.only_row(ORDERS).await;
    put(&client, "1", &encryptor.card("1", NUMBER, Some("12/30"))).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(ORDERS).await, before);
    let row = world.only_row(QUARANTINE).await;
    assert_eq!((text(&row, "Status"), text(&row, "FailureReason")), ("FAILED", "CARD_REFUSED"));
    assert!(!row.contains_key("SealedCard"));
    assert_eq!(client.status("1").await.text("CardReplacement"), "FAILED");
    assert!(world.dead_letters().is_empty());
    assert_eq!(world.rows(VAULT).await.len(), 1);
    put(&client, "1", &encryptor.card("1", OTHER, None)).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_encrypts_for_the_owner_of_the_order() {
    let (world, ann, encryptor) = world().await;
    let clerk = world.clerk();
    let of_ann = encryptor.for_owner(&ann.sub());
    let mut order = encrypted_order("1", &of_ann.card("1", NUMBER, None));
    order["Owner"] = ann.sub().into();
    world.tokenized(&clerk, &order).await;
    // The clerk's own card for it is the owner's; one that names the clerk is not.
    put(&clerk, "1", &encryptor.for_owner(&clerk.sub()).card("1", OTHER, None)).await.is(202);
    world.deliver_last().await;
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "CARD_REFUSED");
    put(&clerk, "1", &of_ann.card("1", OTHER, None)).await.is(202);
    world.deliver_last().await;
    assert_eq!(text(&world.only_row(ORDERS).await, "CardLast4"), "4444");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_encrypted_cards_wait_and_plain_ones_do_not() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let foreign = {
        let (other, ann, _) = self::world().await;
        Encryptor::of(&other, &ann).await
    };
    let card = foreign.card("1", NUMBER, None);
    let answer = client.submit(&encrypted_order("1", &card)).await.is(503);
    assert_eq!((answer.code(), answer.header("retry-after")), ("CARD_KEYS_UNAVAILABLE", "60"));
    world.tokenized(&client, &order("plain")).await;
    assert_eq!(
        put(&client, "plain", &foreign.card("plain", OTHER, None)).await.is(503).code(),
        "CARD_KEYS_UNAVAILABLE"
    );
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");

    let encryptor = Encryptor::of(&world, &client).await;
    assert_eq!(client.submit(&encrypted_order("1", &card)).await.is(422).code(), "CARD_KEY_NOT_ACCEPTED");
    assert_eq!(put(&client, "plain", &card).await.is(422).code(), "CARD_KEY_NOT_ACCEPTED");
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_when_the_key_of_the_first_request_has_ended() {
    let (world, client, encryptor) = world().await;
    let [pending, across] =
        ["pending", "across"].map(|id| encrypted_order(id, &encryptor.card(id, NUMBER, None)));
    world.tokenized(&client, &across).await;
    put(&client, "across", &encryptor.card("across", OTHER, None)).await.is(202);
    let changing = encryptor.card("2", OTHER, None);
    let first = client.submit(&pending).await.is(202);
    world.tokenized(&client, &order("2")).await;
    put(&client, "2", &changing).await.is(202);
    for _ in 0..2 {
        world.advance(16 * DAY);
        world.make_card_key().await;
    }
    let client = world.client("ann");
    let again = client.submit(&pending).await.is(202);
    assert_eq!(again.text("AcceptanceId"), first.text("AcceptanceId"));
    client.submit(&across).await.is(200);
    put(&client, "2", &changing).await.is(202);
    // What is new is not taken with it.
    let new = encrypted_order("new", &encryptor.at(world.now()).card("new", NUMBER, None));
    assert_eq!(client.submit(&new).await.is(422).code(), "CARD_KEY_NOT_ACCEPTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_encrypted_cards_are_taken_no_other_is_even_read() {
    let world = World::stepped_under([("EncryptedCardOnly", "true")]).await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    let both = |id: &str| {
        let mut order = encrypted_order(id, &encryptor.card(id, NUMBER, None));
        order["CardExpiry"] = "12/30".into();
        order
    };
    for order in [order("1"), both("1")] {
        assert_eq!(client.submit(&order).await.is(422).code(), "ENCRYPTED_CARD_ONLY");
    }
    world.tokenized(&client, &encrypted_order("1", &encryptor.card("1", NUMBER, None))).await;
    assert_eq!(client.put_card("1", OTHER).await.is(422).code(), "ENCRYPTED_CARD_ONLY");
    put(&client, "1", &encryptor.card("1", OTHER, None)).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_needs_its_expiry_where_a_plain_one_does() {
    let world = World::stepped_under([("CardExpiryRequired", "true")]).await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
    world.deliver_last().await;
    assert_eq!(client.status("1").await.text("FailureReason"), "CARD_REFUSED");
    world.tokenized(&client, &encrypted_order("1", &encryptor.card("1", NUMBER, Some("12/30")))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_altered_row_of_an_encrypted_card_is_refused_and_is_no_fault_of_its_sender() {
    let (world, client, encryptor) = world().await;
    let text = |text: &str| AttributeValue::S(text.into());
    let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    for (name, value, reason) in [
        ("AcceptedAt", text("2026-01-02T03:04:05.006Z"), "ENVELOPE_REFUSED"),
        ("Owner", text("somebody-else"), "ENVELOPE_REFUSED"),
        ("AcceptanceId", text("550e8400-e29b-41d4-a716-446655440000"), "ENVELOPE_REFUSED"),
        ("CardJweDigest", bytes(&[7; 32]), "ENVELOPE_REFUSED"),
        ("CardJweDigest", bytes(&[7; 31]), "MALFORMED"),
        ("CardLast4", text("1111"), "MALFORMED"),
        ("CardBrand", text("visa"), "MALFORMED"),
    ] {
        client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
        let whole = world.only_row(QUARANTINE).await;
        let mut row = whole.clone();
        row.insert(name.into(), value);
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None, "{name}");
        let parked = world.only_row(QUARANTINE).await;
        assert_eq!(
            (self::text(&parked, "Status"), self::text(&parked, "FailureReason")),
            ("FAILED", reason),
            "{name}"
        );
        assert!(names(&parked).contains("SealedCard"), "an operator can look at it: {name}");
        world.remove(QUARANTINE, "1").await;
    }
    // The parts of a row of one kind do not make one of the other.
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
    client.submit(&order("2")).await.is(202);
    let (encrypted, plain) =
        (world.row(QUARANTINE, "1").await.unwrap(), world.row(QUARANTINE, "2").await.unwrap());
    let mut as_plain = encrypted.clone();
    as_plain.remove("CardJweDigest");
    let mut as_encrypted = plain.clone();
    as_encrypted.insert("CardJweDigest".into(), encrypted["CardJweDigest"].clone());
    for name in ["CardLast4", "CardBrand"] {
        as_plain.insert(name.into(), plain[name].clone());
        as_encrypted.remove(name);
    }
    for row in [as_plain, as_encrypted] {
        let id = self::text(&row, "CustomerOrder").to_owned();
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(
            self::text(&world.row(QUARANTINE, &id).await.unwrap(), "FailureReason"),
            "ENVELOPE_REFUSED"
        );
    }
    assert_eq!(world.counts().await, [2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_encrypted_card_is_of_no_use_to_anybody_else_and_on_no_other_day() {
    let (world, ann, encryptor) = world().await;
    let card = encryptor.card("1", NUMBER, None);
    world.tokenized(&ann, &encrypted_order("1", &card)).await;
    let bob = world.client("bob");
    let thefts = [(&bob, "2"), (&ann, "2"), (&bob, "3")];
    for (thief, id) in thefts {
        thief.submit(&encrypted_order(id, &card)).await.is(202);
        world.deliver_last().await;
        assert_eq!(thief.status(id).await.text("FailureReason"), "CARD_REFUSED", "{id}");
        world.remove(QUARANTINE, id).await;
    }
    // The same order, the same owner, the next day: the order was removed, and somebody sends it again.
    world.remove(ORDERS, "1").await;
    world.advance(DAY);
    let ann = world.client("ann");
    ann.submit(&encrypted_order("1", &card)).await.is(202);
    world.deliver_last().await;
    assert_eq!(ann.status("1").await.text("FailureReason"), "CARD_REFUSED");
    assert!(world.rows(ORDERS).await.is_empty());
}
