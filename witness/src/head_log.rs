//! Where the ends of the chains are written: to the log, a line each, whatever its level is.

use std::{fmt, io::Write, sync::Arc};

use order::witness::LoggedHead;

/// Takes the ends of the chains.
#[derive(Clone)]
pub struct HeadLog(Arc<dyn Fn(&str) + Send + Sync>);

impl HeadLog {
    /// Hands each line, without its end, to `take`.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// To standard output, which Lambda writes to the function's log group.
    #[must_use]
    pub fn standard_output() -> Self {
        Self::new(|line| {
            // If the output is closed, nothing more can be done.
            let _ = writeln!(std::io::stdout(), "{line}");
        })
    }

    pub(crate) fn write(&self, head: LoggedHead) {
        (self.0)(&head.line());
    }
}

impl fmt::Debug for HeadLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadLog")
    }
}
