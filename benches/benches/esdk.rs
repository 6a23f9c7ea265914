//! AWS's Database Encryption SDK for DynamoDB sealing the same card for the same place, beside our envelope: raw AES
//! keyring, the card encrypted, the place signed, with and without the ECDSA signature. KMS takes no part on either side.

use std::{collections::HashMap, hint::black_box};

use aws_db_esdk::{
    CryptoAction,
    item_encryptor::{
        client::Client, types::dynamo_db_item_encryptor_config::DynamoDbItemEncryptorConfig,
    },
    material_providers::{
        client::Client as MaterialProviders,
        types::{AesWrappingAlg, DbeAlgorithmSuiteId, material_providers_config::MaterialProvidersConfig},
    },
};
use aws_sdk_dynamodb::types::AttributeValue;
use benches::{KEY, card, envelope, place};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const SUITES: [(&str, DbeAlgorithmSuiteId); 2] = [
    (
        "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384 (unsigned)",
        DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeySymsigHmacSha384,
    ),
    (
        "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384 (signed)",
        DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384SymsigHmacSha384,
    ),
];

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item() -> HashMap<String, AttributeValue> {
    let place = place();
    HashMap::from([
        ("CustomerOrder".to_owned(), text(place.order)),
        ("Owner".to_owned(), text(place.owner)),
        ("AcceptanceId".to_owned(), text(&place.acceptance.to_string())),
        ("Card".to_owned(), text("4111111111111111;12/30")),
    ])
}

async fn encryptor(suite: DbeAlgorithmSuiteId) -> Client {
    let providers = MaterialProviders::from_conf(MaterialProvidersConfig::builder().build().expect("a configuration"));
    let keyring = providers
        .expect("material providers")
        .create_raw_aes_keyring()
        .key_name("bench")
        .key_namespace("bench")
        .wrapping_key(KEY.to_vec())
        .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16)
        .send()
        .await
        .expect("a keyring");
    let signed = ["CustomerOrder", "Owner", "AcceptanceId"].map(|name| (name.to_owned(), CryptoAction::SignOnly));
    let actions = signed.into_iter().chain([("Card".to_owned(), CryptoAction::EncryptAndSign)]);
    let config = DynamoDbItemEncryptorConfig::builder()
        .logical_table_name("OrderQuarantineTable")
        .partition_key_name("CustomerOrder")
        .attribute_actions_on_encrypt(actions.collect::<HashMap<_, _>>())
        .keyring(keyring)
        .allowed_unsigned_attribute_prefix(":")
        .algorithm_suite_id(suite)
        .build()
        .expect("a configuration");
    Client::from_conf(config).expect("an item encryptor")
}

fn seal(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (card, place, envelope) = (card(), place(), envelope());
    criterion.bench_function("esdk/seal/ours", |bench| {
        bench.iter(|| envelope.seal(black_box(&card), black_box(place)));
    });
    for (name, suite) in SUITES {
        let client = runtime.block_on(encryptor(suite));
        let plain = item();
        criterion.bench_function(&format!("esdk/seal/{name}"), |bench| {
            bench.iter(|| {
                let sealing = client.encrypt_item().plaintext_item(black_box(plain.clone())).send();
                runtime.block_on(sealing).expect("sealed")
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = seal
}
criterion_main!(benches);
