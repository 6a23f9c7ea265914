//! The rows and images of an order whole, in DynamoDB's own JSON: when somebody asks for a value that is cut, or copies.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use card_airlock_template::Table;
use order::OrderId;
use serde_json::{Map, Value, json};

use super::{
    inside::UNKNOWN,
    shown::{self, Refused},
    state::Console,
    story,
    summary::{AUDIT, CLEAN, QUARANTINE, Rows, VAULT, table, text},
};

/// `GET /console/orders/{order}/whole`: of each row its table, its key and itself; of each stream record its images.
pub(super) async fn whole(
    State(console): State<Arc<Console>>,
    Path(order): Path<String>,
) -> Result<Response, Refused> {
    let order = OrderId::stored(order).ok_or(UNKNOWN)?;
    let order = order.as_str();
    let rows = Rows::read(&console.aws, &console.declared, order);
    let images = story::images(&console, order);
    if rows.stage().is_none() && images.is_empty() {
        return Err(UNKNOWN);
    }
    let Rows { quarantine, clean, vault } = rows;
    let audit = console.aws.rows(table(&console.declared, AUDIT)).unwrap_or_default();
    let audit = audit.into_iter().filter(|row| text(row, "CustomerOrder") == Some(order));
    let row = |logical_id: &str, item: Option<Value>| item.map(|item| told(&console, logical_id, item));
    Ok(shown::ok(json!({
        "rows": {
            "quarantine": row(QUARANTINE, quarantine),
            "clean": row(CLEAN, clean),
            "vault": row(VAULT, vault),
        },
        "audit": audit.map(|item| told(&console, AUDIT, item)).collect::<Vec<_>>(),
        "stream": images,
    })))
}

fn told(console: &Console, logical_id: &str, item: Value) -> Value {
    let declared = console.declared.tables.iter().find(|table| table.logical_id == logical_id);
    let key = declared.map(|table| key_of(table, &item)).unwrap_or_default();
    json!({ "table": table(&console.declared, logical_id), "key": key, "item": item })
}

fn key_of(table: &Table, item: &Value) -> Map<String, Value> {
    let attributes =
        table.key.iter().filter_map(|part| Some((part.name.clone(), item.get(&part.name)?.clone())));
    attributes.collect()
}
