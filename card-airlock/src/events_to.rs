//! `up --events-to URL`: posts each event to an HTTP endpoint, as an API destination of EventBridge does: at least once, in
//! no order, with retries. It gives up sooner than EventBridge, whose 24 hours nobody waits for here, and tells what it
//! dropped.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html>

use std::{
    collections::VecDeque,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use card_airlock_services::{AwsEndpoint, BusEvent};
use futures::{Stream, StreamExt, stream};
use http::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde_json::Value;
use vault::is_card_shaped;

/// Requests that are under way at once.
const AT_ONCE: usize = 8;
/// How long one request may take, as EventBridge has it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an event is tried.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Where events are posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventsUrl(Url);

/// It is not an address to post to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give an address that begins with http:// or https://")]
pub(crate) struct ParseEventsUrlError;

impl EventsUrl {
    /// The address without what may be a secret of its receiver: user, path and query.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl FromStr for EventsUrl {
    type Err = ParseEventsUrlError;

    fn from_str(text: &str) -> Result<Self, ParseEventsUrlError> {
        let url = Url::parse(text).map_err(|_| ParseEventsUrlError)?;
        if ["http", "https"].contains(&url.scheme()) { Ok(Self(url)) } else { Err(ParseEventsUrlError) }
    }
}

/// What became of the events.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    posted: AtomicU64,
    dropped: AtomicU64,
}

impl Posted {
    /// How many were posted and answered, and how many were dropped.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.posted.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst))
    }
}

/// Posts events. Cloning shares the counts.
#[derive(Clone)]
pub(crate) struct EventsTo {
    client: Client,
    url: EventsUrl,
    patience: Duration,
    counts: Arc<Posted>,
    /// The endpoint did not take the last event that it was asked to take.
    is_away: Arc<AtomicBool>,
    /// Is told when the endpoint goes away and comes back, and each time something is dropped: what, and why.
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

/// Why an event is not posted.
enum Failure {
    /// It may be better later.
    ForNow(String),
    /// A retry would change nothing.
    ForEver(String),
}

impl EventsTo {
    /// # Errors
    /// When no client can be made.
    pub(crate) fn new(
        url: EventsUrl,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build()?;
        Ok(Self {
            client,
            url,
            patience: PATIENCE,
            counts: Arc::default(),
            is_away: Arc::default(),
            tell: Arc::new(tell),
        })
    }

    pub(crate) fn counts(&self) -> Arc<Posted> {
        Arc::clone(&self.counts)
    }

    /// Posts every event of the endpoint's buses. It never ends by itself.
    pub(crate) async fn run(&self, aws: &AwsEndpoint) {
        self.all(aws).for_each_concurrent(AT_ONCE, |event| async move { self.post(&event).await }).await;
    }

    /// The events in their order. They wait in the endpoint's own list, whose length is bounded.
    fn all<'a>(&'a self, aws: &'a AwsEndpoint) -> impl Stream<Item = Arc<BusEvent>> + 'a {
        let state = (VecDeque::new(), aws.event_numbers(), 0);
        stream::unfold(
            state,
            move |(mut page, mut numbers, mut last): (VecDeque<Arc<BusEvent>>, _, u64)| async move {
                while page.is_empty() {
                    numbers.wait_for(|number| *number > last).await.ok()?;
                    page = aws.events_after(last).into();
                }
                let event = page.pop_front()?;
                let missed = event.number.saturating_sub(last + 1);
                if missed > 0 {
                    self.counts.dropped.fetch_add(missed, Ordering::SeqCst);
                    (self.tell)(&format!("{missed} events dropped: too many waited to be posted"));
                }
                last = event.number;
                Some((event, (page, numbers, last)))
            },
        )
    }

    async fn post(&self, event: &BusEvent) {
        let (began, mut wait) = (Instant::now(), FIRST_WAIT);
        let why = loop {
            match self.try_once(event).await {
                Ok(()) => {
                    if self.is_away.swap(false, Ordering::SeqCst) {
                        (self.tell)("events are taken again");
                    }
                    self.counts.posted.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Err(Failure::ForEver(why)) => break why,
                Err(Failure::ForNow(why)) if began.elapsed() + wait > self.patience => break why,
                Err(Failure::ForNow(why)) => {
                    if !self.is_away.swap(true, Ordering::SeqCst) {
                        (self.tell)(&format!("events are not taken ({why}): each is tried for five minutes"));
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        };
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
        (self.tell)(&format!("1 event dropped, {}: {why}", named(event)));
    }

    async fn try_once(&self, event: &BusEvent) -> Result<(), Failure> {
        let request =
            self.client.post(self.url.0.clone()).header(CONTENT_TYPE, "application/json; charset=utf-8");
        let status = match request.body(event.envelope.to_string()).send().await {
            Ok(answer) => answer.status(),
            Err(error) if error.is_timeout() => {
                return Err(Failure::ForNow("no answer within 5 s".to_owned()));
            }
            Err(_) => return Err(Failure::ForNow("no connection".to_owned())),
        };
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::ForNow(format!("HTTP {}", status.as_u16())))
            }
            status if status.is_server_error() => Err(Failure::ForNow(format!("HTTP {}", status.as_u16()))),
            status => Err(Failure::ForEver(format!("HTTP {}", status.as_u16()))),
        }
    }
}

/// The kind of an event and its order.
fn named(event: &BusEvent) -> String {
    let text = |at: &str| {
        let text = event.envelope.pointer(at).and_then(Value::as_str).filter(|text| !is_card_shaped(text));
        text.map(|text| text.chars().filter(|c| !c.is_control()).take(128).collect::<String>())
    };
    let kind = text("/detail-type").unwrap_or_default();
    match text("/detail/CustomerOrder") {
        Some(order) => format!("{kind} of {order}"),
        None => kind,
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Bytes, extract::State, http::HeaderMap};
    use clock::Clock;
    use parking_lot::Mutex;
    use tokio::net::TcpListener;

    use super::*;
    use crate::put_event::put_event;

    /// An endpoint that answers with these statuses, then 200, and what it got.
    #[derive(Clone, Default)]
    struct Receiver {
        answers: Arc<Mutex<VecDeque<u16>>>,
        got: Arc<Mutex<Vec<Value>>>,
    }

    async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
        assert_eq!(headers[CONTENT_TYPE], "application/json; charset=utf-8");
        receiver.got.lock().push(serde_json::from_slice(&body).unwrap());
        let status = receiver.answers.lock().pop_front().unwrap_or(200);
        StatusCode::from_u16(status).unwrap()
    }

    impl Receiver {
        async fn answering(answers: &[u16]) -> (Self, EventsUrl) {
            let receiver =
                Self { answers: Arc::new(Mutex::new(answers.iter().copied().collect())), ..Self::default() };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
            let router = Router::new().fallback(receive).with_state(receiver.clone());
            tokio::spawn(async move { axum::serve(listener, router).await });
            (receiver, url)
        }

        fn got(&self) -> Vec<Value> {
            self.got.lock().clone()
        }
    }

    async fn aws() -> AwsEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        crate::aws::start(listener, Clock::system(), std::future::pending()).await.unwrap()
    }

    async fn put(aws: &AwsEndpoint, order: &str) {
        put_event(aws.url(), "order.tokenized", order).await;
    }

    /// Posts what is on the bus until as many events as there are were posted or dropped; and what was told.
    async fn run(aws: &AwsEndpoint, mut to: EventsTo, patience: Duration) -> ((u64, u64), Vec<String>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        to.tell = Arc::new(move |what: &str| heard.lock().push(what.to_owned()));
        to.patience = patience;
        let (counts, all) = (to.counts(), aws.events().len() as u64);
        let done = test_support::eventually("every event is posted or dropped", async || {
            let (posted, dropped) = counts.counts();
            (posted + dropped == all).then_some(())
        });
        tokio::select! { () = to.run(aws) => {}, () = done => {} }
        let told = told.lock().clone();
        (counts.counts(), told)
    }

    fn quiet(url: EventsUrl) -> EventsTo {
        EventsTo::new(url, |_| {}).unwrap()
    }

    #[tokio::test]
    async fn each_event_is_posted_as_it_is_on_the_bus() {
        let aws = aws().await;
        let (receiver, url) = Receiver::answering(&[]).await;
        for order in ["A-1", "A-2", "A-3"] {
            put(&aws, order).await;
        }
        let (counts, told) = run(&aws, quiet(url), PATIENCE).await;
        assert_eq!((counts, told.len()), ((3, 0), 0));
        let mut expected: Vec<String> = aws.events().iter().map(|event| event.envelope.to_string()).collect();
        let mut got: Vec<String> = receiver.got().iter().map(Value::to_string).collect();
        expected.sort();
        got.sort();
        assert_eq!(got, expected);
    }

    #[tokio::test]
    async fn what_may_be_better_later_is_tried_again() {
        let aws = aws().await;
        put(&aws, "A-1").await;
        let (receiver, url) = Receiver::answering(&[500, 503, 429, 409]).await;
        let (counts, told) = run(&aws, quiet(url), PATIENCE).await;
        assert_eq!((counts, receiver.got().len()), ((1, 0), 5));
        assert_eq!(
            told,
            ["events are not taken (HTTP 500): each is tried for five minutes", "events are taken again"]
        );
    }

    #[tokio::test]
    async fn what_a_retry_would_not_change_is_dropped_and_told() {
        let aws = aws().await;
        for (status, why) in [(400, "HTTP 400"), (404, "HTTP 404"), (301, "HTTP 301")] {
            put(&aws, "A-1").await;
            let number = aws.events().len() as u64;
            let answers: Vec<u16> = (0..number).map(|_| status).collect();
            let (receiver, url) = Receiver::answering(&answers).await;
            let (counts, told) = run(&aws, quiet(url), PATIENCE).await;
            assert_eq!((counts, receiver.got().len() as u64), ((0, number), number));
            assert_eq!(told[0], format!("1 event dropped, order.tokenized of A-1: {why}"));
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_is_away_for_too_long_loses_the_event_and_it_is_told() {
        let aws = aws().await;
        put(&aws, "4111111111111111").await;
        // Nobody listens there.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: EventsUrl = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        let (counts, told) = run(&aws, quiet(url), Duration::from_millis(250)).await;
        assert_eq!(counts, (0, 1));
        assert_eq!(
            told,
            [
                "events are not taken (no connection): each is tried for five minutes",
                "1 event dropped, order.tokenized: no connection"
            ],
            "no id that may be a card is told"
        );
    }

    #[test]
    fn only_addresses_of_http_are_posted_to() {
        for url in ["http://127.0.0.1:8080/hook", "https://example.com"] {
            assert!(url.parse::<EventsUrl>().is_ok(), "{url}");
        }
        for url in ["", "example.com", "file:///tmp/x", "ftp://example.com"] {
            assert_eq!(url.parse::<EventsUrl>(), Err(ParseEventsUrlError), "{url}");
        }
    }
}
