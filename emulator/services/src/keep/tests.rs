use std::{fs, path::PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn made() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    folder
}

fn store(folder: &TempDir) -> Store {
    Keep::open(folder.path()).unwrap().store
}

/// Every file's bytes.
fn bytes(folder: &TempDir) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn values_stay_and_each_part_has_its_own() {
    let folder = made();
    let one = store(&folder).part("one");
    one.put("a", &1);
    one.put("a", &2);
    one.put("b", &3);
    one.remove("b");
    store(&folder).part("two").put("a", &json!("other"));
    drop(one);
    let again = store(&folder);
    assert_eq!(again.part("one").all::<u32>().unwrap(), [("a".to_owned(), 2)].into());
    assert_eq!(again.part("two").one::<String>("a").unwrap().as_deref(), Some("other"));
    assert_eq!(again.part("two").one::<String>("b").unwrap(), None);
}

#[test]
fn without_a_file_nothing_is_kept_and_nothing_fails() {
    let part = Store::default().part("one");
    part.put("a", &1);
    assert!(!part.keeps() && part.all::<u32>().unwrap().is_empty());
    assert_eq!(part.one::<u32>("a").unwrap(), None);
}

#[test]
fn a_mirror_shows_the_newest_state_whole() {
    let folder = made();
    let (mirror, before) = Mirror::open::<u32>(store(&folder).part("numbers")).unwrap();
    assert!(before.is_empty());
    mirror.show(|| vec![("a", 1), ("b", 2)]);
    mirror.show(|| vec![("b", 3), ("c", 4)]);
    drop(mirror);
    let (_, after) = Mirror::open::<u32>(store(&folder).part("numbers")).unwrap();
    assert_eq!(after, [("b".to_owned(), 3), ("c".to_owned(), 4)].into());
}

#[test]
fn a_value_that_was_altered_is_damage() {
    let folder = made();
    store(&folder).part("one").put("a", &"right");
    let connection = rusqlite::Connection::open(folder.path().join(STATE)).unwrap();
    connection.execute("UPDATE kept SET value = '\"wrong\"' WHERE key = 'a'", []).unwrap_err();
    connection.execute("UPDATE kept SET value = x'2277726f6e6722' WHERE key = 'a'", []).unwrap();
    drop(connection);
    let part = store(&folder).part("one");
    assert!(matches!(part.one::<String>("a"), Err(KeepError::Damaged(STATE))));
    assert!(matches!(part.all::<String>(), Err(KeepError::Damaged(STATE))));
}

#[test]
fn a_write_that_fails_makes_the_store_fail() {
    let folder = made();
    let store = store(&folder);
    let other = rusqlite::Connection::open(folder.path().join(STATE)).unwrap();
    other.execute_batch("DROP TABLE kept").unwrap();
    assert!(!store.has_failed());
    store.part("one").put("a", &1);
    assert!(store.has_failed());
}

#[test]
fn a_file_that_is_missing_or_damaged_is_told_by_name_and_stays_as_it_is() {
    for name in [TABLES, STATE] {
        let folder = made();
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        let half = whole.len() / 2;
        for broken in [&b""[..], b"no database", &whole[..half]] {
            fs::write(&path, broken).unwrap();
            let before = bytes(&folder);
            let error = Keep::open(folder.path()).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is damaged"), "{} bytes", broken.len());
            assert_eq!(bytes(&folder), before, "{name}");
        }
        fs::remove_file(&path).unwrap();
        let before = bytes(&folder);
        assert_eq!(Keep::open(folder.path()).unwrap_err().to_string(), format!("{name} is missing"));
        assert_eq!(bytes(&folder), before, "{name}");
    }
}

#[test]
fn a_database_of_something_else_is_damage() {
    let folder = made();
    let path = folder.path().join(STATE);
    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    let before = bytes(&folder);
    assert!(matches!(Keep::open(folder.path()), Err(KeepError::Damaged(STATE))));
    assert_eq!(bytes(&folder), before);
}

#[test]
fn the_check_changes_nothing_of_what_a_killed_process_left() {
    let folder = made();
    let alive = store(&folder);
    alive.part("one").put("a", &1);
    // As it is when the process is killed now: the log has what the file has not.
    let killed = tempfile::tempdir().unwrap();
    for (path, bytes) in bytes(&folder) {
        fs::write(killed.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    assert!(killed.path().join(format!("{STATE}-wal")).exists());
    let data = |folder: &TempDir| -> Vec<_> {
        bytes(folder).into_iter().filter(|(path, _)| !path.to_string_lossy().ends_with("-shm")).collect()
    };
    let before = data(&killed);
    check::check(&killed.path().join(STATE), STATE, store::TABLE).unwrap();
    assert_eq!(data(&killed), before);
    assert_eq!(store(&killed).part("one").one::<u32>("a").unwrap(), Some(1));
}

#[cfg(unix)]
#[test]
fn only_their_user_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = made();
    let store = store(&folder);
    store.part("one").put("a", &1);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}
