//! New material: EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations.

use aws_sdk_kms::types::{IncludeKeyMaterial, KeyMaterialState, RotationType};

use super::*;

#[tokio::test]
async fn what_was_sealed_before_a_rotation_opens_after_it() {
    let world = World::start().await;
    let key = world.key().await;
    let mut sealed = vec![(world.encrypted(&key, b"0").await, material(&world, &key).await)];
    for number in 1..=3 {
        let rotated = world.kms.rotate_key_on_demand().key_id(&key).send().await.unwrap();
        assert_eq!(rotated.key_id.as_deref(), Some(key.as_str()));
        sealed
            .push((world.encrypted(&key, number.to_string().as_bytes()).await, material(&world, &key).await));
    }
    let materials: std::collections::BTreeSet<_> =
        sealed.iter().map(|(_, material)| material.clone()).collect();
    assert_eq!(materials.len(), 4);
    for (number, (blob, material)) in sealed.into_iter().enumerate() {
        let opened = world.kms.decrypt().key_id(&key).ciphertext_blob(blob).send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap().as_ref(), number.to_string().as_bytes());
        assert_eq!(opened.key_material_id, Some(material), "the material that had sealed it");
    }
}

#[tokio::test]
async fn re_encrypting_under_the_same_key_takes_the_newest_material() {
    let world = World::start().await;
    let key = world.key().await;
    let (blob, old) = (world.encrypted(&key, b"text").await, material(&world, &key).await);
    world.kms.rotate_key_on_demand().key_id(&key).send().await.unwrap();
    let moved = world.kms.re_encrypt().ciphertext_blob(blob).destination_key_id(&key).send().await.unwrap();
    assert_eq!(moved.source_key_material_id, Some(old));
    assert_eq!(moved.destination_key_material_id, Some(material(&world, &key).await));
}

#[tokio::test]
async fn automatic_rotation_follows_the_clock() {
    let world = World::start().await;
    let key = world.key().await;
    assert!(!status(&world, &key).await.key_rotation_enabled);
    world.kms.enable_key_rotation().key_id(&key).send().await.unwrap();
    let enabled = status(&world, &key).await;
    assert_eq!((enabled.key_rotation_enabled, enabled.rotation_period_in_days), (true, Some(365)));
    assert_eq!(enabled.key_id.as_deref(), Some(key.as_str()));
    let first = material(&world, &key).await;
    world.time.advance(DAY * 365 - Duration::from_secs(60));
    assert_eq!(material(&world, &key).await, first);
    world.time.advance(Duration::from_secs(60));
    assert_ne!(material(&world, &key).await, first);
    let rotations = rotations(&world, &key).await;
    assert_eq!(rotations.len(), 1);
    assert_eq!(rotations[0].rotation_type, Some(RotationType::Automatic));
    assert_eq!(rotations[0].rotation_date, enabled.next_rotation_date);
    // Two years later there are two more.
    world.time.advance(DAY * 730);
    assert_eq!(self::rotations(&world, &key).await.len(), 3);
}

#[tokio::test]
async fn a_period_has_90_to_2560_days_and_can_be_changed() {
    let world = World::start().await;
    let key = world.key().await;
    let enable =
        |days: i32| world.kms.enable_key_rotation().key_id(&key).rotation_period_in_days(days).send();
    for days in [89, 2561] {
        assert_eq!(code(enable(days).await), "ValidationException", "{days}");
    }
    for days in [90, 2560] {
        enable(days).await.unwrap();
        assert_eq!(status(&world, &key).await.rotation_period_in_days, Some(days));
    }
}

#[tokio::test]
async fn a_key_is_not_rotated_while_it_is_disabled_and_at_once_when_it_is_enabled() {
    let world = World::start().await;
    let key = world.key().await;
    world.kms.enable_key_rotation().key_id(&key).rotation_period_in_days(90).send().await.unwrap();
    world.disabled(&key).await;
    world.time.advance(DAY * 100);
    assert_eq!(rotations(&world, &key).await.len(), 0);
    assert!(status(&world, &key).await.key_rotation_enabled, "disabling a key leaves its rotation enabled");
    world.kms.enable_key().key_id(&key).send().await.unwrap();
    assert_eq!(rotations(&world, &key).await.len(), 1);
    world.time.advance(DAY * 89);
    assert_eq!(rotations(&world, &key).await.len(), 1);
    world.time.advance(DAY);
    assert_eq!(rotations(&world, &key).await.len(), 2);
}

#[tokio::test]
async fn rotation_that_is_disabled_or_of_a_key_to_be_deleted_does_not_happen() {
    let world = World::start().await;
    let (stopped, doomed) = (world.key().await, world.key().await);
    for key in [&stopped, &doomed] {
        world.kms.enable_key_rotation().key_id(key).rotation_period_in_days(90).send().await.unwrap();
    }
    world.kms.disable_key_rotation().key_id(&stopped).send().await.unwrap();
    world.time.advance(DAY * 80);
    world.pending_deletion(&doomed).await;
    assert!(!status(&world, &doomed).await.key_rotation_enabled);
    world.time.advance(DAY * 20);
    assert!(!status(&world, &stopped).await.key_rotation_enabled);
    for key in [&stopped, &doomed] {
        assert_eq!(rotations(&world, key).await.len(), 0);
    }
    world.kms.cancel_key_deletion().key_id(&doomed).send().await.unwrap();
    assert!(status(&world, &doomed).await.key_rotation_enabled);
}

#[tokio::test]
async fn rotations_are_listed_with_their_material() {
    let world = World::start().await;
    let key = world.key().await;
    let first = material(&world, &key).await;
    world.kms.rotate_key_on_demand().key_id(&key).send().await.unwrap();
    let second = material(&world, &key).await;
    let done = rotations(&world, &key).await;
    assert_eq!(done.len(), 1);
    assert_eq!(
        (done[0].key_material_id.as_ref(), done[0].rotation_type.as_ref()),
        (Some(&second), Some(&RotationType::OnDemand))
    );
    let all =
        world.kms.list_key_rotations().key_id(&key).include_key_material(IncludeKeyMaterial::AllKeyMaterial);
    let all = all.send().await.unwrap().rotations.unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|one| (one.key_material_id.clone().unwrap(), one.key_material_state.clone().unwrap()))
        .collect();
    assert_eq!(told, [(first, KeyMaterialState::NonCurrent), (second, KeyMaterialState::Current)]);
    assert!(all[0].rotation_date.is_none());
    let page = world.kms.list_key_rotations().key_id(&key).marker("#").send().await;
    assert_eq!(code(page), "InvalidMarkerException");
    let odd =
        world.kms.list_key_rotations().key_id(&key).include_key_material(IncludeKeyMaterial::from("ODD"));
    assert_eq!(code(odd.send().await), "ValidationException");
}

#[tokio::test]
async fn the_25th_rotation_on_demand_is_the_last() {
    let world = World::start().await;
    let key = world.key().await;
    let rotate = || world.kms.rotate_key_on_demand().key_id(&key).send();
    for _ in 0..25 {
        rotate().await.unwrap();
    }
    assert_eq!(code(rotate().await), "LimitExceededException");
}

#[tokio::test]
async fn no_rotation_on_demand_in_the_20_minutes_before_an_automatic_one() {
    let world = World::start().await;
    let key = world.key().await;
    world.kms.enable_key_rotation().key_id(&key).rotation_period_in_days(90).send().await.unwrap();
    let rotate = || world.kms.rotate_key_on_demand().key_id(&key).send();
    world.time.advance(DAY * 90 - Duration::from_secs(21 * 60));
    rotate().await.unwrap();
    world.time.advance(Duration::from_secs(60));
    assert_eq!(code(rotate().await), "ConflictException");
    world.time.advance(Duration::from_secs(20 * 60));
    rotate().await.unwrap();
}

async fn material(world: &World, key: &str) -> String {
    let described = world.kms.describe_key().key_id(key).send().await.unwrap();
    described.key_metadata.unwrap().current_key_material_id.unwrap()
}

async fn status(
    world: &World,
    key: &str,
) -> aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusOutput {
    world.kms.get_key_rotation_status().key_id(key).send().await.unwrap()
}

async fn rotations(world: &World, key: &str) -> Vec<aws_sdk_kms::types::RotationsListEntry> {
    world.kms.list_key_rotations().key_id(key).send().await.unwrap().rotations.unwrap()
}
