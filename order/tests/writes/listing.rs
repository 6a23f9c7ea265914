//! What operators list: each part of what they select leaves out what it should.

use order::{AuditSelection, AuditTrail, OrderId, OrderTable, PaymentStatus};
use test_support::tables::{AUDIT, ORDERS};

use crate::{
    payments::paid,
    rows::{BEFORE, Item, LATER, NOW, changed, clean, item, s},
    world::World,
};

/// An audit item, or a counter of the limit.
fn audited(principal: &str, at: &str, order: &str) -> Item {
    item([("Principal", s(principal)), ("At", s(at)), ("CustomerOrder", s(order))])
}

#[tokio::test]
async fn an_audit_is_selected_by_who_when_and_which_order() {
    let world = World::start().await;
    for (principal, at, order) in [
        ("ann", format!("{BEFORE}#1"), "A"),
        ("ann", format!("{NOW}#2"), "B"),
        ("ann", format!("{LATER}#3"), "A"),
        ("ann", "minute#2026-11-21T18:59Z".to_owned(), "A"),
        ("bob", format!("{NOW}#4"), "A"),
    ] {
        world.have(AUDIT, Some(&audited(principal, &at, order))).await;
    }
    let trail = AuditTrail::new(&world.config, AUDIT.into());
    let [before, now, later] = [BEFORE, NOW, LATER];
    let (ann, a) = (Some("ann"), Some("A"));
    for (principal, order, since, until, expected) in [
        (ann, None, None, None, &[("ann", later), ("ann", now), ("ann", before)][..]),
        (ann, None, Some(now), None, &[("ann", later), ("ann", now)]),
        (ann, None, None, Some(now), &[("ann", before)]),
        (ann, a, None, None, &[("ann", later), ("ann", before)]),
        (ann, a, Some(now), Some(later), &[]),
        (None, None, None, None, &[("ann", before), ("ann", later), ("ann", now), ("bob", now)]),
        (None, None, Some(now), None, &[("ann", later), ("ann", now), ("bob", now)]),
        (None, None, None, Some(now), &[("ann", before)]),
        (None, a, None, None, &[("ann", before), ("ann", later), ("bob", now)]),
        (None, a, Some(now), Some(later), &[("bob", now)]),
    ] {
        let selection = AuditSelection {
            principal: principal.map(str::to_owned),
            order: order.map(|order| OrderId::accept(order).unwrap()),
            since: since.map(|time| time.parse().unwrap()),
            until: until.map(|time| time.parse().unwrap()),
        };
        let page = trail.page(&selection, None).await.unwrap();
        let told = page.items.iter().map(|it| (it.principal.clone(), it.at.unwrap().to_string()));
        let mut told: Vec<_> = told.collect();
        // Of one principal, the latest come first; of all, they have no order.
        if principal.is_none() {
            told.sort();
        }
        let expected: Vec<_> =
            expected.iter().map(|(principal, at)| ((*principal).to_owned(), (*at).to_owned())).collect();
        let mut expected = expected;
        if principal.is_none() {
            expected.sort();
        }
        assert_eq!(told, expected, "{selection:?}");
    }
}

#[tokio::test]
async fn orders_are_selected_by_how_their_payment_stands() {
    let world = World::start().await;
    let ids = |orders: &[&str]| orders.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let rows = [("none", clean()), ("paid", paid("SUBMITTED")), ("open", paid("UNKNOWN"))];
    for (id, row) in rows {
        world.have(ORDERS, Some(&changed(&row, [("CustomerOrder", s(id))], &[]))).await;
    }
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let listed = async |statuses: &[PaymentStatus]| {
        let page = orders.overviews(statuses, None).await.unwrap();
        let mut listed: Vec<_> =
            page.orders.iter().map(|it| it.order.as_ref().unwrap().to_string()).collect();
        listed.sort();
        listed
    };
    assert_eq!(listed(&[]).await, ids(&["none", "open", "paid"]));
    assert_eq!(listed(&[PaymentStatus::Unknown]).await, ids(&["open"]));
    assert_eq!(listed(&[PaymentStatus::Unknown, PaymentStatus::Submitted]).await, ids(&["open", "paid"]));
}
