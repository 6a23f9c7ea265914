//! An order that is imported with its card, and what a number is taken out of its source for: that the order still has the
//! card that was imported.

use std::time::UNIX_EPOCH;

use aws_sdk_dynamodb::Client;
use clock::TestClock;
use order::{OrderTable, QuarantineRow, QuarantineTable, Written};
use test_support::{
    sample_vault::{self, Place, Plain, Row},
    tables::{ORDERS, QUARANTINE, VAULT},
};
use vault::{ImportedOrder, Importer, ImporterSettings, Tokenized};

use crate::{
    rows::{Change, NOW, ORDER, OTHER, OURS, TOKEN, b, changed, clean, quarantined, s},
    world::{ACCOUNT, World, order_id},
};

/// A row of the AWS sample, and its card sealed for this vault: in the same table, or in another.
async fn imported(world: &World, in_place: bool) -> (Row, Tokenized) {
    let key = async |name| world.aws.endpoint.create_key(name, false).await.unwrap().arn;
    let (source_key_arn, vault_key_arn) = (key("sample").await, key("vault").await);
    let kms = sample_vault::Client::new(&world.config);
    let place = Place { table: VAULT, token: TOKEN, account: ACCOUNT };
    let row = sample_vault::seal(&kms, &source_key_arn, place, Plain::Text("4111-1111-1111-1111")).await;
    let settings = ImporterSettings {
        source_table: VAULT.into(),
        source_key_arn,
        vault_key_arn,
        vault_table: VAULT.into(),
        in_place,
        account: ACCOUNT.into(),
        retention: None,
    };
    let importer = Importer::new(&world.config, settings, TestClock::stopped_at(UNIX_EPOCH).clock());
    let of_order = ImportedOrder { order: ORDER, owner: "me", acceptance: OTHER.parse().unwrap() };
    let tokenized = importer.import_row(&row, of_order).await.unwrap();
    (row, tokenized)
}

#[tokio::test]
async fn an_imported_order_comes_in_with_its_card_where_neither_is_there_yet() {
    let world = World::start().await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let row = order::CleanOrder::parse(clean()).unwrap();
    let (_, tokenized) = imported(&world, false).await;
    let sealed = tokenized.vault_put.put().unwrap().item().clone();
    let import = async || orders.import(&row, &tokenized).await;
    // Another card is under this token.
    let other = changed(&sealed, [("DataKey", b(b"another"))], &[]);
    world.have(VAULT, Some(&other)).await;
    world.leaves(ORDERS, None, import(), (Ok(Written::LostRace), None), "the token is there").await;
    assert_eq!(world.vault_row(TOKEN).await, Some(other));
    world.forget_vault_row(TOKEN).await;
    // Another order has this id.
    let other = changed(&clean(), [("AcceptanceId", s(OURS))], &[]);
    let lost = (Ok(Written::LostRace), Some(&other));
    world.leaves(ORDERS, Some(&other), import(), lost, "the order is there").await;
    assert_eq!(world.vault_row(TOKEN).await, None);
    world.leaves(ORDERS, None, import(), (Ok(Written::Done), Some(&clean())), "nothing is there").await;
    assert_eq!(world.vault_row(TOKEN).await, Some(sealed));
}

#[tokio::test]
async fn in_the_samples_own_table_a_card_takes_the_place_of_the_row_that_was_read_and_of_no_other() {
    let world = World::start().await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let row = order::CleanOrder::parse(clean()).unwrap();
    let (read, tokenized) = imported(&world, true).await;
    let import = async || orders.import(&row, &tokenized).await;
    const SIGNATURE: &str = "*amzn-ddb-map-sig*";
    for change in [Change::Gone, Change::Without(SIGNATURE), Change::With(SIGNATURE, b(&[7; 32]))] {
        world.forget_vault_row(TOKEN).await;
        let found = change.of(&read);
        if let Some(found) = &found {
            world.have(VAULT, Some(found)).await;
        }
        let case = format!("{change:?}");
        world.leaves(ORDERS, None, import(), (Ok(Written::LostRace), None), &case).await;
        assert_eq!(world.vault_row(TOKEN).await, found, "{case}");
    }
    world.have(VAULT, Some(&read)).await;
    world.leaves(ORDERS, None, import(), (Ok(Written::Done), Some(&clean())), "as it was read").await;
    let after = world.vault_row(TOKEN).await.unwrap();
    assert_eq!(&after, tokenized.vault_put.put().unwrap().item(), "nothing of the sample's row is left");
}

#[tokio::test]
async fn an_order_that_is_accepted_in_a_transaction_is_put_where_there_is_none() {
    let world = World::start().await;
    let quarantine = QuarantineTable::new(&world.config, QUARANTINE.into());
    let dynamodb = Client::new(&world.config);
    let row = QuarantineRow::parse(quarantined()).unwrap();
    let accept = async || {
        let put = quarantine.action_to_put_if_absent(&row).unwrap();
        dynamodb.transact_write_items().transact_items(put).send().await.is_ok()
    };
    let other = changed(&quarantined(), [("AcceptanceId", s(OTHER))], &[]);
    world.leaves(QUARANTINE, Some(&other), accept(), (false, Some(&other)), "another acceptance").await;
    world.leaves(QUARANTINE, None, accept(), (true, Some(&quarantined())), "nothing is there").await;
}

#[tokio::test]
async fn the_check_holds_only_while_the_order_has_the_card_of_that_acceptance_and_it_is_not_forgotten() {
    let world = World::start().await;
    let orders = OrderTable::new(&world.config, ORDERS.into());
    let dynamodb = Client::new(&world.config);
    let check = async || {
        let check = orders.check_card_of(&order_id(), OTHER.parse().unwrap()).unwrap();
        dynamodb.transact_write_items().transact_items(check).send().await.is_ok()
    };
    let others = [
        Change::Gone,
        Change::Without("AcceptanceId"),
        Change::With("AcceptanceId", s(OURS)),
        Change::With("CardForgottenAt", s(NOW)),
    ];
    world.loses(ORDERS, &clean(), &others, check, false).await;
    world.leaves(ORDERS, Some(&clean()), check(), (true, Some(&clean())), "as it was imported").await;
}
