//! The numbers of the last minutes, one point for each second: what the page's charts are drawn from.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// Five minutes.
const MOST: usize = 300;

/// How fast orders came and crossed, and how long those that crossed lately were held.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    /// Milliseconds since 1970, by the stack's clock.
    pub(super) at: u64,
    pub(super) accepted_per_second: f64,
    pub(super) crossed_per_second: f64,
    /// Milliseconds, if an order crossed lately.
    pub(super) held: Option<Percentiles>,
}

/// The values below which 50, 95 and 99 of 100 are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Percentiles {
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
}

impl Percentiles {
    /// By nearest rank.
    pub(super) fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let at = |percent: usize| values.get((values.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Self { p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

impl Point {
    /// Short: a page gets hundreds of them. Time, rates, and the three times or nothing.
    pub(super) fn document(self) -> Value {
        let rates = [self.accepted_per_second, self.crossed_per_second];
        let held = self.held.map(|held| [held.p50, held.p95, held.p99]);
        json!([self.at, rates, held])
    }
}

/// The points, oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Point>);

impl History {
    pub(super) fn note(&mut self, point: Point) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(point);
    }

    pub(super) fn document(&self) -> Value {
        self.0.iter().map(|point| point.document()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let of = |last: u64| Percentiles::of((1..=last).rev().collect());
        assert_eq!(of(0), None);
        assert_eq!(of(1), Some(Percentiles { p50: 1, p95: 1, p99: 1 }));
        assert_eq!(of(100), Some(Percentiles { p50: 50, p95: 95, p99: 99 }));
        assert_eq!(of(200), Some(Percentiles { p50: 100, p95: 190, p99: 198 }));
    }

    #[test]
    fn five_minutes_are_kept() {
        let mut history = History::default();
        for at in 0..MOST as u64 + 2 {
            history.note(Point { at, ..Point::default() });
        }
        let document = history.document();
        assert_eq!(document.as_array().unwrap().len(), MOST);
        assert_eq!(document[0], json!([2, [0.0, 0.0], null]));
    }
}
