//! Outages, deadlines and poison, through the stream mapping by AWS's rules, with a clock that the test moves.

use std::{collections::BTreeMap, time::Duration};

use card_airlock_services::{FaultKind, FaultRule, Service, When};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Driven, ORDERS, QUARANTINE, order, order_of, worker_fault};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_five_kinds_of_poison_among_five_hundred_orders_cost_a_bounded_number_of_invocations() {
    const GOOD: usize = 500;
    let mut world = Driven::start().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let dynamodb = aws_sdk_dynamodb::Client::new(&card_airlock::functions::sdk_config(
        &world.stack.aws_url(),
        "operator",
    ));

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
    // With those of the test: model, raced.
    assert_eq!(world.counts(), [expected.len(), GOOD + 2, GOOD + 2]);
    assert_eq!(done.discarded, 0);
    let batches = (GOOD + 10).div_ceil(100);
    // And one for the event of each order that was parked.
    let most = batches + 2 + expected.len();
    assert!(invocations <= most, "{invocations} invocations for {batches} batches");
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
    world.repair();
    assert_eq!(world.run_dry().await.invocations, 0, "and does not come back to them");

    let swept = world.sweep().await;
    assert_eq!((&swept["givenUp"], &swept["takenUp"]), (&json!(3), &json!(3)), "{swept}");
    assert!(swept["positionsSettled"].as_u64() >= Some(1) && swept["positionsLeft"] == 0, "{swept}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 3, 3]);
    let replayed = world.replay().await;
    let nothing = ["rearmed", "messagesSettled", "messagesLeft"].map(|name| replayed[name].as_u64());
    assert_eq!(nothing, [Some(0); 3], "nothing is left for an operator: {replayed}");
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
    world.repair();
    world.advance(MINUTE);

    let replayed = world.replay().await;
    assert_eq!((&replayed["rearmed"], &replayed["stillFailing"]), (&json!(20), &json!(0)), "{replayed}");
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
    // For nearly a day nothing reads the stream, while the sweep continues.
    for _ in 0..23 * 12 {
        world.advance(5 * MINUTE);
        let swept = world.sweep().await;
        assert_eq!((&swept["parked"], &swept["expired"], &swept["rows"]), (&json!(0), &json!(0), &json!(10)));
    }
    let oldest = world.sweep().await["oldestSeconds"].as_u64().unwrap();
    assert!(oldest >= 23 * 3600, "re-arming makes no order younger: {oldest}");
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
    let before_it_expired = world.event();
    world.advance(72 * 60 * MINUTE);
    let swept = world.sweep().await;
    assert!(swept["expired"] == 1 && swept["oldestSeconds"].as_u64() >= Some(72 * 3600), "{swept}");
    let rows = world.rows(QUARANTINE);
    for gone in ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"] {
        assert!(rows[0].get(gone).is_none(), "{gone}");
    }
    assert_eq!(client.status("late").await.is(200).text("Status"), "EXPIRED");
    client.pay("late").await.is(409);

    world.repair();
    let late = world.invoke("TokenizeWorkerFunction", before_it_expired, MINUTE).await;
    assert_eq!(late["batchItemFailures"], json!([]));
    assert_eq!(world.counts(), [1, 0, 0], "an image from before it expired brings nothing back");
    assert_eq!(client.status("late").await.is(200).text("Status"), "EXPIRED");
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

    world.repair();
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 40, 40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_batch_too_large_for_its_time_keeps_what_it_has_done_and_reports_the_lowest_undone() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    // Few, so that a machine that has much else to do is in time for those of the first data key.
    for id in 0..14 {
        if id == 10 {
            // Ingest seals the others under a new data key.
            world.advance(6 * MINUTE);
        }
        client.submit(&order(&id.to_string())).await.is(202);
    }
    let event = world.event();
    // One of the two keys is opened far too late: mostly that of the last four, for its call is the second.
    world.stack.aws().faults().add(FaultRule {
        when: When::Nth(2),
        ..worker_fault(Service::Kms, "Decrypt", FaultKind::Slow(Duration::from_secs(60)))
    });
    let answer = world.invoke("TokenizeWorkerFunction", event.clone(), Duration::from_secs(8)).await;
    let undone = &answer["batchItemFailures"][0]["itemIdentifier"];
    let records = event["Records"].as_array().unwrap();
    let reported = records.iter().position(|record| record["dynamodb"]["SequenceNumber"] == *undone).unwrap();
    let across = world.rows(ORDERS);
    let is_across = |record: &Value| {
        across.iter().any(|row| row["CustomerOrder"] == record["dynamodb"]["Keys"]["CustomerOrder"])
    };
    assert!(records[..reported].iter().all(is_across), "everything before the reported record is done");
    let undone: Vec<_> = (0..14).filter(|place| !is_across(&records[*place])).collect();
    assert!([(10..14).collect(), (0..10).collect::<Vec<_>>()].contains(&undone), "{undone:?}");
    assert_eq!(reported, undone[0], "the lowest undone");

    world.repair();
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 14, 14]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_a_row_that_cannot_be_parked_keeps_no_other_from_being_swept_or_replayed() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Throttled);
    for id in 0..20 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    world.run_dry().await;
    world.repair();
    let dynamodb = aws_sdk_dynamodb::Client::new(&card_airlock::functions::sdk_config(
        &world.stack.aws_url(),
        "operator",
    ));
    let put = dynamodb.put_item().table_name(QUARANTINE);
    let string = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
    put.item("CustomerOrder", string("bad")).item("Status", string("ODD")).send().await.unwrap();
    world.advance(80 * MINUTE);

    // The dead letter of the bad row cannot be sent, so it cannot be parked.
    world.stack.aws().faults().add("ReplayRole/sqs/SendMessage=error".parse().unwrap());
    let failed = world.try_sweep(json!({ "action": "sweep" })).await;
    assert!(failed.is_err(), "a sweep that left something undone says so");
    world.run_dry().await;
    assert_eq!(world.counts(), [1, 20, 20]);

    world.repair();
    assert_eq!(world.sweep().await["parked"], 1);
    assert_eq!(world.rows(QUARANTINE)[0]["FailureReason"]["S"], "MALFORMED");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_order_that_is_never_across_is_parked_after_two_days_with_word_and_one_replay_mends_it()
{
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Throttled);
    client.submit(&order("1")).await.is(202);
    world.run_dry().await;
    for _ in 0..47 {
        world.advance(60 * MINUTE);
        assert_eq!(world.sweep().await["parked"], 0);
        world.run_dry().await;
    }
    world.advance(75 * MINUTE);
    assert_eq!(world.sweep().await["parked"], 1);
    let failed = client.status("1").await.is(200);
    assert_eq!((failed.text("Status"), failed.text("FailureReason")), ("FAILED", "ATTEMPTS_EXHAUSTED"));
    world.repair();
    let dry =
        world.invoke("ReplayFunction", json!({ "action": "replay", "dryRun": true }), 15 * MINUTE).await;
    assert_eq!((&dry["rearmed"], &dry["dryRun"]), (&json!(1), &json!(true)), "{dry}");
    let other = json!({ "action": "replay", "reason": "MALFORMED" });
    let other = world.invoke("ReplayFunction", other, 15 * MINUTE).await;
    assert_eq!((&other["rearmed"], &other["stillFailing"]), (&json!(0), &json!(1)), "{other}");
    assert_eq!(world.replay().await["rearmed"], 1);
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_replay_counts_what_is_across_and_gone_and_leaves_what_it_does_not_know() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    let sqs =
        aws_sdk_sqs::Client::new(&card_airlock::functions::sdk_config(&world.stack.aws_url(), "operator"));
    let queue =
        world.stack.declared.function("ReplayFunction").unwrap().environment["DEAD_LETTER_QUEUE_URL"].clone();
    client.submit(&order("across")).await.is(202);
    world.run_dry().await;
    for body in [
        r#"{"Kind":"PARKED","CustomerOrder":"across","Reason":"REJECTED","At":"2026-11-21T18:59:33.120Z"}"#,
        r#"{"Kind":"PARKED","CustomerOrder":"across","Reason":"REJECTED","At":"2026-11-21T18:59:33.120Z"}"#,
        r#"{"Kind":"EXPIRED","CustomerOrder":"nowhere","At":"2026-11-21T18:59:33.120Z"}"#,
        r#"{"Kind":"PARKED","Reason":"MALFORMED","At":"2026-11-21T18:59:33.120Z"}"#,
        "something else",
    ] {
        sqs.send_message().queue_url(&queue).message_body(body).send().await.unwrap();
    }
    let replayed = world.replay().await;
    for (name, number) in
        [("alreadyTokenized", 1), ("gone", 1), ("rearmed", 0), ("messagesSettled", 4), ("messagesLeft", 1)]
    {
        assert_eq!(replayed[name], number, "{name}: {replayed}");
    }
    let again = world.replay().await;
    assert_eq!((&again["messagesSettled"], &again["messagesLeft"]), (&json!(0), &json!(1)), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_replay_that_fails_half_way_leaves_its_messages_to_the_next() {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::Throttled);
    for id in 0..3 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    world.run_dry().await;
    world.repair();
    world.stack.aws().faults().add("ReplayRole/dynamodb/UpdateItem=throttled@#2".parse().unwrap());
    assert!(world.try_invoke("ReplayFunction", json!({ "action": "replay" })).await.is_err());
    world.repair();
    let replayed = world.replay().await;
    assert_eq!((&replayed["rearmed"], &replayed["messagesLeft"]), (&json!(3), &json!(0)), "{replayed}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 3, 3]);
}
