//! An import that is cut off anywhere and run again ends as one that was not.

use std::{pin::pin, sync::Arc, time::Duration};

use serde_json::json;
use tokio::sync::Notify;

use super::{
    CARD, FIFTEEN_MINUTES, OTHER_CARD, all, deliver, one, owner, pass, pass_by, put_rows, row, source_row,
    world,
};
use crate::support::{Fault, ORDERS, Relay, World, eventually, order_of, text};

const IDS: [&str; 3] = ["1", "2", "3"];

/// Every order is across once, by the acceptance of its row's mark, and is paid; then every number goes out.
async fn assert_all_are_across(world: &World, ids: &[&str], what: &str) {
    deliver(world).await;
    assert_eq!(world.counts().await, [0, ids.len(), ids.len()], "{what}");
    for id in ids.iter().take(20) {
        owner(world).pay(id).await.is(200);
    }
    assert_eq!(pass(world, "import").await, all(ids, "there", ""), "{what}");
    assert_eq!(pass(world, "scrub").await, all(ids, "scrubbed", ""), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_call_or_reply_is_lost_anywhere_ends_the_same_when_it_is_run_again() {
    // How many calls pass before one is lost, in each try: what was done is not asked for again.
    let calls: [(&str, &[usize]); 5] = [
        ("Scan", &[0, 1, 2]),
        ("GenerateMac", &[0, 1, 3]),
        ("GetItem", &[0, 1, 2]),
        ("GenerateDataKey", &[0]),
        ("TransactWriteItems", &[0, 1, 1]),
    ];
    for (operation, tries) in calls {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let world = world().await;
            put_rows(&world, IDS.map(|id| row(id, CARD))).await;
            let what = format!("{operation} {fault:?}");
            let mut cut_off = 0;
            for passed in tries {
                let relay = Relay::to(world.aws.url()).await;
                // More often than the SDK tries.
                relay.strike_after(operation, *passed, fault.clone(), 9);
                cut_off += usize::from(pass_by(&world, relay.url(), "import", 1).await.is_none());
            }
            assert!(cut_off > tries.len() / 2, "{what} {cut_off}");
            assert!(pass_by(&world, world.aws.url(), "import", 1).await.is_some(), "{what}");
            assert_all_are_across(&world, &IDS, &what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_whose_call_or_reply_is_lost_ends_the_same_when_it_is_run_again() {
    for fault in [Fault::Lost, Fault::ReplyLost] {
        let world = world().await;
        put_rows(&world, IDS.map(|id| row(id, CARD))).await;
        pass(&world, "import").await;
        deliver(&world).await;
        let relay = Relay::to(world.aws.url()).await;
        relay.strike_after("TransactWriteItems", 1, fault, 9);
        assert_eq!(pass_by(&world, relay.url(), "scrub", 1).await, None);
        pass(&world, "scrub").await;
        assert_eq!(pass(&world, "scrub").await, all(&IDS, "there", ""));
        for id in IDS {
            let clean = world.row(ORDERS, id).await.unwrap();
            assert_eq!(text(&source_row(&world, id).await, "Card"), text(&clean, "CreditCardToken"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_stopped_at_twenty_random_calls_ends_the_same() {
    let world = world().await;
    // More than twenty runs can do, each of which is stopped at one of the first calls for new rows.
    let ids: Vec<String> = (0..160).map(|id| format!("order-{id}")).collect();
    put_rows(&world, ids.iter().map(|id| row(id, CARD))).await;
    let mut reached = Vec::new();
    for round in 0..20 {
        // Dropped in the middle of a call, as by a crash; what it had sent may still take effect.
        let relay = Relay::to(world.aws.url()).await;
        let (operation, most) = [
            ("Scan", 2),
            ("GenerateMac", 8),
            ("GenerateDataKey", 1),
            ("GetItem", 60),
            ("TransactWriteItems", 8),
        ][fastrand::usize(..5)];
        let let_through = Arc::new(Notify::new());
        relay.strike_after(operation, fastrand::usize(..most), Fault::Held(let_through.clone()), usize::MAX);
        let function = world.function("ImportFunction", relay.url());
        let request = json!({ "action": "import" });
        {
            let mut run = pin!(world.invoke(&function, &request, FIFTEEN_MINUTES));
            let struck = eventually("a call is held", async || (relay.struck() > 0).then_some(()));
            tokio::select! {
                _ = &mut run => panic!("round {round} was not stopped at {operation}"),
                () = struck => {}
            }
        }
        if fastrand::bool() {
            let_through.notify_waiters();
        }
        if fastrand::bool() {
            deliver(&world).await;
        }
        reached.push(world.counts().await[0] + world.counts().await[2]);
    }
    assert!(reached.windows(2).any(|two| two[0] < two[1]), "it never got any further: {reached:?}");
    assert!(reached[19] < ids.len(), "it was done before the last stop: {reached:?}");
    assert!(pass_by(&world, world.aws.url(), "import", 7).await.is_some());
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_all_are_across(&world, &ids, "stopped at random").await;
}

/// The import is about to mark its row and to put the order; before it does, something else happens.
async fn imported_while(world: &World, meanwhile: impl Future<Output = ()>) -> Vec<super::Told> {
    let relay = Relay::to(world.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("TransactWriteItems", Fault::Held(let_through.clone()), 1);
    let (told, ()) = futures::future::join(pass_by(world, relay.url(), "import", 10), async {
        eventually("the write is held", async || (relay.struck() == 1).then_some(())).await;
        meanwhile.await;
        let_through.notify_one();
    })
    .await;
    told.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_imports_at_once_there_is_one_order() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    let told = imported_while(&world, async {
        assert_eq!(pass(&world, "import").await, one("1", "imported", ""));
    })
    .await;
    // It put nothing: the same order is there.
    assert_eq!(told, one("1", "there", ""));
    assert_all_are_across(&world, &["1"], "two at once").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_comes_after_its_order_crossed_changes_nothing() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    imported_while(&world, async {
        assert_eq!(pass(&world, "import").await, one("1", "imported", ""));
        deliver(&world).await;
    })
    .await;
    assert_all_are_across(&world, &["1"], "late").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_order_of_the_same_id_that_comes_meanwhile_stays() {
    for (card, expected) in [(CARD, one("1", "there", "")), (OTHER_CARD, one("1", "bad", "ORDER_CONFLICT"))] {
        for crosses in [false, true] {
            let world = world().await;
            put_rows(&world, [row("1", CARD)]).await;
            let mut order = order_of("1", card);
            order["CustomerName"] = "Ann".into();
            order["Address"] = "Las Vegas".into();
            let told = imported_while(&world, async {
                owner(&world).submit(&order).await.is(202);
                if crosses {
                    deliver(&world).await;
                }
            })
            .await;
            // One that crossed left the quarantine free; the worker drops or parks what comes then.
            assert_eq!(
                told,
                if crosses { one("1", "imported", "") } else { expected.clone() },
                "{card} {crosses}"
            );
            world.deliver(&world.records()).await;
            let clean = world.row(ORDERS, "1").await.unwrap();
            assert_eq!(text(&clean, "CardLast4"), &card[card.len() - 4..]);
            assert_eq!(world.rows(ORDERS).await.len(), 1);
            // Not imported from here, so the number stays.
            let reason = if crosses { "CARD_REPLACED" } else { "NOT_MARKED" };
            let left = pass(&world, "scrub").await;
            assert_eq!(left, one("1", "left", reason), "{card} {crosses}");
            assert_eq!(text(&source_row(&world, "1").await, "Card"), CARD);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_edited_meanwhile_is_left_for_the_next_run() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    let relay = Relay::to(world.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("TransactWriteItems", Fault::Held(let_through.clone()), 1);
    let (told, ()) = futures::future::join(pass_by(&world, relay.url(), "import", 10), async {
        eventually("the mark is held", async || (relay.struck() == 1).then_some(())).await;
        put_rows(&world, [row("1", OTHER_CARD)]).await;
        let_through.notify_one();
    })
    .await;
    assert_eq!(told.unwrap(), one("1", "left", "CHANGED_MEANWHILE"));
    assert_eq!(world.counts().await, [0, 0, 0]);
    assert_eq!(pass(&world, "import").await, one("1", "imported", ""));
    assert_all_are_across(&world, &["1"], "edited").await;
    assert_eq!(text(&world.row(ORDERS, "1").await.unwrap(), "CardLast4"), "4444");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_off_at_a_row_imports_it_however_much_later_it_goes_on() {
    for fault in [Fault::Lost, Fault::ReplyLost] {
        let world = world().await;
        put_rows(&world, [row("1", CARD)]).await;
        let relay = Relay::to(world.aws.url()).await;
        relay.strike("TransactWriteItems", fault.clone(), 9);
        assert_eq!(pass_by(&world, relay.url(), "import", 1).await, None);
        let is_lost = matches!(fault, Fault::Lost);
        // Marked and accepted, or neither.
        assert_eq!(source_row(&world, "1").await.contains_key("CardAirlockMark"), !is_lost);
        assert_eq!(world.counts().await, [usize::from(!is_lost), 0, 0]);
        world.advance(Duration::from_hours(4 * 24));
        let told = pass(&world, "import").await;
        assert_eq!(told, one("1", if is_lost { "imported" } else { "there" }, ""));
    }
}
