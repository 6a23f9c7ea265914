//! docs/migrating.md beside what an import tells.

use std::collections::BTreeSet;

use import::{Reason, Refusal};
use strum::VariantArray;

use super::markdown::{code, rows, section};

const GUIDE: &str = include_str!("../../../docs/migrating.md");

#[test]
fn the_guide_says_of_every_refusal_what_to_do_and_of_no_other() {
    let listed = Refusal::VARIANTS.iter().map(|&refusal| <&str>::from(refusal)).collect();
    assert_eq!(first_cells("### When a pass is refused"), listed);
}

#[test]
fn the_guide_says_of_every_reason_what_to_do_and_of_no_other() {
    let written = ["### What is told of a row", "## From the AWS sample's vault"].map(first_cells);
    // In capitals; the outcomes are not. `NAME_…` is all that begin so.
    let written: Vec<_> =
        written.iter().flatten().filter(|cell| !cell.contains(char::is_lowercase)).collect();
    let reasons: Vec<&str> = Reason::VARIANTS.iter().map(|&reason| reason.into()).collect();
    let is_of = |written: &str, reason: &str| match written.strip_suffix('…') {
        Some(beginning) => reason.starts_with(beginning),
        None => reason == written,
    };
    for reason in &reasons {
        assert!(written.iter().any(|written| is_of(written, reason)), "{reason}");
    }
    for written in written {
        assert!(reasons.iter().any(|reason| is_of(written, reason)), "{written}");
    }
}

fn first_cells(heading: &str) -> BTreeSet<&'static str> {
    rows(section(GUIDE, heading)).into_iter().flat_map(|row| code(row[0])).collect()
}
