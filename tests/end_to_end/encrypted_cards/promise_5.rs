//! Promise 5: a row that was altered, and a JWE that somebody has seen.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use super::{DAY, NUMBER, world};
use crate::support::{ORDERS, QUARANTINE, encrypted_order, names, order, text};

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
