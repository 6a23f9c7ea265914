//! Every card that leaves the vault is recorded and counted, once, and none beyond the limit.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test by panicking")]

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use order::{OrderId, Owner};
use paybill::{AuditError, AuditSettings, AuditTable, Detokenization, Purpose};
use serde_json::json;
use test_support::{Fault, LocalAws, Relay, aws_config, tables::AUDIT};

const TOKEN: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
const PAYMENT: &str = "550e8400-e29b-41d4-a716-446655440000";
const MINUTE: &str = "minute#2026-11-21T18:59Z";

type Item = HashMap<String, AttributeValue>;

async fn record(config: &SdkConfig, limit: u32, at: &str) -> Result<(), AuditError> {
    let settings = AuditSettings { table: AUDIT.to_owned(), limit_per_minute: limit.try_into().unwrap() };
    let detokenization = Detokenization {
        principal: &"ann".parse::<Owner>().unwrap(),
        order: &OrderId::accept("1").unwrap(),
        token: TOKEN.parse().unwrap(),
        purpose: Purpose::Payment,
        payment_id: PAYMENT.parse().unwrap(),
        at: at.parse().unwrap(),
    };
    AuditTable::new(config, settings).record(&detokenization).await
}

/// The counters, and the audit items.
async fn rows(aws: &LocalAws) -> (Vec<Item>, Vec<Item>) {
    let page = Client::new(&aws.config).scan().table_name(AUDIT).send().await.unwrap();
    page.items.unwrap_or_default().into_iter().partition(|row| row.contains_key("Uses"))
}

fn text(row: &Item, name: &str) -> String {
    match &row[name] {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_card_is_recorded_with_all_that_an_auditor_asks_for_and_counted_in_its_minute() {
    let aws = LocalAws::start().await;
    record(&aws.config, 5, "2026-11-21T18:59:33.120Z").await.unwrap();
    let (counters, items) = rows(&aws).await;
    let counter = [("Principal", "ann"), ("At", MINUTE), ("Uses", "1"), ("ExpiresAt", "1795374000")];
    assert_eq!((counters.len(), counters[0].len()), (1, counter.len()));
    for (name, value) in counter {
        assert_eq!(text(&counters[0], name), value, "{name}");
    }
    let item = [
        ("Principal", "ann"),
        ("CustomerOrder", "1"),
        ("CreditCardToken", TOKEN),
        ("Purpose", "PAYMENT"),
        ("PaymentId", PAYMENT),
    ];
    assert_eq!((items.len(), items[0].len()), (1, item.len() + 1));
    for (name, value) in item {
        assert_eq!(text(&items[0], name), value, "{name}");
    }
    assert!(text(&items[0], "At").starts_with("2026-11-21T18:59:33.120Z#"), "{items:?}");
}

#[tokio::test]
async fn as_many_cards_as_the_limit_leave_in_a_minute_and_no_more() {
    let aws = LocalAws::start().await;
    for second in ["00", "20"] {
        record(&aws.config, 2, &format!("2026-11-21T18:59:{second}.000Z")).await.unwrap();
    }
    let third = record(&aws.config, 2, "2026-11-21T18:59:59.000Z").await;
    assert_eq!(third, Err(AuditError::OverLimit { retry_after: 1 }));
    let (counters, items) = rows(&aws).await;
    assert_eq!(
        (text(&counters[0], "Uses").as_str(), items.len()),
        ("2", 2),
        "what is refused is not recorded"
    );
    record(&aws.config, 2, "2026-11-21T19:00:00.000Z").await.unwrap();
    let (counters, items) = rows(&aws).await;
    assert_eq!((counters.len(), items.len()), (2, 3), "the next minute has its own");
}

#[tokio::test]
async fn what_was_written_though_its_try_was_said_to_be_cancelled_is_counted_once() {
    let aws = LocalAws::start().await;
    let relay = Relay::to(aws.endpoint.url()).await;
    let conflict = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "cancelled",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    });
    relay.strike("TransactWriteItems", Fault::AnsweredWith(conflict.to_string()), 1);
    record(&aws_config(relay.url()), 5, "2026-11-21T18:59:33.120Z").await.unwrap();
    assert_eq!(relay.struck(), 1);
    let (counters, items) = rows(&aws).await;
    assert_eq!((text(&counters[0], "Uses").as_str(), items.len()), ("1", 1));
}
