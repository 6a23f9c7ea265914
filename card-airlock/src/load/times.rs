//! Durations, and how they are spread.

use std::time::Duration;

/// Durations in milliseconds, sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    pub(super) fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<f64> = durations.into_iter().map(|took| took.as_secs_f64() * 1000.0).collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }

    /// The least duration that so many percent do not exceed (nearest rank); 0 when there is none.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(rank).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_were_measured() {
        let times = Times::of((1..=200).rev().map(Duration::from_millis));
        assert_eq!(
            [0, 50, 90, 99, 100].map(|percent| times.percentile(percent)),
            [1.0, 100.0, 180.0, 198.0, 200.0]
        );
        let one = Times::of([Duration::from_millis(7)]);
        assert_eq!([50, 99].map(|percent| one.percentile(percent)), [7.0, 7.0]);
        assert_eq!(Times::default().percentile(99), 0.0);
    }
}
