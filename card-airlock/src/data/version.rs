//! The version file: which format the folder has, and whether it was made to its end.

use std::{fs, io, io::Write, path::Path};

use serde::{Deserialize, Serialize};

use super::rights::private_file;

/// The file's name, and the one under which it is written first.
pub(super) const FILE: &str = "version.json";
pub(super) const NEW_FILE: &str = "version.json.new";
/// The format that this program reads and writes.
pub(super) const FORMAT: u64 = 1;
const PROGRAM: &str = "card-airlock";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    program: String,
    pub(super) format: u64,
    /// Whether every file was made. Before that nothing was accepted.
    #[serde(default)]
    pub(super) is_complete: bool,
}

/// What the file of a folder says.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    Version(Version),
    Damaged,
}

impl Version {
    pub(super) fn of_this_program(is_complete: bool) -> Self {
        Self { program: PROGRAM.to_owned(), format: FORMAT, is_complete }
    }

    pub(super) fn read(folder: &Path) -> io::Result<Found> {
        let text = match fs::read(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            text => text?,
        };
        let version = serde_json::from_slice::<Self>(&text).ok();
        let version = version.filter(|version| version.program == PROGRAM && version.format > 0);
        Ok(version.map_or(Found::Damaged, Found::Version))
    }

    /// Writes the whole file under another name, then renames it: a reader finds this version or the one before.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join(NEW_FILE);
        let mut file = private_file().write(true).create(true).truncate(true).open(&new)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(new, folder.join(FILE))?;
        sync_folder(folder)
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
