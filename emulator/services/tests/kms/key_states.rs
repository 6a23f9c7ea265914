//! A key's life: CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion.

use aws_sdk_kms::types::{KeyState, OriginType};

use super::*;

#[tokio::test]
async fn a_new_key_is_described_and_listed() {
    let world = World::start().await;
    let made = world.kms.create_key().description("one").send().await.unwrap().key_metadata.unwrap();
    let arn = made.arn.clone().unwrap();
    assert_eq!(arn, format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{}", made.key_id));
    let described = world.kms.describe_key().key_id(&made.key_id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(described, made);
    assert_eq!(made.description.as_deref(), Some("one"));
    assert_eq!((made.enabled, made.key_state), (true, Some(KeyState::Enabled)));
    assert_eq!(
        (made.key_spec, made.key_usage),
        (Some(KeySpec::SymmetricDefault), Some(KeyUsageType::EncryptDecrypt))
    );
    assert_eq!(made.current_key_material_id.unwrap().len(), 64);
    let listed = world.kms.list_keys().send().await.unwrap();
    let keys: Vec<_> = listed.keys.unwrap().into_iter().filter_map(|key| key.key_arn).collect();
    assert_eq!((keys, listed.truncated), (vec![arn], false));
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let world = World::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.key().await);
    }
    made.sort();
    let (mut listed, mut sizes, mut marker) = (Vec::new(), Vec::new(), None);
    loop {
        let page = world.kms.list_keys().limit(2).set_marker(marker).send().await.unwrap();
        let keys = page.keys.unwrap();
        sizes.push(keys.len());
        listed.extend(keys.into_iter().filter_map(|key| key.key_arn));
        assert_eq!(page.truncated, page.next_marker.is_some());
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((listed, sizes), (made, vec![2, 2, 1]));
    assert_eq!(code(world.kms.list_keys().marker("#").send().await), "InvalidMarkerException");
    for limit in [0, 1001] {
        assert_eq!(code(world.kms.list_keys().limit(limit).send().await), "ValidationException");
    }
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let world = World::start().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, b"text").await;
    world.disabled(&key).await;
    world.disabled(&key).await;
    assert_eq!(state(&world, &key).await, KeyState::Disabled);
    let open = || world.kms.decrypt().ciphertext_blob(blob.clone()).send();
    assert_eq!(code(open().await), "DisabledException");
    world.kms.enable_key().key_id(&key).send().await.unwrap();
    assert_eq!(open().await.unwrap().plaintext.unwrap().as_ref(), b"text");
}

#[tokio::test]
async fn a_key_is_gone_when_its_window_is_over_and_its_aliases_with_it() {
    let world = World::start().await;
    let (key, other) = (world.key().await, world.key().await);
    for (name, target) in [("alias/k", &key), ("alias/o", &other)] {
        world.kms.create_alias().alias_name(name).target_key_id(target).send().await.unwrap();
    }
    let asked =
        world.kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();
    assert_eq!((asked.key_id.as_deref(), asked.pending_window_in_days), (Some(key.as_str()), Some(7)));
    assert_eq!(asked.key_state, Some(KeyState::PendingDeletion));
    world.time.advance(DAY * 7 - Duration::from_secs(60));
    let described = world.kms.describe_key().key_id(&key).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(
        (described.key_state, described.deletion_date),
        (Some(KeyState::PendingDeletion), asked.deletion_date)
    );
    world.time.advance(Duration::from_secs(60));
    assert_eq!(code(world.kms.describe_key().key_id(&key).send().await), "NotFoundException");
    let aliases = world.kms.list_aliases().send().await.unwrap().aliases.unwrap();
    let names: Vec<_> = aliases.into_iter().filter_map(|alias| alias.alias_name).collect();
    assert_eq!(names, ["alias/o"]);
}

#[tokio::test]
async fn a_key_whose_deletion_is_cancelled_is_disabled_and_opens_again_when_enabled() {
    let world = World::start().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, b"text").await;
    let asked = world.kms.schedule_key_deletion().key_id(&key).send().await.unwrap();
    assert_eq!(asked.pending_window_in_days, Some(30));
    assert_eq!(
        code(world.kms.decrypt().ciphertext_blob(blob.clone()).send().await),
        "KMSInvalidStateException"
    );
    let cancelled = world.kms.cancel_key_deletion().key_id(&key).send().await.unwrap();
    assert_eq!(cancelled.key_id, Some(key.clone()));
    assert_eq!(state(&world, &key).await, KeyState::Disabled);
    world.time.advance(DAY * 31);
    world.kms.enable_key().key_id(&key).send().await.unwrap();
    assert!(world.kms.decrypt().ciphertext_blob(blob).send().await.is_ok());
}

#[tokio::test]
async fn a_window_has_7_to_30_days() {
    let world = World::start().await;
    for (days, fits) in [(6, false), (7, true), (30, true), (31, false)] {
        let key = world.key().await;
        let asked = world.kms.schedule_key_deletion().key_id(&key).pending_window_in_days(days).send().await;
        assert!(if fits { asked.is_ok() } else { code(asked) == "ValidationException" }, "{days}");
    }
}

#[tokio::test]
async fn a_key_that_only_aws_makes_is_refused_by_name() {
    let world = World::start().await;
    let create = || world.kms.create_key();
    for (request, expected) in [
        (create().key_spec(KeySpec::Rsa2048), "UnsupportedOperationException"),
        (create().origin(OriginType::External), "UnsupportedOperationException"),
        (create().multi_region(true), "UnsupportedOperationException"),
        (create().custom_key_store_id("cks-1"), "UnsupportedOperationException"),
        (
            create().tags(aws_sdk_kms::types::Tag::builder().tag_key("a").tag_value("b").build().unwrap()),
            "UnsupportedOperationException",
        ),
        (create().key_spec(KeySpec::from("ODD")), "ValidationException"),
        (create().key_spec(KeySpec::Hmac256), "ValidationException"),
        (create().key_usage(KeyUsageType::SignVerify), "ValidationException"),
        (create().description("d".repeat(8193)), "ValidationException"),
    ] {
        assert_eq!(code(request.send().await), expected);
    }
    assert!(create().description("d".repeat(8192)).send().await.is_ok());
}

async fn state(world: &World, key: &str) -> KeyState {
    let described = world.kms.describe_key().key_id(key).send().await.unwrap();
    described.key_metadata.unwrap().key_state.unwrap()
}
