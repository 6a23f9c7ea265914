//! What every test stands on: a world of its own, a client of its API, and patience.

mod client;
mod contract;
mod driven;
mod log;
mod relay;
mod rows;
mod world;

use std::time::{Duration, Instant};

pub(crate) use client::{Answer, Client, order, order_of};
pub(crate) use contract::OPENAPI;
pub(crate) use driven::{Driven, worker_fault};
pub(crate) use log::Log;
pub(crate) use relay::{Fault, Relay};
pub(crate) use rows::{AUDIT, Item, ORDERS, QUARANTINE, VAULT, flipped, names, text};
pub(crate) use world::{World, issuer, overtaken, overtaken_after};

/// Far more than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Asks again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < LIMIT, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
