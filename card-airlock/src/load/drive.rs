//! The clients: several at the same time, each with one request after the other.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use futures::{StreamExt, stream};
use indicatif::ProgressBar;
use serde_json::json;

use super::times::Times;
use crate::api_client::{Answer, ApiClient, ClientError};

/// A run of requests.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The orders that got the expected answer.
    pub(super) done: Vec<String>,
    /// The other answers, by status and code.
    pub(super) refused: BTreeMap<String, u64>,
    /// How long each request took.
    pub(super) times: Times,
    /// How long all of them took.
    pub(super) took: Duration,
}

impl Run {
    pub(super) fn per_second(&self) -> f64 {
        self.done.len() as f64 / self.took.as_secs_f64()
    }
}

/// The clients of one API.
pub(super) struct Clients<'a> {
    pub(super) api: &'a ApiClient<'a>,
    pub(super) at_once: usize,
    pub(super) bar: &'a ProgressBar,
}

impl Clients<'_> {
    /// Places orders, each with its own id: `{name}-0`, `{name}-1`, …
    pub(super) async fn place(&self, name: &str, orders: u32) -> Run {
        let ids = (0..orders).map(|number| format!("{name}-{number}")).collect();
        self.run(ids, 202, async |order| self.api.submit(body(order)).await).await
    }

    /// Pays for orders.
    pub(super) async fn pay(&self, orders: Vec<String>) -> Run {
        self.run(orders, 200, async |order| self.api.pay(order).await).await
    }

    async fn run(
        &self,
        orders: Vec<String>,
        hoped_for: u16,
        send: impl AsyncFn(&str) -> Result<Answer, ClientError>,
    ) -> Run {
        let begun = Instant::now();
        let send = &send;
        let mut answers = stream::iter(orders)
            .map(|order| async move {
                let begun = Instant::now();
                let answer = send(&order).await;
                (order, answer, begun.elapsed())
            })
            .buffer_unordered(self.at_once);
        let (mut run, mut times) = (Run::default(), Vec::new());
        while let Some((order, answer, took)) = answers.next().await {
            times.push(took);
            self.bar.inc(1);
            match answer {
                Ok(answer) if answer.status == hoped_for => run.done.push(order),
                Ok(answer) => *run.refused.entry(reason(&answer)).or_default() += 1,
                Err(_) => *run.refused.entry("NO_ANSWER".to_owned()).or_default() += 1,
            }
        }
        drop(answers);
        Run { times: Times::of(times), took: begun.elapsed(), ..run }
    }
}

/// The sample's order, with a test card.
pub(super) fn body(order: &str) -> Bytes {
    let body = json!({
        "CustomerOrder": order, "CustomerName": "Amazon Web Services",
        "CreditCard": "4111-1111-1111-1111", "Address": "Reinvent2019, Las Vegas, USA",
    });
    Bytes::from(body.to_string())
}

/// The status and the project's own code for it: fixed words, nothing of the order.
fn reason(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text("code")).trim_end().to_owned()
}
