//! The file that says to scripts where the stack serves, and that it is ready.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use tempfile::NamedTempFile;

/// The ready file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the ready file {path}: {source}")]
pub(super) struct ReadyFileError {
    path: PathBuf,
    source: io::Error,
}

/// What the file says.
#[derive(Serialize)]
pub(super) struct Ready<'a> {
    /// The API's URL, with the stage.
    pub(super) api: &'a str,
    /// The AWS endpoint's URL.
    pub(super) aws: &'a str,
    /// An ID token.
    pub(super) token: &'a str,
}

/// A ready file. It is deleted when this value is dropped.
#[derive(Debug)]
pub(super) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes the file of an earlier run: a program that waits for it must not read that one.
    pub(super) fn clear(path: &Path) -> Result<(), ReadyFileError> {
        match fs::remove_file(path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(ReadyFileError { path: path.to_owned(), source })
            }
            _ => Ok(()),
        }
    }

    /// Writes the whole file under another name beside it, then renames it, so that no program reads half of it. Only
    /// its owner may read it, because it has a token.
    pub(super) fn write(path: &Path, ready: &Ready<'_>) -> Result<Self, ReadyFileError> {
        let failed = |source| ReadyFileError { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new("."))).map_err(failed)?;
        serde_json::to_writer(&mut file, ready).map_err(|error| failed(error.into()))?;
        file.write_all(b"\n").map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // The program is stopping. It does not matter if the file is gone already.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const READY: Ready<'static> = Ready { api: "http://a/dev", aws: "http://b", token: "t" };

    #[test]
    fn the_file_says_where_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let file = ReadyFile::write(&path, &READY).unwrap();
        let read: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, json!({ "api": "http://a/dev", "aws": "http://b", "token": "t" }));
        drop(file);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing is left, the temporary file neither"
        );
    }

    #[test]
    fn a_file_of_an_earlier_run_is_cleared_and_none_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        fs::write(&path, "old").unwrap();
        ReadyFile::clear(&path).unwrap();
        assert!(!path.exists());
        ReadyFile::clear(&path).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = ReadyFile::write(&folder.path().join("none").join("ready.json"), &READY).unwrap_err();
        assert!(error.to_string().contains("ready.json"), "{error}");
    }
}
