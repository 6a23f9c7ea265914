//! What the processes write, passed on line by line.

use std::{fmt, io::Write, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    task::JoinHandle,
};

/// Where the lines of the processes go. Cloning shares it.
#[derive(Clone)]
pub struct Lines(Arc<dyn Fn(&str) + Send + Sync>);

impl Lines {
    /// Hands every line, with the name of its function and its process id in front, to `take`.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// To standard error.
    #[must_use]
    pub fn to_standard_error() -> Self {
        Self::new(|line| {
            // If standard error is closed, nobody can read the line.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        })
    }

    /// Takes one line.
    pub fn take(&self, line: &str) {
        (self.0)(line);
    }

    /// Passes lines on until the process closes its end.
    pub(crate) fn pass_on(
        &self,
        prefix: String,
        from: impl AsyncRead + Unpin + Send + 'static,
    ) -> JoinHandle<()> {
        let lines = self.clone();
        tokio::spawn(async move {
            let mut from = BufReader::new(from).split(b'\n');
            while let Ok(Some(line)) = from.next_segment().await {
                lines.take(&format!("{prefix} {}", String::from_utf8_lossy(&line)));
            }
        })
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}
