//! How far a pass is: on a terminal one line that changes, else a line now and then. Counts only.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

use super::shown;

/// How often progress is told where there is no terminal.
const TOLD_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    told: Instant,
    /// Rows that an earlier run of the same pass looked at.
    before: u64,
}

/// Rows in a second, in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate(u64);

impl Progress {
    pub(super) fn new(before: u64) -> Self {
        let now = Instant::now();
        Self { bar: shown::spinner(""), begun: now, told: now, before }
    }

    /// Tells a line that is made of the rows in a second.
    pub(super) fn tell(&mut self, rows: u64, line: impl FnOnce(Rate) -> String) {
        let line = line(Rate::of(rows.saturating_sub(self.before), self.begun.elapsed()));
        if io::stderr().is_terminal() {
            self.bar.set_message(line);
        } else if self.is_due(Instant::now()) {
            self.say(&line);
        }
    }

    /// Tells a line that stays.
    pub(super) fn say(&self, line: &str) {
        // Nobody is left to tell when standard error is gone.
        let _ = self.bar.suspend(|| writeln!(anstream::stderr(), "{line}"));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether it is time for a line where there is no terminal. If so, the next one is due later.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.duration_since(self.told) >= TOLD_EVERY;
        if is_due {
            self.told = now;
        }
        is_due
    }
}

impl Rate {
    /// So many rows in that time, rounded.
    pub(super) fn of(rows: u64, time: Duration) -> Self {
        let milliseconds = time.as_millis().max(1);
        let tenths = (u128::from(rows) * 10_000 + milliseconds / 2) / milliseconds;
        Self(u64::try_from(tenths).unwrap_or(u64::MAX))
    }

    /// The seconds that so many rows take; none: nobody knows.
    pub(super) fn seconds_for(self, rows: u64) -> Option<u64> {
        rows.saturating_mul(10).checked_div(self.0)
    }
}

/// With a decimal below ten.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            tenths @ 0..100 => write!(f, "{}.{} rows/s", tenths / 10, tenths % 10),
            tenths => write!(f, "{} rows/s", tenths.saturating_add(5) / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_line_is_told_every_ten_seconds_and_not_before() {
        let mut progress = Progress::new(0);
        let begun = progress.told;
        let told: Vec<u64> = (0..=31).filter(|s| progress.is_due(begun + Duration::from_secs(*s))).collect();
        assert_eq!(told, [10, 20, 30]);
    }

    #[test]
    fn a_rate_is_rounded_and_below_ten_it_has_a_decimal() {
        let rate = |rows, milliseconds| Rate::of(rows, Duration::from_millis(milliseconds)).to_string();
        assert_eq!(rate(3, 1_000), "3.0 rows/s");
        assert_eq!(rate(29, 3_000), "9.7 rows/s");
        assert_eq!(rate(1, 3_000), "0.3 rows/s");
        assert_eq!(rate(299, 3_000), "100 rows/s");
        assert_eq!(rate(0, 0), "0.0 rows/s");
        assert_eq!(Rate::of(5, Duration::from_secs(10)).seconds_for(60), Some(120));
        assert_eq!(Rate::of(0, Duration::from_secs(10)).seconds_for(60), None);
    }
}
