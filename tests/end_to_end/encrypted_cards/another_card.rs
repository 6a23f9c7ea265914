//! Another card for an order, encrypted: in place of a plain one, of an encrypted one, for the order's owner.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{NUMBER, OTHER, aws_lc_digest, declined, digest, put, world};
use crate::support::{ORDERS, QUARANTINE, VAULT, encrypted_order, text};

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
