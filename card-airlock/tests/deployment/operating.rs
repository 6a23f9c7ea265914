//! docs/operating.md beside the lists of reasons, metrics and alarms.

use std::collections::BTreeSet;

use card_airlock::deployment;
use order::FailureReason;
use platform::metrics::Metric;
use strum::{VariantArray, VariantNames};

use super::{
    markdown::{code, rows, section},
    of_kind,
};

const GUIDE: &str = include_str!("../../../docs/operating.md");

#[test]
fn the_guide_says_of_every_reason_what_it_means_and_of_no_other() {
    let listed: Vec<_> = FailureReason::VARIANTS.iter().map(|reason| reason.code()).collect();
    assert_eq!(first_cells("## What each reason means"), listed.into_iter().collect());
}

#[test]
fn the_guide_lists_every_metric_and_no_other() {
    assert_eq!(first_cells("## Metrics"), Metric::VARIANTS.iter().copied().collect());
}

#[test]
fn the_guide_lists_every_alarm_and_no_other() {
    let template = deployment::shipped().unwrap();
    let mut declared: BTreeSet<_> = of_kind(&template, "AWS::CloudWatch::Alarm").into_iter().collect();
    let written = first_cells("## Alarms");
    // Those of a function's errors and throttles are written for one of them: `IngestErrorsAlarm`, likewise `Replay…`.
    for function in written.iter().filter_map(|name| name.strip_suffix('…')) {
        for kind in ["Errors", "Throttles"] {
            assert!(declared.remove(format!("{function}{kind}Alarm").as_str()), "{function}");
        }
    }
    assert_eq!(written.into_iter().filter(|name| !name.ends_with('…')).collect::<BTreeSet<_>>(), declared);
}

/// What is between backticks in the first column of a section's table.
fn first_cells(heading: &str) -> BTreeSet<&'static str> {
    rows(section(GUIDE, heading)).into_iter().flat_map(|row| code(row[0])).collect()
}
