//! Reports calls and their results to an observer while the endpoint runs. It has names and codes only, never a body.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use crate::{
    answer::{Answer, Fault, Reply},
    calls::Call,
    request::Request,
    request_names::RequestNames,
};

/// The text of an injected fault.
pub(crate) const ON_PURPOSE: &str = "a fault on purpose";

/// One call and its result.
#[derive(Debug, Clone)]
pub struct ObservedCall {
    /// The caller and the operation.
    pub call: Call,
    /// The values of the identifiers that it has.
    pub mentions: Vec<String>,
    /// `ok`, the error's code as AWS names it, or `no answer`.
    pub outcome: String,
    /// Whether it had an injected fault.
    pub on_purpose: bool,
    /// When it came, by the machine's time.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
}

type Observe = Box<dyn Fn(ObservedCall) + Send + Sync>;

/// The one observer, if there is one.
#[derive(Default)]
pub(crate) struct Observer(OnceLock<Observe>);

/// A call that has begun.
pub(crate) struct Begun {
    call: Call,
    mentions: Vec<String>,
    at: SystemTime,
    began: Instant,
}

impl Observer {
    /// Sets the observer; the first one stays.
    pub(crate) fn set(&self, observe: Observe) {
        let _ = self.0.set(observe);
    }

    /// Nothing is recorded without an observer.
    pub(crate) fn begin(&self, request: &Request, names: &RequestNames) -> Option<Begun> {
        self.0.get().map(|_| Begun {
            call: request.call(names),
            mentions: request.mentions(names),
            at: SystemTime::now(),
            began: Instant::now(),
        })
    }

    /// Reports to the observer before the caller gets its answer, so that the observer is never late.
    pub(crate) fn end(&self, begun: Option<Begun>, reply: &Result<Reply, Fault>) {
        let (Some(observe), Some(begun)) = (self.0.get(), begun) else { return };
        let (outcome, on_purpose) = match reply {
            Ok(Reply::Lost) => ("no answer".to_owned(), true),
            Ok(Reply::Answer(answer)) => outcome(answer),
            Err(fault) => outcome(&fault.answer()),
        };
        let Begun { call, mentions, at, began } = begun;
        observe(ObservedCall { call, mentions, outcome, on_purpose, at, took: began.elapsed() });
    }
}

fn outcome(answer: &Answer) -> (String, bool) {
    if answer.status.is_success() {
        return ("ok".to_owned(), false);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body.get("__type").and_then(Value::as_str).unwrap_or("error");
    let on_purpose = body.get("message").and_then(Value::as_str) == Some(ON_PURPOSE);
    // Services write `com.amazonaws…#Code`.
    (code.rsplit('#').next().unwrap_or(code).chars().take(80).collect(), on_purpose)
}
