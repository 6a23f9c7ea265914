//! Seal and open beside the same cipher bare, in turns.

use std::hint::black_box;

use benches::{Envelope, aad, card, place, raw_open, raw_seal};
use criterion::{Criterion, criterion_group, criterion_main};

fn seal_and_open(criterion: &mut Criterion) {
    let (card, place, envelope) = (card(), place(), Envelope::new());
    let aad_bytes = aad(place);
    let sealed = envelope.seal(&card, place);
    let raw = raw_seal(&aad_bytes);

    criterion.bench_function("seal/ours", |bench| {
        bench.iter(|| envelope.seal(black_box(&card), black_box(place)));
    });
    criterion.bench_function("seal/raw aes-gcm", |bench| bench.iter(|| raw_seal(black_box(&aad_bytes))));
    criterion.bench_function("open/ours", |bench| {
        bench.iter(|| envelope.open(black_box(&sealed), black_box(place)));
    });
    criterion.bench_function("open/raw aes-gcm", |bench| {
        bench.iter(|| raw_open(black_box(&raw), black_box(&aad_bytes)));
    });
    criterion.bench_function("seal+open/ours", |bench| {
        bench.iter(|| envelope.open(&envelope.seal(black_box(&card), black_box(place)), place));
    });
    criterion.bench_function("seal+open/raw aes-gcm", |bench| {
        bench.iter(|| raw_open(&raw_seal(black_box(&aad_bytes)), &aad_bytes));
    });
    criterion.bench_function("aad", |bench| bench.iter(|| aad(black_box(place))));
}

criterion_group!(benches, seal_and_open);
criterion_main!(benches);
