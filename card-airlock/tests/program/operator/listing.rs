//! `orders`, `order`, `payments`, `audit`.

use serde_json::Value;
use test_support::tables::{AUDIT, QUARANTINE};

use super::{PAYMENT, World, ago, clean, is_presentable, item, payment, quarantined, s};

fn ids(lines: &[Value]) -> Vec<&str> {
    let mut ids: Vec<_> = lines.iter().map(|line| line["order"].as_str().unwrap_or("(hidden)")).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_by_state_and_reason_and_cut_where_asked() {
    let world = World::start().await;
    let long = "x".repeat(64);
    for (order, status, reason) in [
        ("poison", "FAILED", "MALFORMED"),
        ("twin", "FAILED", "ORDER_EXISTS"),
        (long.as_str(), "FAILED", "ORDER_EXISTS"),
        ("over", "EXPIRED", "ORDER_EXISTS"),
        ("4111111111111111", "FAILED", "MALFORMED"),
    ] {
        world.put(QUARANTINE, quarantined(order, status, 60, &[("FailureReason", s(reason))])).await;
    }
    for status in ["UNKNOWN", "SUBMITTING", "SUBMITTED", "DECLINED"] {
        world.put_clean(status, &payment(status)).await;
    }
    world.put_clean("new", &[]).await;
    world.put_clean("edited", &[("PaymentStatus", s("UNKNOWN"))]).await;

    let of = async |arguments: &[&str]| {
        let done = world.run(&[&["orders", "--json"], arguments].concat()).await.is(0);
        is_presentable(&done);
        done.lines()
    };
    assert_eq!(of(&[]).await.len(), 5, "without a state: those in quarantine");
    assert_eq!(ids(&of(&["--state", "parked"]).await), ["(hidden)", "poison", "twin", &long]);
    assert_eq!(ids(&of(&["--state", "parked", "--reason", "ORDER_EXISTS"]).await), ["twin", &long]);
    assert_eq!(ids(&of(&["--state", "expired"]).await), ["over"]);
    for (state, order) in [
        ("unknown", "UNKNOWN"),
        ("submitting", "SUBMITTING"),
        ("paid", "SUBMITTED"),
        ("declined", "DECLINED"),
        ("unpaid", "new"),
        ("unreadable", "edited"),
    ] {
        assert_eq!(ids(&of(&["--state", state]).await), [order], "{state}");
    }
    assert_eq!(ids(&of(&["--state", "paid", "--state", "expired"]).await), ["SUBMITTED", "over"]);
    assert_eq!(of(&["--max", "2"]).await.len(), 2);
    let shown = world.run(&["orders", "--max", "2"]).await.is(0);
    assert!(shown.out.contains("2 orders; there are more"), "{}", shown.out);
    is_presentable(&world.run(&["orders"]).await.is(0));
    world.run(&["orders", "--state", "nowhere"]).await.is(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_from_quarantine_clean_table_and_audit_without_card_name_and_address() {
    let world = World::start().await;
    let client = world.user(&["billing"]);
    client.submit(&test_support::order("A-1")).await.is(202);
    client.settled("A-1").await;
    let bill = serde_json::json!({ "CustomerOrder": "A-1", "Amount": 1999, "Currency": "USD" });
    client.pay_with("one", &bill).await.is(200);
    // Another card for it, which waits.
    let more = [("ArmAfter", s(&ago(0).after(std::time::Duration::from_secs(600)).to_string()))];
    world.put(QUARANTINE, quarantined("A-1", "PENDING", 10, &more)).await;

    let done = world.run(&["order", "A-1", "--json"]).await.is(0);
    let json = done.json();
    assert_eq!((&json["quarantine"]["state"], &json["clean"]["state"]), (&"waiting".into(), &"paid".into()));
    assert_eq!(json["payments"]["current"]["amount"], "19.99 USD");
    assert_eq!(json["payments"]["current"]["paidBy"], "MERCHANT");
    assert_eq!(
        (&json["audit"][0]["purpose"], &json["audit"][0]["principal"]),
        (&"PAYMENT".into(), &client.sub().into())
    );
    assert_eq!(json["audit"][0]["paymentId"], json["payments"]["current"]["paymentId"]);
    let shown = world.run(&["order", "A-1"]).await.is(0);
    for word in ["another card for it", "SUBMITTED", "19.99 USD", "Audit: 1 items", "PAYMENT"] {
        assert!(shown.out.contains(word), "{word}: {}", shown.out);
    }
    let clean = world.row(test_support::tables::ORDERS, "A-1").await.unwrap();
    for done in [&done, &shown] {
        is_presentable(done);
        for hidden in ["CustomerName", "Address", "CreditCardToken"] {
            assert!(!done.out.contains(clean[hidden].as_s().unwrap()), "{hidden}: {}", done.out);
        }
    }
    let without = world.run(&["order", "A-1", "--no-audit", "--json"]).await.is(0);
    assert_eq!(without.json()["audit"], Value::Null);
    let none = world.run(&["order", "another"]).await.is(1);
    assert!(none.told.contains("no table has an order of this id"), "{}", none.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn declines_are_told_with_their_codes() {
    let world = World::start().await;
    let client = world.user(&["billing"]);
    client.submit(&test_support::order_of("A-1", paybill::Sandbox::DECLINED)).await.is(202);
    client.settled("A-1").await;
    client.pay("A-1").await.is(402);
    let done = world.run(&["order", "A-1", "--json"]).await.is(0);
    let decline = &done.json()["payments"]["declines"][0];
    assert!(!decline["code"].as_str().unwrap().is_empty() && decline["kind"].is_string(), "{decline}");
    let shown = world.run(&["order", "A-1"]).await.is(0);
    assert!(shown.out.contains("Declined"), "{}", shown.out);
    is_presentable(&shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_without_an_outcome_are_listed_and_those_under_way_are_not() {
    let world = World::start().await;
    assert!(world.run(&["payments", "--json"]).await.is(0).out.is_empty());
    world.put_clean("unknown", &payment("UNKNOWN")).await;
    world.put_clean("interrupted", &payment("SUBMITTING")).await;
    let mut under_way = clean("under-way", &payment("SUBMITTING"));
    let until = ago(0).after(std::time::Duration::from_secs(600));
    under_way.insert("ClaimedUntil".to_owned(), s(&until.to_string()));
    world.put(test_support::tables::ORDERS, under_way).await;
    world.put_clean("paid", &payment("SUBMITTED")).await;
    world.put_clean("edited", &[("PaymentStatus", s("UNKNOWN"))]).await;

    let of = async |arguments: &[&str]| {
        world.run(&[&["payments", "--json"], arguments].concat()).await.is(3).lines()
    };
    assert_eq!(ids(&of(&[]).await), ["edited", "interrupted", "unknown"]);
    assert_eq!(ids(&of(&["--unknown"]).await), ["unknown"]);
    assert_eq!(ids(&of(&["--interrupted"]).await), ["interrupted"]);
    assert_eq!(of(&["--unknown"]).await[0]["payment"]["paymentId"], PAYMENT);
    let shown = world.run(&["payments"]).await.is(3);
    is_presentable(&shown);
    for word in ["Order interrupted\n", "Order unknown\n", "19.99 USD", "https://pay.example/", "ran out at"]
    {
        assert!(shown.out.contains(word), "{word}: {}", shown.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_payment_is_told_with_what_ends_it_and_its_commands_work_as_they_are() {
    let world = World::start().await;
    // Just interrupted: its claim is over, and the processor still recognizes a repeat.
    let mut fresh = clean("fresh", &payment("SUBMITTING"));
    fresh.insert("PaymentStartedAt".to_owned(), s(&ago(120).to_string()));
    fresh.insert("ClaimedUntil".to_owned(), s(&ago(60).to_string()));
    world.put(test_support::tables::ORDERS, fresh).await;
    world.put_clean("old", &payment("SUBMITTING")).await;
    let mut elsewhere = payment("SUBMITTING");
    elsewhere.retain(|(name, _)| *name != "PaymentProfile");
    world.put_clean("elsewhere", &elsewhere).await;
    world.put_clean("unknown", &payment("UNKNOWN")).await;
    let port = world.aws_url.rsplit(':').next().unwrap().to_owned();
    let bill = |order: &str| {
        format!(
            "curl -sS -i -X POST \"{}/paybill\" -H \"Authorization: $({} token --user clerk --group billing)\" -H \
             'Content-Type: application/json' -d '{{\"CustomerOrder\": \"{order}\"}}'",
            world.stack.api_url(),
            env!("CARGO_BIN_EXE_card-airlock"),
        )
    };
    let settle = |order: &str, found: &str| {
        format!("{} settle {order} {found} --aws-port {port}", env!("CARGO_BIN_EXE_card-airlock"))
    };
    let by_hand =
        |order: &str| [settle(order, "--charged \"$REFERENCE\""), settle(order, "--not-charged")].to_vec();
    let told = world.run(&["payments", "--json"]).await.is(3).lines();
    for (order, remedy, commands) in [
        ("fresh", "send-again", vec![bill("fresh")]),
        ("old", "too-late", [vec![bill("old")], by_hand("old")].concat()),
        ("elsewhere", "sent-elsewhere", [vec![bill("elsewhere")], by_hand("elsewhere")].concat()),
        ("unknown", "ask-the-processor", by_hand("unknown")),
    ] {
        let line = told.iter().find(|line| line["order"] == order).unwrap();
        assert_eq!(
            (&line["remedy"], &line["commands"]),
            (&remedy.into(), &commands.clone().into()),
            "{order}"
        );
        for shown in [world.run(&["payments"]).await.is(3), world.run(&["order", order]).await.is(0)] {
            is_presentable(&shown);
            for command in &commands {
                assert!(shown.out.contains(command), "{command}: {}", shown.out);
            }
        }
    }
    let shown = world.run(&["payments"]).await.is(3).out;
    for text in [
        "It began more than 23 h ago and is not sent again.",
        "It was not sent by today's profile and account",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    // The command as it was printed, once with the reference that it needs, and once without.
    let shell = async |command: &str, reference: &str| {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", &format!("{command} --yes")]).env("REFERENCE", reference);
        shell.stdin(std::process::Stdio::null()).output().await.unwrap().status.code()
    };
    assert_eq!(shell(&by_hand("unknown")[0], "").await, Some(1), "without a reference nothing is written");
    assert_eq!(shell(&by_hand("unknown")[0], "ch_1").await, Some(0));
    let row = world.row(test_support::tables::ORDERS, "unknown").await.unwrap();
    assert_eq!(row["ProcessorReference"], s("ch_1"));
    // Without paybill's settings nobody knows how old is too old, and nothing else is kept back.
    world.stack.aws().faults().add("OperatorRead/lambda/GetFunctionConfiguration=error".parse().unwrap());
    let shown = world.run(&["payments"]).await.is(3);
    is_presentable(&shown);
    assert!(shown.out.contains("that settles it, or makes it UNKNOWN if it is too old"), "{}", shown.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_payment_is_not_called_settled() {
    let world = World::start().await;
    for (order, word) in [("UNKNOWN", "  unknown since"), ("SUBMITTED", "  settled")] {
        let at = [("PaymentSettledAt", s("2026-11-22T18:59:33.120Z"))];
        world.put_clean(order, &[payment(order), at.to_vec()].concat()).await;
        let shown = world.run(&["order", order, "--no-audit"]).await.is(0);
        let line = shown.out.lines().find(|line| line.contains("2026-11-22 18:59:33")).unwrap();
        assert!(line.starts_with(word), "{}", shown.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_malformed_row_lacks_is_named_and_no_take_up_is_promised_while_the_mapping_is_off() {
    let world = World::start().await;
    world.stop_mapping().await;
    let lacking = item(&[
        ("CustomerOrder", s("poison")),
        ("Status", s("FAILED")),
        ("FailureReason", s("MALFORMED")),
        ("Attempt", super::n(1)),
        ("Owner", s("")),
    ]);
    world.put(QUARANTINE, lacking).await;
    let shown = world.run(&["order", "poison", "--no-audit"]).await.is(0);
    is_presentable(&shown);
    for name in ["Owner", "AcceptanceId", "AcceptedAt", "ArmedAt", "Deadline"] {
        assert!(shown.out.contains(&format!("  missing, unreadable {name}\n")), "{name}: {}", shown.out);
    }
    for name in ["Attempt\n", "Status\n"] {
        assert!(!shown.out.contains(&format!("missing, unreadable {name}")), "{}", shown.out);
    }
    assert!(shown.out.contains(" replay --dry-run --order poison --aws-port "), "{}", shown.out);
    let json = world.run(&["order", "poison", "--json"]).await.is(0).json();
    let names = ["Owner", "AcceptanceId", "AcceptedAt", "ArmedAt", "Deadline"];
    assert_eq!(json["quarantine"]["lacking"], serde_json::json!(names));
    // What no operator may read is not guessed.
    world.put(QUARANTINE, quarantined("whole", "FAILED", 60, &[("FailureReason", s("MALFORMED"))])).await;
    let shown = world.run(&["order", "whole", "--no-audit"]).await.is(0);
    is_presentable(&shown);
    assert!(shown.out.contains("the worker's log has the names"), "{}", shown.out);

    world.put(QUARANTINE, quarantined("stuck", "PENDING", 300, &[])).await;
    let shown = world.run(&["order", "stuck", "--no-audit"]).await.is(0);
    is_presentable(&shown);
    assert!(
        shown.out.contains("the stream mapping is off") && !shown.out.contains("taken up"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains(" doctor --aws-port "), "{}", shown.out);
    let json = world.run(&["order", "stuck", "--json"]).await.is(0).json();
    assert_eq!(json["mapping"], "Disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_read_by_user_order_and_time_and_its_counters_are_left_out() {
    let world = World::start().await;
    for (principal, at, order) in [
        ("ann", "2026-11-01T10:00:00.000Z", "A-1"),
        ("ann", "2026-11-02T10:00:00.000Z", "A-2"),
        ("bob", "2026-11-03T10:00:00.000Z", "A-1"),
    ] {
        let facts = [
            ("Principal", s(principal)),
            ("At", s(&format!("{at}#{PAYMENT}"))),
            ("CustomerOrder", s(order)),
            ("CreditCardToken", s(super::HIDDEN[2])),
            ("Purpose", s("PAYMENT")),
            ("PaymentId", s(PAYMENT)),
        ];
        world.put(AUDIT, item(&facts)).await;
    }
    let counter = [("Principal", s("ann")), ("At", s("minute#2026-11-01T10:00Z")), ("Uses", super::n(1))];
    world.put(AUDIT, item(&counter)).await;

    let of = async |arguments: &[&str]| {
        let done = world.run(&[&["audit", "--json"], arguments].concat()).await.is(0);
        is_presentable(&done);
        done.lines().iter().map(|it| it["at"].as_str().unwrap()[8..10].to_owned()).collect::<Vec<_>>()
    };
    let sorted = |mut days: Vec<String>| {
        days.sort();
        days
    };
    assert_eq!(sorted(of(&[]).await), ["01", "02", "03"]);
    assert_eq!(of(&["--user", "ann"]).await, ["02", "01"], "the latest first");
    assert_eq!(sorted(of(&["--order", "A-1"]).await), ["01", "03"]);
    assert_eq!(of(&["--user", "ann", "--order", "A-1"]).await, ["01"]);
    assert_eq!(sorted(of(&["--since", "2026-11-02"]).await), ["02", "03"]);
    assert_eq!(of(&["--user", "ann", "--since", "2026-11-02T10:00:00Z"]).await, ["02"]);
    assert_eq!(of(&["--user", "ann", "--until", "2026-11-02T10:00:00Z"]).await, ["01"]);
    assert_eq!(sorted(of(&["--until", "2026-11-03"]).await), ["01", "02"]);
    assert_eq!(of(&["--max", "1"]).await.len(), 1);
    is_presentable(&world.run(&["audit"]).await.is(0));
    world.run(&["audit", "--since", "yesterday"]).await.is(2);
}
