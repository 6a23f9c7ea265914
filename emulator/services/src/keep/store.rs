//! Small values by part and key, in one SQLite file.

use std::{fmt, path::Path, sync::Arc};

use aws_lc_rs::digest;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio_util::sync::CancellationToken;

use super::{changes::Changes, error::KeepError};

pub(super) const TABLE: &str = "kept";
const PUT: &str = "INSERT INTO kept (part, key, value, digest) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (part, key) DO UPDATE SET value = excluded.value, digest = excluded.digest";
const REMOVE: &str = "DELETE FROM kept WHERE part = ?1 AND key = ?2";

/// Values that outlive the process; by default nothing is kept. Cloning shares it.
#[derive(Clone, Default)]
pub struct Store(Option<Arc<Opened>>);

struct Opened {
    connection: Mutex<Connection>,
    name: &'static str,
    failed: CancellationToken,
}

impl Store {
    pub(super) fn make(path: &Path, name: &'static str) -> Result<(), KeepError> {
        let made = connection(path).and_then(|connection| {
            connection.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {TABLE} (
                    part TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, digest BLOB NOT NULL,
                    PRIMARY KEY (part, key)
                ) STRICT, WITHOUT ROWID"
            ))
        });
        made.map_err(|_| KeepError::Damaged(name))
    }

    pub(super) fn open(path: &Path, name: &'static str) -> Result<Self, KeepError> {
        let connection = Mutex::new(connection(path).map_err(|_| KeepError::Damaged(name))?);
        Ok(Self(Some(Arc::new(Opened { connection, name, failed: CancellationToken::new() }))))
    }

    /// Whether anything is kept.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a value could not be written. Nothing may be answered after that: it would be forgotten.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.as_ref().is_some_and(|opened| opened.failed.is_cancelled())
    }

    /// Completes when a value could not be written.
    pub async fn failed(&self) {
        match &self.0 {
            Some(opened) => opened.failed.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// All changes, or none.
    pub(super) fn write(&self, part: &str, changes: Changes) {
        let Some(opened) = &self.0 else { return };
        if changes.is_broken || opened.write(part, &changes.made).is_err() {
            tracing::error!(
                file = opened.name,
                "a change could not be written: nothing is answered any more"
            );
            opened.failed.cancel();
        }
    }

    pub(super) fn all(&self, part: &str) -> Result<Vec<(String, Vec<u8>)>, KeepError> {
        let Some(opened) = &self.0 else { return Ok(Vec::new()) };
        let connection = opened.connection.lock();
        let read = || {
            let mut statement =
                connection.prepare("SELECT key, value, digest FROM kept WHERE part = ?1 ORDER BY key")?;
            statement.query_map([part], value)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = read().map_err(|_| KeepError::Damaged(opened.name))?;
        rows.into_iter().map(|row| opened.checked(part, row)).collect()
    }

    pub(super) fn one(&self, part: &str, key: &str) -> Result<Option<Vec<u8>>, KeepError> {
        let Some(opened) = &self.0 else { return Ok(None) };
        let connection = opened.connection.lock();
        let select = "SELECT key, value, digest FROM kept WHERE part = ?1 AND key = ?2";
        let row = connection.query_row(select, [part, key], value).optional();
        let row = row.map_err(|_| KeepError::Damaged(opened.name))?;
        row.map(|row| opened.checked(part, row).map(|(_, value)| value)).transpose()
    }

    /// The error of an owner who finds that a value is not what it wrote.
    #[must_use]
    pub fn damaged(&self) -> KeepError {
        KeepError::Damaged(self.0.as_ref().map_or("", |opened| opened.name))
    }
}

type Kept = (String, Vec<u8>, Vec<u8>);

fn value(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

impl Opened {
    fn write(&self, part: &str, changes: &[(String, Option<Vec<u8>>)]) -> rusqlite::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection.lock();
        let transaction = connection.transaction()?;
        for (key, value) in changes {
            match value {
                Some(value) => transaction.prepare_cached(PUT)?.execute(params![
                    part,
                    key,
                    value,
                    digest_of(part, key, value)
                ])?,
                None => transaction.prepare_cached(REMOVE)?.execute(params![part, key])?,
            };
        }
        transaction.commit()
    }

    /// SQLite itself does not see that a byte of a value differs.
    fn checked(&self, part: &str, (key, value, digest): Kept) -> Result<(String, Vec<u8>), KeepError> {
        let is_it = digest_of(part, &key, &value) == digest;
        is_it.then_some((key, value)).ok_or(KeepError::Damaged(self.name))
    }
}

/// A connection whose commits are on the disk when they return.
fn connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn digest_of(part: &str, key: &str, value: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in [part, key] {
        context.update(text.as_bytes());
        context.update(&[0]);
    }
    context.update(value);
    context.finish().as_ref().to_vec()
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.as_ref().map(|opened| opened.name)).finish()
    }
}
