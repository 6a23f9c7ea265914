//! KMS as the real SDK meets it: what it does, and each error that AWS documents for an operation and that can come
//! about here.
//!
//! Not here, because nothing here fails so: DependencyTimeoutException, KeyUnavailableException, KMSInternalException
//! (the fault `kms/*=error` gives it), CustomKeyStore…, CloudHsm…, TagException.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod aliases;
mod ciphers;
mod data_keys;
mod errors;
mod key_states;
mod macs;
mod policies;
mod refusals;
mod rotations;

use std::time::Duration;

use aws_sdk_kms::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{KeySpec, KeyUsageType},
};
use card_airlock_iam::Policies;
use card_airlock_services::{Account, AwsEndpoint, EndpointOptions, RequestNames};
use clock::TestClock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ACCOUNT: &str = "123456789012";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An endpoint with the role `R`, which may do nothing by itself.
struct World {
    aws: AwsEndpoint,
    time: TestClock,
    kms: Client,
}

impl World {
    async fn start() -> Self {
        Self::start_with(json!([])).await
    }

    /// The same; the role's own policy has these statements.
    async fn start_with(statements: Value) -> Self {
        let time = TestClock::running();
        let options = EndpointOptions {
            clock: time.clock(),
            account: Account { region: "us-east-1".to_owned(), id: ACCOUNT.to_owned() },
            names: RequestNames::default(),
            guard: |_| true,
            keep: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let aws = AwsEndpoint::start(listener, options, std::future::pending()).await.unwrap();
        let mut policies = Policies::new(ACCOUNT);
        policies.add_role("R", &role("R"));
        policies.attach_to_role("R", "P", &document(statements)).unwrap();
        aws.enforce(policies);
        let kms = client(&aws, "operator");
        Self { aws, time, kms }
    }

    /// KMS for this caller.
    fn kms_for(&self, caller: &str) -> Client {
        client(&self.aws, caller)
    }

    /// A symmetric key; its ARN.
    async fn key(&self) -> String {
        let made = self.kms.create_key().send().await.unwrap();
        made.key_metadata.unwrap().arn.unwrap()
    }

    /// An HMAC_256 key; its ARN.
    async fn mac_key(&self) -> String {
        let made =
            self.kms.create_key().key_spec(KeySpec::Hmac256).key_usage(KeyUsageType::GenerateVerifyMac);
        made.send().await.unwrap().key_metadata.unwrap().arn.unwrap()
    }

    async fn disabled(&self, key: &str) {
        self.kms.disable_key().key_id(key).send().await.unwrap();
    }

    async fn pending_deletion(&self, key: &str) {
        self.kms.schedule_key_deletion().key_id(key).send().await.unwrap();
    }

    /// `plaintext` under a key, without a context.
    async fn encrypted(&self, key: &str, plaintext: &[u8]) -> Blob {
        let encrypt = self.kms.encrypt().key_id(key).plaintext(Blob::new(plaintext));
        encrypt.send().await.unwrap().ciphertext_blob.unwrap()
    }
}

fn client(aws: &AwsEndpoint, caller: &str) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::new(caller, "any", None, None, "test"))
        .build();
    Client::from_conf(config)
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn root() -> String {
    format!("arn:aws:iam::{ACCOUNT}:root")
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn id_of(key_arn: &str) -> &str {
    key_arn.rsplit('/').next().unwrap()
}

/// The error that an SDK call must have ended with.
fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, SdkError<E, R>>,
) -> String {
    answer
        .unwrap_err()
        .as_service_error()
        .and_then(|error| error.code())
        .unwrap_or("no service error")
        .to_owned()
}
