//! The state of a pass in a file: what was counted so far, and where it continues. Neither is about a card.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use tempfile::NamedTempFile;

/// The file of a pass cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum PassFileError {
    #[error("cannot use the state file {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    #[error("the state file {0} is not one of this command")]
    Unreadable(PathBuf),
    #[error("the state file {0} is of another pass; finish that one, or name another file")]
    OfAnother(PathBuf),
}

pub(super) struct PassFile(PathBuf);

impl PassFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The pass as far as it got, if it is the right one; none: there is no file.
    pub(super) fn read<P: DeserializeOwned>(
        &self,
        is_right: impl FnOnce(&P) -> bool,
    ) -> Result<Option<P>, PassFileError> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let pass = serde_json::from_slice(&text).map_err(|_| PassFileError::Unreadable(self.0.clone()))?;
        if is_right(&pass) { Ok(Some(pass)) } else { Err(PassFileError::OfAnother(self.0.clone())) }
    }

    /// Writes it whole under another name and renames it: whenever this program is killed, the file can be read.
    pub(super) fn write(&self, pass: &impl Serialize) -> Result<(), PassFileError> {
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
        let file = file.map_err(|error| self.failed(error))?;
        serde_json::to_writer(&file, pass).map_err(|error| self.failed(error.into()))?;
        file.persist(&self.0).map(drop).map_err(|error| self.failed(error.error))
    }

    pub(super) fn remove(&self) -> Result<(), PassFileError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: io::Error) -> PassFileError {
        PassFileError::Io(self.0.clone(), error)
    }
}

#[cfg(test)]
mod tests {
    use rewrap::{Action, Summary};

    use super::*;

    fn read(file: &PassFile, action: Action) -> Result<Option<Summary>, PassFileError> {
        file.read(|pass: &Summary| pass.action == action)
    }

    #[test]
    fn a_pass_is_read_back_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = PassFile::new(folder.path().join("state.json"));
        assert_eq!(read(&file, Action::Rewrap).unwrap(), None);
        let cursor = "11111111-2222-4333-8444-aaaaaaaaaaaa".parse().ok();
        let pass = Summary { rows: 7, rewrapped: 5, cursor, ..Summary::new(Action::Rewrap) };
        file.write(&pass).unwrap();
        assert_eq!(read(&file, Action::Rewrap).unwrap(), Some(pass));
        assert!(matches!(read(&file, Action::Verify), Err(PassFileError::OfAnother(_))));
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_file_is_neither_taken_nor_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, r#"{"action":"4111111111111111"}"#).unwrap();
        let error = read(&PassFile::new(path), Action::Rewrap).unwrap_err().to_string();
        assert!(error.contains("is not one of") && !error.contains("4111"), "{error}");
    }
}
