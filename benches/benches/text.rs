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
    // Ten times the text takes ten times as long: the detector's time is linear in all that is in a text.
    let megabyte = |pattern: &str| pattern.chars().cycle().take(1_000_000).collect::<String>();
    let (one_run, marks, combining) = (megabyte("4"), megabyte("-"), "\u{301}".repeat(500_000));
    let (groups, halves, a_tenth) = (megabyte("4111 "), megabyte("41111111-"), "4111 ".repeat(20_000));
    for (name, text) in [
        ("a name", "Amazon Web Services"),
        ("an address", "Reinvent2019, 3355 Las Vegas Blvd S, NV 89109, USA"),
        ("beyond ASCII", "Königstraße 12, 70173 Stuttgart, Deutschland"),
        ("495 digits", &digits),
        ("1 MB of digits", &one_run),
        ("1 MB of marks", &marks),
        ("1 MB of combining marks", &combining),
        ("1 MB of groups of four", &groups),
        ("1 MB of groups of eight", &halves),
        ("0.1 MB of groups of four", &a_tenth),
    ] {
        criterion.bench_function(&format!("detect/{name}"), |bench| {
            bench.iter(|| is_card_shaped(black_box(text)));
        });
    }
}

criterion_group!(benches, text);
criterion_main!(benches);
