//! What the application takes from SQS's answers about the dead-letter queue.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

use axum::{Router, http::StatusCode};
use order::{DeadLetterQueue, QueueError};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How many messages there are when SQS answers so.
async fn count(status: StatusCode, answer: Value) -> Result<u64, QueueError> {
    let answering = move || async move { (status, answer.to_string()) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().fallback(answering)).into_future());
    DeadLetterQueue::new(&test_support::aws_config(&url), format!("{url}/1/dead-letters")).count().await
}

#[tokio::test]
async fn messages_that_are_hidden_are_counted_too() {
    let both = json!({ "ApproximateNumberOfMessages": "20", "ApproximateNumberOfMessagesNotVisible": "3" });
    assert_eq!(count(StatusCode::OK, json!({ "Attributes": both })).await, Ok(23));
    assert_eq!(
        count(StatusCode::OK, json!({ "Attributes": { "ApproximateNumberOfMessages": "4" } })).await,
        Ok(4)
    );
    assert_eq!(count(StatusCode::OK, json!({})).await, Ok(0));
    let refusal = json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist" });
    assert!(count(StatusCode::BAD_REQUEST, refusal).await.is_err());
}
