//! What a program under test writes.

use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::{
    filter::LevelFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// A log in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What all tests of this process write from the first call on, at any level. A subscriber of one test's own
    /// would miss what other tests have been the first to write.
    pub(crate) fn of_all_tests() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let start = || {
            let log = Self::default();
            tracing_subscriber::registry()
                .with(tracing_subscriber::fmt::layer().with_writer(log.clone()).with_ansi(false))
                .with(platform::log_filter(LevelFilter::TRACE))
                .init();
            log
        };
        LOG.get_or_init(start).clone()
    }

    /// What was written so far.
    pub(crate) fn lines(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
