//! A stack that a test drives by hand.

use std::{sync::OnceLock, time::Duration};

use card_airlock::{
    functions,
    stack::{Stack, StackError, StackOptions},
};
use card_airlock_event_source::Did;
use card_airlock_gateway::Issuer;
use clock::TestClock;
use serde_json::Value;
use tempfile::TempDir;
use test_support::tables::{ORDERS, QUARANTINE, VAULT};

use super::{OWNER, PREVIOUS_KEY, SAMPLE_KEY};

/// A table with card numbers in the clear, each attribute of it under a name of its own, the table of owners, and the
/// AWS sample's vault.
const IMPORT: [(&str, &str); 16] = [
    ("ImportTable", "Legacy"),
    ("ImportKeyAttribute", "Id"),
    ("ImportSortKeyAttribute", "Line"),
    ("ImportNumberAttribute", "Card"),
    ("ImportExpiryAttribute", "Until"),
    ("ImportOrderAttribute", "OrderNo"),
    ("ImportNameAttribute", "Client"),
    ("ImportAddressAttribute", "Where"),
    ("ImportAmountAttribute", "Cents"),
    ("ImportCurrencyAttribute", "Money"),
    ("ImportOwnerAttribute", "Buyer"),
    ("ImportOwnerTable", "Buyers"),
    ("ImportOwner", OWNER),
    ("ImportVaultTable", "SampleVault"),
    ("ImportVaultKeyArn", SAMPLE_KEY),
    ("ImportOriginalTable", "CreditCardTokenizerTable"),
];

/// A stack of the test's own, driven by hand. Dropping it stops it.
pub(super) struct World {
    pub(super) stack: Stack,
    pub(super) queue: String,
    pub(super) time: TestClock,
}
impl World {
    pub(super) async fn spawn(template: &str) -> Result<Self, StackError> {
        let time = TestClock::running();
        let options = StackOptions {
            clock: time.clock(),
            sdk_attempts: 1,
            self_driven: false,
            template: Some(template.to_owned()),
            parameters: [("PreviousVaultKeyArn", PREVIOUS_KEY)]
                .into_iter()
                .chain(IMPORT)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..StackOptions::on_free_ports(issuer())
        };
        let stack = Stack::start(options).await?;
        let queue = stack.declared.outputs["DeadLetterQueueUrl"].value.clone();
        Ok(Self { stack, queue, time })
    }

    pub(super) fn is_denied(&self) -> bool {
        !self.stack.aws().denials().is_empty()
    }

    /// Where it waits, time passes.
    pub(super) async fn invoke(&self, function: &str, event: Value) {
        self.ask(function, event).await;
    }

    /// The same, with what the function answers; null when it fails.
    pub(super) async fn ask(&self, function: &str, event: Value) -> Value {
        let deadline = self.time.now() + Duration::from_secs(60);
        let invocation =
            self.stack.function(function).unwrap().invoke(event.to_string().into_bytes(), deadline);
        let answer = self.while_time_passes(invocation).await.unwrap_or_default();
        serde_json::from_slice(&answer).unwrap_or_default()
    }

    pub(super) async fn while_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                wake_at = self.time.until_asleep() => self.time.advance_to(wake_at),
            }
        }
    }

    /// Lets each stream mapping do all that is due, and no more after a failure.
    pub(super) async fn drive(&mut self) {
        self.time.advance(Duration::from_secs(1));
        let aws = self.stack.aws().clone();
        for mapping in &mut self.stack.mappings {
            loop {
                let step = mapping.step().await;
                let nothing_is_left = matches!(step.did, Did::Nothing | Did::Polled { matched: 0, .. });
                let failed = matches!(step.did, Did::PollFailed | Did::DestinationFailed);
                if !aws.denials().is_empty() {
                    return;
                }
                if failed || (nothing_is_left && mapping.is_idle()) {
                    break;
                }
            }
        }
    }

    pub(super) fn counts(&self) -> [usize; 3] {
        let snapshot = self.stack.aws().snapshot().unwrap();
        [QUARANTINE, VAULT, ORDERS].map(|table| snapshot["tables"][table].as_array().unwrap().len())
    }

    pub(super) fn card_key_key(&self) -> String {
        self.stack.declared.outputs["CardKeyKeyArn"].value.clone()
    }

    pub(super) fn keys(&self) -> [String; 2] {
        ["QuarantineKeyArn", "VaultKeyArn"].map(|name| self.stack.declared.outputs[name].value.clone())
    }

    pub(super) fn dynamodb(&self, caller: &str) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }

    pub(super) fn kms(&self, caller: &str) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }

    pub(super) fn sqs(&self, caller: &str) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }
}

/// One user pool for all worlds: making its key takes a moment.
pub(super) fn issuer() -> Issuer {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        card_airlock::sign_in::kept_in(folder.path()).unwrap();
        folder
    });
    card_airlock::sign_in::kept_in(folder.path()).unwrap()
}
