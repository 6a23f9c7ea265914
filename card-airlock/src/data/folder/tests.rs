use tempfile::TempDir;

use super::*;

/// Every file below a folder, with its bytes.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

fn folder() -> (TempDir, PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("not there").join("data");
    (above, path)
}

/// A folder that was used and is closed.
fn used() -> (TempDir, PathBuf) {
    let (above, path) = folder();
    let opened = DataFolder::open(&path).unwrap();
    opened.keep().store().part("test").put("key", &"value");
    (above, path)
}

/// Refuses, says this, and leaves every byte.
fn refuses(path: &Path, told: &str) {
    let before = bytes(path);
    let error = DataFolder::open(path).unwrap_err().to_string();
    assert!(error.contains(told) && error.contains("data"), "{error}");
    assert_eq!(bytes(path), before, "{told}");
}

#[test]
fn a_folder_is_made_and_opened_again_with_what_it_kept() {
    let (_above, path) = used();
    let again = DataFolder::open(&path).unwrap();
    let value = again.keep().store().part("test").one::<String>("key").unwrap();
    assert_eq!(value.as_deref(), Some("value"));
}

#[test]
fn an_empty_folder_is_taken() {
    let (_above, path) = folder();
    private_folder(&path).unwrap();
    DataFolder::open(&path).unwrap();
}

#[test]
fn a_second_program_is_refused_until_the_first_has_ended() {
    let (_above, path) = folder();
    let first = DataFolder::open(&path).unwrap();
    let error = DataFolder::open(&path).unwrap_err();
    assert!(matches!(error, DataError::InUse(_)), "{error}");
    assert!(error.to_string().starts_with("another `card-airlock up` uses /"), "{error}");
    drop(first);
    DataFolder::open(&path).unwrap();
}

#[test]
fn a_folder_of_something_else_is_refused_and_nothing_is_made_in_it() {
    let (_above, path) = folder();
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    refuses(&path, "is not empty");
}

#[test]
fn a_folder_that_lost_its_version_is_refused() {
    let (_above, path) = used();
    fs::remove_file(path.join("version.json")).unwrap();
    refuses(&path, "it has no file version.json");
}

#[test]
fn a_newer_format_is_refused() {
    let (_above, path) = used();
    let newer = r#"{"program":"card-airlock","format":2,"isComplete":true,"more":[]}"#;
    fs::write(path.join("version.json"), newer).unwrap();
    refuses(&path, "has format 2, of a newer card-airlock; this one knows format 1");
}

#[test]
fn a_damaged_version_is_refused() {
    for damaged in
        ["", "1", r#"{"program":"card-airlock","format":"1"}"#, r#"{"program":"another","format":1}"#]
    {
        let (_above, path) = used();
        fs::write(path.join("version.json"), damaged).unwrap();
        refuses(&path, "the file version.json is damaged");
    }
}

#[test]
fn a_damaged_or_missing_database_is_refused() {
    for name in ["tables.db", "state.db"] {
        let (_above, path) = used();
        fs::write(path.join(name), "no database").unwrap();
        refuses(&path, &format!("{name} is damaged"));
        fs::remove_file(path.join(name)).unwrap();
        refuses(&path, &format!("{name} is missing"));
    }
}

#[test]
fn a_first_start_that_was_killed_is_done_again() {
    let (_above, path) = folder();
    private_folder(&path).unwrap();
    drop(lock(&path).unwrap());
    private_file().write(true).create(true).open(path.join(NEW_FILE)).unwrap();
    Version::of_this_program(false).write(&path).unwrap();
    private_file().write(true).create(true).open(path.join("tables.db")).unwrap();
    drop(DataFolder::open(&path).unwrap());
    DataFolder::open(&path).unwrap();
}

#[test]
fn a_path_that_leads_to_a_file_is_a_clear_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("data")] {
        let error = DataFolder::open(&path).unwrap_err();
        assert!(matches!(error, DataError::File { .. }), "{error}");
    }
}

#[cfg(unix)]
mod rights_of_others {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_the_user_may_open_the_folder_and_its_files() {
        let (_above, path) = folder();
        let opened = DataFolder::open(&path).unwrap();
        opened.keep().store().part("test").put("key", &"value");
        assert_eq!(mode(&path), 0o700);
        for (file, _) in bytes(&path) {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }

    #[test]
    fn a_folder_or_file_that_others_may_open_is_refused() {
        let (_above, path) = used();
        set_mode(&path, 0o750);
        refuses(&path, "other users can open");
        set_mode(&path, 0o700);
        set_mode(&path.join("state.db"), 0o604);
        refuses(&path, "state.db, and key material is in there: run chmod -R go-rwx");
        set_mode(&path.join("state.db"), 0o600);
        DataFolder::open(&path).unwrap();
    }
}
