//! The folder: made or checked, and locked.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use card_airlock_services::Keep;

use super::{
    error::DataError,
    rights::{exposed, private_file, private_folder},
    version::{FORMAT, Found, NEW_FILE, Version},
};

const LOCK: &str = "lock";

/// A folder that keeps the state of one stack. It is locked until this value is dropped, or the process ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    keep: Keep,
    _lock: File,
}

impl DataFolder {
    /// Opens a folder that a stack made before, or makes one: the path leads nowhere yet, or to an empty folder.
    ///
    /// # Errors
    /// [`DataError`]; then no file in it was changed, and none was made in a folder of something else.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |source| DataError::File { path: path.to_owned(), source };
        match private_folder(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        // SQLite would take some relative paths for something else.
        let path = fs::canonicalize(path).map_err(failed)?;
        // First of all: nobody is to change the rights of a folder of something else.
        version_of(&path)?;
        if let Some(exposed) = exposed(&path).map_err(failed)? {
            return Err(DataError::Exposed(exposed));
        }
        let lock = lock(&path)?;
        // Another process may have made the folder meanwhile, and stopped.
        let version = version_of(&path)?;
        let keep_failed = |source| DataError::Keep { path: path.clone(), source };
        if version.is_none_or(|version| !version.is_complete) {
            Version::of_this_program(false).write(&path).map_err(failed)?;
            Keep::make(&path).map_err(keep_failed)?;
            Version::of_this_program(true).write(&path).map_err(failed)?;
        }
        let keep = Keep::open(&path).map_err(keep_failed)?;
        Ok(Self { keep, path, _lock: lock })
    }

    /// The folder's whole path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the stack's services keep in it.
    #[must_use]
    pub fn keep(&self) -> &Keep {
        &self.keep
    }
}

/// The version of a folder; `None`: it is new.
fn version_of(path: &Path) -> Result<Option<Version>, DataError> {
    let failed = |source| DataError::File { path: path.to_owned(), source };
    match Version::read(path).map_err(failed)? {
        Found::Version(version) if version.format > FORMAT => {
            Err(DataError::Newer { path: path.to_owned(), format: version.format })
        }
        Found::Version(version) => Ok(Some(version)),
        Found::Damaged => Err(DataError::Version(path.to_owned())),
        Found::Nothing if is_new(path).map_err(failed)? => Ok(None),
        Found::Nothing => Err(DataError::Foreign(path.to_owned())),
    }
}

/// Whether there is nothing in it but what is made before the version file.
fn is_new(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != LOCK && name != NEW_FILE {
            return Ok(false);
        }
    }
    Ok(true)
}

fn lock(path: &Path) -> Result<File, DataError> {
    let file = path.join(LOCK);
    let failed = |source| DataError::File { path: file.clone(), source };
    // Nothing is ever written to it.
    let lock = private_file().append(true).create(true).open(&file).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DataError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests;
