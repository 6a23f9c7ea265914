//! What the application takes from EventBridge's answers to `PutEvents`.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::StatusCode};
use order::{BusError, Event, EventBus, Put};
use serde_json::{Value, json};
use tokio::net::TcpListener;

fn events(orders: &[&str]) -> Vec<Event> {
    let event = |order: &&str| {
        let event = json!({
            "Source": "card-airlock", "DetailType": "order.failed", "Time": "2026-11-21T18:59:34.000Z",
            "Detail": { "CustomerOrder": order, "At": "2026-11-21T18:59:34.000Z", "Status": "FAILED" },
        });
        serde_json::from_value(event).unwrap()
    };
    orders.iter().map(event).collect()
}

/// What became of events A, B and C when EventBridge answers so, and the request that it got last.
async fn put(status: u16, answer: Value) -> (Result<Vec<Put>, BusError>, Value) {
    let got = Arc::new(Mutex::new(Value::Null));
    let heard = Arc::clone(&got);
    let answering = move |body: Bytes| {
        *heard.lock().unwrap() = serde_json::from_slice(&body).unwrap();
        let reply = (StatusCode::from_u16(status).unwrap(), answer.to_string());
        async move { reply }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().fallback(answering)).into_future());
    let bus = EventBus::new(&test_support::aws_config(&url), "the-bus".into());
    let put = bus.put(&events(&["A", "B", "C"])).await;
    let got = got.lock().unwrap().clone();
    (put, got)
}

fn taken() -> Value {
    json!({ "EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860" })
}

#[tokio::test]
async fn each_event_of_a_call_has_its_own_end() {
    let refused = json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "-" });
    let answer = json!({ "FailedEntryCount": 1, "Entries": [taken(), refused, taken()] });
    let (put, got) = put(200, answer).await;
    assert_eq!(put, Ok(vec![Put::Taken, Put::Refused, Put::Taken]));
    let entries = got["Entries"].as_array().unwrap();
    let orders: Vec<Value> = entries
        .iter()
        .map(|entry| serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap()).unwrap())
        .map(|detail| detail["CustomerOrder"].clone())
        .collect();
    assert_eq!(orders, ["A", "B", "C"]);
    for entry in entries {
        assert_eq!(
            (&entry["EventBusName"], &entry["Source"], &entry["DetailType"], entry["Time"].as_f64()),
            (&json!("the-bus"), &json!("card-airlock"), &json!("order.failed"), Some(1_795_287_574.0))
        );
    }
}

#[tokio::test]
async fn an_answer_that_does_not_name_each_event_says_nothing_of_any() {
    for entries in [json!([]), json!([taken(), taken()]), json!([taken(), taken(), taken(), taken()])] {
        let answer = json!({ "FailedEntryCount": 0, "Entries": entries });
        assert_eq!(put(200, answer).await.0, Err(BusError), "{entries}");
    }
}

#[tokio::test]
async fn only_a_request_that_is_always_refused_is_not_sent_again() {
    for (status, code, expected) in [
        (400, "ValidationException", Ok(vec![Put::Refused; 3])),
        (400, "ThrottlingException", Err(BusError)),
        (400, "AccessDeniedException", Err(BusError)),
        (400, "ExpiredTokenException", Err(BusError)),
        (500, "InternalException", Err(BusError)),
    ] {
        assert_eq!(put(status, json!({ "__type": code })).await.0, expected, "{code}");
    }
}
