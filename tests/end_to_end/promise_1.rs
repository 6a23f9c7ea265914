//! No card at rest in the clear. The same batch is sent to the real program, logs and all, in `card-airlock/tests/leaks/`.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock::functions;
use serde_json::Value;

use crate::{
    leaks::{Attempt, Cards, Searched, attempts, planted_forms},
    support::{AUDIT, Item, ORDERS, QUARANTINE, World, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_no_card_is_found_anywhere_after_it_was_sent_right_and_wrong() {
    let world = World::running().await;
    let client = world.client("ann");
    let mut cards = Cards::random();
    let attempts: Vec<Attempt> = ["1", "2"].iter().flat_map(|round| attempts(&mut cards, round)).collect();
    let sent: Vec<String> = attempts.iter().map(|attempt| attempt.card.clone()).collect();
    let mut searched = Searched::for_cards(&sent);

    let mut surprises = Vec::new();
    for attempt in &attempts {
        let (status, answer) = attempt.send(&client.http, &world.api, &client.token).await;
        searched.bytes(&format!("the answer to a card {}", attempt.what), answer.as_bytes());
        if status != attempt.status {
            surprises.push(format!("{}: {answer}", attempt.what));
        }
    }
    let right: Vec<_> = attempts.iter().filter(|attempt| attempt.status == 202).collect();
    for attempt in &right {
        let status = client.settled(&attempt.order).await;
        assert_eq!(status.text("Status"), "TOKENIZED", "{}", attempt.what);
        let paid = client.pay(&attempt.order).await.is(200);
        searched.bytes(attempt.what, format!("{status:?} {paid:?}").as_bytes());
    }
    park_a_row(&world).await;

    let snapshot = world.aws.snapshot().unwrap();
    search_at_rest(&mut searched, &snapshot);
    assert_eq!(searched.found(), [""; 0]);
    assert_eq!(surprises, [""; 0]);
    assert_eq!(snapshot["tables"][ORDERS].as_array().unwrap().len(), right.len());
    let audited = snapshot["tables"][AUDIT].as_array().unwrap();
    assert_eq!(audited.iter().filter(|row| row.get("Purpose").is_some()).count(), right.len());
    assert!(snapshot["streams"][QUARANTINE].as_array().unwrap().len() > right.len());
    assert_eq!(world.dead_letters().len(), 1);
}

/// Whatever an operator plants is found, in each form and each place: a search that finds nothing says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_search_finds_a_planted_card_in_every_form_and_place() {
    let world = World::stepped().await;
    let mut cards = Cards::random();
    let sqs = aws_sdk_sqs::Client::new(&functions::sdk_config(world.aws.url(), "operator"));
    let queue = &world.declared.outputs["DeadLetterQueueUrl"].value;
    let mut planted = Vec::new();
    for (index, place) in
        ["row", "binary", "audit", "stream", "queue", "answer or log line"].iter().enumerate()
    {
        let forms = planted_forms(&cards.mint()).len();
        for form in 0..forms {
            let card = cards.mint();
            let (form, text) = planted_forms(&card).swap_remove(form);
            let id = AttributeValue::S(format!("planted-{index}-{}", planted.len()));
            let with = |value| Item::from([("CustomerOrder".into(), id.clone()), ("Planted".into(), value)]);
            let mut spoken = String::new();
            match *place {
                "row" => world.put(ORDERS, with(AttributeValue::S(text))).await,
                "binary" => world.put(ORDERS, with(AttributeValue::B(Blob::new(text)))).await,
                "audit" => {
                    let mut row = with(AttributeValue::S(text));
                    row.extend([("Principal".into(), id.clone()), ("At".into(), id.clone())]);
                    world.put(AUDIT, row).await;
                }
                "stream" => {
                    world.put(QUARANTINE, with(AttributeValue::S(text))).await;
                    let delete = world.dynamodb().delete_item().table_name(QUARANTINE);
                    delete.key("CustomerOrder", id.clone()).send().await.unwrap();
                }
                "queue" => {
                    sqs.send_message().queue_url(queue).message_body(text).send().await.unwrap();
                }
                _ => spoken = format!("DEBUG paybill: [{text}]"),
            }
            planted.push((card, format!("{place}, {form}"), spoken));
        }
    }
    let snapshot = world.aws.snapshot().unwrap();
    for (card, what, spoken) in planted {
        let mut searched = Searched::for_cards(&[card]);
        search_at_rest(&mut searched, &snapshot);
        searched.bytes("spoken", spoken.as_bytes());
        assert!(!searched.found().is_empty(), "not found: {what}");
    }
}

/// A row that no worker can carry across, so that a dead letter is among what is searched.
async fn park_a_row(world: &World) {
    let text = |text: &str| AttributeValue::S(text.into());
    let row = [("CustomerOrder", "poison"), ("Owner", "somebody"), ("Status", "PENDING")];
    world.put(QUARANTINE, row.map(|(name, value)| (name.to_owned(), text(value))).into()).await;
    eventually("the poison is parked", async || {
        let row = world.row(QUARANTINE, "poison").await.unwrap();
        (row["Status"] == text("FAILED")).then_some(())
    })
    .await;
}

/// Searches a snapshot as it is written, and every binary attribute in it decoded.
fn search_at_rest(searched: &mut Searched, snapshot: &Value) {
    searched.bytes("at rest", snapshot.to_string().as_bytes());
    let mut blobs = Vec::new();
    collect_binary(snapshot, &mut blobs);
    searched.bytes("at rest, binary attributes", &blobs);
}

/// The bytes behind every `B` and `BS` of DynamoDB's JSON.
fn collect_binary(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("B", Value::String(_)) | ("BS", Value::Array(_)) => decode(member, into),
                    _ => collect_binary(member, into),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_binary(value, into)),
        _ => {}
    }
}

fn decode(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::String(text) => into.extend(STANDARD.decode(text).unwrap()),
        Value::Array(values) => values.iter().for_each(|value| decode(value, into)),
        _ => panic!("a binary attribute is a string"),
    }
    into.push(b'\n');
}
