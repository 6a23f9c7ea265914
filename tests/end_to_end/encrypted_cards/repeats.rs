//! An encrypted card is known by its bytes: the same are the same order, before and after it crosses.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{DAY, NUMBER, OTHER, aws_lc_digest, digest, put, world};
use crate::support::{Fault, ORDERS, QUARANTINE, Relay, VAULT, encrypted_order, order, text};

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
