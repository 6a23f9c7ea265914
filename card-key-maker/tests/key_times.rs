//! The second in which each of a card key's times begins and ends: for the maker, for who accepts cards, and for who
//! publishes keys.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use clock::Clock;
use test_support::{LocalAws, tables::CARD_KEYS};
use vault::{
    AcceptedCardKeys, CardKeyError, CardKeyId, CardKeyMaker, CardKeyMakerSettings, CardKeysKept,
    PublishedCardKeys,
};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
const START: u64 = 1_800_000_000;
const DEADLINE: Duration = Duration::from_secs(3 * DAY);

struct World {
    aws: LocalAws,
    maker: CardKeyMaker,
    accepted: AcceptedCardKeys,
    seconds: Arc<AtomicU64>,
}

impl World {
    async fn start() -> Self {
        let aws = LocalAws::start().await;
        let key_arn = aws.endpoint.create_key("card-keys", false).await.unwrap().arn;
        let seconds = Arc::new(AtomicU64::new(START));
        let clock = {
            let seconds = seconds.clone();
            Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(seconds.load(Relaxed)))
        };
        let settings =
            CardKeyMakerSettings { table: CARD_KEYS.to_owned(), key_arn, order_deadline: DEADLINE };
        let maker = CardKeyMaker::new(&aws.config, settings, clock.clone());
        let accepted = AcceptedCardKeys::new(&aws.config, CARD_KEYS.to_owned(), clock);
        Self { aws, maker, accepted, seconds }
    }

    async fn run_at(&self, seconds: u64) -> CardKeysKept {
        self.seconds.store(seconds, Relaxed);
        self.maker.run().await.unwrap()
    }

    async fn check_at(&self, seconds: u64, key: CardKeyId) -> Result<(), CardKeyError> {
        self.seconds.store(seconds, Relaxed);
        self.accepted.check(key).await
    }

    async fn published_at(&self, seconds: u64) -> Vec<CardKeyId> {
        let time: SystemTime = UNIX_EPOCH + Duration::from_secs(seconds);
        let published =
            PublishedCardKeys::new(&self.aws.config, CARD_KEYS.to_owned()).at(time).await.unwrap();
        published.iter().map(|key| key.key.id()).collect()
    }

    /// When a key's time of this name ends.
    async fn end(&self, name: &str) -> u64 {
        let rows =
            Client::new(&self.aws.config).scan().table_name(CARD_KEYS).send().await.unwrap().items.unwrap();
        let rows: Vec<HashMap<String, AttributeValue>> = rows;
        assert_eq!(rows.len(), 1);
        rows[0][name].as_n().unwrap().parse().unwrap()
    }

    async fn change(&self, name: &str, seconds: u64) {
        let table = Client::new(&self.aws.config);
        let mut row = table.scan().table_name(CARD_KEYS).send().await.unwrap().items.unwrap().remove(0);
        row.insert(name.to_owned(), AttributeValue::N(seconds.to_string()));
        table.put_item().table_name(CARD_KEYS).set_item(Some(row)).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_accepted_and_published_until_the_second_of_its_end_and_not_in_it() {
    let world = World::start().await;
    let key = world.run_at(START).await.made.unwrap();
    let end = world.end("AcceptedUntil").await;
    assert_eq!(world.published_at(end - 1).await, [key]);
    assert_eq!(world.published_at(end).await, []);
    assert_eq!(world.check_at(end - 1, key).await, Ok(()));
    assert_eq!(world.check_at(end, key).await, Err(CardKeyError::NoKey));
    // Another key: as long as one is accepted, the answer is that this one is not.
    let unknown: CardKeyId = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
    assert_eq!(world.check_at(end - 1, unknown).await, Err(CardKeyError::NotAccepted));
    assert_eq!(world.check_at(end, unknown).await, Err(CardKeyError::NoKey));
}

#[tokio::test]
async fn what_was_read_is_believed_for_less_than_five_minutes() {
    let world = World::start().await;
    let key = world.run_at(START).await.made.unwrap();
    assert_eq!(world.check_at(START, key).await, Ok(()));
    world.change("AcceptedUntil", START + 1).await;
    assert_eq!(world.check_at(START + 5 * 60 - 1, key).await, Ok(()));
    assert_eq!(world.check_at(START + 5 * 60, key).await, Err(CardKeyError::NoKey));
}

#[tokio::test]
async fn the_next_key_is_made_once_the_last_is_accepted_for_no_longer_than_a_day() {
    let world = World::start().await;
    assert!(world.run_at(START).await.made.is_some());
    let end = world.end("AcceptedUntil").await;
    let before = world.run_at(end - DAY - 1).await;
    assert_eq!((before.made, before.accepted_for), (None, Duration::from_secs(DAY + 1)));
    assert!(world.run_at(end - DAY).await.made.is_some());
}

#[tokio::test]
async fn a_private_half_is_deleted_after_both_its_times_and_not_in_their_last_second() {
    for (opened, accepted) in [(0, DAY), (DAY, 0)] {
        let world = World::start().await;
        world.run_at(START).await;
        // The time of its making, or that of today's deadline, is the later one.
        let over = START + 90 * DAY;
        world.change("OpenedUntil", over - opened).await;
        world.change("AcceptedUntil", over - accepted - DEADLINE.as_secs() - HOUR).await;
        assert_eq!(world.run_at(over).await.deleted, 0, "{opened} {accepted}");
        assert_eq!(world.run_at(over + 1).await.deleted, 1, "{opened} {accepted}");
    }
}
