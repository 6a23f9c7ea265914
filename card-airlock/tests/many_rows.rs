//! `status` over a hundred thousand rows: it holds a page at a time, and tells how far it is. Alone in its process, whose
//! memory is measured.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{Router, body::Bytes, extract::State};
use card_airlock::{functions, operations::QuarantineTally};
use order::{Timestamp, Upkeep};
use serde_json::{Value, json};

/// Rows of a page: about what fits into DynamoDB's megabyte.
const PAGE: u64 = 2_000;

/// A table that is made up while it is read.
#[derive(Clone)]
struct Table {
    rows: u64,
    /// The largest answer so far.
    largest: Arc<AtomicU64>,
}

async fn scan(State(table): State<Table>, body: Bytes) -> String {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let from =
        asked["ExclusiveStartKey"]["CustomerOrder"]["S"].as_str().map_or(0, |key| key.parse().unwrap());
    let until = (from + PAGE).min(table.rows);
    let row = |number: u64| {
        let status = if number.is_multiple_of(2) { "PENDING" } else { "FAILED" };
        json!({
            "CustomerOrder": { "S": number.to_string() }, "Status": { "S": status }, "FailureReason": { "S": "REJECTED" },
            "AcceptedAt": { "S": "2026-11-21T18:59:33.120Z" }, "ArmedAt": { "S": "2026-11-21T18:59:33.120Z" },
            "AcceptanceId": { "S": "550e8400-e29b-41d4-a716-446655440000" }, "Owner": { "S": "a".repeat(100) },
            "Attempt": { "N": "1" }, "Deadline": { "N": "1763751573" },
        })
    };
    let items: Vec<_> = (from..until).map(row).collect();
    let mut answer = json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items });
    if until < table.rows {
        answer["LastEvaluatedKey"] = json!({ "CustomerOrder": { "S": until.to_string() } });
    }
    let answer = answer.to_string();
    table.largest.fetch_max(answer.len() as u64, Ordering::Relaxed);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_are_counted_page_by_page_and_progress_is_told() {
    let table = Table { rows: 100_000, largest: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(scan).with_state(table.clone());
    tokio::spawn(axum::serve(listener, router).into_future());

    let upkeep = Upkeep::new(&functions::sdk_config(&url, "OperatorRead"), "Quarantine".to_owned());
    let now: Timestamp = "2026-11-21T20:00:00.000Z".parse().unwrap();
    let told = Mutex::new(Vec::new());
    let tally =
        QuarantineTally::of(&upkeep, now, &|rows| told.lock().unwrap().push((rows, resident_kib()))).await;
    let tally = tally.unwrap();
    assert_eq!((tally.rows, tally.given_up.rows, tally.parked_rows()), (100_000, 50_000, 50_000));

    let told = told.into_inner().unwrap();
    let rows: Vec<_> = told.iter().map(|(rows, _)| *rows).collect();
    assert_eq!(rows, (1..=50).map(|page| page * PAGE).collect::<Vec<_>>(), "after each page");
    // Once the first pages have shown what a page takes, the others take no more. If rows were kept, they would take more
    // than the bytes that they were read from.
    let rest = table.largest.load(Ordering::Relaxed) * 40 / 1_024;
    let grown = told[49].1.saturating_sub(told[9].1);
    assert!(grown < rest / 2, "{grown} KiB more for the pages after the tenth, which are {rest} KiB");
}

/// How much memory this process has.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
