//! `status` on a stack with rows of every kind.

use test_support::tables::QUARANTINE;

use super::{World, ago, is_presentable, n, payment, quarantined, s};

async fn fill(world: &World) {
    world.stop_mapping().await;
    let reason = |code: &str| vec![("FailureReason", s(code))];
    let suspected = vec![("Suspected", n(1))];
    let waiting = vec![("ArmAfter", s(&ago(0).after(std::time::Duration::from_secs(600)).to_string()))];
    let rows = [
        ("stuck", "PENDING", 300, vec![]),
        ("suspect", "PENDING", 301, suspected),
        ("waiting", "PENDING", 30, waiting),
        ("poison", "FAILED", 7_300, reason("MALFORMED")),
        ("twin", "FAILED", 10, reason("ORDER_EXISTS")),
        ("twin-2", "FAILED", 20, reason("ORDER_EXISTS")),
        ("late", "FAILED", 10, reason("CARD_NOT_REPLACED")),
        ("over", "EXPIRED", 300_000, vec![]),
        ("odd", "SOMETHING", 10, vec![]),
    ];
    for (order, status, age, more) in rows {
        world.put(QUARANTINE, quarantined(order, status, age, &more)).await;
    }
    world.put_clean("unknown", &payment("UNKNOWN")).await;
    world.put_clean("interrupted", &payment("SUBMITTING")).await;
    world.put_clean("paid", &payment("SUBMITTED")).await;
    // In work for twenty seconds after it was armed, which is to come.
    let armed = [("ArmedAt", s(&ago(0).after(std::time::Duration::from_secs(600)).to_string()))];
    world.put(QUARANTINE, quarantined("fresh", "PENDING", 0, &armed)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_counts_each_row_where_it_is_and_says_that_a_person_is_needed() {
    let world = World::start().await;
    let empty = world.run(&["status"]).await.is(0);
    assert!(empty.out.contains("Nobody is needed."), "{}", empty.out);
    is_presentable(&empty);

    fill(&world).await;
    let done = world.run(&["status", "--json"]).await.is(3);
    let json = done.json();
    let quarantine = &json["quarantine"];
    assert_eq!(quarantine["rows"], 10, "{json}");
    for (kind, rows) in
        [("inWork", 1), ("givenUp", 2), ("waiting", 1), ("ended", 1), ("expired", 1), ("unreadable", 1)]
    {
        assert_eq!(quarantine[kind]["rows"], rows, "{kind}: {json}");
    }
    assert_eq!(quarantine["suspected"], 1);
    assert_eq!(quarantine["parked"]["MALFORMED"]["rows"], 1);
    assert_eq!(quarantine["parked"]["ORDER_EXISTS"]["rows"], 2);
    // A suspect waits for five minutes and a sweep from its last arming on, what was given up for a sweep.
    assert!(quarantine["givenUp"]["againBy"].as_str().unwrap() > json["at"].as_str().unwrap());
    assert_eq!(quarantine["oldest"], quarantine["parked"]["MALFORMED"]["oldest"]);
    assert_eq!((&json["payments"]["unknown"], &json["payments"]["interrupted"]), (&1.into(), &1.into()));
    assert_eq!(json["keys"]["QuarantineKey"], "Enabled");
    assert_eq!(json["needsAttention"], true);

    let shown = world.run(&["status"]).await.is(3);
    is_presentable(&shown);
    for line in ["given up", "ORDER_EXISTS", "oldest 2 h", "UNKNOWN", "A person is needed."] {
        assert!(shown.out.contains(line), "{line}: {}", shown.out);
    }
    // Nothing is taken up while the mapping is off, and what to look at is told.
    assert!(shown.out.contains("Stream mapping              Disabled"), "{}", shown.out);
    assert!(
        shown.out.contains("oldest 5 min, the stream mapping is off") && !shown.out.contains("taken up"),
        "{}",
        shown.out
    );
    assert_eq!(json["mapping"], "Disabled");
    assert_eq!(json["otherMappings"]["NotifyFunction"], "Enabled");
    let next: Vec<_> = json["next"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let port = world.aws_url.rsplit(':').next().unwrap();
    let own = |command: &str| format!("{} {command} --aws-port {port}", env!("CARGO_BIN_EXE_card-airlock"));
    let commands =
        ["doctor", "orders --state given-up", "orders --state parked", "replay --dry-run", "payments"]
            .map(own);
    assert_eq!(next, commands);
    for command in &commands {
        assert!(shown.out.contains(&format!("\n  {command}\n")), "{command}: {}", shown.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_needed_while_a_stream_beside_the_workers_is_read_by_nobody() {
    for (function, line) in [
        ("NotifyFunction", "  of events                 "),
        ("WitnessFunction", "  of the witness            "),
    ] {
        let world = World::start().await;
        let shown = world.run(&["status"]).await.is(0);
        assert!(shown.out.contains(&format!("{line}Enabled")), "{}", shown.out);
        world.stop_mapping_of(&format!("card-airlock-{function}")).await;
        let shown = world.run(&["status"]).await.is(3);
        is_presentable(&shown);
        for line in ["Stream mapping              Enabled", &format!("{line}Disabled"), " doctor --aws-port"]
        {
            assert!(shown.out.contains(line), "{line}: {}", shown.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_off_needs_a_person_and_one_that_cannot_be_read_is_told() {
    let world = World::start().await;
    // As for an order that Lambda gave up a while ago: nobody has a position for it, so it stays.
    let stuck = [("ArmedAt", s(&ago(300).to_string()))];
    world.put(QUARANTINE, quarantined("stuck", "EXPIRED", 300, &stuck)).await;
    let shown = world.run(&["status"]).await.is(0);
    assert!(shown.out.contains("Stream mapping              Enabled"), "{}", shown.out);
    world.stack.aws().faults().add("OperatorRead/lambda/ListEventSourceMappings=error".parse().unwrap());
    let done = world.run(&["status", "--json"]).await.is(1).json();
    for read in [&done["mapping"], &done["otherMappings"]["NotifyFunction"]] {
        assert!(read["notRead"].as_str().unwrap().contains("ListEventSourceMappings"), "{done}");
    }
    let shown = world.run(&["status"]).await.is(1);
    is_presentable(&shown);
    assert!(shown.out.contains("Stream mapping              not read:"), "{}", shown.out);
    world.stack.aws().faults().clear();
    let uuid = world.stop_mapping().await;
    world.put(QUARANTINE, quarantined("stuck", "PENDING", 300, &stuck)).await;
    let done = world.run(&["status", "--json"]).await.is(3).json();
    assert_eq!((&done["needsAttention"], &done["mapping"]), (&true.into(), &"Disabled".into()));
    // With the mapping on again, it says by when the sweep takes it up.
    let lambda = world.lambda();
    // The row must stay: what the mapping hands over to is asked to fail.
    world.stack.aws().faults().add("TokenizeWorkerRole/dynamodb/*=error".parse().unwrap());
    test_support::eventually("the mapping is on", async || {
        lambda.update_event_source_mapping().uuid(&uuid).enabled(true).send().await.ok()
    })
    .await;
    let shown = world.run(&["status"]).await;
    assert!(shown.out.contains("oldest 5 min, taken up again by "), "{}{}", shown.out, shown.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stack_does_by_itself_needs_nobody() {
    let world = World::start().await;
    for (order, status, age, more) in [
        ("over", "EXPIRED", 300_000, vec![]),
        ("late", "FAILED", 10, vec![("FailureReason", s("CARD_NOT_REPLACED"))]),
    ] {
        world.put(QUARANTINE, quarantined(order, status, age, &more)).await;
    }
    world.put_clean("paid", &payment("SUBMITTED")).await;
    let done = world.run(&["status", "--json"]).await.is(0);
    assert_eq!(done.json()["needsAttention"], false, "{}", done.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_told_and_the_rest_is_counted_all_the_same() {
    let world = World::start().await;
    world.put_clean("unknown", &payment("UNKNOWN")).await;
    world.stack.aws().faults().add("OperatorRead/kms/DescribeKey=error".parse().unwrap());
    let done = world.run(&["status", "--json"]).await.is(1);
    let json = done.json();
    assert!(
        json["keys"]["VaultKey"]["notRead"].as_str().unwrap().contains("DescribeKey of KMS failed"),
        "{json}"
    );
    assert_eq!(json["payments"]["unknown"], 1);
    let shown = world.run(&["status"]).await.is(1);
    assert!(
        shown.out.contains("not read:") && shown.out.contains("Not everything could be read"),
        "{}",
        shown.out
    );
    is_presentable(&shown);
    // Nor is a quarantine that nobody may list an empty one.
    world.stack.aws().faults().clear();
    world.stack.aws().faults().add("OperatorRead/dynamodb/Scan=error".parse().unwrap());
    world.run(&["status"]).await.is(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_looks_again_until_it_is_stopped() {
    let world = World::start().await;
    let port = world.stack.aws_url().rsplit(':').next().unwrap().to_owned();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["status", "--watch", "--every", "1", "--json", "--aws-port", &port]).kill_on_drop(true);
    let mut child =
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(out));
    let mut rows = Vec::new();
    for look in 0..3 {
        let line =
            tokio::time::timeout(test_support::LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        rows.push(json["quarantine"]["rows"].as_u64().unwrap());
        if look == 0 {
            world.put(QUARANTINE, quarantined("over", "EXPIRED", 10, &[])).await;
        }
    }
    assert_eq!((rows[0], rows[2]), (0, 1), "{rows:?}");
}
