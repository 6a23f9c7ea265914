//! Search in all orders that the console knows: by a part of the id, the last four digits, the state and the time.

use std::{cmp::Reverse, sync::Arc};

use axum::{
    extract::{Query, State},
    response::Response,
};
use order::{Progress, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{known::Order, shown, state::Console};

/// How many orders a page of the list has.
const PAGE: usize = 50;
/// The word for orders in quarantine that Lambda gave up.
const GIVEN_UP: &str = "givenup";

/// What is searched, in which sequence, and which page of it is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    /// A part of the id, or the last four digits of the card.
    text: String,
    /// A state's word; empty: all.
    stage: String,
    /// Accepted at this time or later.
    from: Option<Timestamp>,
    /// Accepted before this time.
    to: Option<Timestamp>,
    sort: Sort,
    descending: bool,
    /// From 0.
    page: usize,
}

/// By what the orders are sorted; equal ones by their age.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Sort {
    #[default]
    Age,
    Id,
    State,
    Card,
    Held,
    Attempt,
}

/// `GET /console/orders?text=…`.
pub(super) async fn search(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Response {
    let now = Timestamp::from(console.front.clock.now());
    let known = console.hub.known();
    let (total, orders) = asked.of(known.all(), now);
    shown::ok(json!({ "total": total, "pages": total.div_ceil(PAGE), "page": asked.page, "orders": orders }))
}

impl Asked {
    /// How many there are, and those of the page.
    fn of<'a>(
        &self,
        orders: impl Iterator<Item = (&'a str, &'a Order)>,
        now: Timestamp,
    ) -> (usize, Vec<&'a Value>) {
        let mut found: Vec<_> = orders.filter(|(id, order)| self.finds(id, order, now)).collect();
        match self.sort {
            Sort::Age => {}
            Sort::Id => found.sort_by_key(|(id, _)| *id),
            Sort::State => found.sort_by_key(|(_, order)| order.stage),
            Sort::Card => found.sort_by_key(|(_, order)| member(order, "last4")),
            Sort::Held => found.sort_by_key(|(_, order)| held(order, now)),
            Sort::Attempt => found.sort_by_key(|(_, order)| Reverse(member(order, "attempt"))),
        }
        if self.descending {
            found.reverse();
        }
        let page = found.iter().skip(self.page.saturating_mul(PAGE)).take(PAGE);
        (found.len(), page.map(|(_, order)| &order.summary).collect())
    }

    fn finds(&self, id: &str, order: &Order, now: Timestamp) -> bool {
        let text = self.text.to_lowercase();
        let is_given_up =
            || order.pending.is_some_and(|pending| matches!(pending.progress(now), Progress::GivenUp { .. }));
        let accepted = order.accepted_at.parse::<Timestamp>().ok();
        (id.to_lowercase().contains(&text) || member(order, "last4") == self.text)
            && match self.stage.as_str() {
                "" => true,
                GIVEN_UP => is_given_up(),
                stage => order.stage.word() == stage,
            }
            && self.from.is_none_or(|from| accepted.is_some_and(|accepted| accepted >= from))
            && self.to.is_none_or(|to| accepted.is_some_and(|accepted| accepted < to))
    }
}

fn member<'a>(order: &'a Order, name: &str) -> &'a str {
    order.summary.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Milliseconds in quarantine, until now if the order is still there.
fn held(order: &Order, now: Timestamp) -> Option<u64> {
    let until = member(order, "tokenizedAt").parse().unwrap_or(now);
    Some(order.accepted_at.parse::<Timestamp>().ok()?.milliseconds_until(until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::summary::Stage;

    fn order(number: u64, stage: Stage, last4: &str, accepted: &str, tokenized: &str) -> Order {
        let summary =
            json!({ "id": number, "last4": last4, "tokenizedAt": tokenized, "attempt": number.to_string() });
        Order { number, stage, accepted_at: accepted.to_owned(), pending: None, summary }
    }

    /// The numbers of those that are found.
    fn found(asked: &Asked) -> Vec<u64> {
        let orders = [
            (
                "Shop-1",
                order(0, Stage::Tokenized, "1111", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:09.000Z"),
            ),
            (
                "shop-2",
                order(1, Stage::Failed, "0002", "2026-01-01T00:01:00.000Z", "2026-01-01T00:01:01.000Z"),
            ),
            ("a-1111", order(2, Stage::Quarantine, "4444", "2026-01-01T00:02:00.000Z", "")),
        ];
        let now = "2026-01-01T00:02:05.000Z".parse().unwrap();
        let (total, page) = asked.of(orders.iter().map(|(id, order)| (*id, order)), now);
        assert_eq!(total, page.len());
        page.iter().map(|order| order["id"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_part_of_the_id_or_the_last_four_digits_or_the_state_or_the_time_finds_orders() {
        let asked = |text: &str| Asked { text: text.to_owned(), ..Asked::default() };
        assert_eq!(found(&asked("")), [0, 1, 2]);
        assert_eq!(found(&asked("SHOP")), [0, 1]);
        assert_eq!(found(&asked("1111")), [0, 2], "last four digits, and a part of an id");
        assert_eq!(found(&asked("111")), [2], "three digits are no card's");
        assert_eq!(found(&Asked { stage: "failed".to_owned(), ..Asked::default() }), [1]);
        assert_eq!(found(&Asked { stage: GIVEN_UP.to_owned(), ..Asked::default() }), [0_u64; 0]);
        let minute = "2026-01-01T00:01:00.000Z".parse().ok();
        assert_eq!(found(&Asked { from: minute, ..Asked::default() }), [1, 2]);
        assert_eq!(found(&Asked { to: minute, ..Asked::default() }), [0]);
    }

    #[test]
    fn orders_are_sorted_by_each_column_in_both_directions() {
        let sorted = |sort| found(&Asked { sort, ..Asked::default() });
        assert_eq!(sorted(Sort::Id), [0, 2, 1], "capital letters first");
        assert_eq!(sorted(Sort::State), [2, 1, 0]);
        assert_eq!(sorted(Sort::Card), [1, 0, 2]);
        assert_eq!(sorted(Sort::Held), [1, 2, 0]);
        assert_eq!(sorted(Sort::Attempt), [2, 1, 0]);
        assert_eq!(found(&Asked { sort: Sort::Held, descending: true, ..Asked::default() }), [0, 2, 1]);
    }

    #[test]
    fn every_page_has_its_part_and_none_is_lost() {
        let orders: Vec<_> =
            (0..120).map(|n| (format!("o-{n:03}"), order(n, Stage::Paid, "1111", "", ""))).collect();
        let mut seen = Vec::new();
        for page in 0..4 {
            let asked = Asked { page, ..Asked::default() };
            let (total, found) = asked.of(
                orders.iter().map(|(id, order)| (id.as_str(), order)),
                "2026-01-01T00:00:00Z".parse().unwrap(),
            );
            assert_eq!((total, found.len()), (120, [50, 50, 20, 0][page]));
            seen.extend(found.iter().map(|order| order["id"].as_u64().unwrap()));
        }
        assert_eq!(seen, (0..120).collect::<Vec<_>>());
    }
}
