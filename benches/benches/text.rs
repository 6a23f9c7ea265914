//! What runs over every request's text: the card parser and the detector of cards elsewhere.

use std::hint::black_box;

use benches::{Pan, is_card_shaped};
use criterion::{Criterion, criterion_group, criterion_main};

fn text(criterion: &mut Criterion) {
    criterion.bench_function("parse/16 digits", |bench| {
        bench.iter(|| Pan::parse(black_box("4111111111111111")));
    });
    criterion.bench_function("parse/with dashes", |bench| {
        bench.iter(|| Pan::parse(black_box("4111-1111-1111-1111")));
    });
    let digits = "1234567890 ".repeat(45);
    for (name, text) in [
        ("a name", "Amazon Web Services"),
        ("an address", "Reinvent2019, 3355 Las Vegas Blvd S, NV 89109, USA"),
        ("beyond ASCII", "Königstraße 12, 70173 Stuttgart, Deutschland"),
        ("495 digits", &digits),
    ] {
        criterion.bench_function(&format!("detect/{name}"), |bench| {
            bench.iter(|| is_card_shaped(black_box(text)));
        });
    }
}

criterion_group!(benches, text);
criterion_main!(benches);
