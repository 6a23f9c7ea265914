//! A call as it went, for whoever watches the endpoint while it runs. Names and codes only, never a body.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use super::{
    Call, Reply,
    answer::{Answer, Fault},
    request::Request,
};

/// What a fault on purpose says of itself.
pub(super) const ON_PURPOSE: &str = "a fault on purpose";

/// One call and what came of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Who asked for what.
    pub call: Call,
    /// The rows it names and what is bound to them: order ids, tokens, key batches.
    pub mentions: Vec<String>,
    /// `ok`, the error's code as AWS names it, or `no answer`.
    pub outcome: String,
    /// Whether somebody had it go wrong.
    pub on_purpose: bool,
    /// When it came, by the machine's time.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
}

type Watcher = Box<dyn Fn(Seen) + Send + Sync>;

/// The one watcher, if there is one.
#[derive(Default)]
pub(super) struct Watching(OnceLock<Watcher>);

/// A call that has begun.
pub(super) struct Begun {
    call: Call,
    mentions: Vec<String>,
    at: SystemTime,
    began: Instant,
}

impl Watching {
    /// Sets the watcher; the first one stays.
    pub(super) fn set(&self, watcher: Watcher) {
        let _ = self.0.set(watcher);
    }

    /// Nothing is noted while nobody watches.
    pub(super) fn begin(&self, request: &Request) -> Option<Begun> {
        self.0.get().map(|_| Begun {
            call: request.call(),
            mentions: request.mentions(),
            at: SystemTime::now(),
            began: Instant::now(),
        })
    }

    /// Tells the watcher before the caller gets its answer: what the watcher does, the caller cannot outrun.
    pub(super) fn end(&self, begun: Option<Begun>, reply: &Result<Reply, Fault>) {
        let (Some(watcher), Some(begun)) = (self.0.get(), begun) else { return };
        let (outcome, on_purpose) = match reply {
            Ok(Reply::Lost) => ("no answer".to_owned(), true),
            Ok(Reply::Answer(answer)) => outcome(answer),
            Err(fault) => outcome(&fault.answer()),
        };
        let Begun { call, mentions, at, began } = begun;
        watcher(Seen { call, mentions, outcome, on_purpose, at, took: began.elapsed() });
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
