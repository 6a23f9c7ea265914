//! How far a pass is: on a terminal one line that changes, else a line now and then. Counts only.

use std::{
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

impl Progress {
    pub(super) fn new(before: u64) -> Self {
        let now = Instant::now();
        Self { bar: shown::spinner(""), begun: now, told: now, before }
    }

    /// Tells a line that is made of the rows in a second.
    pub(super) fn tell(&mut self, rows: u64, line: impl FnOnce(u64) -> String) {
        let milliseconds = self.begun.elapsed().as_millis().max(1);
        let rate = u128::from(rows.saturating_sub(self.before)) * 1000 / milliseconds;
        let line = line(u64::try_from(rate).unwrap_or(u64::MAX));
        if io::stderr().is_terminal() {
            self.bar.set_message(line);
        } else if self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
