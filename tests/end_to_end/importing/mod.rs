//! Orders come out of another table, whose rows have card numbers in the clear: through the quarantine, by the rules of any
//! order; and afterwards their numbers go out of that table.

mod cut_off;
mod rows;
pub(crate) mod sample;
mod scrub;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use card_airlock_lambda::Function;
use serde_json::{Value, json};

use crate::support::{Client, Item, World};

const FIFTEEN_MINUTES: Duration = Duration::from_mins(15);
pub(crate) const CARD: &str = "4111111111111111";
const OTHER_CARD: &str = "5555555555554444";
/// Ann's and Bob's `sub`.
const OWNER: &str = "a8732691-5523-5181-80a7-10c011c2c859";
const SOMEBODY: &str = "5f8be862-d4be-5f7b-835e-bb5ea68b5935";
const LEGACY: &str = "Legacy";

/// A pipeline that is told of a table with the key `Id`.
pub(crate) async fn world() -> World {
    world_under([]).await
}

/// The same with other values for some of the template's parameters.
async fn world_under<const N: usize>(parameters: [(&str, &str); N]) -> World {
    let mut all = HashMap::from([
        ("ImportTable", LEGACY),
        ("ImportKeyAttribute", "Id"),
        ("ImportNumberAttribute", "Card"),
        ("ImportExpiryAttribute", "Until"),
        ("ImportOrderAttribute", "Id"),
        ("ImportAmountAttribute", "Cents"),
        ("ImportCurrencyAttribute", "Money"),
        ("ImportOwnerAttribute", "Buyer"),
    ]);
    all.extend(parameters);
    let mut all: Vec<_> = all.into_iter().collect();
    // The parameters are as many as the array says.
    all.resize(12, all[0]);
    let world = World::stepped_under(<[_; 12]>::try_from(all).unwrap()).await;
    make_table(&world, LEGACY, "Id").await;
    world
}

/// The same with a table that finds each owner.
pub(crate) async fn with_owners() -> World {
    let world = world_under([("ImportOwnerTable", "Buyers")]).await;
    make_table(&world, "Buyers", "Id").await;
    let own = [("Id", s(OWNER)), ("Owner", s(OWNER))].map(|(name, value)| (name.to_owned(), value));
    world.put("Buyers", own.into()).await;
    world
}

async fn make_table(world: &World, name: &str, key: &str) {
    let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name(key);
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let table = world.dynamodb().create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    table.key_schema(schema).attribute_definitions(attribute).send().await.unwrap();
}

/// A row of the source that follows every rule.
pub(crate) fn row(id: &str, card: &str) -> Item {
    let row =
        [("Id", id), ("Card", card), ("CustomerName", "Ann"), ("Address", "Las Vegas"), ("Buyer", OWNER)];
    row.map(|(name, value)| (name.to_owned(), s(value))).into()
}

/// The same with other attributes; one without a value is left out.
fn row_with(id: &str, changes: &[(&str, Option<AttributeValue>)]) -> Item {
    let mut row = row(id, CARD);
    for (name, value) in changes {
        match value {
            Some(value) => drop(row.insert((*name).to_owned(), value.clone())),
            None => drop(row.remove(*name)),
        }
    }
    row
}

pub(crate) async fn put_rows(world: &World, rows: impl IntoIterator<Item = Item>) {
    for row in rows {
        world.put(LEGACY, row).await;
    }
}

async fn source_row(world: &World, id: &str) -> Item {
    let read = world.dynamodb().get_item().table_name(LEGACY).key("Id", s(id)).consistent_read(true);
    read.send().await.unwrap().item.unwrap()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

/// The owner of the rows.
fn owner(world: &World) -> Client {
    let ann = world.client("ann");
    assert_eq!(ann.sub(), OWNER);
    ann
}

/// A whole pass: the results of all rows.
pub(crate) async fn pass(world: &World, action: &str) -> Vec<Told> {
    pass_by(world, world.aws.url(), action, 1_000).await.unwrap()
}

/// Why a chunk is refused as a whole; none: it is not.
async fn refusal(world: &World, function: &Function, request: &Value) -> Option<String> {
    let answer = world.invoke(function, request, FIFTEEN_MINUTES).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["refused"].as_str().map(str::to_owned)
}

/// The same in chunks of so many rows, by a function that reaches AWS at an address; none: a chunk failed.
async fn pass_by(world: &World, aws_url: &str, action: &str, limit: u32) -> Option<Vec<Told>> {
    let function = world.function("ImportFunction", aws_url);
    let (mut told, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut request = json!({ "action": action, "limit": limit });
        if !cursor.is_null() {
            request["cursor"] = cursor;
        }
        let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.ok()?;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(answer["rows"], results.len());
        told.extend(results.iter().map(Told::of));
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            told.sort();
            return Some(told);
        }
    }
}

/// What is told of a row: its key, what became of it, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told(Option<String>, String, Option<String>);

impl Told {
    fn of(result: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self(text(&result["key"][0]), text(&result["outcome"]).unwrap(), text(&result["reason"]))
    }
}

/// All rows have the same outcome, for the same reason or none.
fn all(ids: &[&str], outcome: &str, reason: &str) -> Vec<Told> {
    let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
    let mut told: Vec<_> =
        ids.iter().map(|id| Told(Some((*id).to_owned()), outcome.to_owned(), reason.clone())).collect();
    told.sort();
    told
}

/// One row.
fn one(id: &str, outcome: &str, reason: &str) -> Vec<Told> {
    all(&[id], outcome, reason)
}

/// The worker gets everything.
async fn deliver(world: &World) {
    assert_eq!(world.deliver(&world.records()).await, None);
}
