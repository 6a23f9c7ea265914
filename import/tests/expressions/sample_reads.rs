//! What is read of the AWS sample's vault.

use import::{Outcome, Reason};
use test_support::{LocalAws, tables::VAULT};

use super::{CARD, Item, SOURCE, TOKEN, World, b, run, s};

const OTHER_TOKEN: &str = "22222222-3333-4444-8555-bbbbbbbbbbbb";

/// The sample's rows are in this stack's own vault.
async fn beside_the_sample() -> World {
    let key = "arn:aws:kms:us-east-1:123456789012:key/none";
    World::start(&[
        ("IMPORT_VAULT_TABLE", VAULT),
        ("IMPORT_VAULT_KEY_ARN", key),
        ("VAULT_TABLE", VAULT),
        ("VAULT_KEY_ARN", key),
        ("ACCOUNT_ID", LocalAws::ACCOUNT),
        ("CARD_RETENTION_DAYS", "0"),
    ])
    .await
}

fn order(id: &str, card: (&str, &str)) -> Item {
    [("Id", id), ("Name", "Ann"), ("Address", "Las Vegas"), card]
        .map(|(name, value)| (name.to_owned(), s(value)))
        .into()
}

fn vault_row(token: &str, account: &str) -> Item {
    [("Hash_Key", token), ("Account_Id", account)].map(|(name, value)| (name.to_owned(), s(value))).into()
}

#[tokio::test]
async fn the_row_of_a_token_is_found_by_the_whole_token_and_there_must_be_one() {
    let world = beside_the_sample().await;
    world.put(SOURCE, order("1", ("CreditCardToken", TOKEN))).await;
    world.put(VAULT, vault_row(OTHER_TOKEN, "a")).await;
    assert_eq!(world.go("check").await.1, Some(Reason::VaultRowMissing));
    world.put(VAULT, vault_row(TOKEN, "a")).await;
    let of_one = world.go("check").await.1;
    assert!(
        ![None, Some(Reason::VaultRowMissing), Some(Reason::VaultRowTwice)].contains(&of_one),
        "{of_one:?}"
    );
    world.put(VAULT, vault_row(TOKEN, "b")).await;
    assert_eq!(world.go("check").await.1, Some(Reason::VaultRowTwice));
}

#[tokio::test]
async fn only_rows_of_the_sample_are_orphans_and_not_those_of_this_vault() {
    let world = beside_the_sample().await;
    world.put(VAULT, vault_row(TOKEN, "a")).await;
    let mut own = vault_row(OTHER_TOKEN, "a");
    own.insert("DataKey".to_owned(), b(&[7; 8]));
    world.put(VAULT, own).await;
    let results = run(&world.import, "orphans").await;
    let told: Vec<_> = results.iter().map(|row| (&row.key[..], row.outcome, row.reason)).collect();
    assert_eq!(told, [(&[Some(TOKEN.to_owned())][..], Outcome::Orphan, None)]);
}

#[tokio::test]
async fn a_pass_that_begins_reads_the_tokens_of_all_orders_again() {
    let world = beside_the_sample().await;
    for id in ["1", "2"] {
        world.put(SOURCE, order(id, ("CreditCardToken", TOKEN))).await;
    }
    assert_eq!(world.go("check").await.1, Some(Reason::TokenShared));
    world.have(None).await;
    assert_eq!(world.go("check").await.1, Some(Reason::VaultRowMissing), "one order is left");
}

#[tokio::test]
async fn an_order_with_a_number_is_imported_by_its_number_also_beside_the_sample() {
    let world = beside_the_sample().await;
    world.put(SOURCE, order("1", ("Card", CARD))).await;
    for (action, outcome) in [("check", Outcome::Good), ("import", Outcome::Imported)] {
        assert_eq!(world.go(action).await, (outcome, None), "{action}");
    }
}
