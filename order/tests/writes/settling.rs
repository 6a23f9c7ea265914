//! Settling a payment of which nobody knows: the order and the audit together, only while the payment is what was shown.

use aws_sdk_dynamodb::types::AttributeValue;
use order::{FoundOut, OrderTable, Payment, ProcessorReference, Settling, TableError, Written};
use test_support::tables::{AUDIT, ORDERS};

use crate::{
    payments::paid,
    replacing::PAYMENT,
    rows::{BEFORE, Change, Item, LATER, NOW, ORDER, OTHER, OURS, changed, n, s, set},
    world::{World, order_id},
};

const OPERATOR: &str = "arn:aws:sts::123456789012:assumed-role/Operator/ann";

/// What nobody knows of, with all that a payment leaves.
fn unknown() -> Item {
    let with = [
        ("PaymentSettledAt", s(BEFORE)),
        ("LookedUpAt", s(BEFORE)),
        ("ProcessorReference", s("pi_0")),
        ("HardDeclines", set(&["visa:1111"])),
        ("PaymentHistory", AttributeValue::L(vec![])),
        ("PaymentKeys", AttributeValue::M([].into())),
    ];
    changed(&paid("UNKNOWN"), with, &[])
}

fn found() -> [FoundOut; 2] {
    [FoundOut::Charged(ProcessorReference::accept("pi_9").unwrap()), FoundOut::NotCharged]
}

/// The payment as an operator is shown it.
async fn shown(world: &World, row: &Item) -> Payment {
    world.have(ORDERS, Some(row)).await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    orders.with_payments(&order_id()).await.unwrap().unwrap().1.current.unwrap()
}

async fn settle(world: &World, seen: &Payment, found: &FoundOut) -> Result<Written, TableError> {
    let settling = Settling::new(&world.config, ORDERS.into(), AUDIT.into());
    settling.settle(&order_id(), seen, found, OPERATOR, NOW.parse().unwrap()).await
}

#[tokio::test]
async fn what_was_found_out_is_written_into_the_order_and_the_audit() {
    let world = World::start().await;
    let without = ["PaymentAmount", "PaymentCurrency"];
    for row in [unknown(), changed(&unknown(), [], &without)] {
        for found in found() {
            let seen = shown(&world, &row).await;
            let charged = [
                ("PaymentStatus", s("SUBMITTED")),
                ("PaymentSettledAt", s(NOW)),
                ("ProcessorReference", s("pi_9")),
            ];
            let (after, reference) = match &found {
                FoundOut::Charged(_) => (changed(&row, charged, &["LookedUpAt"]), Some(s("pi_9"))),
                FoundOut::NotCharged => (changed(&row, [], &PAYMENT), None),
            };
            let ends = (Ok(Written::Done), Some(&after));
            world.leaves(ORDERS, Some(&row), settle(&world, &seen, &found), ends, found.purpose()).await;
            let [item] = world.take_all(AUDIT, ["Principal", "At"]).await.try_into().unwrap();
            let at = item["At"].as_s().unwrap();
            assert!(at.starts_with(&format!("{NOW}#")), "{at}");
            let facts = [
                ("Principal", s(OPERATOR)),
                ("At", s(at)),
                ("CustomerOrder", s(ORDER)),
                ("Purpose", s(found.purpose())),
                ("PaymentId", s(OTHER)),
            ];
            let mut expected = changed(&Item::new(), facts, &[]);
            expected.extend(reference.map(|reference| ("ProcessorReference".to_owned(), reference)));
            assert_eq!(item, expected);
        }
    }
}

#[tokio::test]
async fn a_payment_that_is_another_than_the_one_that_was_shown_is_not_settled() {
    let world = World::start().await;
    let priced = unknown();
    let unpriced = changed(&priced, [], &["PaymentAmount", "PaymentCurrency"]);
    let others = [
        Change::Gone,
        Change::With("PaymentStatus", s("SUBMITTED")),
        Change::With("PaymentStatus", s("SUBMITTING")),
        Change::With("PaymentId", s(OURS)),
        Change::With("PaymentStartedAt", s(LATER)),
        Change::With("PaymentAmount", n(501)),
        Change::With("PaymentCurrency", s("USD")),
    ];
    let without = [Change::Without("PaymentAmount"), Change::Without("PaymentCurrency")];
    for found in found() {
        for (row, others) in [(&priced, &others[..]), (&priced, &without), (&unpriced, &others)] {
            let seen = shown(&world, row).await;
            let write = async || settle(&world, &seen, &found).await;
            world.loses(ORDERS, row, others, write, Ok(Written::LostRace)).await;
        }
    }
    assert_eq!(world.take_all(AUDIT, ["Principal", "At"]).await, [], "nobody settled anything");
}
