//! Promise 1 at the real program: everything it writes, logs at TRACE included, is searched for cards that were sent
//! to it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test's helpers fail the test by panicking, and tell what they did"
)]

mod importing;
mod memory;
mod up;

#[path = "../../../tests/end_to_end/leaks/mod.rs"]
mod leaks;

use std::sync::{Arc, Mutex};

use card_airlock::stack::{Stack, StackOptions};
use card_airlock_lambda::{Lines, ProcessOptions};
use serde_json::json;
use test_support::{eventually, http_client, tables::AUDIT};

use leaks::{Attempt, Cards, Searched, attempts, planted_forms};
use up::Up;

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_real_program_logs_stores_and_answers_no_card_at_trace() {
    let mut up = Up::start(&[]).await;
    let mut cards = Cards::random();
    let canary = cards.mint();
    let attempts: Vec<_> = ["1", "2"].iter().flat_map(|round| attempts(&mut cards, round)).collect();
    let mut searched =
        Searched::for_cards(&attempts.iter().map(|attempt| attempt.card.clone()).collect::<Vec<_>>());
    let http = http_client();
    for attempt in &attempts {
        let (status, answer) = attempt.send(&http, up.text("api"), up.text("token")).await;
        searched.bytes(&format!("the answer to a card {}", attempt.what), answer.as_bytes());
        assert_eq!(status, attempt.status, "{}: {answer}", attempt.what);
    }
    for attempt in attempts.iter().filter(|attempt| attempt.status == 202) {
        searched.bytes(attempt.what, paid(&http, up.text("api"), up.text("token"), attempt).await.as_bytes());
    }
    up.park_a_row().await;
    let accepted = attempts.iter().filter(|attempt| attempt.status == 202);
    let shown = accepted.map(|attempt| format!("orders/{}", attempt.order)).chain(["recent".to_owned()]);
    for what in shown {
        let (origin, _) = up.text("api").rsplit_once('/').unwrap();
        let console = http.get(format!("{origin}/console/{what}")).send().await.unwrap();
        assert_eq!(console.status(), 200, "{what}");
        searched.bytes(&format!("the console's {what}"), &console.bytes().await.unwrap());
    }

    let stored = up.stored().await;
    assert!(stored.iter().any(|(place, _)| place == AUDIT));
    for (place, rows) in &stored {
        assert!(!rows.is_empty(), "there is something in {place}");
        searched.bytes(place, rows);
    }
    let log = up.stop();
    for line in
        ["accepted", "tokenized", "detokenized", "settled", "parked", "Card Airlock is up", "Stopped."]
    {
        assert!(log.contains(line), "no {line} in the log:\n{log}");
    }
    searched.bytes("what the program printed and logged", log.as_bytes());
    assert_eq!(searched.found(), [""; 0]);

    for (form, text) in planted_forms(&canary) {
        let mut searched = Searched::for_cards(std::slice::from_ref(&canary));
        searched.bytes("planted", format!("{log} [{text}] {log}").as_bytes());
        assert!(!searched.found().is_empty(), "not found: {form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_functions_as_processes_write_no_card_at_trace() {
    let written = Arc::new(Mutex::new(String::new()));
    let keeper = Arc::clone(&written);
    let lines = Lines::new(move |line| keeper.lock().unwrap().push_str(&format!("{line}\n")));
    let processes = ProcessOptions { lines, ..ProcessOptions::beside_this_program().unwrap() };
    // Somebody who may set a function's environment may ask for more than is safe.
    let namespace = "        METRICS_NAMESPACE:";
    let loud = format!(
        "        LOG_LEVEL: TRACE\n        RUST_LOG: trace\n        AWS_LAMBDA_LOG_LEVEL: TRACE\n{namespace}"
    );
    let template = include_str!("../../../template.yaml").replacen(namespace, &loud, 1);
    let options = StackOptions {
        processes: Some(processes),
        template: Some(template),
        ..StackOptions::on_free_ports(card_airlock::sign_in::ephemeral().unwrap())
    };
    let stack = Stack::start(options).await.unwrap();
    let (api, token) = (stack.api_url(), stack.token("ann", &[]).unwrap());
    let mut cards = Cards::random();
    let attempts = attempts(&mut cards, "processes");
    let sent: Vec<_> = attempts.iter().map(|attempt| attempt.card.clone()).collect();
    let mut searched = Searched::for_cards(&sent);
    let http = test_support::http_client();
    for attempt in &attempts {
        let (status, answer) = attempt.send(&http, &api, &token).await;
        searched.bytes(&format!("the answer to a card {}", attempt.what), answer.as_bytes());
        assert_eq!(status, attempt.status, "{}: {answer}", attempt.what);
    }
    for attempt in attempts.iter().filter(|attempt| attempt.status == 202) {
        searched.bytes(attempt.what, paid(&http, &api, &token, attempt).await.as_bytes());
    }
    stack.shutdown().await;
    let written = written.lock().unwrap();
    for line in ["accepted", "tokenized", "detokenized", "settled", "refused", "request_id"] {
        assert!(written.contains(line), "no {line} in what the processes wrote:\n{written}");
    }
    assert!(!written.contains("hyper::proto"), "dependencies stay at WARN");
    for personal in ["A. Payer", "Las Vegas"] {
        assert!(!written.contains(personal), "{personal} in what the processes wrote");
    }
    searched.bytes("what the processes wrote", written.as_bytes());
    assert_eq!(searched.found(), [""; 0]);
}

/// Follows an order until it is tokenized, pays it, and gives every answer.
async fn paid(http: &reqwest::Client, api: &str, token: &str, attempt: &Attempt) -> String {
    let url = format!("{}/order/{}", api, attempt.order);
    let status = eventually("the order is tokenized", async || {
        let answer = http.get(&url).header("Authorization", token).send().await.unwrap();
        let answer = format!("{:?}", answer.headers()) + &answer.text().await.unwrap();
        assert!(!answer.contains("FAILED"), "{}: {answer}", attempt.what);
        answer.contains("TOKENIZED").then_some(answer)
    })
    .await;
    let pay = http.post(format!("{}/paybill", api)).header("Authorization", token);
    let pay = pay.header("Content-Type", "application/json");
    let paid = pay.body(json!({ "CustomerOrder": attempt.order }).to_string()).send().await.unwrap();
    assert_eq!(paid.status(), 200, "{}", attempt.what);
    status + &format!("{:?}", paid.headers()) + &paid.text().await.unwrap()
}
