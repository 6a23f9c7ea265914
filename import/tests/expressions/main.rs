//! The expressions that the import sends, against the local DynamoDB. `scripts/mutants clauses` takes each clause out of each of
//! them, and one of these tests must fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail the test by panicking"
)]

mod sample_reads;
mod source_writes;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use clock::Clock;
use import::{Answer, Import, Outcome, Reason, RowResult, Settings};
use serde_json::json;
use test_support::{
    Fault, LocalAws, Relay, eventually,
    tables::{ORDERS, QUARANTINE},
};
use tokio::sync::Notify;

const SOURCE: &str = "Source";
const CARD: &str = "4111111111111111";
const OTHER_CARD: &str = "5555555555554444";
const OWNER: &str = "550e8400-e29b-41d4-a716-446655440000";
const TOKEN: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";

type Item = HashMap<String, AttributeValue>;
type Told = (Outcome, Option<Reason>);

struct World {
    aws: LocalAws,
    dynamodb: Client,
    settings: Settings,
    import: Import,
}

impl World {
    /// With these settings beside those of a table with numbers.
    async fn start(more: &[(&str, &str)]) -> Self {
        let aws = LocalAws::start().await;
        let dynamodb = Client::new(&aws.config);
        let key = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash).build().unwrap();
        let text = AttributeDefinition::builder().attribute_name("Id").attribute_type(ScalarAttributeType::S);
        let table = dynamodb.create_table().table_name(SOURCE).billing_mode(BillingMode::PayPerRequest);
        table.key_schema(key).attribute_definitions(text.build().unwrap()).send().await.unwrap();
        let mac = aws.endpoint.create_key_of("import", "HMAC_256", "GENERATE_VERIFY_MAC").await.unwrap().arn;
        let quarantine = aws.endpoint.create_key("quarantine", false).await.unwrap().arn;
        let settings = Settings::read(&|name| {
            let given = more.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            let value = given.unwrap_or(match name {
                "IMPORT_TABLE" => SOURCE,
                "IMPORT_KEY_ATTRIBUTE" | "IMPORT_ORDER_ATTRIBUTE" => "Id",
                "IMPORT_NUMBER_ATTRIBUTE" => "Card",
                "IMPORT_NAME_ATTRIBUTE" => "Name",
                "IMPORT_ADDRESS_ATTRIBUTE" => "Address",
                "IMPORT_OWNER" => OWNER,
                "IMPORT_KEY_ARN" => &mac,
                "QUARANTINE_KEY_ARN" => &quarantine,
                "QUARANTINE_TABLE" => QUARANTINE,
                "ORDER_TABLE" => ORDERS,
                "DATA_KEY_MAX_ROWS" | "ORDER_DEADLINE_HOURS" => "72",
                "DATA_KEY_MAX_SECONDS" => "300",
                "QUARANTINE_TTL_DAYS" => "7",
                "CARD_EXPIRY_REQUIRED" => "false",
                _ => "",
            });
            Some(value.to_owned())
        })
        .unwrap();
        let import = Import::new(&aws.config, settings.clone(), Clock::system());
        Self { aws, dynamodb, settings, import }
    }

    async fn go(&self, action: &str) -> Told {
        told(&run(&self.import, action).await)
    }

    /// The action reads the row; before it writes, the row becomes another, or none.
    async fn go_while(&self, action: &str, becomes: Option<&Item>) -> Told {
        let relay = Relay::to(self.aws.endpoint.url()).await;
        let let_through = Arc::new(Notify::new());
        relay.strike("TransactWriteItems", Fault::Held(let_through.clone()), 1);
        let config = self.aws.config.clone().into_builder().endpoint_url(relay.url()).build();
        let slow = Import::new(&config, self.settings.clone(), Clock::system());
        let changed = async {
            eventually("the write is held", async || (relay.struck() == 1).then_some(())).await;
            self.have(becomes).await;
            let_through.notify_one();
        };
        told(&tokio::join!(run(&slow, action), changed).0)
    }

    async fn put(&self, table: &str, row: Item) {
        self.dynamodb.put_item().table_name(table).set_item(Some(row)).send().await.unwrap();
    }

    async fn have(&self, row: Option<&Item>) {
        match row {
            Some(row) => self.put(SOURCE, row.clone()).await,
            None => {
                self.dynamodb.delete_item().table_name(SOURCE).key("Id", s("1")).send().await.unwrap();
            }
        }
    }

    async fn row(&self) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(SOURCE).key("Id", s("1")).consistent_read(true);
        read.send().await.unwrap().item
    }

    async fn quarantined(&self) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
        read.consistent_read(true).send().await.unwrap().item
    }

    async fn forget_quarantined(&self) {
        let delete = self.dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
        delete.send().await.unwrap();
    }

    /// The order of the row is across, by the acceptance of its mark.
    async fn cross(&self) {
        let row = self.quarantined().await.unwrap();
        self.forget_quarantined().await;
        let kept = [
            "CustomerOrder",
            "CustomerName",
            "Address",
            "Owner",
            "AcceptanceId",
            "AcceptedAt",
            "CardLast4",
            "CardBrand",
        ];
        let mut clean: Item = kept.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect();
        clean.insert("CreditCardToken".to_owned(), s(TOKEN));
        clean.insert("TokenizedAt".to_owned(), row["AcceptedAt"].clone());
        self.dynamodb.put_item().table_name(ORDERS).set_item(Some(clean)).send().await.unwrap();
    }
}

async fn run(import: &Import, action: &str) -> Vec<RowResult> {
    let request = serde_json::from_value(json!({ "action": action })).unwrap();
    let deadline = SystemTime::now() + Duration::from_mins(15);
    let Answer::Done(summary) = import.handle(request, deadline).await.unwrap() else {
        panic!("refused");
    };
    summary.results
}

/// What is told of a pass without results: a scrub leaves out what has none.
fn told(results: &[RowResult]) -> Told {
    results.first().map_or((Outcome::Left, None), |result| (result.outcome, result.reason))
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}
