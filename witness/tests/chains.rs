//! Every change of the audit gets into a chain without a gap, whatever happens to the calls and to the batches.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use clock::Clock;
use order::witness::{Chain, Head, Link, LoggedHead, What};
use serde_json::{Value, json};
use test_support::{Fault, LocalAws, Relay, aws_config, tables::WITNESS};
use tokio::sync::Notify;
use witness::{HeadLog, Settings, Witness};

fn witness(config: &SdkConfig) -> Witness {
    logging(config, HeadLog::new(|_| {}))
}

fn logging(config: &SdkConfig, log: HeadLog) -> Witness {
    Witness::new(config, Settings { witness_table: WITNESS.to_owned() }, log, Clock::system())
}

fn item(principal: &str, number: usize) -> Value {
    json!({ "Principal": {"S": principal}, "At": {"S": format!("2026-11-21T18:59:33.120Z#{number}")} })
}

fn record(number: usize, event: &str, images: &Value) -> Value {
    let mut change = json!({
        "ApproximateCreationDateTime": 1_763_751_573, "SizeBytes": 1, "SequenceNumber": number.to_string(),
    });
    change.as_object_mut().unwrap().extend(images.as_object().unwrap().clone());
    json!({ "awsRegion": "us-east-1", "eventID": "1", "eventName": event, "dynamodb": change })
}

/// The record of an item that was added, with its number in the batch.
fn added(principal: &str, number: usize) -> Value {
    record(number, "INSERT", &json!({ "NewImage": item(principal, number) }))
}

/// Hands a batch over; the sequence number that is reported as not done, if any.
async fn deliver(witness: &Witness, records: &[Value]) -> Option<String> {
    let batch = serde_json::from_value(json!({ "Records": records })).unwrap();
    let answer = witness.handle(batch, SystemTime::now() + Duration::from_secs(30)).await;
    answer.batch_item_failures.into_iter().next().map(|failure| failure.item_identifier.unwrap())
}

/// Every chain's links; each follows the one before it.
async fn chains(aws: &LocalAws) -> BTreeMap<Chain, Vec<Link>> {
    let rows = Client::new(&aws.config).scan().table_name(WITNESS).send().await.unwrap().items.unwrap();
    let mut chains: BTreeMap<Chain, Vec<Link>> = BTreeMap::new();
    for row in rows {
        let link = Link::of_row(&row).unwrap();
        chains.entry(link.chain).or_default().push(link);
    }
    for links in chains.values_mut() {
        links.sort_unstable_by_key(|link| link.number);
        let mut head = Head::NONE;
        for link in links {
            assert_eq!((link.number, link.previous), (head.number + 1, head.hash));
            head = link.head();
        }
    }
    chains
}

/// How often each item is in the chain of its principal.
fn witnessed(chains: &BTreeMap<Chain, Vec<Link>>) -> BTreeMap<(String, String), usize> {
    let mut times = BTreeMap::new();
    for (chain, links) in chains {
        for entry in links.iter().flat_map(|link| &link.entries) {
            assert_eq!(Chain::of(&entry.principal), *chain);
            *times.entry((entry.principal.clone(), entry.at.clone())).or_default() += 1;
        }
    }
    times
}

#[tokio::test]
async fn a_batch_gets_into_the_chains_of_its_principals_in_its_order() {
    let aws = LocalAws::start().await;
    let records: Vec<_> = (0..100).map(|number| added(&format!("user-{}", number % 30), number)).collect();
    assert_eq!(deliver(&witness(&aws.config), &records).await, None);
    let chains = chains(&aws).await;
    let times = witnessed(&chains);
    assert_eq!((times.len(), times.values().max()), (100, Some(&1)));
    assert!(chains.len() > 8, "{}", chains.len());
    for links in chains.values() {
        let entries = links.iter().flat_map(|link| &link.entries);
        let numbers: Vec<usize> =
            entries.map(|entry| entry.at.rsplit('#').next().unwrap().parse().unwrap()).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

#[tokio::test]
async fn many_entries_of_one_chain_are_several_links() {
    let aws = LocalAws::start().await;
    let records: Vec<_> = (0..60).map(|number| added("ann", number)).collect();
    assert_eq!(deliver(&witness(&aws.config), &records).await, None);
    let chains = chains(&aws).await;
    let lengths: Vec<_> = chains[&Chain::of("ann")].iter().map(|link| link.entries.len()).collect();
    assert_eq!(lengths, [25, 25, 10]);
}

#[tokio::test]
async fn what_happens_to_an_item_is_in_the_chain_and_what_a_counter_counts_is_not() {
    let aws = LocalAws::start().await;
    let counter = |uses: u32| {
        json!({
            "Principal": {"S": "ann"}, "At": {"S": "minute#2026-11-21T18:59Z"}, "Uses": {"N": uses.to_string()},
            "ExpiresAt": {"N": "1763751573"},
        })
    };
    let mut altered = item("ann", 1);
    altered["Purpose"] = json!({"S": "REVEAL"});
    let mut by_ttl = record(6, "REMOVE", &json!({ "OldImage": counter(2) }));
    by_ttl["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    // A second before its end, when no TTL takes it.
    let mut early = counter(4);
    early["ExpiresAt"] = json!({"N": "1763751574"});
    let mut too_early = record(8, "REMOVE", &json!({ "OldImage": early }));
    too_early["userIdentity"] = by_ttl["userIdentity"].clone();
    let mut by_another = record(7, "REMOVE", &json!({ "OldImage": counter(3) }));
    by_another["userIdentity"] = json!({"type": "Service", "principalId": "another.amazonaws.com"});
    let records = [
        added("ann", 1),
        record(2, "MODIFY", &json!({ "OldImage": item("ann", 1), "NewImage": altered })),
        record(3, "REMOVE", &json!({ "OldImage": altered })),
        record(4, "INSERT", &json!({ "NewImage": counter(1) })),
        record(5, "MODIFY", &json!({ "OldImage": counter(1), "NewImage": counter(2) })),
        by_ttl,
        by_another,
        too_early,
    ];
    assert_eq!(deliver(&witness(&aws.config), &records).await, None);
    let chains = chains(&aws).await;
    let [link] = &chains[&Chain::of("ann")][..] else { panic!("one link") };
    let what: Vec<_> = link.entries.iter().map(|entry| entry.what).collect();
    let expected = [What::Added, What::Changed, What::Removed, What::Expired, What::Removed, What::Removed];
    assert_eq!(what, expected);
    assert_ne!(link.entries[0].digest, link.entries[1].digest);
    assert_eq!(link.entries[1].digest, link.entries[2].digest);
}

#[tokio::test]
async fn a_call_that_is_lost_or_whose_reply_is_lost_leaves_no_gap_and_no_item_out() {
    for (operation, fault) in [
        ("PutItem", Fault::Lost),
        ("PutItem", Fault::ReplyLost),
        ("Query", Fault::Lost),
        ("Query", Fault::ReplyLost),
    ] {
        let aws = LocalAws::start().await;
        let relay = Relay::to(aws.endpoint.url()).await;
        let witness = witness(&aws_config(relay.url()));
        assert_eq!(deliver(&witness, &[added("ann", 0)]).await, None);
        relay.strike(operation, fault, 1);
        let records = [added("ann", 1), added("ann", 2)];
        assert_eq!(deliver(&witness, &records).await.as_deref(), Some("1"), "{operation}");
        assert_eq!(relay.struck(), 1);
        // Lambda bisects a batch that failed, and delivers both halves.
        for half in records {
            assert_eq!(deliver(&witness, &[half]).await, None);
        }
        assert_eq!(witnessed(&chains(&aws).await).len(), 3);
    }
}

/// As after a reply that was lost on the way of the SDK's own first try.
#[tokio::test]
async fn a_link_that_was_put_although_its_put_was_refused_is_put_once() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    let refused = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "refused",
    });
    relay.strike("PutItem", Fault::AnsweredWith(refused.to_string()), 1);
    assert_eq!(deliver(&witness(&aws_config(relay.url())), &[added("ann", 1)]).await, None);
    assert_eq!(relay.struck(), 1);
    let times = witnessed(&chains(&aws).await);
    assert_eq!(times.values().collect::<Vec<_>>(), [&1]);
}

#[tokio::test]
async fn the_first_record_that_is_in_no_chain_is_reported() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    relay.strike_after("PutItem", 1, Fault::Lost, 1);
    let records: Vec<_> = (0..40).map(|number| added("ann", number)).collect();
    let witness = witness(&aws_config(relay.url()));
    assert_eq!(deliver(&witness, &records).await.as_deref(), Some("25"));
    assert_eq!(deliver(&witness, &records[25..]).await, None);
    assert_eq!(witnessed(&chains(&aws).await).len(), 40);
}

#[tokio::test]
async fn of_the_records_of_several_chains_the_first_that_is_in_none_is_reported() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    relay.strike("PutItem", Fault::Lost, 100);
    let names: Vec<_> = (0..100).map(|user| format!("user-{user}")).collect();
    // One name of each chain, in the order of the chains and against it.
    let of_each: BTreeMap<_, _> = names.iter().map(|name| (Chain::of(name), name)).collect();
    assert!(of_each.len() > 3);
    let witness = witness(&aws_config(relay.url()));
    for names in [of_each.values().collect::<Vec<_>>(), of_each.values().rev().collect()] {
        let records: Vec<_> =
            names.iter().take(3).zip(0..).map(|(name, number)| added(name, number)).collect();
        assert_eq!(deliver(&witness, &records).await.as_deref(), Some("0"));
        assert_eq!(deliver(&witness, &records[1..]).await.as_deref(), Some("1"));
    }
}

/// Both have read the same end of the chain before either puts its link.
#[tokio::test]
async fn two_invocations_that_append_to_one_chain_at_once_both_get_their_place() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
    let slow = witness(&aws_config(relay.url()));
    let slow = tokio::spawn(async move { deliver(&slow, &[added("ann", 1)]).await });
    test_support::eventually("the slow one has read the end", async || (relay.struck() == 1).then_some(()))
        .await;
    assert_eq!(deliver(&witness(&aws.config), &[added("ann", 2)]).await, None);
    let_through.notify_one();
    assert_eq!(slow.await.unwrap(), None);
    let chains = chains(&aws).await;
    let links = &chains[&Chain::of("ann")];
    let places: Vec<_> = links.iter().map(|link| (link.number, link.entries[0].at.as_str())).collect();
    assert_eq!(places, [(1, "2026-11-21T18:59:33.120Z#2"), (2, "2026-11-21T18:59:33.120Z#1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_invocations_at_once_leave_one_chain_without_a_gap() {
    let aws = LocalAws::start().await;
    let at_once = (0..4).map(|invocation| {
        let witness = witness(&aws.config);
        tokio::spawn(async move {
            for number in 0..10 {
                let records = [added("ann", 100 * invocation + number)];
                // What is reported is delivered again.
                while deliver(&witness, &records).await.is_some() {}
            }
        })
    });
    for invocation in at_once.collect::<Vec<_>>() {
        invocation.await.unwrap();
    }
    assert_eq!(witnessed(&chains(&aws).await).len(), 40);
}

#[tokio::test]
async fn without_time_nothing_is_begun_and_all_is_reported() {
    let aws = LocalAws::start().await;
    let batch = serde_json::from_value(json!({ "Records": [added("ann", 7)] })).unwrap();
    let answer = witness(&aws.config).handle(batch, SystemTime::now()).await;
    assert_eq!(answer.batch_item_failures[0].item_identifier.as_deref(), Some("7"));
    assert_eq!(chains(&aws).await.len(), 0);
}

/// Somebody with the rights of the witness wrote what it does not write: it does not build on that.
#[tokio::test]
async fn an_end_that_cannot_be_read_is_not_built_on() {
    let aws = LocalAws::start().await;
    let row = HashMap::from([
        ("Chain".to_owned(), AttributeValue::S(Chain::of("ann").name().to_owned())),
        ("Number".to_owned(), AttributeValue::N("3".to_owned())),
    ]);
    let put = Client::new(&aws.config).put_item().table_name(WITNESS).set_item(Some(row));
    put.send().await.unwrap();
    let witness = witness(&aws.config);
    let other: BTreeSet<Chain> = [Chain::of("ann")].into();
    let bob =
        (0..).map(|user| format!("user-{user}")).find(|user| !other.contains(&Chain::of(user))).unwrap();
    assert_eq!(deliver(&witness, &[added("ann", 7), added(&bob, 8)]).await.as_deref(), Some("7"));
    assert_eq!(deliver(&witness, &[added(&bob, 8)]).await, None, "the other chains go on");
}

/// Nobody but the log group can tell a chain that was made anew from the one before.
#[tokio::test]
async fn the_end_of_a_chain_is_in_the_log_after_each_link_and_only_when_the_link_is_there() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let log = HeadLog::new(move |line| kept.lock().unwrap().push(line.to_owned()));
    let witness = logging(&aws_config(relay.url()), log);
    let records: Vec<_> = (0..30).map(|number| added("ann", number)).collect();
    assert_eq!(deliver(&witness, &records).await, None);
    let heads = || {
        let lines = lines.lock().unwrap();
        lines.iter().map(|line| LoggedHead::of_line(line).unwrap()).collect::<Vec<_>>()
    };
    let of_chain = async || {
        let chains = chains(&aws).await;
        let links = chains[&Chain::of("ann")].iter();
        links.map(|link| LoggedHead { chain: link.chain, head: link.head() }).collect::<Vec<_>>()
    };
    assert_eq!((heads(), heads().len()), (of_chain().await, 2));
    // Its reply is lost: who writes the next link writes the line that covers both.
    for (fault, links) in [(Fault::Lost, 2), (Fault::ReplyLost, 3)] {
        relay.strike("PutItem", fault, 1);
        assert!(deliver(&witness, &[added("ann", 30)]).await.is_some());
        assert_eq!((heads().len(), of_chain().await.len()), (2, links));
    }
    assert_eq!(deliver(&witness, &[added("ann", 30)]).await, None);
    assert_eq!((heads().last(), heads().len()), (of_chain().await.last(), 3));
}

/// The invocation ended before its put arrived, and Lambda delivered its records again. What comes late is refused, and
/// nothing is lost.
#[tokio::test]
async fn a_put_that_arrives_after_its_records_came_again_changes_nothing() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    relay.strike("PutItem", Fault::Stuck, 1);
    let batch = serde_json::from_value(json!({ "Records": [added("ann", 1)] })).unwrap();
    // Half a second beside the margin.
    let soon = SystemTime::now() + platform::deadline::MARGIN + Duration::from_millis(500);
    let answer = witness(&aws_config(relay.url())).handle(batch, soon).await;
    assert_eq!((answer.batch_item_failures.len(), relay.struck()), (1, 1));
    assert_eq!(deliver(&witness(&aws.config), &[added("ann", 1)]).await, None);
    let before = chains(&aws).await;
    let late = test_support::http_client()
        .post(aws.endpoint.url())
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/dynamodb/aws4_request")
        .body(relay.bodies("PutItem").remove(0).to_string());
    assert_eq!(late.send().await.unwrap().status().as_u16(), 400);
    assert_eq!(chains(&aws).await, before);
}
