//! Checks a database file before it is used, and changes no byte of it.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::error::KeepError;

/// What stands for itself in the path of a URI.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// Whether a file is a whole database with this table. It opens the file to read, and leaves the log of writes as it is.
pub(super) fn check(path: &Path, name: &'static str, table: &str) -> Result<(), KeepError> {
    let length = fs::metadata(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => KeepError::Missing(name),
        _ => KeepError::File { name, source },
    })?;
    // SQLite takes an empty file for an empty database.
    if length.len() == 0 && !has_log(path) {
        return Err(KeepError::Damaged(name));
    }
    is_whole(path, table).ok().filter(|whole| *whole).map(drop).ok_or(KeepError::Damaged(name))
}

fn is_whole(path: &Path, table: &str) -> rusqlite::Result<bool> {
    let connection = opened(path)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let tables: u32 = connection.query_row(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1",
        [table],
        |row| row.get(0),
    )?;
    Ok(verdict == "ok" && tables == 1)
}

fn opened(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if has_log(path) {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Ok(connection);
    }
    // Without a log SQLite would make an empty one to read.
    let path = path.to_string_lossy();
    let uri = format!("file:{}?immutable=1", utf8_percent_encode(&path, IN_PATH));
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
}

/// Whether there are writes that are not in the file itself: the process was killed.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(PathBuf::from(log)).is_ok_and(|log| log.len() > 0)
}
