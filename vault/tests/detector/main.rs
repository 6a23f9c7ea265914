//! What the detector costs and what it finds, measured: the goals, and that docs/detector.md says what is true.
//! `cargo run -p vault --example detector` prints the tables.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

mod forms;
mod shapes;
mod tables;

use tables::{SAMPLES, TWO_IN_A_ROW, forms_table, measured, shapes_table, tried};

const DOCS: &str = include_str!("../../../docs/detector.md");

#[test]
fn ids_parcels_phones_and_accounts_are_let_through_as_often_as_promised_and_documented() {
    let measured = measured();
    assert!(measured.len() >= 60 && SAMPLES == 5_000);
    for one in &measured {
        assert!(one.percent() <= one.shape.most, "{}: {} % is refused", one.shape.name, one.percent());
    }
    let table = shapes_table(&measured);
    assert!(DOCS.contains(&table), "docs/detector.md has another table of shapes than this:\n{table}");
}

#[test]
fn every_test_card_is_found_in_every_form_and_surrounding_but_for_two_in_a_row() {
    assert!(forms::SURROUNDINGS.len() >= 10);
    let tried = tried();
    for form in &tried {
        let expected = if form.name == TWO_IN_A_ROW { form.texts } else { 0 };
        assert_eq!(form.missed.len(), expected, "{}: {:?}", form.name, form.missed.first());
    }
    let table = forms_table(&tried);
    assert!(DOCS.contains(&table), "docs/detector.md has another table of forms than this:\n{table}");
}
