//! The orders that the console knows, the newest last, and how many are in each stage.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use order::{Pending, Progress, Timestamp};
use serde_json::{Value, json};
use strum::VariantArray;

use super::{
    history::Percentiles,
    summary::{Rows, Stage, text},
};

/// How many orders are kept. After that the oldest one that is across is removed, and no longer counted.
pub(super) const MOST: usize = 10_000;
/// How many orders a new page gets.
const LATEST: usize = 300;
/// The time over which rates are counted.
const WINDOW: Duration = Duration::from_secs(10);
/// The number of orders whose times in quarantine are kept, and of those that make the median.
const MOST_TIMES: usize = 10_000;
const MEDIAN_OF: usize = 100;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    number: u64,
    orders: HashMap<String, Order>,
    by_number: BTreeMap<u64, String>,
    accepted: VecDeque<Instant>,
    crossed: VecDeque<Instant>,
    /// When an order crossed, and the milliseconds that it was held; the latest first.
    times: VecDeque<(Instant, u64)>,
}

/// An order as the console knows it.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) number: u64,
    pub(super) stage: Stage,
    pub(super) accepted_at: String,
    /// Of an order in quarantine that was neither parked nor expired.
    pub(super) pending: Option<Pending>,
    /// What the page gets of it.
    pub(super) summary: Value,
}

/// How fast orders come and cross, and how long those were held that crossed lately.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    pub(super) accepted_per_second: f64,
    pub(super) crossed_per_second: f64,
    pub(super) held: Option<Percentiles>,
}

impl Known {
    /// Forgets when what is known happened: the rates and times are those of later orders.
    pub(super) fn forget_times(&mut self) {
        self.accepted.clear();
        self.crossed.clear();
        self.times.clear();
    }

    /// Records what the rows of an order say now. `None`: nothing changed.
    pub(super) fn update(&mut self, id: &str, rows: &Rows, now: Instant) -> Option<Value> {
        let before = self.orders.get(id);
        let Some((stage, summary)) = rows.stage().zip(rows.summary(id)) else {
            let order = self.orders.remove(id)?;
            self.by_number.remove(&order.number);
            return Some(json!({ "id": id, "stage": "gone" }));
        };
        if before.is_some_and(|order| order.summary == summary && order.pending == rows.pending()) {
            return None;
        }
        let accepted_at = summary.get("acceptedAt").and_then(Value::as_str).unwrap_or_default().to_owned();
        let was_across = before.is_some_and(|order| order.stage.is_across());
        if before.is_none_or(|order| order.accepted_at != accepted_at) {
            note(&mut self.accepted, now);
        }
        if stage.is_across() && !was_across {
            note(&mut self.crossed, now);
            if let Some(held) = held(rows) {
                self.times.truncate(MOST_TIMES - 1);
                self.times.push_front((now, held));
            }
        }
        let number = before.map_or(self.number, |order| order.number);
        if before.is_none() {
            self.number += 1;
            self.by_number.insert(number, id.to_owned());
        }
        self.orders.insert(
            id.to_owned(),
            Order { number, stage, accepted_at, pending: rows.pending(), summary: summary.clone() },
        );
        self.forget();
        Some(summary)
    }

    /// Those of the names that are orders, each once.
    pub(super) fn among<'a>(&self, names: &'a [String]) -> Vec<&'a str> {
        let orders = names.iter().map(String::as_str).filter(|name| self.orders.contains_key(*name));
        orders.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The orders that Lambda gave up, or soon will, each with the time at which a sweep may take it up.
    pub(super) fn given_up(&self, now: Timestamp) -> Vec<(&str, Timestamp)> {
        let orders = self.orders.iter().filter_map(|(id, order)| match order.pending?.progress(now) {
            Progress::GivenUp { again_by } => Some((id.as_str(), again_by)),
            Progress::InWork | Progress::Waiting { .. } => None,
        });
        let mut orders: Vec<_> = orders.collect();
        orders.sort_unstable();
        orders
    }

    /// All orders, oldest first, each with its id.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Order)> {
        self.by_number.values().filter_map(|id| Some((id.as_str(), self.orders.get(id)?)))
    }

    /// How fast orders come and cross now.
    pub(super) fn speed(&mut self, now: Instant) -> Speed {
        let lately = self.times.iter().take_while(|(at, _)| now.duration_since(*at) <= WINDOW);
        Speed {
            held: Percentiles::of(lately.map(|(_, held)| *held).collect()),
            accepted_per_second: rate(&mut self.accepted, now),
            crossed_per_second: rate(&mut self.crossed, now),
        }
    }

    /// The latest orders, oldest first.
    pub(super) fn latest(&self) -> Vec<&Value> {
        let latest = self.by_number.values().rev().take(LATEST).filter_map(|id| self.orders.get(id));
        let mut latest: Vec<_> = latest.map(|order| &order.summary).collect();
        latest.reverse();
        latest
    }

    /// How many orders are in each stage, and how long they are held.
    pub(super) fn numbers(&self) -> Value {
        let mut counts: BTreeMap<&str, u64> = Stage::VARIANTS.iter().map(|stage| (stage.word(), 0)).collect();
        for order in self.orders.values() {
            *counts.entry(order.stage.word()).or_default() += 1;
        }
        let oldest = self.orders.values().filter(|order| order.stage == Stage::Quarantine);
        let oldest = oldest.map(|order| order.accepted_at.as_str()).min();
        let is_forgotten = |order: &&Order| order.summary.get("forgottenAt").is_some_and(Value::is_string);
        let forgotten = self.orders.values().filter(is_forgotten).count();
        let median = Percentiles::of(self.times.iter().take(MEDIAN_OF).map(|(_, held)| *held).collect());
        json!({
            "counts": counts,
            "forgotten": forgotten,
            "medianHeld": median.map(|times| times.p50),
            "oldestHeld": oldest,
        })
    }

    fn forget(&mut self) {
        if self.orders.len() > MOST {
            let across = |id: &&String| self.orders.get(*id).is_some_and(|order| order.stage.is_across());
            let oldest = self.by_number.values().find(across).cloned();
            if let Some(order) = oldest.and_then(|id| self.orders.remove(&id)) {
                self.by_number.remove(&order.number);
            }
        }
    }
}

/// Milliseconds from acceptance to token.
fn held(rows: &Rows) -> Option<u64> {
    let time = |name| text(rows.clean.as_ref()?, name)?.parse::<Timestamp>().ok();
    Some(time("AcceptedAt")?.milliseconds_until(time("TokenizedAt")?))
}

fn note(times: &mut VecDeque<Instant>, now: Instant) {
    times.push_back(now);
    trim(times, now);
}

fn trim(times: &mut VecDeque<Instant>, now: Instant) {
    while times.front().is_some_and(|time| now.duration_since(*time) > WINDOW) {
        times.pop_front();
    }
}

fn rate(times: &mut VecDeque<Instant>, now: Instant) -> f64 {
    trim(times, now);
    f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX)) / WINDOW.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantined(status: &str) -> Rows {
        let row = json!({ "Status": { "S": status }, "AcceptedAt": { "S": "2026-01-01T00:00:00.000Z" } });
        Rows { quarantine: Some(row), ..Rows::default() }
    }

    fn clean() -> Rows {
        let row = json!({
            "AcceptedAt": { "S": "2026-01-01T00:00:00.000Z" }, "TokenizedAt": { "S": "2026-01-01T00:00:00.250Z" },
        });
        Rows { clean: Some(row), ..Rows::default() }
    }

    #[test]
    fn an_order_counts_once_where_it_is_and_its_crossing_is_timed() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(known.update("a", &quarantined("PENDING"), now).is_some());
        assert!(known.update("a", &quarantined("PENDING"), now).is_none(), "nothing new");
        assert_eq!(known.numbers()["counts"]["quarantine"], 1);
        assert!(known.update("a", &clean(), now).is_some());
        let numbers = known.numbers();
        assert_eq!(
            (&numbers["counts"]["quarantine"], &numbers["counts"]["tokenized"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(numbers["medianHeld"], json!(250));
        let speed = known.speed(now);
        assert_eq!((speed.accepted_per_second, speed.crossed_per_second), (0.1, 0.1));
        assert_eq!(speed.held, Some(Percentiles { p50: 250, p95: 250, p99: 250 }));
        let later = known.speed(now + WINDOW * 2);
        assert_eq!((later.accepted_per_second, later.crossed_per_second, later.held), (0.0, 0.0, None));
        assert_eq!(known.update("a", &Rows::default(), now).unwrap()["stage"], "gone");
        assert!(known.latest().is_empty());
    }
}
