//! The chains of the witness: a link is put only under a number that is absent, and a chain is read by itself.

use order::{
    Timestamp,
    witness::{AuditRows, Chain, Entry, Head, StoredLink, What, WitnessTable, digest_of},
};
use test_support::tables::{AUDIT, WITNESS};

use crate::{
    rows::{Item, NOW, item, s},
    world::World,
};

fn row(principal: &str, at: &str) -> Item {
    item([("Principal", s(principal)), ("At", s(at)), ("CreditCardToken", s(TOKEN))])
}

const TOKEN: &str = "550e8400-e29b-41d4-a716-446655440000";

#[tokio::test]
async fn a_link_is_put_behind_the_end_of_its_own_chain_and_no_row_is_overwritten() {
    let world = World::start().await;
    let table = WitnessTable::new(&world.config, WITNESS.to_owned());
    let (ann, now): (_, Timestamp) = (Chain::of("ann"), NOW.parse().unwrap());
    let other = Chain::all().find(|chain| *chain != ann).unwrap();
    let entry = |at: &str| Entry {
        principal: "ann".to_owned(),
        at: at.to_owned(),
        what: What::Added,
        digest: digest_of(&row("ann", at)),
    };
    let mut ends = vec![Head::NONE];
    for at in ["1", "2", "3"] {
        ends.push(table.append(ann, &[entry(at)], now).await.unwrap());
    }
    // A link of another chain is neither its end nor in its way.
    assert_eq!(table.append(other, &[entry("4")], now).await.unwrap().number, 1);
    let (links, next) = table.page(ann, None).await.unwrap();
    assert!(next.is_none());
    let links: Vec<_> = links
        .into_iter()
        .map(|link| match link {
            StoredLink::Link(link) => link,
            StoredLink::Unreadable(number) => panic!("{number:?}"),
        })
        .collect();
    assert_eq!(links.iter().map(|link| link.entries[0].at.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(links.iter().map(|link| link.head()).collect::<Vec<_>>(), ends[1..]);
    assert_eq!(links.iter().map(|link| link.previous).collect::<Vec<_>>(), [0, 1, 2].map(|at| ends[at].hash));
}

#[tokio::test]
async fn a_row_that_is_no_link_is_told_with_its_number() {
    let world = World::start().await;
    let table = WitnessTable::new(&world.config, WITNESS.to_owned());
    let chain = Chain::of("ann");
    for number in ["-1", "0.5", "7"] {
        let number = aws_sdk_dynamodb::types::AttributeValue::N(number.to_owned());
        world.have(WITNESS, Some(&item([("Chain", s(chain.name())), ("Number", number)]))).await;
    }
    let (rows, _) = table.page(chain, None).await.unwrap();
    assert_eq!(rows, [None, None, Some(7)].map(StoredLink::Unreadable));
}

#[tokio::test]
async fn the_rows_of_the_audit_are_read_as_a_whole() {
    let world = World::start().await;
    let mut settled = row("bob", "2");
    settled.remove("CreditCardToken");
    let stored = [row("ann", "1"), settled];
    for row in &stored {
        world.have(AUDIT, Some(row)).await;
    }
    let (mut rows, next) = AuditRows::new(&world.config, AUDIT.to_owned()).page(None).await.unwrap();
    assert!(next.is_none());
    rows.sort_by(|one, other| one.at.cmp(&other.at));
    let keys: Vec<_> = rows.iter().map(|row| (row.principal.as_str(), row.at.as_str())).collect();
    assert_eq!(keys, [("ann", "1"), ("bob", "2")]);
    assert_eq!(
        rows.iter().map(|row| row.digest).collect::<Vec<_>>(),
        stored.iter().map(digest_of).collect::<Vec<_>>()
    );
    assert_eq!(rows.iter().map(|row| row.token).collect::<Vec<_>>(), [TOKEN.parse().ok(), None]);
}
