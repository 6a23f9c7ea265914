use std::time::{Duration, UNIX_EPOCH};

use clock::TestClock;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{keep::Keep, service::Service};

async fn ask(sqs: &Sqs, operation: &str, mut body: Value) -> Value {
    body["QueueUrl"] = "http://x/123456789012/Letters".into();
    let answer = sqs.perform(Request::own(Service::Sqs, operation, body)).await;
    assert!(answer.status.is_success(), "{operation}: {:?}", answer.body);
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn opened(folder: &TempDir) -> Sqs {
    let keep = Keep::open(folder.path()).unwrap();
    Sqs::new("http://x", "us-east-1", Clock::system(), keep.store()).unwrap()
}

/// A queue whose messages stay hidden for a minute, in a folder.
async fn made() -> (TempDir, Sqs) {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    let sqs = opened(&folder);
    let policy = json!({ "Statement": [] }).to_string();
    let attributes = json!({ "VisibilityTimeout": "60", "Policy": policy });
    let asked = json!({ "QueueName": "Letters", "Attributes": attributes });
    ask(&sqs, "CreateQueue", asked).await;
    (folder, sqs)
}

#[tokio::test]
async fn queues_stay_with_their_messages_in_order_and_what_was_deleted_does_not() {
    let (folder, before) = made().await;
    for body in ["a", "b", "c"] {
        let attribute = json!({ "why": { "DataType": "String", "StringValue": body } });
        ask(&before, "SendMessage", json!({ "MessageBody": body, "MessageAttributes": attribute })).await;
    }
    let received = ask(&before, "ReceiveMessage", json!({ "MaxNumberOfMessages": 1 })).await;
    let receipt = received["Messages"][0]["ReceiptHandle"].clone();
    ask(&before, "DeleteMessage", json!({ "ReceiptHandle": receipt })).await;
    drop(before);

    let after = opened(&folder);
    let asked = json!({ "AttributeNames": ["All"] });
    let attributes = ask(&after, "GetQueueAttributes", asked).await;
    assert_eq!(attributes["Attributes"]["VisibilityTimeout"], "60");
    assert_eq!(attributes["Attributes"]["Policy"], r#"{"Statement":[]}"#);
    assert_eq!(after.waiting().iter().map(|waiting| waiting.body.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    let asked = json!({ "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"] });
    let received = ask(&after, "ReceiveMessage", asked).await;
    let bodies: Vec<_> = received["Messages"].as_array().unwrap().iter().map(|one| &one["Body"]).collect();
    assert_eq!(bodies, ["b", "c"]);
    assert_eq!(received["Messages"][1]["MessageAttributes"]["why"]["StringValue"], "c");
}

/// The bodies of what waits.
fn bodies(sqs: &Sqs) -> Vec<String> {
    sqs.waiting().into_iter().map(|waiting| waiting.body).collect()
}

#[tokio::test]
async fn what_waits_is_what_was_sent_and_not_deleted_one_by_one_or_many_at_once() {
    let (_folder, sqs) = made().await;
    let entry = |body: &str| json!({ "Id": body, "MessageBody": body });
    ask(&sqs, "SendMessage", json!({ "MessageBody": "a" })).await;
    let entries = ["b", "c", "d", "e"].map(entry);
    ask(&sqs, "SendMessageBatch", json!({ "Entries": entries })).await;
    assert_eq!(bodies(&sqs), ["a", "b", "c", "d", "e"]);
    let received = ask(&sqs, "ReceiveMessage", json!({ "MaxNumberOfMessages": 4 })).await;
    let counts: Vec<u64> = sqs.waiting().iter().map(|waiting| waiting.received).collect();
    assert_eq!(counts, [1, 1, 1, 1, 0]);
    let receipt = |at: usize| received["Messages"][at]["ReceiptHandle"].clone();
    ask(&sqs, "DeleteMessage", json!({ "ReceiptHandle": receipt(0) })).await;
    let entry = |at: usize| json!({ "Id": at.to_string(), "ReceiptHandle": receipt(at) });
    ask(&sqs, "DeleteMessageBatch", json!({ "Entries": [entry(1), entry(3)] })).await;
    assert_eq!(bodies(&sqs), ["c", "e"]);
    ask(&sqs, "PurgeQueue", json!({})).await;
    assert_eq!(bodies(&sqs), [""; 0]);
    ask(&sqs, "SendMessage", json!({ "MessageBody": "f" })).await;
    assert_eq!(bodies(&sqs), ["f"]);
    ask(&sqs, "DeleteQueue", json!({})).await;
    assert_eq!(bodies(&sqs), [""; 0]);
}

#[tokio::test]
async fn a_message_was_sent_at_the_time_of_the_endpoints_clock() {
    let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let sqs = Sqs::new("http://x", "us-east-1", time.clock(), &Store::default()).unwrap();
    ask(&sqs, "CreateQueue", json!({ "QueueName": "Letters" })).await;
    let mut expected = Vec::new();
    for body in ["a", "b"] {
        ask(&sqs, "SendMessage", json!({ "MessageBody": body })).await;
        expected.push(time.now());
        time.advance(Duration::from_secs(3_600));
    }
    assert_eq!(sqs.waiting().iter().map(|waiting| waiting.sent).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_received_message_stays_hidden_and_its_receipt_still_deletes_it() {
    let (folder, before) = made().await;
    for body in ["hidden", "seen"] {
        ask(&before, "SendMessage", json!({ "MessageBody": body })).await;
    }
    let received = ask(&before, "ReceiveMessage", json!({ "MaxNumberOfMessages": 2 })).await;
    let receipts: Vec<Value> =
        received["Messages"].as_array().unwrap().iter().map(|one| one["ReceiptHandle"].clone()).collect();
    let visible = json!({ "ReceiptHandle": receipts[1], "VisibilityTimeout": 0 });
    ask(&before, "ChangeMessageVisibility", visible).await;
    drop(before);

    let after = opened(&folder);
    let asked = json!({ "MaxNumberOfMessages": 10, "AttributeNames": ["All"] });
    let received = ask(&after, "ReceiveMessage", asked).await;
    let [message] = received["Messages"].as_array().unwrap().as_slice() else { panic!("{received}") };
    assert_eq!(message["Body"], "seen");
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(after.waiting().iter().map(|waiting| waiting.received).collect::<Vec<_>>(), [1, 2]);
    ask(&after, "DeleteMessage", json!({ "ReceiptHandle": receipts[0] })).await;
    assert_eq!(after.waiting().iter().map(|waiting| waiting.body.as_str()).collect::<Vec<_>>(), ["seen"]);
    drop(after);
    assert_eq!(opened(&folder).waiting().len(), 1);
}
