//! Forgetting a card: the vault's row goes and the clean row is marked, both or neither; and a card that comes late.

use order::{Airlock, LateCard, OrderTable, QuarantineTable, RowVersion, Written};
use test_support::tables::{ORDERS, QUARANTINE, VAULT};
use vault::Forgetter;

use crate::{
    rows::{Change, Item, NOW, OTHER, OTHER_TOKEN, OURS, TOKEN, changed, clean, item, n, quarantined, s},
    world::{ACCOUNT, World, key, order_id},
};

fn vault_row() -> Item {
    item([("Hash_Key", s(TOKEN)), ("Account_Id", s(ACCOUNT)), ("CreatedAt", s(NOW))])
}

#[tokio::test]
async fn a_card_is_forgotten_in_both_tables_while_the_order_has_it_and_nobody_pays_with_it() {
    let world = World::start().await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let forgetter = Forgetter::new(VAULT.into(), ACCOUNT.into());
    let forget = async || {
        let delete = forgetter.delete(TOKEN.parse().unwrap()).unwrap();
        orders.forget_card(&order_id(), TOKEN.parse().unwrap(), delete, NOW.parse().unwrap()).await
    };
    world.have(VAULT, Some(&vault_row())).await;
    let others = [
        Change::Gone,
        Change::With("CreditCardToken", s(OTHER_TOKEN)),
        Change::With("CardForgottenAt", s("2026-11-20T10:00:00.000Z")),
        Change::With("PaymentStatus", s("SUBMITTING")),
    ];
    world.loses(ORDERS, &clean(), &others, forget, Ok(Written::LostRace)).await;
    assert_eq!(world.vault_row(TOKEN).await, Some(vault_row()), "nothing of a transaction that lost");

    for status in [None, Some("SUBMITTED"), Some("DECLINED"), Some("UNKNOWN")] {
        world.have(VAULT, Some(&vault_row())).await;
        let mut row = clean();
        row.extend(status.map(|status| ("PaymentStatus".to_owned(), s(status))));
        let after = changed(&row, [("CardForgottenAt", s(NOW))], &[]);
        let case = format!("{status:?}");
        let ends = (Ok(Written::Done), Some(&after));
        world.leaves(ORDERS, Some(&row), forget(), ends, &case).await;
        assert_eq!(world.vault_row(TOKEN).await, None, "{case}");
    }
}

#[tokio::test]
async fn a_late_card_is_dropped_only_if_the_orders_card_was_forgotten_for_its_owner_and_the_row_is_as_it_was()
{
    let world = World::start().await;
    let quarantine = QuarantineTable::new(&world.config, QUARANTINE.into());
    let airlock = Airlock::new(&world.config, quarantine, OrderTable::new(&world.config, ORDERS.into()));
    let (row, version) = (quarantined(), RowVersion::of(&quarantined()));
    let forgotten = changed(&clean(), [("CardForgottenAt", s(NOW))], &[]);
    let drop_late = async || airlock.drop_if_forgotten(&key(), &s("me"), &version).await;

    world.have(QUARANTINE, Some(&row)).await;
    let not_forgotten = [Change::Gone, Change::Without("CardForgottenAt"), Change::With("Owner", s("you"))];
    world.loses(ORDERS, &forgotten, &not_forgotten, drop_late, Ok(LateCard::Kept)).await;
    assert_eq!(world.row(QUARANTINE).await.as_ref(), Some(&row));

    world.have(ORDERS, Some(&forgotten)).await;
    let others = [
        Change::Gone,
        Change::With("AcceptanceId", s(OTHER)),
        Change::With("Status", s("FAILED")),
        Change::With("Attempt", n(2)),
    ];
    world.loses(QUARANTINE, &row, &others, drop_late, Ok(LateCard::Changed)).await;
    world.leaves(QUARANTINE, Some(&row), drop_late(), (Ok(LateCard::Dropped), None), "dropped").await;

    // A malformed row has a version too.
    let row = changed(&row, [], &["AcceptanceId", "Status", "Attempt"]);
    let version = RowVersion::of(&row);
    let drop_late = async || airlock.drop_if_forgotten(&key(), &s("me"), &version).await;
    let others = [
        Change::Gone,
        Change::With("AcceptanceId", s(OURS)),
        Change::With("Status", s("PENDING")),
        Change::With("Attempt", n(1)),
    ];
    world.loses(QUARANTINE, &row, &others, drop_late, Ok(LateCard::Changed)).await;
    world.leaves(QUARANTINE, Some(&row), drop_late(), (Ok(LateCard::Dropped), None), "malformed").await;
}
