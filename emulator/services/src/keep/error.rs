//! Why what was kept cannot be used.

use std::io;

/// Why what was kept cannot be used. It says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A file is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A file is not what it was when it was written.
    #[error("{0} is damaged")]
    Damaged(&'static str),
    /// The system does not let a file be used.
    #[error("{name} cannot be used: {source}")]
    File {
        /// The file's name.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
