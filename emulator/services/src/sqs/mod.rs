//! SQS: winterbaume's, with queue URLs that lead back to this endpoint, and a record of what was sent.

mod kept;
mod queues;
#[cfg(test)]
mod tests;
mod waiting;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::body::Bytes;
use clock::Clock;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::Value;
use winterbaume_sqs::SqsService;

use self::queues::Queues;
pub use self::waiting::Waiting;
use crate::{
    answer::Answer,
    embedded::ask,
    keep::{KeepError, Store},
    request::Request,
};

/// How many sent messages are remembered for [`Sqs::sent`].
const MAX_SENT: usize = 10_000;

/// The operations whose answers hold queue URLs, and no messages.
const ABOUT_QUEUES: [&str; 4] = ["CreateQueue", "GetQueueUrl", "ListQueues", "ListDeadLetterSourceQueues"];

pub(crate) struct Sqs {
    service: SqsService,
    queues: Arc<Queues>,
    url: String,
    region: String,
    sent: Mutex<VecDeque<Value>>,
    answers_at_once: AtomicBool,
}

impl Sqs {
    /// With the queues and messages that are kept.
    pub(crate) fn new(url: &str, region: &str, clock: Clock, store: &Store) -> Result<Self, KeepError> {
        let queues = Queues::open(store, clock)?;
        Ok(Self {
            service: SqsService::with_backend(queues.clone()),
            queues,
            url: url.to_owned(),
            region: region.to_owned(),
            sent: Mutex::default(),
            answers_at_once: AtomicBool::new(false),
        })
    }

    pub(crate) fn answer_at_once(&self) {
        self.answers_at_once.store(true, Ordering::SeqCst);
    }

    pub(crate) async fn perform(&self, mut request: Request) -> Answer {
        if self.answers_at_once.load(Ordering::SeqCst)
            && let Some(waiting) = request.json.get_mut("WaitTimeSeconds")
        {
            *waiting = 0.into();
            request.body = Bytes::from(request.json.to_string());
        }
        let mut answer = ask(&self.service, &request).await;
        if answer.status == StatusCode::OK {
            if ABOUT_QUEUES.contains(&request.operation.as_str()) {
                let theirs = format!("https://sqs.{}.amazonaws.com", self.region);
                answer.body = replaced(answer.body, &theirs, &self.url);
            }
            if request.operation.starts_with("SendMessage") {
                self.remember(request.json);
            }
        }
        answer
    }

    /// The latest send requests, also those of deleted messages: everything that was in a queue was stored.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.sent.lock().iter().cloned().collect()
    }

    /// The messages in the queues.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.queues.waiting()
    }

    fn remember(&self, message: Value) {
        let mut sent = self.sent.lock();
        if sent.len() == MAX_SENT {
            sent.pop_front();
        }
        sent.push_back(message);
    }
}

fn replaced(body: Bytes, from: &str, to: &str) -> Bytes {
    match str::from_utf8(&body) {
        Ok(text) => Bytes::from(text.replace(from, to)),
        Err(_) => body,
    }
}
