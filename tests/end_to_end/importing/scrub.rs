//! Numbers are taken out of the source: only those that were imported, and only while the order has that card.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    CARD, LEGACY, OTHER_CARD, all, deliver, one, owner, pass, put_rows, row, s, source_row, world,
    world_under,
};
use crate::support::{Fault, ORDERS, QUARANTINE, Relay, World, eventually, flipped, text};
use std::{sync::Arc, time::UNIX_EPOCH};
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread")]
async fn a_scrubbed_row_has_its_orders_token_and_scrubbing_or_importing_again_changes_nothing() {
    let world = world().await;
    put_rows(&world, ["1", "2"].map(|id| row(id, CARD))).await;
    assert_eq!(pass(&world, "scrub").await, all(&["1", "2"], "left", "NOT_MARKED"));
    pass(&world, "import").await;
    assert_eq!(pass(&world, "checkScrub").await, all(&["1", "2"], "waiting", ""));
    assert_eq!(pass(&world, "scrub").await, all(&["1", "2"], "waiting", ""));
    deliver(&world).await;
    let before = world.rows(LEGACY).await;
    assert_eq!(pass(&world, "checkScrub").await, all(&["1", "2"], "good", ""));
    assert_eq!(world.rows(LEGACY).await, before);
    assert_eq!(pass(&world, "scrub").await, all(&["1", "2"], "scrubbed", ""));
    for id in ["1", "2"] {
        let (source, clean) = (source_row(&world, id).await, world.row(ORDERS, id).await.unwrap());
        assert_eq!(text(&source, "Card"), text(&clean, "CreditCardToken"));
        let mut expected = row(id, text(&clean, "CreditCardToken"));
        expected.insert("Card".to_owned(), clean["CreditCardToken"].clone());
        assert_eq!(source, expected, "nothing else of the row is changed");
    }
    let before = world.rows(LEGACY).await;
    for action in ["check", "import", "checkScrub", "scrub"] {
        assert_eq!(pass(&world, action).await, all(&["1", "2"], "there", ""), "{action}");
    }
    assert_eq!((world.rows(LEGACY).await, world.counts().await), (before, [0, 2, 2]));
    owner(&world).pay("1").await.is(200);
    // A token of another order is no token of this row's.
    let other = source_row(&world, "2").await["Card"].clone();
    let mut swapped = source_row(&world, "1").await;
    swapped.insert("Card".to_owned(), other);
    put_rows(&world, [swapped]).await;
    assert!(pass(&world, "scrub").await.contains(&one("1", "left", "NUMBER_IS_ANOTHER_TOKEN")[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrubbed_row_is_judged_by_its_order_whose_card_may_be_another_one_since() {
    let world = world().await;
    let ids = ["replaced", "unreadable"];
    put_rows(&world, ids.map(|id| row(id, CARD))).await;
    pass(&world, "import").await;
    deliver(&world).await;
    assert_eq!(pass(&world, "scrub").await, all(&ids, "scrubbed", ""));
    owner(&world).put_card("replaced", OTHER_CARD).await.is(202);
    deliver(&world).await;
    let mut unreadable = world.row(ORDERS, "unreadable").await.unwrap();
    unreadable.remove("AcceptanceId");
    world.put(ORDERS, unreadable).await;
    for (action, outcome) in [("check", "bad"), ("import", "bad"), ("checkScrub", "left"), ("scrub", "left")]
    {
        let told = [one("replaced", "there", ""), one("unreadable", outcome, "ORDER_UNREADABLE")].concat();
        assert_eq!(pass(&world, action).await, told, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_or_a_card_that_changed_since_the_import_is_told_and_not_touched() {
    let world = world().await;
    let ids = ["edited", "forgotten", "marked", "moved", "replaced", "typed"];
    put_rows(&world, ids.map(|id| row(id, CARD))).await;
    pass(&world, "import").await;
    deliver(&world).await;
    let client = owner(&world);
    client.forget("forgotten").await.is(200);
    client.put_card("replaced", OTHER_CARD).await.is(202);
    deliver(&world).await;
    let change = async |id: &str, name: &str, value: AttributeValue| {
        let mut row = source_row(&world, id).await;
        row.insert(name.to_owned(), value);
        world.put(LEGACY, row).await;
    };
    change("edited", "Card", s(OTHER_CARD)).await;
    // The same digits written otherwise are the number that was imported.
    change("typed", "Card", s("4111 1111 1111 1111")).await;
    let mark = source_row(&world, "marked").await["CardAirlockMark"].clone();
    change("marked", "CardAirlockMark", flipped(&mark)).await;
    // Another row's mark.
    change("moved", "CardAirlockMark", source_row(&world, "typed").await["CardAirlockMark"].clone()).await;
    let before = world.rows(LEGACY).await;
    let expected = [
        one("edited", "left", "NUMBER_EDITED"),
        one("forgotten", "left", "CARD_FORGOTTEN"),
        one("marked", "left", "NUMBER_EDITED"),
        one("moved", "left", "NUMBER_EDITED"),
        one("replaced", "left", "CARD_REPLACED"),
    ]
    .concat();
    assert_eq!(pass(&world, "checkScrub").await, [expected.clone(), one("typed", "good", "")].concat());
    assert_eq!(world.rows(LEGACY).await, before);
    assert_eq!(pass(&world, "scrub").await, [expected, one("typed", "scrubbed", "")].concat());
    for id in &ids[..5] {
        let unchanged = before.iter().find(|row| text(row, "Id") == *id).unwrap();
        assert_eq!(source_row(&world, id).await, *unchanged, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_retention_has_ended_is_not_scrubbed() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    pass(&world, "import").await;
    deliver(&world).await;
    let mut clean = world.row(ORDERS, "1").await.unwrap();
    let mut ends_at = async |end: u64| {
        clean.insert("CardExpiresAt".to_owned(), AttributeValue::N(end.to_string()));
        world.put(ORDERS, clean.clone()).await;
    };
    let now = world.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for end in [1, now] {
        ends_at(end).await;
        assert_eq!(pass(&world, "scrub").await, one("1", "left", "CARD_EXPIRED_IN_VAULT"));
        assert_eq!(text(&source_row(&world, "1").await, "Card"), CARD);
    }
    ends_at(now + 60).await;
    assert_eq!(pass(&world, "scrub").await, one("1", "scrubbed", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_the_key_is_imported_and_never_scrubbed() {
    let world = world_under([("ImportOrderAttribute", "OrderNo"), ("ImportNumberAttribute", "Id")]).await;
    let mut keyed = row(CARD, CARD);
    keyed.remove("Card");
    keyed.insert("OrderNo".to_owned(), s("A-1"));
    put_rows(&world, [keyed]).await;
    let told = |outcome: &str, reason: &str| {
        let mut told = one("hidden", outcome, reason);
        told[0].0 = None;
        told
    };
    assert_eq!(pass(&world, "import").await, told("imported", ""));
    deliver(&world).await;
    assert_eq!(pass(&world, "scrub").await, told("left", "NUMBER_IN_KEY"));
    owner(&world).pay("A-1").await.is(200);
}

/// The scrub has read the row and its order; before it writes, something changes.
async fn scrubbed_while(world: &World, meanwhile: impl Future<Output = ()>) -> Vec<super::Told> {
    let relay = Relay::to(world.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("TransactWriteItems", Fault::Held(let_through.clone()), 1);
    let (told, ()) = futures::future::join(super::pass_by(world, relay.url(), "scrub", 10), async {
        eventually("the write is held", async || (relay.struck() == 1).then_some(())).await;
        meanwhile.await;
        let_through.notify_one();
    })
    .await;
    told.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_reading_and_scrubbing_stops_the_scrub() {
    for what in ["forgotten", "replaced", "edited", "marked"] {
        let world = world().await;
        put_rows(&world, [row("1", CARD)]).await;
        pass(&world, "import").await;
        deliver(&world).await;
        let client = owner(&world);
        let told = scrubbed_while(&world, async {
            let mut source = source_row(&world, "1").await;
            match what {
                "forgotten" => drop(client.forget("1").await.is(200)),
                "replaced" => {
                    client.put_card("1", OTHER_CARD).await.is(202);
                    deliver(&world).await;
                }
                "edited" => {
                    source.insert("Card".to_owned(), s(OTHER_CARD));
                    world.put(LEGACY, source).await;
                }
                _ => {
                    source.remove("CardAirlockMark");
                    world.put(LEGACY, source).await;
                }
            }
        })
        .await;
        assert_eq!(told, one("1", "left", "CHANGED_MEANWHILE"), "{what}");
        let number = text(&source_row(&world, "1").await, "Card").to_owned();
        assert_eq!(number, if what == "edited" { OTHER_CARD } else { CARD }, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_acceptance_of_another_card_is_not_scrubbed_by_the_rows_mark() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    pass(&world, "import").await;
    // The row's own order never came; a customer's of the same id, last4 and brand did.
    world.remove(QUARANTINE, "1").await;
    let same = serde_json::json!({"CustomerOrder": "1", "CustomerName": "Ann", "CreditCard": "4000000000061111",
        "Address": "Las Vegas"});
    owner(&world).submit(&same).await.is(202);
    deliver(&world).await;
    assert_eq!(pass(&world, "import").await, one("1", "there", ""));
    assert_eq!(pass(&world, "scrub").await, one("1", "left", "CARD_REPLACED"));
    assert_eq!(text(&source_row(&world, "1").await, "Card"), CARD);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_tells_why_an_order_is_not_across_and_waits_only_for_one_that_may_come() {
    let world = world().await;
    let ids = ["expired", "failed", "forgotten", "gone", "pending", "unreadable"];
    put_rows(&world, ids.map(|id| row(id, CARD))).await;
    pass(&world, "import").await;
    for (id, status) in [("failed", "FAILED"), ("expired", "EXPIRED"), ("forgotten", "FAILED")] {
        let mut row = world.row(QUARANTINE, id).await.unwrap();
        row.insert("Status".to_owned(), s(status));
        world.put(QUARANTINE, row).await;
    }
    owner(&world).forget("forgotten").await.is(200);
    world.remove(QUARANTINE, "gone").await;
    let mut unreadable = world.row(QUARANTINE, "unreadable").await.unwrap();
    unreadable.remove("Status");
    world.put(QUARANTINE, unreadable).await;
    let expected = [
        one("expired", "left", "ORDER_EXPIRED"),
        one("failed", "left", "ORDER_FAILED"),
        one("forgotten", "left", "CARD_FORGOTTEN"),
        one("gone", "left", "ORDER_GONE"),
        one("pending", "waiting", ""),
        one("unreadable", "left", "ORDER_UNREADABLE"),
    ]
    .concat();
    let before = world.rows(LEGACY).await;
    for action in ["checkScrub", "scrub"] {
        assert_eq!(pass(&world, action).await, expected, "{action}");
    }
    assert_eq!(world.rows(LEGACY).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_across_is_what_it_is_there_while_another_card_of_it_waits() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    pass(&world, "import").await;
    deliver(&world).await;
    owner(&world).put_card("1", OTHER_CARD).await.is(202);
    assert_eq!(pass(&world, "import").await, one("1", "there", ""));
    assert_eq!(pass(&world, "scrub").await, one("1", "scrubbed", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_crosses_while_a_scrub_looks_for_it_is_found() {
    let world = world().await;
    put_rows(&world, [row("1", CARD)]).await;
    pass(&world, "import").await;
    let relay = Relay::to(world.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    // It is not across yet; before its quarantine row is read, it is.
    relay.strike_after("GetItem", 1, Fault::Held(let_through.clone()), 1);
    let (told, ()) = futures::future::join(super::pass_by(&world, relay.url(), "scrub", 10), async {
        eventually("the read is held", async || (relay.struck() == 1).then_some(())).await;
        deliver(&world).await;
        let_through.notify_one();
    })
    .await;
    assert_eq!(told.unwrap(), one("1", "scrubbed", ""));
}
