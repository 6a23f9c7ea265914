//! Cards that their senders encrypt: ingest never sees them, and the worker judges what ingest cannot.

mod another_card;
mod attacks;
mod deploying;
mod jwe;
mod keys;
mod promise_5;
mod refused;
mod repeats;
mod settings;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{Answer, Client, Encryptor, Item, ORDERS, World, order};

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

async fn put(client: &Client, order: &str, card: &str) -> Answer {
    client.replace_card(order, &json!({ "EncryptedCard": card })).await
}

fn digest(row: &Item) -> Option<&[u8]> {
    Some(row.get("CardJweDigest")?.as_b().unwrap().as_ref())
}

fn aws_lc_digest(text: &str) -> Vec<u8> {
    vault::EncryptedCard::parse(text).unwrap().digest().as_bytes().to_vec()
}

/// Order 1 came across with a plain card, and its payment was declined.
async fn declined(world: &World, client: &Client) {
    world.tokenized(client, &order("1")).await;
    let mut row = world.only_row(ORDERS).await;
    row.insert("PaymentStatus".into(), AttributeValue::S("DECLINED".into()));
    row.insert("HardDeclines".into(), AttributeValue::Ss(vec!["visa:1111".into()]));
    world.put(ORDERS, row).await;
}
