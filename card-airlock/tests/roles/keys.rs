//! Card keys and envelope keys.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnValue;
use aws_sdk_kms::types::DataKeyPairSpec;
use test_support::tables::{AUDIT, CARD_KEYS, ORDERS, QUARANTINE, VAULT};

use super::{ROLES, TEMPLATE, b, context, decrypt, generate, is_denied, s, world::World};

#[tokio::test]
async fn the_maker_of_card_keys_opens_none_and_nobody_but_the_worker_does() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let key = world.card_key_key();
    let right = context("card-key", "kid");
    let pair = async |role: &str, spec: DataKeyPairSpec, context: &HashMap<String, String>| {
        let kms = world.kms(role);
        let generate = kms.generate_data_key_pair_without_plaintext().key_id(&key).key_pair_spec(spec);
        generate.set_encryption_context(Some(context.clone())).send().await
    };
    assert!(pair("CardKeyMakerRole", DataKeyPairSpec::EccNistP256, &right).await.is_ok());
    // Another purpose, a name more or less, another kind of pair.
    for wrong in [context("vault", "token"), context("card-key", "token"), HashMap::new()] {
        assert!(
            is_denied(&pair("CardKeyMakerRole", DataKeyPairSpec::EccNistP256, &wrong).await),
            "{wrong:?}"
        );
    }
    for spec in [DataKeyPairSpec::EccNistP384, DataKeyPairSpec::Rsa2048] {
        assert!(is_denied(&pair("CardKeyMakerRole", spec, &right).await));
    }
    let with_plaintext = world.kms("CardKeyMakerRole");
    let with_plaintext =
        with_plaintext.generate_data_key_pair().key_id(&key).key_pair_spec(DataKeyPairSpec::EccNistP256);
    assert!(is_denied(&with_plaintext.set_encryption_context(Some(right.clone())).send().await));
    for role in ROLES {
        let kms = world.kms(role);
        let opened = decrypt(&kms, &key, &right).await;
        assert_eq!(is_denied(&opened), role != "TokenizeWorkerRole", "{role}: {opened:?}");
        assert!(is_denied(&generate(&kms, &key, &right).await), "{role}");
        let made = pair(role, DataKeyPairSpec::EccNistP256, &right).await;
        assert_eq!(is_denied(&made), role != "CardKeyMakerRole", "{role}");
        // The other keys deny this purpose to everybody, and this key denies theirs.
        for other in world.keys() {
            assert!(is_denied(&decrypt(&kms, &other, &right).await), "{role}");
            assert!(is_denied(&generate(&kms, &other, &right).await), "{role}");
        }
        for foreign in [context("quarantine", "key-batch"), context("vault", "token")] {
            assert!(is_denied(&decrypt(&kms, &key, &foreign).await), "{role}");
        }
    }
}

#[tokio::test]
async fn only_the_maker_writes_card_keys_and_only_the_worker_reads_private_halves() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    for role in ROLES {
        let dynamodb = world.dynamodb(role);
        let kid = || HashMap::from([("Kid".to_owned(), s("1"))]);
        let put = dynamodb.put_item().table_name(CARD_KEYS).set_item(Some(kid()));
        assert_eq!(is_denied(&put.clone().send().await), role != "CardKeyMakerRole", "{role}");
        assert!(is_denied(&put.return_values(ReturnValue::AllOld).send().await), "{role}");
        let update = |set: &str| {
            let update = dynamodb.update_item().table_name(CARD_KEYS).set_key(Some(kid()));
            update.update_expression(set).expression_attribute_values(":v", b())
        };
        assert!(is_denied(&update("SET AcceptedUntil = :v").send().await), "{role}");
        let removing = dynamodb.update_item().table_name(CARD_KEYS).set_key(Some(kid()));
        let removing =
            removing.update_expression("REMOVE WrappedPrivateKey").return_values(ReturnValue::AllOld);
        assert!(is_denied(&removing.send().await), "{role}");
        assert!(
            is_denied(&dynamodb.delete_item().table_name(CARD_KEYS).set_key(Some(kid())).send().await),
            "{role}"
        );
        let get = dynamodb.get_item().table_name(CARD_KEYS).set_key(Some(kid()));
        let private = get.clone().projection_expression("WrappedPrivateKey").send().await;
        assert_eq!(is_denied(&private), role != "TokenizeWorkerRole", "{role}");
        assert!(is_denied(&get.send().await), "{role}: no projection is every attribute");
        let scan = || dynamodb.scan().table_name(CARD_KEYS);
        assert!(is_denied(&scan().send().await), "{role}");
        assert!(is_denied(&scan().projection_expression("WrappedPrivateKey").send().await), "{role}");
        let public = scan().projection_expression("Kid, PublicKey").send().await;
        assert_eq!(is_denied(&public), role != "CardKeysRole", "{role}");
        if role.starts_with("CardKey") {
            for table in [QUARANTINE, VAULT, ORDERS, AUDIT] {
                assert!(is_denied(
                    &dynamodb.scan().table_name(table).projection_expression("Owner").send().await
                ));
                assert!(is_denied(&dynamodb.put_item().table_name(table).set_item(Some(kid())).send().await));
            }
        }
    }
}

#[tokio::test]
async fn an_envelope_key_takes_its_own_context_only() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let [quarantine, vault] = world.keys();
    for (role, key, purpose, name, other) in [
        ("IngestRole", &quarantine, "quarantine", "key-batch", "vault"),
        ("TokenizeWorkerRole", &vault, "vault", "token", "quarantine"),
    ] {
        let kms = world.kms(role);
        let right = context(purpose, name);
        let with = |change: &dyn Fn(&mut HashMap<String, String>)| {
            let mut context = right.clone();
            change(&mut context);
            context
        };
        assert!(generate(&kms, key, &right).await.is_ok());
        for wrong in [
            with(&|context| drop(context.remove("purpose"))),
            with(&|context| drop(context.remove(name))),
            with(&|context| drop(context.insert("more".into(), "1".into()))),
            with(&|context| drop(context.insert("purpose".into(), other.into()))),
            HashMap::from([("PURPOSE".into(), purpose.into()), (name.into(), "1".into())]),
            HashMap::new(),
        ] {
            assert!(is_denied(&generate(&kms, key, &wrong).await), "{wrong:?}");
        }
    }
}
