//! The writes that change a row of the source: what each leaves in the row, and that it changes nothing where the row is
//! another than was read, in any one thing.

use aws_sdk_dynamodb::types::AttributeValue;
use import::{Outcome, Reason};
use test_support::tables::QUARANTINE;

use super::{CARD, Item, OTHER_CARD, TOKEN, Told, World, b, s};

fn row(card: &str) -> Item {
    [("Id", "1"), ("Card", card), ("Name", "Ann"), ("Address", "Las Vegas")]
        .map(|(name, value)| (name.to_owned(), s(value)))
        .into()
}

fn marked(row: &Item, mark: AttributeValue) -> Item {
    let mut row = row.clone();
    row.insert("CardAirlockMark".to_owned(), mark);
    row
}

const CHANGED: Told = (Outcome::Left, Some(Reason::ChangedMeanwhile));

#[tokio::test]
async fn a_row_is_marked_and_its_order_accepted_while_number_and_mark_are_as_they_were_read() {
    let world = World::start(&[]).await;
    // Without a mark, and with one that is none of this number's.
    for before in [row(CARD), marked(&row(CARD), b(&[7; 48]))] {
        let others = [None, Some(row(OTHER_CARD)), Some(marked(&row(CARD), b(&[8; 48])))];
        let unmarked = before.contains_key("CardAirlockMark").then(|| row(CARD));
        for other in others.into_iter().chain(unmarked.map(Some)) {
            world.have(Some(&before)).await;
            assert_eq!(world.go_while("import", other.as_ref()).await, CHANGED, "{before:?} {other:?}");
            assert_eq!((world.row().await, world.quarantined().await), (other, None));
        }
        world.have(Some(&before)).await;
        assert_eq!(world.go("import").await, (Outcome::Imported, None));
        let after = world.row().await.unwrap();
        let mark = after["CardAirlockMark"].clone();
        assert_eq!(after, marked(&row(CARD), mark.clone()), "nothing else of it changes");
        let quarantined = world.quarantined().await.unwrap();
        let acceptance: uuid::Uuid = quarantined["AcceptanceId"].as_s().unwrap().parse().unwrap();
        assert_eq!(mark.as_b().unwrap().as_ref()[..16], *acceptance.as_bytes());
        world.forget_quarantined().await;
    }
}

#[tokio::test]
async fn a_row_is_not_marked_where_its_order_is_not_accepted() {
    let world = World::start(&[]).await;
    world.have(Some(&row(CARD))).await;
    let other = [("CustomerOrder", "1"), ("Owner", "somebody"), ("Status", "PENDING")];
    let other: Item = other.map(|(name, value)| (name.to_owned(), s(value))).into();
    world.dynamodb.put_item().table_name(QUARANTINE).set_item(Some(other.clone())).send().await.unwrap();
    assert_eq!(world.go("import").await, (Outcome::Bad, Some(Reason::OrderConflict)));
    assert_eq!((world.row().await, world.quarantined().await), (Some(row(CARD)), Some(other)));
    // What the order says of the row that was read, it does not say of the row as it is now.
    assert_eq!(world.go_while("import", Some(&row(OTHER_CARD))).await, CHANGED);
}

#[tokio::test]
async fn a_number_makes_room_for_its_token_while_number_and_mark_are_as_they_were_read() {
    let world = World::start(&[]).await;
    world.have(Some(&row(CARD))).await;
    assert_eq!(world.go("import").await, (Outcome::Imported, None));
    world.cross().await;
    let before = world.row().await.unwrap();
    let mark = before["CardAirlockMark"].clone();
    for other in
        [None, Some(marked(&row(OTHER_CARD), mark)), Some(marked(&row(CARD), b(&[8; 48]))), Some(row(CARD))]
    {
        world.have(Some(&before)).await;
        assert_eq!(world.go_while("scrub", other.as_ref()).await, CHANGED, "{other:?}");
        assert_eq!(world.row().await, other);
    }
    world.have(Some(&before)).await;
    assert_eq!(world.go("scrub").await, (Outcome::Scrubbed, None));
    assert_eq!(world.row().await, Some(row(TOKEN)));
}
