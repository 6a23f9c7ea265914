//! What the worker opens with a private half, and how often it asks for one.

use std::time::Duration;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock::deployment::ACCOUNT_ID;
use card_airlock_services::{FaultKind, Service, When};
use serde_json::{Value, json};
use test_support::tables::CARD_KEYS;
use vault::{
    Card, CardReference, CardRefusal, DataKeyPolicy, Detokenizer, DetokenizerSettings, KeyringError, Pan,
    QuarantineIdentity, QuarantinedCard, Sealer, TokenizeError, opaque_id,
};

use super::{DAY, HOUR, Keys, ORDER, OWNER};

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_goes_into_the_vault_and_comes_out_for_its_order_only() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    let (key, place) = (keys.newest().await, keys.place());
    let sealed = keys.sealed(&key, place).await;
    assert_eq!((sealed.last4, sealed.brand), (None, None));
    let tokenized = keys.tokenizer().tokenize(&sealed, place).await.unwrap();
    assert_eq!((tokenized.last4.to_string().as_str(), tokenized.has_expiry), ("4242", true));
    let transaction = keys.0.dynamodb().transact_write_items().transact_items(tokenized.vault_put);
    transaction.send().await.unwrap();
    let environment = &keys.0.declared.function("PaybillFunction").unwrap().environment;
    let settings = DetokenizerSettings {
        vault_key_arn: environment["VAULT_KEY_ARN"].clone(),
        previous_vault_key_arn: None,
        vault_table: environment["VAULT_TABLE"].clone(),
        account: ACCOUNT_ID.into(),
    };
    let vault = Detokenizer::new(&keys.config("PaybillRole"), settings, keys.0.clock());
    let reference = CardReference {
        token: tokenized.token,
        order: ORDER,
        owner: OWNER,
        acceptance: place.acceptance,
        last4: tokenized.last4,
        brand: tokenized.brands.now(),
    };
    assert_eq!(vault.detokenize(reference).await.unwrap().last4().to_string(), "4242");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_encrypted_card_that_was_moved_or_described_is_refused() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    let (key, place) = (keys.newest().await, keys.place());
    let (sealed, other) = (keys.sealed(&key, place).await, keys.sealed(&key, place).await);
    let tokenizer = keys.tokenizer();
    let later = place.accepted_at + Duration::from_millis(1);
    for moved in [
        QuarantineIdentity { order: "A-2", ..place },
        QuarantineIdentity { owner: "3f1c9c1e-7d1c-4ac4-9f0e-0f5e6f7a8b9d", ..place },
        QuarantineIdentity { acceptance: opaque_id(), ..place },
        QuarantineIdentity { accepted_at: later, ..place },
    ] {
        assert_eq!(tokenizer.tokenize(&sealed, moved).await.err(), Some(TokenizeError::Refused), "{moved:?}");
    }
    let visa = Some("visa".parse().unwrap());
    for altered in [
        QuarantinedCard { jwe_digest: None, ..sealed.clone() },
        QuarantinedCard { jwe_digest: other.jwe_digest, ..sealed.clone() },
        QuarantinedCard { last4: Some("4242".parse().unwrap()), ..sealed.clone() },
        QuarantinedCard { brand: visa, ..sealed.clone() },
        QuarantinedCard { sealed: other.sealed.clone(), ..sealed.clone() },
    ] {
        assert_eq!(
            tokenizer.tokenize(&altered, place).await.err(),
            Some(TokenizeError::Refused),
            "{altered:?}"
        );
    }
    assert!(tokenizer.tokenize(&sealed, place).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_in_plaintext_needs_its_description_and_has_no_digest() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    let place = keys.place();
    let digest = keys.sealed(&keys.newest().await, place).await.jwe_digest;
    let environment = &keys.0.declared.function("IngestFunction").unwrap().environment;
    let sealer = Sealer::new(
        &keys.config("IngestRole"),
        environment["QUARANTINE_KEY_ARN"].clone(),
        DataKeyPolicy::default(),
        keys.0.clock(),
    );
    let card = Card { pan: Pan::parse("4242424242424242").unwrap(), expiry: None };
    let sealed = sealer.seal(card, place).await.unwrap();
    let tokenizer = keys.tokenizer();
    for altered in [
        QuarantinedCard { last4: None, ..sealed.clone() },
        QuarantinedCard { brand: None, ..sealed.clone() },
        QuarantinedCard { jwe_digest: digest, ..sealed.clone() },
    ] {
        assert_eq!(
            tokenizer.tokenize(&altered, place).await.err(),
            Some(TokenizeError::Refused),
            "{altered:?}"
        );
    }
    assert!(tokenizer.tokenize(&sealed, place).await.is_ok());
    assert_eq!(keys.asked("TokenizeWorkerRole", "GetItem"), 0, "no card key is needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_half_is_unwrapped_once_for_five_minutes() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    let (key, tokenizer) = (keys.newest().await, keys.tokenizer());
    let cross = async || {
        let place = keys.place();
        tokenizer.tokenize(&keys.sealed(&key, place).await, place).await.unwrap();
    };
    for _ in 0..20 {
        cross().await;
    }
    // One data key of quarantine for each sealer of the test, and one private half.
    assert_eq!(keys.asked("TokenizeWorkerRole", "Decrypt"), 20 + 1);
    assert_eq!(keys.asked("TokenizeWorkerRole", "GetItem"), 1);
    keys.0.advance(Duration::from_secs(299));
    cross().await;
    assert_eq!(keys.asked("TokenizeWorkerRole", "GetItem"), 1);
    keys.0.advance(Duration::from_secs(2));
    cross().await;
    assert_eq!(keys.asked("TokenizeWorkerRole", "GetItem"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_private_halves_are_kept_and_the_oldest_makes_room() {
    let keys = Keys::new().await;
    // Orders may wait so long that five halves are still there.
    let patient = keys.maker_at(keys.0.aws.url(), 5_000 * HOUR);
    let mut publics = Vec::new();
    for _ in 0..5 {
        patient.run().await.unwrap();
        publics.push(keys.newest().await);
        keys.0.advance(31 * DAY);
    }
    let tokenizer = keys.tokenizer();
    let asked_for = async |key: usize| {
        keys.0.advance(Duration::from_secs(1));
        let before = keys.asked("TokenizeWorkerRole", "GetItem");
        let place = keys.place();
        tokenizer.tokenize(&keys.sealed(&publics[key], place).await, place).await.unwrap();
        keys.asked("TokenizeWorkerRole", "GetItem") - before
    };
    for (key, times) in [(0, 1), (1, 1), (2, 1), (3, 1), (0, 0), (4, 1), (1, 0), (0, 1)] {
        assert_eq!(asked_for(key).await, times, "key {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_for_good_is_refused_and_what_may_pass_is_tried_again() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    let (key, place) = (keys.newest().await, keys.place());
    let sealed = keys.sealed(&key, place).await;
    for (service, operation) in [(Service::DynamoDb, "GetItem"), (Service::Kms, "Decrypt")] {
        keys.fails(service, operation, FaultKind::Throttled, When::Always);
        let error = keys.tokenizer().tokenize(&sealed, place).await.err().unwrap();
        assert!(error.retryable(), "{operation}: {error:?}");
    }
    keys.0.aws.faults().clear();
    let refused = |content: Value| {
        let jwe = key.encrypt_text(&content.to_string()).unwrap();
        let keys = &keys;
        async move { keys.tokenizer().tokenize(&keys.sealed_text(&jwe, place).await, place).await.err() }
    };
    let content = |card: &str, order: &str| {
        let issued_at = humantime::format_rfc3339_millis(keys.0.now()).to_string();
        json!({"CreditCard": card, "CustomerOrder": order, "Owner": OWNER, "IssuedAt": issued_at})
    };
    let other_order = TokenizeError::CardRefused(CardRefusal::OtherOrder);
    assert_eq!(refused(content("4242424242424242", "A-2")).await, Some(other_order));
    let no_card = TokenizeError::CardRefused(CardRefusal::CardInvalid);
    assert_eq!(refused(content("4242424242424241", ORDER)).await, Some(no_card));
    assert_eq!(refused(content("4242424242424242", ORDER)).await, None);

    // Another key's wrapped half in this key's row: our own table was altered, and the card is not at fault.
    let row = keys.0.only_row(CARD_KEYS).await;
    keys.0.advance(31 * DAY);
    keys.run().await.unwrap();
    let other = keys.0.rows(CARD_KEYS).await.into_iter().find(|other| other["Kid"] != row["Kid"]).unwrap();
    let mut altered = row.clone();
    altered.insert("WrappedPrivateKey".to_owned(), other["WrappedPrivateKey"].clone());
    keys.0.put(CARD_KEYS, altered.clone()).await;
    let refused = keys.tokenizer().tokenize(&sealed, place).await.err();
    assert_eq!(refused, Some(TokenizeError::Key(KeyringError::Refused)));
    altered.insert("WrappedPrivateKey".to_owned(), AttributeValue::B(Blob::new([0; 8])));
    keys.0.put(CARD_KEYS, altered.clone()).await;
    let refused = keys.tokenizer().tokenize(&sealed, place).await.err();
    assert_eq!(refused, Some(TokenizeError::Key(KeyringError::Refused)));
    altered.remove("WrappedPrivateKey");
    keys.0.put(CARD_KEYS, altered).await;
    let gone = keys.tokenizer().tokenize(&sealed, place).await.err();
    assert_eq!(gone, Some(TokenizeError::CardRefused(CardRefusal::KeyGone)));
}
