//! The writes that change a row of the source, against the local DynamoDB: what each leaves in the row, and that it changes
//! nothing where the row is another than was read, in any one thing. `scripts/mutants clauses` takes each clause out of each
//! expression, and one of these tests must fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

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
use import::{Answer, Import, Outcome, Reason, Settings};
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
    async fn start() -> Self {
        let aws = LocalAws::start().await;
        let dynamodb = Client::new(&aws.config);
        let key = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash).build().unwrap();
        let text = AttributeDefinition::builder().attribute_name("Id").attribute_type(ScalarAttributeType::S);
        let table = dynamodb.create_table().table_name(SOURCE).billing_mode(BillingMode::PayPerRequest);
        table.key_schema(key).attribute_definitions(text.build().unwrap()).send().await.unwrap();
        let mac = aws.endpoint.create_key_of("import", "HMAC_256", "GENERATE_VERIFY_MAC").await.unwrap().arn;
        let quarantine = aws.endpoint.create_key("quarantine", false).await.unwrap().arn;
        let settings = Settings::read(&|name| {
            let value = match name {
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
            };
            Some(value.to_owned())
        })
        .unwrap();
        let import = Import::new(&aws.config, settings.clone(), Clock::system());
        Self { aws, dynamodb, settings, import }
    }

    async fn go(&self, action: &str) -> Told {
        run(&self.import, action).await
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
        tokio::join!(run(&slow, action), changed).0
    }

    async fn have(&self, row: Option<&Item>) {
        match row {
            Some(row) => {
                let put = self.dynamodb.put_item().table_name(SOURCE).set_item(Some(row.clone()));
                put.send().await.unwrap();
            }
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

async fn run(import: &Import, action: &str) -> Told {
    let request = serde_json::from_value(json!({ "action": action })).unwrap();
    let deadline = SystemTime::now() + Duration::from_mins(15);
    let Answer::Done(summary) = import.handle(request, deadline).await.unwrap() else {
        return (Outcome::Left, None);
    };
    let [result] = &summary.results[..] else { return (Outcome::Left, None) };
    (result.outcome, result.reason)
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn row(card: &str) -> Item {
    [("Id", "1"), ("Card", card), ("Name", "Ann"), ("Address", "Las Vegas")]
        .map(|(name, value)| (name.to_owned(), s(value)))
        .into()
}

fn marked(row: &Item, mark: AttributeValue) -> Item {
    let mut row = row.clone();
    row.insert("CardAirlockMark".to_owned(), mark);
    row
}

const CHANGED: Told = (Outcome::Left, Some(Reason::ChangedMeanwhile));

#[tokio::test]
async fn a_row_is_marked_and_its_order_accepted_while_number_and_mark_are_as_they_were_read() {
    let world = World::start().await;
    // Without a mark, and with one that is none of this number's.
    for before in [row(CARD), marked(&row(CARD), b(&[7; 48]))] {
        let others = [None, Some(row(OTHER_CARD)), Some(marked(&row(CARD), b(&[8; 48])))];
        let unmarked = before.contains_key("CardAirlockMark").then(|| row(CARD));
        for other in others.into_iter().chain(unmarked.map(Some)) {
            world.have(Some(&before)).await;
            assert_eq!(world.go_while("import", other.as_ref()).await, CHANGED, "{before:?} {other:?}");
            assert_eq!((world.row().await, world.quarantined().await), (other, None));
        }
        world.have(Some(&before)).await;
        assert_eq!(world.go("import").await, (Outcome::Imported, None));
        let after = world.row().await.unwrap();
        let mark = after["CardAirlockMark"].clone();
        assert_eq!(after, marked(&row(CARD), mark.clone()), "nothing else of it changes");
        let quarantined = world.quarantined().await.unwrap();
        let acceptance: uuid::Uuid = quarantined["AcceptanceId"].as_s().unwrap().parse().unwrap();
        assert_eq!(mark.as_b().unwrap().as_ref()[..16], *acceptance.as_bytes());
        world.forget_quarantined().await;
    }
}

#[tokio::test]
async fn a_row_is_not_marked_where_its_order_is_not_accepted() {
    let world = World::start().await;
    world.have(Some(&row(CARD))).await;
    let other = [("CustomerOrder", "1"), ("Owner", "somebody"), ("Status", "PENDING")];
    let other: Item = other.map(|(name, value)| (name.to_owned(), s(value))).into();
    world.dynamodb.put_item().table_name(QUARANTINE).set_item(Some(other.clone())).send().await.unwrap();
    assert_eq!(world.go("import").await, (Outcome::Bad, Some(Reason::OrderConflict)));
    assert_eq!((world.row().await, world.quarantined().await), (Some(row(CARD)), Some(other)));
}

#[tokio::test]
async fn a_number_makes_room_for_its_token_while_number_and_mark_are_as_they_were_read() {
    let world = World::start().await;
    world.have(Some(&row(CARD))).await;
    assert_eq!(world.go("import").await, (Outcome::Imported, None));
    world.cross().await;
    let before = world.row().await.unwrap();
    let mark = before["CardAirlockMark"].clone();
    for other in
        [None, Some(marked(&row(OTHER_CARD), mark)), Some(marked(&row(CARD), b(&[8; 48]))), Some(row(CARD))]
    {
        world.have(Some(&before)).await;
        assert_eq!(world.go_while("scrub", other.as_ref()).await, CHANGED, "{other:?}");
        assert_eq!(world.row().await, other);
    }
    world.have(Some(&before)).await;
    assert_eq!(world.go("scrub").await, (Outcome::Scrubbed, None));
    assert_eq!(world.row().await, Some(row(TOKEN)));
}
