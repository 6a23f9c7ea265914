//! Outages, deadlines and poison, through the stream mapping by AWS's rules, with a clock that the test moves.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use local::aws::{FaultKind, Service};
use serde_json::json;

use crate::support::{Driven, ORDERS, QUARANTINE, order, order_of};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_five_kinds_of_poison_among_five_hundred_orders_cost_a_bounded_number_of_invocations() {
    const GOOD: usize = 500;
    let mut world = Driven::start().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let dynamodb =
        aws_sdk_dynamodb::Client::new(&local::functions::sdk_config(&world.stack.aws_url(), "operator"));

    // An order that is across already, under an id that a poison row claims for somebody else.
    ann.submit(&order("taken")).await.is(202);
    world.run_dry().await;
    bob.submit(&order_of("model", "5555555555554444")).await.is(202);
    let scan = dynamodb.scan().table_name(QUARANTINE).send().await.unwrap();
    let model = scan.items.unwrap().remove(0);
    world.run_dry().await;
    let string = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
    let bytes = |bytes: Vec<u8>| aws_sdk_dynamodb::types::AttributeValue::B(bytes.into());
    let mut poison: Vec<(&str, &str, _)> = Vec::new();
    for (id, reason) in [
        ("poison-aad", "ENVELOPE_REFUSED"),
        ("poison-row", "MALFORMED"),
        ("poison-version", "UNKNOWN_VERSION"),
        ("poison-key", "MALFORMED"),
    ] {
        let mut row = model.clone();
        row.insert("CustomerOrder".into(), string(id));
        match id {
            "poison-row" => drop(row.insert("Attempt".into(), string("one"))),
            "poison-version" => drop(row.insert("SealedCard".into(), bytes(vec![9; 60]))),
            "poison-key" => drop(row.remove("DataKey")),
            _ => {}
        }
        poison.push((id, reason, row));
    }

    for number in 0..GOOD / 100 {
        if let Some((.., row)) = poison.get(number) {
            dynamodb.put_item().table_name(QUARANTINE).set_item(Some(row.clone())).send().await.unwrap();
        }
        let orders: Vec<_> = (0..100).map(|n| order(&format!("good-{number}-{n}"))).collect();
        for answer in join_all(orders.iter().map(|order| ann.submit(order))).await {
            answer.is(202);
        }
    }
    // The fifth kind: another acceptance of an id that is across, as a race leaves it behind.
    let raced = || dynamodb.get_item().table_name(ORDERS).key("CustomerOrder", string("raced"));
    bob.submit(&order("raced")).await.is(202);
    let before = world.run_dry().await.invocations;
    let clean = raced().send().await.unwrap().item;
    let delete = dynamodb.delete_item().table_name(ORDERS).key("CustomerOrder", string("raced"));
    delete.send().await.unwrap();
    bob.submit(&order_of("raced", "5555555555554444")).await.is(202);
    dynamodb.put_item().table_name(ORDERS).set_item(clean).send().await.unwrap();

    let done = world.run_dry().await;
    let invocations = before + done.invocations;
    let parked: BTreeMap<String, String> = world
        .rows(QUARANTINE)
        .iter()
        .map(|row| {
            let text = |name: &str| row[name]["S"].as_str().unwrap().to_owned();
            assert_eq!(text("Status"), "FAILED");
            (text("CustomerOrder"), text("FailureReason"))
        })
        .collect();
    let mut expected: BTreeMap<String, String> =
        poison.iter().map(|(id, reason, _)| ((*id).to_owned(), (*reason).to_owned())).collect();
    expected.insert("raced".into(), "ORDER_EXISTS".into());
    assert_eq!(parked, expected);
    // Those of the test: taken, model, raced.
    assert_eq!(world.counts(), [expected.len(), GOOD + 3, GOOD + 3]);
    assert_eq!(done.discarded, 0);
    let batches = (GOOD + 10).div_ceil(100);
    assert!(invocations <= batches + 2, "{invocations} invocations for {batches} batches");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_outage_of_a_quarter_of_an_hour_ends_well_without_an_operator() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::InternalError);
    for id in ["1", "2", "3"] {
        client.submit(&order(id)).await.is(202);
        world.advance(5 * MINUTE);
        world.run_dry().await;
    }
    assert_eq!(world.counts(), [3, 0, 0], "Lambda has given all of them up");
    world.mend();
    assert_eq!(world.run_dry().await.invocations, 0, "and does not come back to them");

    assert_eq!(world.sweep().await["rearmed"], 0, "they could still be with Lambda");
    world.advance(76 * MINUTE);
    assert_eq!(world.sweep().await["rearmed"], 3);
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 3, 3]);

    let replayed = world.replay().await;
    assert_eq!((&replayed["rearmed"], &replayed["messagesLeft"]), (&json!(0), &json!(0)), "{replayed}");
    assert!(replayed["messagesSettled"].as_u64().unwrap() > 0, "{replayed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_after_a_long_outage_and_with_the_stream_trimmed_one_replay_mends_everything() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Throttled);
    for id in 0..20 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    let done = world.run_dry().await;
    assert_eq!(done.discarded, 20, "{done:?}");
    world.stack.aws().trim_streams();
    world.mend();
    world.advance(MINUTE);

    let mended = world.replay().await;
    assert_eq!((&mended["rearmed"], &mended["stillFailing"]), (&json!(20), &json!(0)), "{mended}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 20, 20]);
    let again = world.replay().await;
    assert_eq!((&again["rearmed"], &again["messagesLeft"]), (&json!(0), &json!(0)), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_worker_that_is_merely_slow_has_no_healthy_order_parked() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    for id in 0..10 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    // Nobody takes the stream up for nearly a day; the sweep goes on all the while.
    for _ in 0..14 {
        world.advance(100 * MINUTE);
        let swept = world.sweep().await;
        assert_eq!((&swept["parked"], &swept["expired"], &swept["rows"]), (&json!(0), &json!(0), &json!(10)));
    }
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 10, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_past_its_deadline_an_order_expires_with_word_and_without_its_card() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Throttled);
    client.submit(&order("late")).await.is(202);
    world.run_dry().await;
    world.advance(72 * 60 * MINUTE);
    assert_eq!(world.sweep().await["expired"], 1);
    let rows = world.rows(QUARANTINE);
    for gone in ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"] {
        assert!(rows[0].get(gone).is_none(), "{gone}");
    }
    assert_eq!(client.status("late").await.is(200).text("Status"), "EXPIRED");
    client.pay("late").await.is(409);

    world.mend();
    world.run_dry().await;
    assert_eq!(world.counts(), [1, 0, 0], "an image from before it expired brings nothing back");
    client.submit(&order("late")).await.is(202);
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_near_its_deadline_the_worker_stops_and_reports_the_rest() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    for id in 0..40 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    let event = world.event();
    let first = event["Records"][0]["dynamodb"]["SequenceNumber"].clone();

    let before = world.stack.aws().calls().len();
    let answer = world.invoke("TokenizeWorkerFunction", event.clone(), Duration::from_secs(1)).await;
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], first, "there is no time to begin");
    assert_eq!(world.stack.aws().calls().len(), before, "and nothing was begun");

    // KMS answers each call, late: far beyond the time that is left.
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Slow(Duration::from_secs(60)));
    let answer = world.invoke("TokenizeWorkerFunction", event, Duration::from_secs(3)).await;
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], first);
    assert_eq!(world.counts(), [40, 0, 0]);

    world.mend();
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 40, 40]);
}
