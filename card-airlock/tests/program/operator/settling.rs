//! `settle`: one conditional write with its audit item, confirmed, and only on what was shown.

use card_airlock::operations::{SettlementError, payment_to_settle, settle};
use order::{FoundOut, OrderId, ProcessorReference};
use test_support::tables::{AUDIT, ORDERS};

use super::{Item, PAYMENT, World, is_presentable, n, now, payment, s};

async fn audit(world: &World) -> Vec<Item> {
    world.dynamodb().scan().table_name(AUDIT).send().await.unwrap().items.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_charged_is_submitted_with_its_reference_and_the_audit_says_who_said_so() {
    let world = World::start().await;
    world.put_clean("A-1", &payment("UNKNOWN")).await;
    let before = world.row(ORDERS, "A-1").await;

    // Nobody confirms it: it is shown what would be written, and nothing is.
    let unconfirmed = world.run(&["settle", "A-1", "--charged", "ch_1"]).await.is(4);
    for word in [PAYMENT, "19.99 USD", "SUBMITTED", "ch_1", "--yes"] {
        assert!(unconfirmed.told.contains(word), "{word}: {}", unconfirmed.told);
    }
    is_presentable(&unconfirmed);
    assert_eq!(world.row(ORDERS, "A-1").await, before);
    assert_eq!(audit(&world).await, [] as [Item; 0]);

    let done = world.run(&["settle", "A-1", "--charged", "ch_1", "--yes", "--json"]).await.is(0);
    assert_eq!(done.json()["purpose"], "SETTLED_CHARGED");
    let row = world.row(ORDERS, "A-1").await.unwrap();
    assert_eq!((&row["PaymentStatus"], &row["ProcessorReference"]), (&s("SUBMITTED"), &s("ch_1")));
    assert_eq!((&row["PaymentId"], &row["PaymentAmount"]), (&s(PAYMENT), &n(1999)));
    assert!(row.contains_key("PaymentSettledAt"));
    let [item] = &audit(&world).await[..] else { panic!("one") };
    let who = item["Principal"].as_s().unwrap();
    assert!(who.starts_with("arn:aws:sts::123456789012:assumed-role/OperatorSettle/"), "{who}");
    for (name, value) in [
        ("CustomerOrder", "A-1"),
        ("Purpose", "SETTLED_CHARGED"),
        ("PaymentId", PAYMENT),
        ("ProcessorReference", "ch_1"),
    ] {
        assert_eq!(item[name], s(value));
    }
    // Once more: there is nothing to settle, and nothing is recorded.
    let again = world.run(&["settle", "A-1", "--charged", "ch_1", "--yes"]).await.is(1);
    assert!(again.told.contains("the payment is SUBMITTED"), "{}", again.told);
    assert!(again.told.contains(" order A-1 --aws-port "), "{}", again.told);
    assert_eq!(audit(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_not_charged_is_removed_whole_and_the_order_can_be_paid_again() {
    let world = World::start().await;
    let client = world.user(&[]);
    client.submit(&test_support::order("A-1")).await.is(202);
    client.settled("A-1").await;
    let mut row = world.row(ORDERS, "A-1").await.unwrap();
    let untouched = row.clone();
    row.extend(super::item(&payment("UNKNOWN")));
    row.insert("PaymentObject".to_owned(), s("pi_1"));
    row.insert("LookedUpAt".to_owned(), s("2026-11-21T18:59:33.120Z"));
    world.put(ORDERS, row).await;
    client.pay("A-1").await.is(409);

    let done = world.run(&["settle", "A-1", "--not-charged", "--yes"]).await.is(0);
    assert!(done.told.contains("the customer pays twice"), "{}", done.told);
    is_presentable(&done);
    assert_eq!(world.row(ORDERS, "A-1").await.unwrap(), untouched);
    assert_eq!(audit(&world).await[0]["Purpose"], s("SETTLED_NOT_CHARGED"));
    client.pay("A-1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_it_was_shown_is_not_settled() {
    let world = World::start().await;
    let access = world.access().await;
    let order = OrderId::accept("A-1").unwrap();
    let found = [FoundOut::Charged(ProcessorReference::accept("ch_1").unwrap()), FoundOut::NotCharged];
    let another = "650e8400-e29b-41d4-a716-446655440000";
    for (name, value) in [
        ("PaymentStatus", Some(s("SUBMITTED"))),
        ("PaymentId", Some(s(another))),
        ("PaymentStartedAt", Some(s("2026-11-22T18:59:33.120Z"))),
        ("PaymentAmount", Some(n(1))),
        ("PaymentCurrency", Some(s("EUR"))),
        ("PaymentAmount", None),
    ] {
        for found in &found {
            world.put_clean("A-1", &payment("UNKNOWN")).await;
            let seen = payment_to_settle(&access, &order).await.unwrap();
            let mut row = world.row(ORDERS, "A-1").await.unwrap();
            match &value {
                Some(value) => row.insert(name.to_owned(), value.clone()),
                None => row.remove(name),
            };
            world.put(ORDERS, row.clone()).await;
            let settled = settle(&access, &order, &seen, found, now()).await;
            assert!(matches!(settled, Err(SettlementError::Changed)), "{name}: {settled:?}");
            assert_eq!(world.row(ORDERS, "A-1").await, Some(row), "{name}");
        }
    }
    // One without an amount that has one by now.
    let mut without = payment("UNKNOWN");
    without.retain(|(name, _)| !["PaymentAmount", "PaymentCurrency"].contains(name));
    world.put_clean("A-1", &without).await;
    let seen = payment_to_settle(&access, &order).await.unwrap();
    world.put_clean("A-1", &payment("UNKNOWN")).await;
    for found in &found {
        let settled = settle(&access, &order, &seen, found, now()).await;
        assert!(matches!(settled, Err(SettlementError::Changed)), "{settled:?}");
    }
    assert_eq!(audit(&world).await, [] as [Item; 0], "what was not written is not recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_payment_that_is_unknown_is_settled() {
    let world = World::start().await;
    world.put_clean("SUBMITTING", &payment("SUBMITTING")).await;
    world.put_clean("SUBMITTED", &payment("SUBMITTED")).await;
    world.put_clean("DECLINED", &payment("DECLINED")).await;
    world.put_clean("none", &[]).await;
    world.put_clean("edited", &[("PaymentStatus", s("UNKNOWN"))]).await;
    for (order, why) in [
        ("SUBMITTING", "Send the bill again"),
        ("SUBMITTED", "the payment is SUBMITTED"),
        ("DECLINED", "the payment is DECLINED"),
        ("none", "has no payment"),
        ("edited", "do not fit together"),
        ("nobodys", "no clean order has this id"),
    ] {
        let before = world.row(ORDERS, order).await;
        let done = world.run(&["settle", order, "--not-charged", "--yes"]).await.is(1);
        assert!(done.told.contains(why), "{order}: {}", done.told);
        let next =
            if order == "SUBMITTING" { "curl ".to_owned() } else { format!(" order {order} --aws-port ") };
        assert!(done.told.lines().last().unwrap().contains(&next), "{order}: {}", done.told);
        is_presentable(&done);
        assert_eq!(world.row(ORDERS, order).await, before);
    }
    assert_eq!(audit(&world).await, [] as [Item; 0]);
    for wrong in [
        &["settle", "A-1"][..],
        &["settle", "A-1", "--charged", "ch_1", "--not-charged"],
        &["settle", "a b", "--not-charged"],
    ] {
        world.run(wrong).await.is(2);
    }
    for reference in ["4111111111111111", "4111-1111-1111-1111", "", "two words"] {
        let done = world.run(&["settle", "edited", "--yes", "--charged", reference]).await.is(1);
        assert!(done.told.contains("a reference is 1 to 64"), "{}", done.told);
        assert!(reference.is_empty() || !done.told.contains(reference), "{}", done.told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_whose_reply_is_lost_is_written_once() {
    let world = World::start().await;
    world.put_clean("A-1", &payment("UNKNOWN")).await;
    let lost = "OperatorSettle/dynamodb/TransactWriteItems=reply-lost@#1";
    world.stack.aws().faults().add(lost.parse().unwrap());
    world.run(&["settle", "A-1", "--charged", "ch_1", "--yes"]).await.is(0);
    assert_eq!(world.row(ORDERS, "A-1").await.unwrap()["PaymentStatus"], s("SUBMITTED"));
    assert_eq!(audit(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_nobody_answers_says_that_it_may_have_been_written() {
    let world = World::start().await;
    world.put_clean("A-1", &payment("UNKNOWN")).await;
    world.stack.aws().faults().add("OperatorSettle/dynamodb/TransactWriteItems=error".parse().unwrap());
    let done = world.run(&["settle", "A-1", "--charged", "ch_1", "--yes"]).await.is(1);
    assert!(done.told.contains("it may have been written all the same"), "{}", done.told);
    assert_eq!(world.row(ORDERS, "A-1").await.unwrap()["PaymentStatus"], s("UNKNOWN"));
}
