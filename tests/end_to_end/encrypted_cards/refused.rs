//! What only the worker can judge: it refuses for good, with one public reason.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::{DAY, MINUTE, NUMBER, jwe, put, world};
use crate::support::{Encryptor, Log, ORDERS, QUARANTINE, World, encrypted_order, order, text};

/// What a client may put into an encrypted card for order 1, and the detail with which the worker refuses it.
fn refused(encryptor: &Encryptor, world: &World) -> Vec<(String, &'static str)> {
    let content = |change: &dyn Fn(&mut Value)| {
        let mut content = encryptor.content("1", NUMBER);
        change(&mut content);
        encryptor.text(&content.to_string())
    };
    let now = world.now();
    let card = encryptor.card("1", NUMBER, None);
    let epk = |epk: Value| jwe::changed(&card, |header| header["epk"] = epk);
    // Whoever multiplies this point of the curve by 1 gets a shared secret of zeros.
    let zero = json!({
        "kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q",
    });
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
        (encryptor.text(&encryptor.card("1", NUMBER, None)), "CONTENT_MALFORMED"),
        (jwe::flipped(&card, 2), "NOT_OPENED"),
        (jwe::flipped(&card, 3), "NOT_OPENED"),
        (jwe::flipped(&card, 4), "NOT_OPENED"),
        (jwe::changed(&card, |header| header["typ"] = "JWE".into()), "NOT_OPENED"),
        (epk(jwe::header(&encryptor.card("1", NUMBER, None))["epk"].clone()), "NOT_OPENED"),
        (epk(zero), "NOT_OPENED"),
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

/// The rules of a card, where ingest sees it and where only the worker does.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_card_is_answered_with_the_code_with_which_the_worker_refuses_an_encrypted_one() {
    let log = Log::of_all_tests();
    let world = World::stepped_under([("CardExpiryRequired", "true")]).await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    let refused_as = async |id: &str, code: &str| {
        let logged = log.lines().len();
        assert_eq!(world.deliver_last().await, None, "{code}");
        assert_eq!(text(&world.row(QUARANTINE, id).await.unwrap(), "FailureReason"), "CARD_REFUSED");
        let said = log.lines()[logged..].to_owned();
        assert!(said.contains(&format!("detail=\"{code}\"")), "{code} is not in the log: {said}");
    };
    for (number, expiry) in [
        ("4111111111111112", Some("12/30")),
        ("4111", Some("12/30")),
        ("4111x1111", Some("12/30")),
        (NUMBER, Some("10/26")),
        (NUMBER, Some("2030-12")),
        (NUMBER, None),
    ] {
        let mut plain = order("1");
        plain["CreditCard"] = number.into();
        let mut content = encryptor.content("1", number);
        if let Some(expiry) = expiry {
            plain["CardExpiry"] = expiry.into();
            content["CardExpiry"] = expiry.into();
        }
        let answer = client.submit(&plain).await;
        assert!(answer.status.is_client_error(), "{answer:?}");
        client.submit(&encrypted_order("1", &encryptor.text(&content.to_string()))).await.is(202);
        refused_as("1", answer.code()).await;
    }
    // A card that was declined permanently.
    let mut paid = order("2");
    paid["CardExpiry"] = "12/30".into();
    world.tokenized(&client, &paid).await;
    let mut row = world.row(ORDERS, "2").await.unwrap();
    row.insert("PaymentStatus".into(), AttributeValue::S("DECLINED".into()));
    row.insert("HardDeclines".into(), AttributeValue::Ss(vec!["visa:1111".into()]));
    world.put(ORDERS, row).await;
    let plain = client.replace_card("2", &json!({ "CreditCard": NUMBER, "CardExpiry": "12/30" })).await;
    put(&client, "2", &encryptor.card("2", NUMBER, Some("12/30"))).await.is(202);
    refused_as("2", plain.is(409).code()).await;
}
