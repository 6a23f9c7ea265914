//! A poison order: somebody with write access copies a sealed card into a row of another order.

use aws_sdk_dynamodb::{Client, types::AttributeValue};

use super::{
    state::Console,
    story,
    summary::{QUARANTINE, table},
};
use crate::functions;

/// Why there is no poison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPoison {
    /// No order was ever sealed: there is nothing to copy.
    NothingToCopy,
    /// DynamoDB refused the row.
    Refused,
}

/// Puts the row as an operator, with a real call, and returns its order id.
pub(super) async fn put(console: &Console) -> Result<String, NoPoison> {
    let mut row = story::latest_sealed(console).ok_or(NoPoison::NothingToCopy)?;
    let order = format!("poison-{}", short_id());
    row.insert("CustomerOrder".into(), AttributeValue::S(order.clone()));
    row.insert("Status".into(), AttributeValue::S("PENDING".into()));
    let dynamodb = Client::new(&functions::sdk_config(console.aws.url(), "operator"));
    let put = dynamodb.put_item().table_name(table(&console.declared, QUARANTINE)).set_item(Some(row));
    put.send().await.map_err(|_| NoPoison::Refused)?;
    Ok(order)
}

fn short_id() -> String {
    vault::opaque_id().simple().to_string().chars().take(6).collect()
}
