//! The keys that clients encrypt cards to: made in time and once, served, opened by the worker, deleted when no order needs
//! them any more.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock::{deployment::ACCOUNT_ID, functions};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use serde_json::{Value, json};
use test_support::tables::CARD_KEYS;
use tokio::sync::Notify;
use vault::{
    AcceptedCardKeys, Card, CardExpiry, CardIssue, CardKeyError, CardKeyId, CardKeyMaker,
    CardKeyMakerSettings, CardKeysKept, CardPublicKey, CardReference, CardRefusal, DataKeyPolicy,
    Detokenizer, DetokenizerSettings, EncryptedCard, KeyringError, MakeCardKeyError, Pan, QuarantineIdentity,
    QuarantinedCard, Sealer, TokenizeError, Tokenizer, TokenizerSettings, opaque_id,
};

use crate::support::{Fault, Item, Relay, World, eventually};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ORDER: &str = "A-1";
const OWNER: &str = "3f1c9c1e-7d1c-4ac4-9f0e-0f5e6f7a8b9c";

/// A pipeline whose card keys the test makes.
struct Keys(World);

impl Keys {
    async fn new() -> Self {
        Self(World::stepped().await)
    }

    fn config(&self, role: &str) -> aws_config::SdkConfig {
        functions::sdk_config(self.0.aws.url(), role)
    }

    fn maker_at(&self, aws_url: &str, order_deadline: Duration) -> CardKeyMaker {
        let environment = &self.0.declared.function("CardKeyMakerFunction").unwrap().environment;
        let settings = CardKeyMakerSettings {
            table: environment["CARD_KEY_TABLE"].clone(),
            key_arn: environment["CARD_KEY_KEY_ARN"].clone(),
            order_deadline,
        };
        let config = functions::sdk_config(aws_url, "CardKeyMakerRole");
        CardKeyMaker::new(&config, settings, self.0.clock())
    }

    async fn run(&self) -> Result<CardKeysKept, MakeCardKeyError> {
        self.maker_at(self.0.aws.url(), 72 * HOUR).run().await
    }

    /// A key, as a client gets it.
    async fn newest(&self) -> CardPublicKey {
        self.served().await.first().copied().unwrap()
    }

    async fn served(&self) -> Vec<CardPublicKey> {
        let answer = self.0.client("ann").get("/card-keys").await.is(200);
        let keys = answer.json["keys"].as_array().unwrap().clone();
        keys.iter().map(|jwk| CardPublicKey::from_jwk(&jwk.to_string()).unwrap()).collect()
    }

    fn place(&self) -> QuarantineIdentity<'static> {
        let now = self.0.now();
        QuarantineIdentity { order: ORDER, owner: OWNER, acceptance: opaque_id(), accepted_at: now }
    }

    /// A card that a client encrypted, as ingest seals it.
    async fn sealed(&self, key: &CardPublicKey, place: QuarantineIdentity<'_>) -> QuarantinedCard {
        let issue = CardIssue { order: ORDER, owner: OWNER, issued_at: self.0.now() };
        let card = Card {
            pan: Pan::parse("4242424242424242").unwrap(),
            expiry: Some(CardExpiry::parse("12/40").unwrap()),
        };
        self.sealed_text(&key.encrypt(&card, &issue).unwrap(), place).await
    }

    async fn sealed_text(&self, jwe: &str, place: QuarantineIdentity<'_>) -> QuarantinedCard {
        let environment = &self.0.declared.function("IngestFunction").unwrap().environment;
        let sealer = Sealer::new(
            &self.config("IngestRole"),
            environment["QUARANTINE_KEY_ARN"].clone(),
            DataKeyPolicy::default(),
            self.0.clock(),
        );
        sealer.seal_encrypted(&EncryptedCard::parse(jwe).unwrap(), place).await.unwrap()
    }

    fn tokenizer(&self) -> Tokenizer {
        let environment = &self.0.declared.function("TokenizeWorkerFunction").unwrap().environment;
        let settings = TokenizerSettings {
            quarantine_key_arn: environment["QUARANTINE_KEY_ARN"].clone(),
            vault_key_arn: environment["VAULT_KEY_ARN"].clone(),
            vault_table: environment["VAULT_TABLE"].clone(),
            account: ACCOUNT_ID.into(),
            card_key_table: environment["CARD_KEY_TABLE"].clone(),
            card_key_key_arn: environment["CARD_KEY_KEY_ARN"].clone(),
            card_expiry_required: false,
            policy: DataKeyPolicy::default(),
            retention: None,
        };
        Tokenizer::new(&self.config("TokenizeWorkerRole"), settings, self.0.clock())
    }

    fn accepted(&self) -> AcceptedCardKeys {
        AcceptedCardKeys::new(&self.config("operator"), CARD_KEYS.to_owned(), self.0.clock())
    }

    fn asked(&self, role: &str, operation: &str) -> u64 {
        let tallies = self.0.aws.tallies();
        let of = tallies.iter().filter(|(kind, _)| kind.role == role && kind.operation == operation);
        of.map(|(_, tally)| tally.calls).sum()
    }

    fn fails(&self, service: Service, operation: &str, kind: FaultKind, when: When) {
        self.0.aws.faults().clear();
        self.0.aws.faults().add(FaultRule {
            role: None,
            service: Some(service),
            operation: Some(operation.to_owned()),
            kind,
            when,
        });
    }
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

fn time(item: &Item, name: &str) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(item[name].as_n().unwrap().parse().unwrap())
}

fn id(item: &Item) -> CardKeyId {
    text(item, "Kid").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_makes_a_key_that_is_served_for_a_month_and_a_day() {
    let keys = Keys::new().await;
    let ann = keys.0.client("ann");
    let none = ann.get("/card-keys").await.is(503);
    assert_eq!((none.code(), none.header("retry-after")), ("CARD_KEYS_UNAVAILABLE", "60"));
    assert_eq!(none.header("cache-control"), "no-store");

    let kept = keys.run().await.unwrap();
    assert_eq!((kept.deleted, kept.accepted_for), (0, 31 * DAY));
    let row = keys.0.only_row(CARD_KEYS).await;
    assert_eq!(kept.made, Some(id(&row)));
    let made = time(&row, "CreatedAt");
    assert_eq!(time(&row, "AcceptedUntil"), made + 31 * DAY);
    assert_eq!(time(&row, "OpenedUntil"), made + 31 * DAY + 73 * HOUR);

    let answer = ann.get("/card-keys").await.is(200);
    assert_eq!(answer.header("cache-control"), "private, max-age=300");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys.newest().await.id(), id(&row));
    // Nothing of the private half is in it.
    assert!(!answer.json.to_string().contains("\"d\""));
    assert_eq!(ann.showing("no token").get("/card-keys").await.is(401).code(), "UNAUTHORIZED");
    let posted = ann.post("/card-keys", "{}").await.is(405);
    assert_eq!(posted.header("allow"), "GET");
    assert_eq!(ann.get("/card-keys?card=4111111111111111").await.is(422).code(), "CARD_IN_URL");
    // As nobody keeps an answer longer than its first key is accepted.
    keys.0.advance(31 * DAY - Duration::from_secs(100));
    let answer = keys.0.client("ann").get("/card-keys").await.is(200);
    let kept: u64 =
        answer.header("cache-control").strip_prefix("private, max-age=").unwrap().parse().unwrap();
    assert!((80..=100).contains(&kept), "{kept}");
    keys.0.advance(Duration::from_secs(100));
    assert_eq!(keys.0.client("ann").get("/card-keys").await.is(503).code(), "CARD_KEYS_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_made_a_day_before_the_old_one_ends_and_the_old_halves_go_after_the_last_deadline() {
    let keys = Keys::new().await;
    let first = keys.run().await.unwrap().made.unwrap();
    let second_run = keys.run().await.unwrap();
    assert_eq!((second_run.made, second_run.deleted), (None, 0));
    // The day before.
    keys.0.advance(30 * DAY - HOUR);
    assert_eq!(keys.run().await.unwrap().made, None);
    keys.0.advance(HOUR + Duration::from_secs(1));
    let second = keys.run().await.unwrap().made.unwrap();
    assert_ne!(first, second);
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [second, first], "the newest first");
    assert_eq!(keys.run().await.unwrap().made, None);
    let accepted = keys.accepted();
    for key in [first, second] {
        assert_eq!(accepted.check(key).await, Ok(()));
    }

    keys.0.advance(DAY);
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [second]);
    assert_eq!(accepted.check(first).await, Err(CardKeyError::NotAccepted));
    // An order that was accepted at the last moment waits for three days, and the clocks differ.
    keys.0.advance(72 * HOUR + HOUR - Duration::from_secs(60));
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    keys.0.advance(Duration::from_secs(120));
    assert_eq!(keys.run().await.unwrap().deleted, 1);
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    let rows = keys.0.rows(CARD_KEYS).await;
    let [old] = &rows.iter().filter(|row| id(row) == first).collect::<Vec<_>>()[..] else { panic!("one") };
    let names: BTreeSet<_> = old.keys().map(String::as_str).collect();
    assert_eq!(names, ["AcceptedUntil", "CreatedAt", "Kid"].into());
    assert_eq!(rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn halves_are_kept_by_the_later_of_two_deadlines() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    keys.0.advance(31 * DAY + 73 * HOUR + HOUR);
    // Since then orders may wait longer.
    let patient = keys.maker_at(keys.0.aws.url(), 100 * HOUR);
    assert_eq!(patient.run().await.unwrap().deleted, 0);
    // They may wait shorter now, but those of then may still be there.
    let keys = Keys::new().await;
    keys.maker_at(keys.0.aws.url(), 100 * HOUR).run().await.unwrap();
    keys.0.advance(31 * DAY + 73 * HOUR + HOUR);
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    keys.0.advance(28 * HOUR);
    assert_eq!(keys.run().await.unwrap().deleted, 1);
}

/// As docs/keys.md ends a key: the newest or all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_an_operator_ends_is_replaced_by_the_next_run_and_still_opens_what_came_before() {
    let keys = Keys::new().await;
    let first = keys.run().await.unwrap().made.unwrap();
    keys.0.advance(30 * DAY + Duration::from_secs(1));
    let second = keys.run().await.unwrap().made.unwrap();
    let (key, place) = (keys.newest().await, keys.place());
    let sealed = keys.sealed(&key, place).await;
    for mut row in keys.0.rows(CARD_KEYS).await {
        if id(&row) == second {
            row.insert("AcceptedUntil".to_owned(), AttributeValue::N("0".to_owned()));
            keys.0.put(CARD_KEYS, row).await;
        }
    }
    let third = keys.run().await.unwrap().made.unwrap();
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [third, first]);
    assert_eq!(keys.run().await.unwrap().made, None);
    assert_eq!(keys.0.rows(CARD_KEYS).await.len(), 3);
    keys.tokenizer().tokenize(&sealed, place).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_make_one_key_of_one_pair() {
    let keys = Keys::new().await;
    let relay = Relay::to(keys.0.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
    let slow = keys.maker_at(relay.url(), 72 * HOUR);
    let (late, ()) = futures::future::join(slow.run(), async {
        eventually("the put is held", async || (relay.struck() == 1).then_some(())).await;
        assert!(keys.run().await.unwrap().made.is_some());
        let_through.notify_one();
    })
    .await;
    assert_eq!(late.unwrap().made, None);
    let before = keys.0.only_row(CARD_KEYS).await;
    // What was served is what opens.
    let (key, place) = (keys.newest().await, keys.place());
    keys.tokenizer().tokenize(&keys.sealed(&key, place).await, place).await.unwrap();
    assert_eq!(keys.0.only_row(CARD_KEYS).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_on_the_way_the_next_run_leaves_one_key() {
    for (service, operation, kind) in [
        (Service::DynamoDb, "Scan", FaultKind::LostBefore),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::LostBefore),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::ReplyLost),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::Throttled),
        (Service::DynamoDb, "PutItem", FaultKind::LostBefore),
        (Service::DynamoDb, "PutItem", FaultKind::ReplyLost),
        (Service::DynamoDb, "PutItem", FaultKind::InternalError),
    ] {
        let keys = Keys::new().await;
        // Every try of the SDK.
        keys.fails(service, operation, kind, When::First(3));
        let first = keys.run().await;
        keys.0.aws.faults().clear();
        let failed = first.is_err();
        let second = keys.run().await.unwrap();
        let made = id(&keys.0.only_row(CARD_KEYS).await);
        assert!(failed || second.made.is_none(), "{operation} {kind:?}");
        assert_eq!(keys.newest().await.id(), made, "{operation} {kind:?}");
        assert_eq!(keys.run().await.unwrap().made, None);
    }
    // The same of a delete.
    for kind in [FaultKind::LostBefore, FaultKind::ReplyLost] {
        let keys = Keys::new().await;
        let first = keys.run().await.unwrap().made.unwrap();
        keys.0.advance(40 * DAY);
        keys.fails(Service::DynamoDb, "UpdateItem", kind, When::First(3));
        let _ = keys.run().await;
        keys.0.aws.faults().clear();
        keys.run().await.unwrap();
        let rows = keys.0.rows(CARD_KEYS).await;
        assert_eq!(rows.len(), 2, "{kind:?}");
        for row in rows {
            assert_eq!(row.contains_key("WrappedPrivateKey"), id(&row) != first, "{kind:?}");
        }
    }
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_accepted_while_it_lasts_and_is_looked_up_once_in_five_minutes() {
    let keys = Keys::new().await;
    let accepted = keys.accepted();
    let unknown: CardKeyId = "0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d".parse().unwrap();
    assert_eq!(accepted.check(unknown).await, Err(CardKeyError::NoKey));
    let made = keys.run().await.unwrap().made.unwrap();
    // A new key is known as soon as it is there.
    assert_eq!(accepted.check(made).await, Ok(()));
    assert_eq!(accepted.check(unknown).await, Err(CardKeyError::NotAccepted));
    let scans = || keys.asked("operator", "Scan");
    let before = scans();
    for _ in 0..10 {
        assert_eq!(accepted.check(made).await, Ok(()));
    }
    keys.0.advance(Duration::from_secs(299));
    assert_eq!(accepted.check(made).await, Ok(()));
    assert_eq!(scans(), before);
    keys.fails(Service::DynamoDb, "Scan", FaultKind::Throttled, When::Always);
    assert_eq!(accepted.check(made).await, Ok(()), "it is still known");
    keys.0.advance(Duration::from_secs(2));
    assert_eq!(accepted.check(made).await, Err(CardKeyError::Unavailable));
    assert_eq!(keys.accepted().check(made).await, Err(CardKeyError::Unavailable));
    keys.0.aws.faults().clear();
    assert_eq!(accepted.check(made).await, Ok(()));
    keys.0.advance(31 * DAY);
    assert_eq!(accepted.check(made).await, Err(CardKeyError::NoKey));
}
