//! `card-airlock load` as a script sees it: JSON, exit code. The functions' programs are found beside this test's own;
//! `cargo test --workspace` builds them, or `cargo build --workspace`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

use std::process::{Command, Output};

use serde_json::{Value, json};

fn load(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.arg("load").args(arguments).env_remove("CARD_AIRLOCK_LOG").output().unwrap()
}

#[test]
fn a_small_load_is_told_as_json_with_no_order_lost_or_doubled() {
    let output = load(&["--orders", "60", "--concurrency", "3", "--json"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |name: &str| report[name].as_f64().unwrap_or_else(|| panic!("no {name}: {report}"));

    assert_eq!([number("orders"), number("lost"), number("doubled")], [60.0, 0.0, 0.0]);
    for name in [
        "accept_per_s",
        "accept_p50_ms",
        "accept_p90_ms",
        "accept_p99_ms",
        "tokenize_per_s",
        "cross_p50_ms",
        "cross_p99_ms",
        "paybill_per_s",
        "paybill_p50_ms",
        "paybill_p99_ms",
        "cpu_ms_per_order",
        "peak_memory_mib",
        "usd_per_million_orders",
        "usd_per_million_payments",
        "usd_per_million_witnessed",
    ] {
        assert!(number(name) > 0.0, "{name}");
    }
    assert!(number("accept_p50_ms") <= number("accept_p99_ms"));
    // What tests/end_to_end/cost.rs pins, through real processes: no call is repeated, none is missing.
    assert_eq!([number("wru_per_order"), number("rru_per_order")], [7.0, 1.0]);
    // Two, and a share of a transaction: how many share one depends on how they come.
    let calls = number("dynamodb_calls_per_order");
    assert!((2.1..=3.0).contains(&calls), "{calls}");
    let kms = number("kms_calls_per_order");
    assert!((1.0..=1.1).contains(&kms), "{kms}");

    let payment = &report["payment"];
    assert_eq!(payment["payments"], 60);
    assert_eq!([&payment["kms_calls"], &payment["wru"], &payment["rru"]], [1.0, 6.0, 3.0]);
    // One user's items share links, however they come.
    let witness = &report["witness"];
    assert_eq!(witness["kms_calls"], 0.0);
    let (calls, written) = (witness["dynamodb_calls"].as_f64().unwrap(), witness["wru"].as_f64().unwrap());
    assert!((0.08..=2.1).contains(&calls) && (0.1..=1.1).contains(&written), "{witness}");
    assert!(number("usd_per_million_witnessed") < 1.5, "{witness}");
    // The price of 7 write units, 1 read unit and a request of the gateway at least.
    assert!(number("usd_per_million_orders") > 7.0 * 0.625 + 0.125 + 3.5);
}

#[test]
fn a_table_is_printed_when_no_json_is_asked_for() {
    let output = load(&["--orders", "5", "--concurrency", "1"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    for wanted in [
        "5 orders, 1 clients",
        "accept",
        "tokenize",
        "TokenizeWorkerFunction: KMS GenerateDataKey",
        "USD per million",
    ] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colour outside a terminal");
}

#[test]
fn the_handlers_are_measured_beside_a_bare_client() {
    let output = load(&["--floors", "--orders", "30", "--concurrency", "2", "--rounds", "3", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let floors: Value = serde_json::from_slice(&output.stdout).unwrap();
    for ratio in ["accept_to_floor", "tokenize_to_floor", "tokenize_to_floor_alone"] {
        // Of a debug build; far off either way would be a mistake in what is compared.
        let ratio = floors[ratio].as_f64().unwrap();
        assert!((0.05..5.0).contains(&ratio), "{floors}");
    }
    assert_eq!(floors["rounds"].as_array().unwrap().len(), 3);
}

#[test]
fn an_import_and_re_wrapping_are_measured_as_processes_and_beside_a_bare_client() {
    let run = |options: &[&str]| -> Value {
        let output = load(&[&["--passes", "--orders", "120", "--json"], options].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (measured, compared) = (run(&[]), run(&["--floors", "--rounds", "1"]));
    for (at, pass, calls) in
        [(0, "import", ["GetItem", "TransactWriteItems"]), (1, "rewrap", ["ReEncrypt", "UpdateItem"])]
    {
        assert_eq!((&measured[at]["pass"], &compared[at]["pass"]), (&json!(pass), &json!(pass)));
        for call in calls {
            let all = measured[at]["per_row"]["calls"].as_array().unwrap();
            let made = all.iter().find(|made| made["operation"] == call).unwrap();
            assert_eq!(made["calls"], 1.0, "{made}");
        }
        assert!(measured[at]["rows_per_s"].as_f64().unwrap() > 0.0);
        let ratio = compared[at]["to_floor"].as_f64().unwrap();
        assert!((0.05..20.0).contains(&ratio), "{compared}");
    }
}

#[test]
fn a_load_of_nothing_is_a_usage_error() {
    for arguments in [["--orders", "0"], ["--concurrency", "0"], ["--processes", "0"]] {
        assert_eq!(load(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
