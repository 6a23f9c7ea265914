//! The writes of card-key-maker, against the local DynamoDB: what each leaves in a row, and that it changes nothing where the
//! row is another than was read. `scripts/mutants clauses` takes each clause out, and one of these tests must fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use card_key_maker::{Maker, Settings};
use clock::Clock;
use test_support::{Fault, LocalAws, Relay, eventually, tables::CARD_KEYS};
use tokio::sync::Notify;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A key is accepted for 31 days; then an order may wait for three, and clocks may differ by an hour.
const NOT_NEEDED: Duration = Duration::from_secs((31 + 3) * 24 * 60 * 60 + 2 * 60 * 60);

type Item = HashMap<String, AttributeValue>;

struct World {
    aws: LocalAws,
    dynamodb: Client,
    key_arn: String,
}

impl World {
    async fn start() -> Self {
        let aws = LocalAws::start().await;
        let dynamodb = Client::new(&aws.config);
        let key_arn = aws.endpoint.create_key("card-keys", false).await.unwrap().arn;
        Self { aws, dynamodb, key_arn }
    }

    fn maker(&self, url: &str, later: Duration) -> Maker {
        let settings = Settings::read(&|name| {
            Some(match name {
                "CARD_KEY_TABLE" => CARD_KEYS.to_owned(),
                "CARD_KEY_KEY_ARN" => self.key_arn.clone(),
                _ => "72".to_owned(),
            })
        });
        let config = self.aws.config.clone().into_builder().endpoint_url(url).build();
        Maker::new(&config, settings.unwrap(), Clock::from_fn(move || SystemTime::now() + later))
    }

    async fn run(&self, later: Duration) {
        self.maker(self.aws.endpoint.url(), later).run().await.unwrap();
    }

    /// The maker has read the table; before it writes with this operation, something else happens.
    async fn run_while(&self, later: Duration, operation: &'static str, happens: impl Future<Output = ()>) {
        let relay = Relay::to(self.aws.endpoint.url()).await;
        let let_through = Arc::new(Notify::new());
        relay.strike(operation, Fault::Held(let_through.clone()), 1);
        let slow = self.maker(relay.url(), later);
        let meanwhile = async {
            eventually("the write is held", async || (relay.struck() == 1).then_some(())).await;
            happens.await;
            let_through.notify_one();
        };
        tokio::join!(slow.run(), meanwhile).0.unwrap();
    }

    async fn rows(&self) -> Vec<Item> {
        self.dynamodb.scan().table_name(CARD_KEYS).consistent_read(true).send().await.unwrap().items.unwrap()
    }

    async fn only_row(&self) -> Item {
        let rows = self.rows().await;
        assert_eq!(rows.len(), 1);
        rows[0].clone()
    }

    /// The row of the key that was made first, when there are two.
    async fn row_of(&self, first: &Item) -> Item {
        self.rows().await.into_iter().find(|row| row["Kid"] == first["Kid"]).unwrap()
    }

    async fn have(&self, row: Item) {
        self.dynamodb.put_item().table_name(CARD_KEYS).set_item(Some(row)).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_not_written_over_the_one_of_another_run() {
    let world = World::start().await;
    world.run_while(Duration::ZERO, "PutItem", world.run(Duration::ZERO)).await;
    let written = world.only_row().await;
    let names: BTreeSet<_> = written.keys().map(String::as_str).collect();
    let all = ["AcceptedUntil", "CreatedAt", "Kid", "OpenedUntil", "PublicKey", "WrappedPrivateKey"];
    assert_eq!(names, all.into());

    let world = World::start().await;
    let other = async {
        world.run(Duration::ZERO).await;
        let mut row = world.only_row().await;
        row.insert("CreatedAt".to_owned(), AttributeValue::N("1".to_owned()));
        world.have(row).await;
    };
    world.run_while(Duration::ZERO, "PutItem", other).await;
    assert_eq!(world.only_row().await["CreatedAt"], AttributeValue::N("1".to_owned()));
}

#[tokio::test]
async fn both_halves_and_their_time_are_deleted_and_the_rest_of_the_row_stays() {
    let world = World::start().await;
    world.run(Duration::ZERO).await;
    let before = world.only_row().await;
    world.run(NOT_NEEDED).await;
    let mut left = before.clone();
    for deleted in ["WrappedPrivateKey", "PublicKey", "OpenedUntil"] {
        left.remove(deleted).unwrap();
    }
    assert_eq!(world.row_of(&before).await, left);
}

#[tokio::test]
async fn halves_stay_when_somebody_has_given_them_another_time_meanwhile() {
    let world = World::start().await;
    world.run(Duration::ZERO).await;
    let mut longer = world.only_row().await;
    let until = (SystemTime::now() + 90 * DAY).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    longer.insert("OpenedUntil".to_owned(), AttributeValue::N(until.to_string()));
    world.run_while(NOT_NEEDED, "UpdateItem", world.have(longer.clone())).await;
    assert_eq!(world.row_of(&longer).await, longer);
}

#[tokio::test]
async fn a_run_whose_write_is_refused_fails_and_the_next_one_does_it() {
    for (operation, later) in [("PutItem", Duration::ZERO), ("UpdateItem", NOT_NEEDED)] {
        let world = World::start().await;
        if operation == "UpdateItem" {
            world.run(Duration::ZERO).await;
            // The next key is there already: what is left is to delete.
            world.run(NOT_NEEDED - DAY).await;
        }
        let relay = Relay::to(world.aws.endpoint.url()).await;
        relay.strike(operation, Fault::Lost, usize::MAX);
        assert!(world.maker(relay.url(), later).run().await.is_err(), "{operation}");
        assert!(relay.struck() > 0, "{operation}");
        world.run(later).await;
    }
}
