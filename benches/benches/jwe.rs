//! An encrypted card: what it costs the client, ingest and the worker, beside one bare key agreement.

use std::hint::black_box;

use benches::Encrypted;
use criterion::{Criterion, criterion_group, criterion_main};

fn encrypt_and_open(criterion: &mut Criterion) {
    let encrypted = Encrypted::new();
    let parsed = encrypted.parse();
    criterion.bench_function("jwe/encrypt", |bench| bench.iter(|| encrypted.encrypt()));
    criterion.bench_function("jwe/parse", |bench| bench.iter(|| encrypted.parse()));
    criterion.bench_function("jwe/open", |bench| bench.iter(|| encrypted.open(black_box(&parsed))));
    criterion.bench_function("jwe/raw agreement", |bench| bench.iter(|| encrypted.raw_agreement()));
}

criterion_group!(benches, encrypt_and_open);
criterion_main!(benches);
