//! Which messages are in the queues: kept beside the embedded service, which shows its messages to receivers only.

use std::{
    collections::{BTreeMap, HashMap},
    time::SystemTime,
};

use parking_lot::Mutex;
use serde_json::Value;

use crate::{answer::Answer, request::Request};

/// How many messages are followed.
const MOST: usize = 10_000;

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The queue's name.
    pub queue: String,
    /// What was sent.
    pub body: String,
    /// How often it was received and not deleted.
    pub received: u64,
    /// When it was sent, by the endpoint's clock.
    pub sent: SystemTime,
}

/// The messages that were sent and not deleted.
#[derive(Debug, Default)]
pub(crate) struct Waitings(Mutex<Followed>);

#[derive(Debug, Default)]
struct Followed {
    number: u64,
    messages: BTreeMap<u64, Waiting>,
    numbers: HashMap<String, u64>,
    receipts: HashMap<String, String>,
}

impl Waitings {
    /// In the order in which they were sent.
    pub(crate) fn all(&self) -> Vec<Waiting> {
        self.followed().messages.values().cloned().collect()
    }

    /// Adds a message that waited before this process, with the receipts that were given for it.
    pub(crate) fn take_up(&self, id: String, waiting: Waiting, receipts: Vec<String>) {
        let mut followed = self.followed();
        followed.receipts.extend(receipts.into_iter().map(|receipt| (receipt, id.clone())));
        followed.add(id, waiting);
    }

    /// Records a call that succeeded now.
    pub(crate) fn follow(&self, request: &Request, answer: &Answer, now: SystemTime) {
        let operation = request.operation.as_str();
        if !["SendMessage", "ReceiveMessage", "DeleteMessage"].contains(&operation) {
            return;
        }
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut followed = self.followed();
        match operation {
            "SendMessage" => followed.sent(request, &answer, now),
            "ReceiveMessage" => followed.received(&answer),
            _ => followed.deleted(request),
        }
    }

    fn followed(&self) -> parking_lot::MutexGuard<'_, Followed> {
        self.0.lock()
    }
}

impl Followed {
    fn sent(&mut self, request: &Request, answer: &Value, now: SystemTime) {
        let url = request.text("QueueUrl").unwrap_or_default();
        let (Some(body), Some(id)) = (request.text("MessageBody"), text(answer, "MessageId")) else { return };
        let queue = url.rsplit('/').next().unwrap_or_default().to_owned();
        self.add(id.to_owned(), Waiting { queue, body: body.to_owned(), received: 0, sent: now });
    }

    fn add(&mut self, id: String, waiting: Waiting) {
        self.number += 1;
        self.numbers.insert(id, self.number);
        self.messages.insert(self.number, waiting);
        if self.messages.len() > MOST {
            self.messages.pop_first();
        }
    }

    fn received(&mut self, answer: &Value) {
        for message in answer.get("Messages").and_then(Value::as_array).into_iter().flatten() {
            let (Some(id), Some(receipt)) = (text(message, "MessageId"), text(message, "ReceiptHandle"))
            else {
                continue;
            };
            let number = self.numbers.get(id).copied().unwrap_or_default();
            if let Some(waiting) = self.messages.get_mut(&number) {
                waiting.received += 1;
                self.receipts.insert(receipt.to_owned(), id.to_owned());
            }
        }
    }

    fn deleted(&mut self, request: &Request) {
        let id = request.text("ReceiptHandle").and_then(|receipt| self.receipts.remove(receipt));
        if let Some(number) = id.and_then(|id| self.numbers.remove(&id)) {
            self.messages.remove(&number);
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    #[test]
    fn a_message_waits_from_its_sending_until_it_is_deleted() {
        let waitings = Waitings::default();
        let follow = |operation: &str, asked: Value, answered: Value| {
            let request = Request::own(Service::Sqs, operation, asked);
            let body = Bytes::from(answered.to_string());
            waitings.follow(&request, &Answer::new(StatusCode::OK, body), SystemTime::UNIX_EPOCH);
        };
        for id in ["1", "2"] {
            let asked = json!({ "QueueUrl": "http://x/1/Q", "MessageBody": format!("body {id}") });
            follow("SendMessage", asked, json!({ "MessageId": id }));
        }
        let message = json!({ "MessageId": "1", "ReceiptHandle": "r" });
        follow("ReceiveMessage", json!({}), json!({ "Messages": [message] }));
        assert_eq!(waitings.all().iter().map(|waiting| waiting.received).collect::<Vec<_>>(), [1, 0]);
        follow("DeleteMessage", json!({ "ReceiptHandle": "another" }), json!({}));
        assert_eq!(waitings.all().len(), 2);
        follow("DeleteMessage", json!({ "ReceiptHandle": "r" }), json!({}));
        let left = waitings.all();
        assert_eq!((left.len(), left[0].body.as_str(), left[0].queue.as_str()), (1, "body 2", "Q"));
        assert_eq!(left[0].sent, SystemTime::UNIX_EPOCH);
    }
}
