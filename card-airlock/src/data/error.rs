//! Why a folder cannot keep a stack's state.

use std::{io, path::PathBuf};

use card_airlock_services::KeepError;

use super::version::{FILE, FORMAT};

/// Why a folder cannot keep a stack's state. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Others may open it, or a file in it.
    #[error(
        "other users can open {}, and key material is in there: run chmod -R go-rwx on the folder, and start again",
        .0.display()
    )]
    Exposed(PathBuf),
    /// A running program uses it.
    #[error("another `card-airlock up` uses {}: stop it, or give another folder", .0.display())]
    InUse(PathBuf),
    /// Something else is in it.
    #[error(
        "{} is not empty, and no `card-airlock up` made it (it has no file {FILE}): give a new or an empty folder",
        .0.display()
    )]
    Foreign(PathBuf),
    /// A newer program has written it.
    #[error(
        "{} has format {format}, of a newer card-airlock; this one knows format {FORMAT}: use the newer program",
        path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        format: u64,
    },
    /// The version file is not what was written.
    #[error("{}: the file {FILE} is damaged. Bring the folder back from a copy, or give another one", .0.display())]
    Version(PathBuf),
    /// A database is missing or damaged.
    #[error("{}: {source}. Bring the folder back from a copy, or give another one", path.display())]
    Keep {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        source: KeepError,
    },
    /// The system does not let it be used.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
