//! Look inside: the rows and traces of an order, or what belongs to no single order.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use order::OrderId;
use serde_json::{Value, json};

use super::{
    attributes, ledger,
    shown::{self, Refused},
    state::Console,
    story,
    summary::{AUDIT, Rows, table, text},
};

const UNKNOWN: Refused =
    Refused(StatusCode::NOT_FOUND, "UNKNOWN_ORDER", "There is no trace of such an order: check its id");

/// Calls shown when no order is chosen.
const LATEST_CALLS: usize = 200;

/// `GET /console/orders/{order}`.
pub(super) async fn order(
    State(console): State<Arc<Console>>,
    Path(order): Path<String>,
) -> Result<Response, Refused> {
    let order = OrderId::stored(order).ok_or(UNKNOWN)?;
    let order = order.as_str();
    let rows = Rows::read(&console.aws, &console.declared, order);
    let records = story::records(&console, order);
    let calls = story::calls(&console, order);
    if rows.stage().is_none() && records.is_empty() && calls.is_empty() {
        return Err(UNKNOWN);
    }
    let row = |row: &Option<Value>| row.as_ref().map(attributes::shown);
    let charges = ledger::charges(&console).into_iter().filter(|charge| charge["order"] == order);
    let audit = console.aws.rows(table(&console.declared, AUDIT)).unwrap_or_default();
    let audit = audit.iter().filter(|row| text(row, "CustomerOrder") == Some(order)).map(attributes::shown);
    Ok(shown::ok(json!({
        "id": order,
        "audit": audit.collect::<Vec<_>>(),
        "summary": rows.summary(order),
        "rows": { "quarantine": row(&rows.quarantine), "clean": row(&rows.clean), "vault": row(&rows.vault) },
        "letters": story::letters(&console, Some((order, &records))),
        "stream": records,
        "log": console.options.log.of(order),
        "calls": calls,
        "charges": charges.collect::<Vec<_>>(),
    })))
}

/// `GET /console/recent`: the queue, the ledger, the latest calls, the lines that name no order.
pub(super) async fn recent(State(console): State<Arc<Console>>) -> Response {
    shown::ok(json!({
        "letters": story::letters(&console, None),
        "log": console.options.log.others(),
        "calls": story::latest_calls(&console, LATEST_CALLS),
        "charges": ledger::charges(&console),
    }))
}
