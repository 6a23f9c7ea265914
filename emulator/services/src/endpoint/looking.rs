//! What a program sees of a running endpoint.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use card_airlock_iam::{Denial, Element};
use tokio::sync::watch;

use super::AwsEndpoint;
use crate::{
    calls::{Call, CallKind, Tally},
    events::BusEvent,
    keep::Store,
    logs::LogStream,
    sqs::Waiting,
    streams::{StreamError, StreamReader},
};

impl AwsEndpoint {
    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The latest calls, oldest first, refused ones too; bounded, and never with a body.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.all()
    }

    /// How often a role made a call since the start.
    #[must_use]
    pub fn tally(&self, role: &str, operation: &str) -> Tally {
        self.0.calls.of(role, operation)
    }

    /// How often each role made each call since the start.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<CallKind, Tally> {
        self.0.calls.tallies()
    }

    /// How many calls are being worked on; those whose callers have given up are among them.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.under_way.load(Ordering::SeqCst)
    }

    /// The messages in the queues, hidden ones too, in the order in which they were sent.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        self.0.sqs.waiting()
    }

    /// The latest events that were put on the buses, oldest first; bounded.
    #[must_use]
    pub fn events(&self) -> Vec<Arc<BusEvent>> {
        self.events_after(0)
    }

    /// Those that were put after the one with this number.
    #[must_use]
    pub fn events_after(&self, number: u64) -> Vec<Arc<BusEvent>> {
        self.0.events.archive.after(number)
    }

    /// The number of the latest event: a reader waits for it to change.
    #[must_use]
    pub fn event_numbers(&self) -> watch::Receiver<u64> {
        self.0.events.archive.numbers()
    }

    /// The calls that IAM denied, oldest first; bounded.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.0.iam.denials()
    }

    /// All that the policies allow, value by value.
    #[must_use]
    pub fn policy_elements(&self) -> BTreeSet<Element> {
        self.0.iam.declared()
    }

    /// What of it has allowed a call so far.
    #[must_use]
    pub fn used_policy_elements(&self) -> BTreeSet<Element> {
        self.0.iam.used()
    }

    /// A reader of the stream with an ARN as [`create_table`](Self::create_table) reports it.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn stream(&self, stream_arn: &str) -> Result<StreamReader, StreamError> {
        self.0.dynamo.stream(stream_arn)
    }

    /// The same, for the event source mapping of a function: it reads with the function's role.
    ///
    /// # Errors
    /// When there is no such stream. Each read checks whether the role may read it.
    pub fn stream_for(&self, role: &str, stream_arn: &str) -> Result<StreamReader, StreamError> {
        Ok(self.stream(stream_arn)?.held_to(role, self.0.iam.clone()))
    }

    /// A stream of a log group, for the program that plays Lambda: what a function writes goes there.
    #[must_use]
    pub fn log_stream(&self, group: &str, stream: &str) -> LogStream {
        LogStream::new(Arc::clone(&self.0.logs), group, stream)
    }

    /// What of the services outlives the process, for the program to keep its own beside it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Waits until the endpoint has stopped serving.
    pub async fn stopped(&self) {
        self.0.stopped.cancelled().await;
    }
}
