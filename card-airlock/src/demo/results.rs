//! The outcome of each order of a file, one JSON object per line: no card, and no text that was not accepted.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde::Serialize;

use super::{error::DemoError, summary::Outcome};

/// The outcome of the order of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LineResult {
    /// The line of the file, counted from one.
    pub(super) line: u64,
    /// The order's id, once it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<String>,
    /// The token in the card's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// The card's mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<String>,
    /// Where it ended.
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// Where results are written, besides the totals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Results<'a> {
    /// On standard output, as JSON.
    pub(super) json: bool,
    /// To a file.
    pub(super) file: Option<&'a Path>,
}

impl<'a> Results<'a> {
    /// Opens the file, if there is to be one.
    pub(super) fn open(self) -> Result<ResultsWriter<'a>, DemoError> {
        let open = |path: &'a Path| match File::create(path) {
            Ok(file) => Ok((path, BufWriter::new(file))),
            Err(error) => Err(DemoError::Results { path: path.to_owned(), error }),
        };
        Ok(ResultsWriter { json: self.json, file: self.file.map(open).transpose()? })
    }
}

/// Writes results as they come.
pub(super) struct ResultsWriter<'a> {
    json: bool,
    file: Option<(&'a Path, BufWriter<File>)>,
}

impl ResultsWriter<'_> {
    /// Writes one result wherever results go.
    pub(super) fn write(&mut self, result: &LineResult, out: &mut dyn Write) -> Result<(), DemoError> {
        if !self.json && self.file.is_none() {
            return Ok(());
        }
        let mut line = serde_json::to_vec(result).map_err(io::Error::from)?;
        line.push(b'\n');
        if self.json {
            out.write_all(&line)?;
        }
        self.write_file(|file| file.write_all(&line))
    }

    /// Writes what is still in the buffer to the file.
    pub(super) fn finish(&mut self) -> Result<(), DemoError> {
        self.write_file(BufWriter::flush)
    }

    fn write_file(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), DemoError> {
        match &mut self.file {
            Some((path, file)) => {
                write(file).map_err(|error| DemoError::Results { path: path.to_path_buf(), error })
            }
            None => Ok(()),
        }
    }
}
