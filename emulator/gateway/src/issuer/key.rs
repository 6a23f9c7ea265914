//! The signing key: it is made here, or kept in a file that only its user may read.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::RsaKeyPair,
};
use zeroize::Zeroizing;

/// The key file's name.
const FILE: &str = "sign-in-key.pem";

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The machine could not make a key.
    #[error("the signing key could not be made")]
    Generate,
    /// The folder or file of the key could not be used.
    #[error("the signing key in {path} cannot be {verb}: {source}")]
    File {
        /// What was to be done: made or read.
        verb: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file may be read by other users.
    #[error("other users can read the signing key in {path}: delete it, and a new one is made")]
    Exposed {
        /// The key file.
        path: PathBuf,
    },
    /// The file is not an RSA key.
    #[error("the signing key cannot be used: delete {FILE} in its folder, and a new one is made")]
    Malformed,
}

/// A new 2048-bit RSA key, in PEM.
pub(super) fn generate() -> Result<Zeroizing<String>, KeyError> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
    let pkcs8: Pkcs8V1Der<'static> = key.as_der().map_err(|_| KeyError::Generate)?;
    let block = pem::Pem::new("PRIVATE KEY", pkcs8.as_ref());
    Ok(Zeroizing::new(pem::encode(&block)))
}

/// The key kept in `folder`, made first when there is none. If two processes start at once, one makes it and both read it.
pub(super) fn read_or_create(folder: &Path) -> Result<Zeroizing<String>, KeyError> {
    let path = folder.join(FILE);
    match read(&path) {
        Err(KeyError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            create(folder, &path)?;
            read(&path)
        }
        found => found,
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |source| KeyError::File { verb: "read", path: path.to_owned(), source };
    refuse_exposed(path, &fs::metadata(path).map_err(failed)?)?;
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

/// Writes a whole file under another name first, then renames it, unless another process was faster. So no reader ever
/// sees half a key.
fn create(folder: &Path, path: &Path) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { verb: "made", path: path.to_owned(), source };
    create_private_folder(folder).map_err(failed)?;
    // A temporary file is readable by its owner only.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(generate()?.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(lost) => Err(failed(lost.error)),
    }
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyError::Exposed { path: path.to_owned() })
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::issuer::{Issuer, pool};

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("state").join("inside");
        let keys: Vec<_> = thread::scope(|scope| {
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(|| read_or_create(&inside).unwrap())).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 1, "nothing is left beside the key");
    }

    #[test]
    fn a_token_of_one_process_is_good_in_another_of_the_same_user() {
        let folder = tempfile::tempdir().unwrap();
        let token = Issuer::kept_in(pool(), folder.path()).unwrap().token("ann", &[]).unwrap();
        assert!(Issuer::kept_in(pool(), folder.path()).unwrap().verify(&token).is_ok());
    }

    #[test]
    fn a_file_that_is_no_key_is_an_error_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
        file.write_all(b"no key").unwrap();
        file.persist(folder.path().join(FILE)).unwrap();
        assert!(Issuer::kept_in(pool(), folder.path()).is_err());
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"no key");
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_its_users_alone_and_one_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        read_or_create(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_or_create(folder.path()), Err(KeyError::Exposed { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_clear_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = read_or_create(&file.path().join("under-a-file")).unwrap_err();
        assert!(error.to_string().contains("under-a-file"), "{error}");
    }
}
