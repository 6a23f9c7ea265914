//! CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

use super::*;

#[tokio::test]
async fn an_alias_names_a_key_until_it_names_another_or_is_deleted() {
    let world = World::start().await;
    let (one, two) = (world.key().await, world.key().await);
    let named = async || world.kms.describe_key().key_id("alias/k").send().await;
    assert_eq!(code(named().await), "NotFoundException");
    world.kms.create_alias().alias_name("alias/k").target_key_id(&one).send().await.unwrap();
    assert_eq!(named().await.unwrap().key_metadata.unwrap().arn, Some(one.clone()));
    world.kms.update_alias().alias_name("alias/k").target_key_id(&two).send().await.unwrap();
    assert_eq!(named().await.unwrap().key_metadata.unwrap().arn, Some(two.clone()));
    let of = async |key: &str| world.kms.list_aliases().key_id(key).send().await.unwrap().aliases.unwrap();
    assert_eq!(of(&one).await.len(), 0);
    let listed = of(&two).await.remove(0);
    assert_eq!(listed.alias_arn, Some(format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/k")));
    assert_eq!(listed.target_key_id.as_deref(), Some(id_of(&two)));
    assert!(listed.last_updated_date > listed.creation_date);
    world.kms.delete_alias().alias_name("alias/k").send().await.unwrap();
    assert_eq!(code(named().await), "NotFoundException");
}

#[tokio::test]
async fn a_name_is_refused_that_cannot_be_one() {
    let world = World::start().await;
    let key = world.key().await;
    for (name, expected) in [
        ("k", "InvalidAliasNameException"),
        ("alias/", "InvalidAliasNameException"),
        ("alias/a:b", "InvalidAliasNameException"),
        ("alias/a b", "ValidationException"),
        ("alias/aws/s3", "NotAuthorizedException"),
        (&format!("alias/{}", "n".repeat(251)), "ValidationException"),
    ] {
        let create = world.kms.create_alias().alias_name(name).target_key_id(&key).send().await;
        assert_eq!(code(create), expected, "{name}");
    }
    let longest = format!("alias/{}", "n".repeat(250));
    assert!(world.kms.create_alias().alias_name(longest).target_key_id(&key).send().await.is_ok());
}

#[tokio::test]
async fn the_50th_alias_of_a_key_is_the_last() {
    let world = World::start().await;
    let (key, other) = (world.key().await, world.key().await);
    let create = |key: &str, number: u32| {
        world.kms.create_alias().alias_name(format!("alias/{number}")).target_key_id(key).send()
    };
    for number in 0..50 {
        create(&key, number).await.unwrap();
    }
    assert_eq!(code(create(&key, 50).await), "LimitExceededException");
    assert!(create(&other, 50).await.is_ok());
}

#[tokio::test]
async fn an_alias_moves_only_to_a_key_of_the_same_use() {
    let world = World::start().await;
    let (key, mac_key) = (world.key().await, world.mac_key().await);
    world.kms.create_alias().alias_name("alias/k").target_key_id(&key).send().await.unwrap();
    let update = world.kms.update_alias().alias_name("alias/k").target_key_id(&mac_key).send().await;
    assert_eq!(code(update), "ValidationException");
}
