//! The check at the end, from the tables and the payment processor's ledger: is an order lost, or doubled?

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};

use super::{error::LoadError, times::Times};
use crate::{functions, stack::Stack};

const QUARANTINE: &str = "OrderQuarantineTable";
const ORDERS: &str = "CustomerOrderTable";
const VAULT: &str = "CreditCardTokenizerTable";

/// The outcomes of the orders.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Accepted orders that have no clean row, or whose token the vault does not know.
    pub(super) lost: u64,
    /// Cards in the vault that no order names, and orders that were charged more than once.
    pub(super) doubled: u64,
    /// From acceptance to token.
    pub(super) crossing: Times,
    /// From the first acceptance to the last token.
    pub(super) took: Duration,
}

struct Clean {
    token: String,
    accepted_at: SystemTime,
    tokenized_at: SystemTime,
}

/// Whether no order is in quarantine.
pub(super) async fn is_quarantine_empty(stack: &Stack) -> bool {
    let dynamodb = Client::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    let page = dynamodb.scan().table_name(QUARANTINE).limit(1).consistent_read(true).send().await;
    page.is_ok_and(|page| page.count == 0)
}

/// Looks for the orders that were accepted, when no order moves any more.
pub(super) async fn look(stack: &Stack, accepted: &[String]) -> Result<Found, LoadError> {
    let dynamodb = Client::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    let clean = scan(&dynamodb, ORDERS, "CustomerOrder, CreditCardToken, AcceptedAt, TokenizedAt").await?;
    let clean: BTreeMap<String, Clean> = clean.iter().filter_map(read).collect();
    let vault: BTreeSet<String> =
        scan(&dynamodb, VAULT, "Hash_Key").await?.iter().filter_map(|row| text(row, "Hash_Key")).collect();
    let ours: Vec<&Clean> = accepted.iter().filter_map(|order| clean.get(order)).collect();

    let in_vault = ours.iter().filter(|order| vault.contains(&order.token)).count();
    let named: BTreeSet<&String> = clean.values().map(|order| &order.token).collect();
    let orphans = vault.iter().filter(|token| !named.contains(token)).count();
    let mut charges = BTreeMap::new();
    for charge in stack.sandbox().ledger() {
        *charges.entry(charge.order.to_string()).or_insert(0_u64) += 1;
    }
    let charged_again = charges.values().filter(|times| **times > 1).count();
    let since = |from: SystemTime, to: SystemTime| to.duration_since(from).unwrap_or_default();
    let first = ours.iter().map(|order| order.accepted_at).min();
    let last = ours.iter().map(|order| order.tokenized_at).max();
    Ok(Found {
        lost: (accepted.len() - in_vault) as u64,
        doubled: (orphans + charged_again) as u64,
        crossing: Times::of(ours.iter().map(|order| since(order.accepted_at, order.tokenized_at))),
        took: first.zip(last).map(|(first, last)| since(first, last)).unwrap_or_default(),
    })
}

type Row = std::collections::HashMap<String, AttributeValue>;

async fn scan(dynamodb: &Client, table: &'static str, attributes: &str) -> Result<Vec<Row>, LoadError> {
    let scan = dynamodb.scan().table_name(table).projection_expression(attributes).consistent_read(true);
    let rows = scan.into_paginator().items().send().collect::<Result<_, _>>().await;
    rows.map_err(|_| LoadError::Aws(table))
}

fn read(row: &Row) -> Option<(String, Clean)> {
    let time = |name| humantime::parse_rfc3339(&text(row, name)?).ok();
    let clean = Clean {
        token: text(row, "CreditCardToken")?,
        accepted_at: time("AcceptedAt")?,
        tokenized_at: time("TokenizedAt")?,
    };
    Some((text(row, "CustomerOrder")?, clean))
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)?.as_s().ok().cloned()
}
