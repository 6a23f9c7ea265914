//! What outlives the process: the tables in a database file of DynamoDB's own, and the state of the other services in a
//! second one. Each change is on the disk before the call that made it is answered.

mod changes;
mod check;
mod error;
mod mirror;
mod part;
mod store;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use changes::Changes;
pub use error::KeepError;
pub(crate) use mirror::Mirror;
pub use part::Part;
pub use store::Store;

use crate::tables;

const TABLES: &str = "tables.db";
const STATE: &str = "state.db";

/// Where an endpoint keeps what it holds.
#[derive(Debug, Clone)]
pub struct Keep {
    pub(crate) tables: PathBuf,
    pub(crate) store: Store,
}

impl Keep {
    /// Makes what is not there yet in a folder. A try before may have been interrupted: what it made is taken.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn make(folder: &Path) -> Result<(), KeepError> {
        for name in [TABLES, STATE] {
            private_file(&folder.join(name)).map_err(|source| KeepError::File { name, source })?;
        }
        tables::make(&folder.join(TABLES)).map_err(|()| KeepError::Damaged(TABLES))?;
        Store::make(&folder.join(STATE), STATE)
    }

    /// Opens what is in a folder. Before anything is written, both files are checked.
    ///
    /// # Errors
    /// [`KeepError::Missing`] and [`KeepError::Damaged`]; then no byte of them was changed.
    pub fn open(folder: &Path) -> Result<Self, KeepError> {
        let (tables, state) = (folder.join(TABLES), folder.join(STATE));
        check::check(&tables, TABLES, "_tables")?;
        check::check(&state, STATE, store::TABLE)?;
        Ok(Self { store: Store::open(&state, STATE)?, tables })
    }

    /// The state of the services beside DynamoDB, where the program that runs the endpoint can keep some of its own.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// An empty file that only its user may read, if there is none. SQLite gives its other files the same rights.
fn private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
