//! The worker's runs, each with the orders that it was invoked with: what of an order's calls belongs to which try.

use std::{
    collections::{BTreeMap, VecDeque},
    time::SystemTime,
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::shown::milliseconds;

/// How many are kept.
const MOST: usize = 10_000;

/// The latest runs.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    begun: u64,
    under_way: BTreeMap<u64, Run>,
    over: VecDeque<(Run, SystemTime)>,
}

#[derive(Debug)]
struct Run {
    orders: Vec<String>,
    from: SystemTime,
}

impl Runs {
    /// The worker processes these orders from now on. Gives the number of the run.
    pub(super) fn begin(&self, orders: Vec<String>) -> u64 {
        let mut inner = self.0.lock();
        inner.begun += 1;
        let number = inner.begun;
        inner.under_way.insert(number, Run { orders, from: SystemTime::now() });
        number
    }

    /// The run with this number is over.
    pub(super) fn end(&self, number: u64) {
        let mut inner = self.0.lock();
        let Some(run) = inner.under_way.remove(&number) else { return };
        if inner.over.len() == MOST {
            inner.over.pop_front();
        }
        inner.over.push_back((run, SystemTime::now()));
    }

    /// The orders that the worker is processing.
    pub(super) fn orders(&self) -> Vec<String> {
        let inner = self.0.lock();
        let mut orders: Vec<_> = inner.under_way.values().flat_map(|run| &run.orders).cloned().collect();
        orders.sort_unstable();
        orders.dedup();
        orders
    }

    /// `[{"from", "to"}]` of an order, oldest first, by this machine's clock; without an end if it is under way.
    pub(super) fn of(&self, order: &str) -> Vec<Value> {
        let inner = self.0.lock();
        let over = inner.over.iter().map(|(run, to)| (run, Some(*to)));
        let all = over.chain(inner.under_way.values().map(|run| (run, None)));
        let has_order = |run: &Run| run.orders.iter().any(|one| one == order);
        let runs = all.filter(|(run, _)| has_order(run));
        runs.map(|(run, to)| json!({ "from": milliseconds(run.from), "to": to.map(milliseconds) })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_of_each_of_its_orders_and_an_order_is_in_the_worker_until_all_of_its_runs_are_over() {
        let runs = Runs::default();
        let first = runs.begin(vec!["a".to_owned(), "b".to_owned()]);
        let second = runs.begin(vec!["a".to_owned()]);
        assert_eq!(runs.orders(), ["a", "b"]);
        runs.end(first);
        runs.end(first);
        assert_eq!(runs.orders(), ["a"]);
        let [over, under_way] = <[Value; 2]>::try_from(runs.of("a")).unwrap();
        assert!(over["to"].as_u64() >= over["from"].as_u64() && under_way["to"].is_null());
        assert_eq!((runs.of("b").len(), runs.of("c").len()), (1, 0));
        runs.end(second);
        assert!(runs.orders().is_empty());
        for _ in 0..MOST {
            runs.end(runs.begin(vec!["c".to_owned()]));
        }
        assert_eq!((runs.of("a").len(), runs.of("c").len()), (0, MOST));
    }
}
