//! Seal and open beside AWS's Database Encryption SDK for DynamoDB: its item encryptor under a raw AES keyring, with
//! and without its ECDSA signature. The same card text is encrypted, and the same facts are bound: order, owner and
//! acceptance, here as signed attributes, and "quarantine", here as the logical table. No side asks KMS.

use std::{collections::HashMap, env, fs, hint::black_box};

use aws_db_esdk::{
    CryptoAction,
    item_encryptor::{
        client::Client,
        operation::{decrypt_item::DecryptItemOutput, encrypt_item::EncryptItemOutput},
        types::{dynamo_db_item_encryptor_config::DynamoDbItemEncryptorConfig, error::Error},
    },
    material_providers::{
        client::Client as MaterialProviders,
        types::{AesWrappingAlg, DbeAlgorithmSuiteId, material_providers_config::MaterialProvidersConfig},
    },
};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use benches::{Envelope, TEXT, card, place};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::executor::block_on;

type Item = HashMap<String, AttributeValue>;

const CARD: &str = "CandidateString";
const OURS: &str = "ours";
const SUITES: [(&str, DbeAlgorithmSuiteId); 2] = [
    ("esdk without signing", DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeySymsigHmacSha384),
    ("esdk with signing", DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384SymsigHmacSha384),
];

fn seal(criterion: &mut Criterion) {
    let (card, place, envelope) = (card(), place(), Envelope::new());
    let mut group = criterion.benchmark_group("seal");
    group.bench_function(OURS, |bench| bench.iter(|| envelope.seal(black_box(&card), black_box(place))));
    for (name, suite) in SUITES {
        let peer = Peer::new(suite);
        peer.check(suite);
        // The peer takes its item by value: the copy is not counted, nor the result's drop; ours has both counted.
        group.bench_function(name, |bench| {
            bench.iter_batched(item, |item| peer.seal(black_box(item)), BatchSize::SmallInput);
        });
    }
}

fn open(criterion: &mut Criterion) {
    let (place, envelope) = (place(), Envelope::new());
    let sealed = envelope.seal(&card(), place);
    let mut group = criterion.benchmark_group("open");
    group.bench_function(OURS, |bench| bench.iter(|| envelope.open(black_box(&sealed), black_box(place))));
    for (name, suite) in SUITES {
        let peer = Peer::new(suite);
        let sealed = peer.seal(item()).encrypted_item.expect("an item");
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || sealed.clone(),
                |sealed| peer.open(black_box(sealed)).expect("authentic"),
                BatchSize::SmallInput,
            );
        });
    }
}

/// The SDK's item encryptor.
struct Peer(Client);

impl Peer {
    fn new(suite: DbeAlgorithmSuiteId) -> Self {
        let config = MaterialProvidersConfig::builder().build().expect("a configuration");
        let keyring = MaterialProviders::from_conf(config)
            .expect("material providers")
            .create_raw_aes_keyring()
            .key_namespace("benches")
            .key_name("benches")
            .wrapping_key(Blob::new([7; 32]))
            .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16)
            .send();
        let bound = ["CustomerOrder", "Owner", "AcceptanceId"];
        let actions = bound.map(|name| (name, CryptoAction::SignOnly)).into_iter();
        let actions = actions.chain([(CARD, CryptoAction::EncryptAndSign)]);
        let config = DynamoDbItemEncryptorConfig::builder()
            .logical_table_name("quarantine")
            .partition_key_name("CustomerOrder")
            .attribute_actions_on_encrypt(
                actions.map(|(name, action)| (name.to_owned(), action)).collect::<HashMap<_, _>>(),
            )
            .keyring(block_on(keyring).expect("a keyring"))
            .algorithm_suite_id(suite)
            .build()
            .expect("a configuration");
        Self(Client::from_conf(config).expect("an item encryptor"))
    }

    /// Nothing in it waits, so it is ready at the first poll.
    fn seal(&self, item: Item) -> EncryptItemOutput {
        block_on(self.0.encrypt_item().plaintext_item(item).send()).expect("sealed")
    }

    fn open(&self, sealed: Item) -> Result<DecryptItemOutput, Error> {
        block_on(self.0.decrypt_item().encrypted_item(sealed).send())
    }

    /// What is measured is the named suite, does encrypt the card, and does bind each fact.
    fn check(&self, suite: DbeAlgorithmSuiteId) {
        let output = self.seal(item());
        assert_eq!(output.parsed_header.and_then(|header| header.algorithm_suite_id), Some(suite));
        let sealed = output.encrypted_item.expect("an item");
        assert!(sealed[CARD].is_b(), "the card is in clear");
        let opened = self.open(sealed.clone()).expect("authentic").plaintext_item.expect("an item");
        assert_eq!(opened, item());
        for fact in ["CustomerOrder", "Owner", "AcceptanceId"] {
            let mut moved = sealed.clone();
            moved.insert(fact.to_owned(), AttributeValue::S("another".to_owned()));
            assert!(self.open(moved).is_err(), "{fact} is not bound");
        }
    }
}

/// The card in its place, as attributes.
fn item() -> Item {
    let place = place();
    let acceptance = place.acceptance.to_string();
    [
        ("CustomerOrder", place.order),
        ("Owner", place.owner),
        ("AcceptanceId", acceptance.as_str()),
        (CARD, TEXT),
    ]
    .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
    .into()
}

/// The peer's medians over ours. A run of some benches only would show an older run's files, so it shows none.
fn ratios(_: &mut Criterion) {
    if !env::args().skip(1).eq(["--bench"]) {
        return;
    }
    println!("medians of one run                seal                        open");
    let (seal, open) = (median("seal", OURS), median("open", OURS));
    println!("{OURS:<22} {:>10.2} µs {:>23.2} µs", seal / 1e3, open / 1e3);
    for (name, suite) in SUITES {
        let (peer_seal, peer_open) = (median("seal", name), median("open", name));
        println!(
            "{name:<22} {:>10.2} µs = {:>5.0} × ours {:>9.2} µs = {:>5.0} × ours   {suite}",
            peer_seal / 1e3,
            peer_seal / seal,
            peer_open / 1e3,
            peer_open / open,
        );
    }
}

/// Nanoseconds, as criterion wrote them down.
fn median(group: &str, name: &str) -> f64 {
    let criterion = concat!(env!("CARGO_TARGET_TMPDIR"), "/../criterion");
    let file =
        fs::read(format!("{criterion}/{group}/{name}/new/estimates.json")).expect("criterion's estimates");
    let estimates: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
    estimates["median"]["point_estimate"].as_f64().expect("a median")
}

criterion_group!(benches, seal, open, ratios);
criterion_main!(benches);
