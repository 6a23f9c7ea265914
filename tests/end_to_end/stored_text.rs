//! A detector that became stricter judges what arrives. What was stored before is read by its form: here, text that
//! any detector refuses today.

use std::time::Duration;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock::functions;
use clock::Clock;
use paybill::Sandbox;
use serde_json::json;
use vault::{Card, DataKeyPolicy, Pan, QuarantineIdentity, Sealer, opaque_id};

use crate::support::{Fault, Item, ORDERS, QUARANTINE, Relay, World, flipped, order, order_of, text};

const CARD_SHAPED: &str = "4111 1111 1111 1111";
const CARD_SHAPED_ID: &str = "4111111111111111";

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A row with a name and an address that are refused today.
fn with_refused_details(mut row: Item) -> Item {
    row.insert("CustomerName".into(), s(CARD_SHAPED));
    row.insert("Address".into(), s("Jos\u{fffd}, \u{202e}4111-1111-1111-1111"));
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_stored_text_would_be_refused_today_is_shown_paid_given_another_card_and_forgotten() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    let bill = json!({ "CustomerOrder": "1" });
    client.pay_with("one", &bill).await.is(402);
    let mut row = with_refused_details(world.only_row(ORDERS).await);
    let payment = row["PaymentId"].clone();
    let keys = [("one", payment.clone()), (CARD_SHAPED_ID, payment)].map(|(key, id)| (key.to_owned(), id));
    row.insert("PaymentKeys".into(), AttributeValue::M(keys.into()));
    let mut decline = row["PaymentHistory"].as_l().unwrap()[0].as_m().unwrap().clone();
    decline.insert("DeclineCode".into(), s("4111_1111_1111_1111"));
    row.insert("PaymentHistory".into(), AttributeValue::L(vec![AttributeValue::M(decline)]));
    world.put(ORDERS, row.clone()).await;

    assert_eq!(client.status("1").await.is(200).text("PaymentStatus"), "DECLINED");
    assert_eq!(client.pay_with("one", &bill).await.is(402).code(), "PAYMENT_DECLINED");
    client.put_card("1", "5555-5555-5555-4444").await.is(202);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "CustomerName"), CARD_SHAPED);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    client.pay_with("two", &bill).await.is(200);
    client.forget("1").await.is(200);
    let left = world.only_row(ORDERS).await;
    for name in ["CustomerName", "Address", "PaymentHistory"] {
        assert_eq!(left[name], row[name], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_quarantine_whose_text_would_be_refused_today_is_shown_crosses_and_is_parked_for_other_reasons_only()
 {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    let mut row = with_refused_details(world.only_row(QUARANTINE).await);
    let card = row["SealedCard"].clone();
    row.insert("SealedCard".into(), flipped(&card));
    world.put(QUARANTINE, row.clone()).await;
    assert_eq!(client.status("1").await.is(200).text("Status"), "PENDING");
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(client.status("1").await.is(200).text("FailureReason"), "ENVELOPE_REFUSED");

    row.insert("SealedCard".into(), card);
    world.put(QUARANTINE, row).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(text(&world.only_row(ORDERS).await, "CustomerName"), CARD_SHAPED);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_stored_id_would_be_refused_today_crosses_is_parked_replayed_and_expired() {
    let world = World::stepped().await;
    let row = row_of_refused_id(&world).await;
    let mut altered = row.clone();
    altered.insert("SealedCard".into(), flipped(&row["SealedCard"]));
    world.put(QUARANTINE, altered.clone()).await;
    assert_eq!(world.deliver_last().await, None);
    let letter = world.dead_letters().remove(0);
    // What reads as a card number goes into no queue: the letter says that a row is parked, not which.
    assert_eq!((&letter["Reason"], letter.get("CustomerOrder")), (&json!("ENVELOPE_REFUSED"), None));

    // Its row is put right, and the operator names it.
    altered.insert("SealedCard".into(), row["SealedCard"].clone());
    altered.insert("Status".into(), s("FAILED"));
    world.put(QUARANTINE, altered).await;
    let summary = world.replay(CARD_SHAPED_ID).await;
    assert_eq!(summary["rearmed"], 1, "{summary}");
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(ORDERS).await, "CustomerOrder"), CARD_SHAPED_ID);
    assert_eq!(world.counts().await, [0, 1, 1]);

    world.put(QUARANTINE, row).await;
    world.advance(Duration::from_secs(100 * 60 * 60));
    let swept = world.sweep().await;
    assert_eq!((&swept["expired"], &swept["parked"]), (&json!(1), &json!(0)), "{swept}");
    assert_eq!(text(&world.only_row(QUARANTINE).await, "Status"), "EXPIRED");
    let letter = world.dead_letters().pop().unwrap();
    assert_eq!((&letter["Kind"], letter.get("CustomerOrder")), (&json!("EXPIRED"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_refused_today_is_refused_in_each_request_and_asked_of_no_table() {
    let world = World::stepped().await;
    let row = row_of_refused_id(&world).await;
    world.put(QUARANTINE, row).await;
    assert_eq!(world.deliver_last().await, None);
    let relay = Relay::to(world.aws.url()).await;
    let client = world.client("ann").at(&world.front(relay.url()).await);
    for operation in ["GetItem", "PutItem", "UpdateItem", "TransactWriteItems", "GenerateDataKey"] {
        relay.strike(operation, Fault::Lost, usize::MAX);
    }
    for answer in [
        client.status(CARD_SHAPED_ID).await,
        client.put_card(CARD_SHAPED_ID, "5555-5555-5555-4444").await,
        client.forget(CARD_SHAPED_ID).await,
    ] {
        assert_eq!(answer.is(422).code(), "CARD_IN_URL");
    }
    assert_eq!(client.pay(CARD_SHAPED_ID).await.is(422).code(), "ORDER_ID_CARD_SHAPED");
    assert_eq!(relay.struck(), 0);
}

/// A row as an earlier release would have written it for an id that is refused today.
async fn row_of_refused_id(world: &World) -> Item {
    world.client("ann").submit(&order("1")).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    let delete = world.dynamodb().delete_item().table_name(QUARANTINE);
    delete.key("CustomerOrder", s("1")).send().await.unwrap();
    let ingest = world.declared.function("IngestFunction").unwrap();
    let sealer = Sealer::new(
        &functions::sdk_config(world.aws.url(), &ingest.role),
        ingest.environment["QUARANTINE_KEY_ARN"].clone(),
        DataKeyPolicy::default(),
        Clock::system(),
    );
    let card = Card { pan: Pan::parse(CARD_SHAPED).unwrap(), expiry: None };
    let acceptance = opaque_id();
    let owner = text(&row, "Owner").to_owned();
    let place =
        QuarantineIdentity { order: CARD_SHAPED_ID, owner: &owner, acceptance, accepted_at: world.now() };
    let sealed = sealer.seal(card, place).await.unwrap();
    let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    for (name, value) in [
        ("CustomerOrder", s(CARD_SHAPED_ID)),
        ("AcceptanceId", s(&acceptance.to_string())),
        ("SealedCard", bytes(sealed.sealed.as_bytes())),
        ("DataKey", bytes(sealed.data_key.as_bytes())),
        ("KeyBatchId", s(&sealed.key_batch.to_string())),
    ] {
        row.insert(name.into(), value);
    }
    row
}
