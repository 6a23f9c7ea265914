//! The keys that clients encrypt cards to: made in time and once, served, opened by the worker, deleted when no order needs
//! them any more.

mod accepting;
mod making;
mod opening;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use card_airlock::{deployment::ACCOUNT_ID, functions};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use test_support::tables::CARD_KEYS;
use vault::{
    AcceptedCardKeys, Card, CardExpiry, CardIssue, CardKeyId, CardKeyMaker, CardKeyMakerSettings,
    CardKeysKept, CardPublicKey, DataKeyPolicy, EncryptedCard, MakeCardKeyError, Pan, QuarantineIdentity,
    QuarantinedCard, Sealer, Tokenizer, TokenizerSettings, opaque_id,
};

use crate::support::{Item, World};

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
