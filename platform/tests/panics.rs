//! A handler that panics, in a program as Lambda runs it: this one. It runs itself, because none of the functions can
//! be made to panic from outside; what surrounds their handlers is the same `platform::run`.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use test_support::runtime_api;

const CARD: &str = "4111111111111111";

fn main() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return program();
    }
    promise_1_a_panic_fails_its_invocation_and_tells_nothing_but_its_place();
}

/// Panics with the card in its words where it is asked to.
#[tokio::main(flavor = "current_thread")]
async fn program() {
    platform::init_logs().unwrap();
    let handler = async |event: Value, _| {
        assert!(event["card"].is_null(), "this card is too much for me: {event}");
        platform::metrics::Metric::Accepted.record();
        Ok(event)
    };
    let _ = platform::run(handler).await;
}

fn promise_1_a_panic_fails_its_invocation_and_tells_nothing_but_its_place() {
    let this = std::env::current_exe().unwrap();
    let settings = [("METRICS_NAMESPACE", "CardAirlock/panics")];
    let events = [json!({ "card": CARD }), json!({ "fine": 1 }), json!({ "card": CARD })];
    let run = runtime_api::run(this.to_str().unwrap(), &settings, &events);
    let [first, second, third] = &run.answers[..] else { panic!("three answers") };
    assert_eq!(*second, ("response".to_owned(), json!({ "fine": 1 })), "the process lives on");
    for (what, told) in [first, third] {
        assert_eq!((what.as_str(), &told["errorMessage"]), ("error", &json!("the handler panicked")));
        assert!(!told.to_string().contains(CARD), "{told}");
    }
    assert!(!run.written.contains(CARD) && !run.written.contains("too much"), "{}", run.written);
    let metrics = run.written.lines().filter(|line| line.contains(r#""Namespace":"CardAirlock/panics""#));
    assert_eq!(metrics.count(), 1, "that of the second: {}", run.written);
    let places: Vec<_> =
        run.lines().into_iter().filter(|(line, _)| line["fields"]["message"] == "panicked").collect();
    assert_eq!(places.len(), 2, "{}", run.written);
    for ((line, ids), id) in places.iter().zip(["0", "2"]) {
        assert_eq!((&ids["request_id"], &line["fields"]["file"]), (&json!(id), &json!(file!())));
    }
}
