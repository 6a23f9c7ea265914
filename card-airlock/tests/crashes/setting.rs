//! What both runs stand on: the built functions as processes, orders, and chance.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{Client as DynamoDb, types::Select};
use card_airlock::stack::{Stack, StackOptions};
use card_airlock_lambda::{Lines, ProcessOptions};
use card_airlock_services::{FaultKind, FaultRule};
use futures::{StreamExt, stream};
pub(crate) use test_support::tables::{ORDERS as CLEAN, QUARANTINE};
use test_support::{Client, order_of};
use uuid::Uuid;
use vault::Pan;

pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A number of the environment.
pub(crate) fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// The built functions as processes, under some of the template's parameters.
pub(crate) async fn start<const N: usize>(parameters: [(&str, &str); N]) -> Stack {
    let quiet =
        ProcessOptions { lines: Lines::new(|_| {}), ..ProcessOptions::beside_this_program().unwrap() };
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options = StackOptions {
        processes: Some(quiet),
        parameters: parameters.into(),
        ..StackOptions::on_free_ports(card_airlock::sign_in::ephemeral().unwrap())
    };
    Stack::start(options).await.unwrap()
}

/// Submits orders of Ann's, each with its card, and tells how many were answered with 202.
pub(crate) async fn submit(stack: &Stack, cards: &BTreeMap<String, String>) -> usize {
    let ann = Client::new(&stack.api_url(), stack.token("ann", &[]).unwrap());
    let statuses = stream::iter(cards).map(|(order, card)| {
        let (ann, order) = (&ann, order_of(order, card));
        async move { ann.submit(&order).await.status }
    });
    let statuses = statuses.buffer_unordered(8);
    statuses.filter(|status| std::future::ready(status.as_u16() == 202)).count().await
}

pub(crate) async fn count(dynamodb: &DynamoDb, table: &str) -> usize {
    let scan = dynamodb.scan().table_name(table).select(Select::Count).consistent_read(true);
    let mut pages = scan.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += usize::try_from(page.unwrap().count()).unwrap();
    }
    count
}

/// Calls take longer, so that a kill finds them under way.
pub(crate) fn slow(calls: &str, by: Duration) -> FaultRule {
    FaultRule { kind: FaultKind::Slow(by), ..calls.parse().unwrap() }
}

pub(crate) fn random(below: usize) -> usize {
    usize::try_from(Uuid::new_v4().as_u128() % below as u128).unwrap()
}

/// Sixteen random digits with a right check digit.
pub(crate) fn random_card() -> String {
    let digits = format!("4{:014}", Uuid::new_v4().as_u128() % 10_u128.pow(14));
    let check = ('0'..='9').find(|check| Pan::parse(&format!("{digits}{check}")).is_ok());
    format!("{digits}{}", check.unwrap())
}
