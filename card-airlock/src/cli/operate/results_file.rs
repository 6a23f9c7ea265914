//! What became of each row, a JSON object in a line. A pass that continues cuts off what was written after its state was
//! saved: those rows are told again.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use import::RowResult;

/// The file of results cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum ResultsFileError {
    #[error("cannot write the results to {0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    #[error("the file {0} is not the one that the results of this pass were written to")]
    OfAnother(PathBuf),
    #[error("the pass writes its results to {0}; name that file again with --results")]
    NotNamed(PathBuf),
    #[error(
        "the file {0} exists already; name another one for the results, or continue with the --state of its pass"
    )]
    Exists(PathBuf),
}

pub(super) struct ResultsFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl ResultsFile {
    /// A pass that begins overwrites no old file.
    pub(super) fn refuse_old(path: &Path) -> Result<(), ResultsFileError> {
        match path.try_exists() {
            Ok(false) => Ok(()),
            Ok(true) => Err(ResultsFileError::Exists(path.to_owned())),
            Err(error) => Err(ResultsFileError::Io(path.to_owned(), error)),
        }
    }

    /// The file of a pass, up to where its state was saved; it is made where nothing was saved yet.
    pub(super) fn continued(path: PathBuf, length: u64) -> Result<Self, ResultsFileError> {
        let failed = |error| ResultsFileError::Io(path.clone(), error);
        let mut options = OpenOptions::new();
        options.write(true).create(length == 0).truncate(false);
        // Tokens and keys are nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() < length {
            return Err(ResultsFileError::OfAnother(path));
        }
        file.set_len(length).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the results of a chunk, and gives the length of the file.
    pub(super) fn append(&mut self, rows: &[RowResult]) -> Result<u64, ResultsFileError> {
        self.write(rows).map_err(|error| ResultsFileError::Io(self.path.clone(), error))
    }

    fn write(&mut self, rows: &[RowResult]) -> io::Result<u64> {
        for row in rows {
            serde_json::to_writer(&mut self.file, row)?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        self.file.stream_position()
    }
}

#[cfg(test)]
mod tests {
    use import::Outcome;

    use super::*;

    fn row(key: &str) -> RowResult {
        let key = vec![Some(key.to_owned())];
        RowResult { key, order: None, outcome: Outcome::Imported, reason: None, owner_by: None }
    }

    #[test]
    fn a_pass_that_continues_tells_each_row_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut file = ResultsFile::continued(path.clone(), 0).unwrap();
        let saved = file.append(&[row("1"), row("2")]).unwrap();
        // Killed before the state of this chunk was saved.
        file.append(&[row("3")]).unwrap();
        drop(file);
        let mut file = ResultsFile::continued(path.clone(), saved).unwrap();
        file.append(&[row("3"), row("4")]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let keys: Vec<_> =
            text.lines().map(|line| serde_json::from_str::<RowResult>(line).unwrap().key).collect();
        assert_eq!(keys, ["1", "2", "3", "4"].map(|key| vec![Some(key.to_owned())]));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_results() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        ResultsFile::continued(path.clone(), 0).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_pass_that_continues_takes_no_shorter_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let continued = |length| ResultsFile::continued(path.clone(), length);
        assert!(matches!(continued(1), Err(ResultsFileError::Io(..))));
        std::fs::write(&path, "abc").unwrap();
        assert!(matches!(continued(4), Err(ResultsFileError::OfAnother(_))));
        assert!(continued(3).is_ok());
    }

    #[test]
    fn an_old_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        assert!(ResultsFile::refuse_old(&path).is_ok());
        std::fs::write(&path, "old").unwrap();
        assert!(matches!(ResultsFile::refuse_old(&path), Err(ResultsFileError::Exists(_))));
    }
}
