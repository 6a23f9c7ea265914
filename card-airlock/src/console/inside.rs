//! Look inside: the rows and traces of an order, or what belongs to no single order.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use order::OrderId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    attributes, bus_events, ledger,
    shown::{self, Refused},
    state::Console,
    story,
    summary::{AUDIT, Rows, table, text},
};

pub(super) const UNKNOWN: Refused =
    Refused(StatusCode::NOT_FOUND, "UNKNOWN_ORDER", "There is no trace of such an order: check its id");

/// Calls, events and charges shown when no order is chosen.
const LATEST: usize = 200;
/// Events shown of an order: more than an order has.
const EVENTS: usize = 1_000;

/// The tabs, and the members that only they show.
const TABS: [(&str, &[&str]); 8] = [
    ("story", &["calls", "runs", "rows", "stream", "charges"]),
    ("rows", &["rows", "audit"]),
    ("stream", &["stream"]),
    ("letters", &["letters"]),
    ("events", &["events"]),
    ("log", &["log"]),
    ("calls", &["calls"]),
    ("charges", &["charges"]),
];

/// What the page wants to see: one tab, or all of them.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    tab: Option<String>,
}

impl Asked {
    /// The document with what the tab shows, and the number of entries in the other tabs.
    fn cut(&self, mut document: Value) -> Value {
        let Some(members) = document.as_object_mut() else { return document };
        let count = |name: &&str| Some(((*name).to_owned(), json!(members.get(*name)?.as_array()?.len())));
        let counts =
            ["stream", "letters", "events", "log", "calls"].iter().filter_map(count).collect::<Map<_, _>>();
        if let Some(tab) = &self.tab {
            let own = TABS.iter().find(|(name, _)| name == tab).map_or(&[][..], |(_, shown)| shown);
            let others = TABS.iter().flat_map(|(_, shown)| *shown).filter(|name| !own.contains(name));
            others.for_each(|name| drop(members.remove(*name)));
        }
        members.insert("counts".to_owned(), Value::Object(counts));
        document
    }
}

/// `GET /console/orders/{order}?tab=TAB`.
pub(super) async fn order(
    State(console): State<Arc<Console>>,
    Path(order): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let order = OrderId::stored(order).ok_or(UNKNOWN)?;
    let order = order.as_str();
    let rows = Rows::read(&console.aws, &console.declared, order);
    let records = story::records(&console, order);
    let calls =
        story::calls(&console, order, rows.clean.as_ref().and_then(|row| text(row, "CreditCardToken")));
    if rows.stage().is_none() && records.is_empty() && calls.is_empty() {
        return Err(UNKNOWN);
    }
    let row = |row: &Option<Value>| row.as_ref().map(attributes::shown);
    let charges = ledger::charges(&console).into_iter().filter(|charge| charge["order"] == order);
    let audit = console.aws.rows(table(&console.declared, AUDIT)).unwrap_or_default();
    let audit = audit.iter().filter(|row| text(row, "CustomerOrder") == Some(order)).map(attributes::shown);
    Ok(shown::ok(asked.cut(json!({
        "id": order,
        "audit": audit.collect::<Vec<_>>(),
        "summary": rows.summary(order),
        "rows": { "quarantine": row(&rows.quarantine), "clean": row(&rows.clean), "vault": row(&rows.vault) },
        "letters": story::letters(&console, Some((order, &records))),
        "stream": records,
        "events": bus_events::events(&console, Some(order), EVENTS),
        "log": console.options.log.of(order),
        "calls": calls,
        "runs": console.hub.invocations().runs().of(order),
        "charges": charges.collect::<Vec<_>>(),
    }))))
}

/// `GET /console/recent?tab=TAB`: the queue, the ledger, the latest calls and events, the lines that name no order.
pub(super) async fn recent(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Response {
    let mut charges = ledger::charges(&console);
    shown::ok(asked.cut(json!({
        "letters": story::letters(&console, None),
        "events": bus_events::events(&console, None, LATEST),
        "log": console.options.log.others(),
        "calls": story::latest_calls(&console, LATEST),
        "charges": charges.split_off(charges.len().saturating_sub(LATEST)),
    })))
}
