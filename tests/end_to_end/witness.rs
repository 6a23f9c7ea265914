//! The witness of the audit, behind the real stream: what happens to an item is witnessed, and what must not happen raises
//! the alarm.

use std::{collections::BTreeMap, time::Duration};

use card_airlock_services::{FaultKind, FaultRule, Service, When};
use order::witness::{Entry, Link, What, digest_of, is_counter};

use crate::support::{AUDIT, Item, Log, WITNESS, World, order, text};

const DAY: Duration = Duration::from_hours(24);

/// All entries of all chains, by the key of the row.
async fn entries(world: &World) -> BTreeMap<(String, String), Vec<Entry>> {
    let mut links: Vec<_> = world.rows(WITNESS).await.iter().map(|row| Link::of_row(row).unwrap()).collect();
    links.sort_by_key(|link| (link.chain, link.number));
    let mut entries: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
    for entry in links.into_iter().flat_map(|link| link.entries) {
        entries.entry((entry.principal.clone(), entry.at.clone())).or_default().push(entry);
    }
    entries
}

async fn items(world: &World) -> Vec<Item> {
    let mut rows = world.rows(AUDIT).await;
    rows.retain(|row| !is_counter(text(row, "At")));
    rows
}

fn key(row: &Item) -> (String, String) {
    (text(row, "Principal").to_owned(), text(row, "At").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_is_witnessed_with_its_digest_and_a_counter_is_when_ttl_takes_it() {
    let world = World::stepped().await;
    for user in ["ann", "bob"] {
        let client = world.client(user);
        for id in 0..3 {
            world.tokenized(&client, &order(&format!("{user}-{id}"))).await;
            client.pay(&format!("{user}-{id}")).await.is(200);
        }
    }
    assert_eq!(world.witness().await, None);
    let (entries_before, items) = (entries(&world).await, items(&world).await);
    assert_eq!((items.len(), entries_before.len()), (6, 6), "no counter is among them");
    for item in &items {
        let [entry] = &entries_before[&key(item)][..] else { panic!("{item:?}") };
        assert_eq!((entry.what, entry.digest), (What::Added, digest_of(item)));
    }
    let counters: Vec<_> =
        world.rows(AUDIT).await.into_iter().filter(|row| is_counter(text(row, "At"))).collect();
    world.advance(2 * DAY);
    world.aws.sweep_ttl().unwrap();
    assert_eq!(world.witness().await, None);
    let entries = entries(&world).await;
    for counter in &counters {
        let [entry] = &entries[&key(counter)][..] else { panic!("{counter:?}") };
        assert_eq!((entry.what, entry.digest), (What::Expired, digest_of(counter)));
    }
    assert_eq!(entries.len(), 6 + counters.len());
}

/// However often the calls fail, Lambda's retries lose no item.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_fails_half_of_the_time_loses_no_item() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in 0..5 {
        world.tokenized(&client, &order(&id.to_string())).await;
        client.pay(&id.to_string()).await.is(200);
    }
    for kind in [FaultKind::LostBefore, FaultKind::ReplyLost, FaultKind::Throttled, FaultKind::InternalError]
    {
        world.aws.faults().add(FaultRule {
            role: Some("WitnessRole".to_owned()),
            service: Some(Service::DynamoDb),
            operation: None,
            kind,
            when: When::First(3),
        });
        while world.witness().await.is_some() {}
        world.aws.faults().clear();
        let entries = entries(&world).await;
        for item in items(&world).await {
            assert!(entries[&key(&item)].iter().all(|entry| entry.digest == digest_of(&item)), "{kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_altered_or_removed_raises_the_alarm_at_once_even_without_the_chains() {
    let log = Log::of_all_tests();
    let alarms = || log.lines().matches("AuditAltered").count();
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    client.pay("1").await.is(200);
    assert_eq!(world.witness().await, None);
    assert_eq!(alarms(), 0, "an item that is added, and a counter that counts");
    let mut item = items(&world).await.remove(0);
    item.insert("Purpose".into(), aws_sdk_dynamodb::types::AttributeValue::S("REVEAL".into()));
    world.put(AUDIT, item.clone()).await;
    world.aws.faults().add("WitnessRole/dynamodb/*=error".parse().unwrap());
    assert!(world.witness().await.is_some());
    assert_eq!(alarms(), 1);
    world.aws.faults().clear();
    assert_eq!(world.witness().await, None);
    let entries = entries(&world).await;
    let what: Vec<_> = entries[&key(&item)].iter().map(|entry| entry.what).collect();
    assert!(what.ends_with(&[What::Changed]), "{what:?}");
}
