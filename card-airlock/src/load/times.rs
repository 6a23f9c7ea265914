//! Durations and their percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Digits of a duration that are kept.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Durations, counted in microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Option<Histogram<u64>>);

impl Times {
    pub(super) fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut histogram = Histogram::new(SIGNIFICANT_DIGITS).ok();
        for took in durations {
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            if let Some(histogram) = &mut histogram {
                // It grows with the largest recorded value.
                let _ = histogram.record(microseconds);
            }
        }
        Self(histogram)
    }

    /// The least duration that so many percent do not exceed, in milliseconds; 0 when there is none.
    pub(super) fn percentile(&self, percent: u8) -> f64 {
        let microseconds = self.0.as_ref().map_or(0, |all| all.value_at_percentile(percent.into()));
        Duration::from_micros(microseconds).as_secs_f64() * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(times: &Times, percent: u8, milliseconds: f64) {
        let measured = times.percentile(percent);
        assert!((measured - milliseconds).abs() <= milliseconds / 1000.0, "{percent}: {measured}");
    }

    #[test]
    fn percentiles_are_durations_that_were_measured() {
        let times = Times::of((1..=200).rev().map(Duration::from_millis));
        for (percent, milliseconds) in [(0, 1.0), (50, 100.0), (90, 180.0), (99, 198.0), (100, 200.0)] {
            assert_close(&times, percent, milliseconds);
        }
        let one = Times::of([Duration::from_millis(7)]);
        assert_close(&one, 50, 7.0);
        assert_close(&one, 99, 7.0);
        assert_eq!(Times::default().percentile(99), 0.0);
        assert_eq!(Times::of([]).percentile(99), 0.0);
    }
}
