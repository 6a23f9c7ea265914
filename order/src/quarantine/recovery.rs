//! The recovery of a quarantine row: when it is armed again, and when it makes sense to ask for it again.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::timestamp::Timestamp;

/// How often the schedule sweeps. `template.yaml` has the schedule, and a test compares the two.
pub const SWEEP_PERIOD: Duration = Duration::from_secs(5 * 60);

/// How long after the payment's claim, or after now, a card that waits for a payment is armed again.
pub const AFTER_THE_CLAIM: Duration = Duration::from_secs(60);

/// A worker that can carry a row across does so within this time. After it, Lambda may have given the row up.
const SOON: Duration = Duration::from_secs(20);

/// How long a row waits after its last arming until it is armed again, by the number of times it was suspected.
#[must_use]
pub fn suspect_delay(suspected: u32) -> Duration {
    let minutes = match suspected {
        0 => 0,
        1 => 5,
        2 => 10,
        3 => 20,
        4 => 40,
        _ => 75,
    };
    Duration::from_secs(minutes * 60)
}

/// When a PENDING row continues. Each part that is missing or unreadable is `None`, or 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    armed_at: Option<Timestamp>,
    arm_after: Option<Timestamp>,
    suspected: u32,
}

/// Where a PENDING row is, as far as the row itself tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was armed moments ago: stream and worker have it.
    InWork,
    /// It is not across, though a worker that can carry it does so at once. Lambda has given it up or soon will.
    GivenUp {
        /// The latest time at which the sweep takes it up.
        again_by: Timestamp,
    },
    /// Another card, which waits for a payment.
    Waiting {
        /// The latest time at which the sweep arms it.
        again_by: Timestamp,
    },
}

impl Pending {
    /// Reads it from a row.
    #[must_use]
    pub fn of(item: &HashMap<String, AttributeValue>) -> Self {
        let suspected = item.get("Suspected").and_then(|value| value.as_n().ok());
        Self {
            armed_at: time(item, "ArmedAt"),
            arm_after: time(item, "ArmAfter"),
            suspected: suspected.and_then(|count| count.parse().ok()).unwrap_or(0),
        }
    }

    /// The same of what was read already.
    pub(super) fn new(armed_at: Option<Timestamp>, arm_after: Option<Timestamp>, suspected: u32) -> Self {
        Self { armed_at, arm_after, suspected }
    }

    /// Where the row is. Nobody but the sweep knows when it takes the row up, so the times are the latest at which it
    /// comes.
    #[must_use]
    pub fn progress(&self, now: Timestamp) -> Progress {
        let armed_at = self.armed_at.unwrap_or(now);
        let since = Duration::from_millis(armed_at.milliseconds_until(now));
        let again_by = |due: Timestamp| now.max(due).after(SWEEP_PERIOD);
        match self.arm_after {
            Some(time) => Progress::Waiting { again_by: again_by(time) },
            None if since <= SOON => Progress::InWork,
            None => Progress::GivenUp { again_by: again_by(armed_at.after(suspect_delay(self.suspected))) },
        }
    }

    /// After how many seconds it makes sense to ask again: one while the worker has it, and more when it waits for
    /// the sweep.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> u32 {
        match self.progress(now) {
            Progress::InWork => 1,
            Progress::GivenUp { again_by } | Progress::Waiting { again_by } => {
                u32::try_from(now.milliseconds_until(again_by) / 1_000).unwrap_or(u32::MAX)
            }
        }
    }
}

fn time(item: &HashMap<String, AttributeValue>, name: &str) -> Option<Timestamp> {
    item.get(name).and_then(|value| value.as_s().ok()).and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(1_000_000 + seconds)
    }

    fn pending(attributes: &[(&str, AttributeValue)]) -> Pending {
        Pending::of(&attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn text(time: Timestamp) -> AttributeValue {
        AttributeValue::S(time.to_string())
    }

    #[test]
    fn a_row_that_the_worker_has_is_worth_asking_for_in_a_second() {
        let fresh = pending(&[("ArmedAt", text(at(0)))]);
        assert_eq!([0, 20].map(|seconds| fresh.retry_after(at(seconds))), [1, 1]);
        assert_eq!(fresh.retry_after(at(21)), 300, "it may have been given up, and waits for the sweep");
        assert_eq!(fresh.retry_after(at(4_000)), 300);
        assert_eq!(Pending::default().retry_after(at(0)), 1, "a row that says nothing");
    }

    #[test]
    fn a_suspect_is_asked_for_when_the_sweep_arms_it() {
        let armed = ("ArmedAt", text(at(0)));
        let suspect = |count: &str| pending(&[armed.clone(), ("Suspected", AttributeValue::N(count.into()))]);
        assert_eq!(suspect("1").retry_after(at(60)), 4 * 60 + 300);
        assert_eq!(suspect("5").retry_after(at(60)), 74 * 60 + 300);
        assert_eq!(suspect("5").retry_after(at(76 * 60)), 300);
        assert_eq!(suspect("9").retry_after(at(10)), 1, "it was armed just now");
    }

    #[test]
    fn a_card_that_waits_for_a_payment_is_asked_for_after_it() {
        let waiting = pending(&[("ArmedAt", text(at(0))), ("ArmAfter", text(at(120)))]);
        assert_eq!([1, 120, 600].map(|seconds| waiting.retry_after(at(seconds))), [419, 300, 300]);
    }

    #[test]
    fn suspicion_delays_by_five_minutes_and_at_most_by_seventy_five() {
        let minutes = [0, 1, 2, 3, 4, 5, 6, 100].map(|count| suspect_delay(count).as_secs() / 60);
        assert_eq!(minutes, [0, 5, 10, 20, 40, 75, 75, 75]);
    }
}
