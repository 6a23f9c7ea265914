//! Where the functions' programs are: beside this one.

use std::{
    env::{self, consts::EXE_SUFFIX},
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

/// A function's program is not in the folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{function}: its program \"{program}\" is not built yet: run `{command}`")]
pub struct ProgramMissingError {
    /// The function's id.
    pub function: String,
    /// The program's name.
    pub program: String,
    /// The command that builds it.
    pub command: String,
}

/// The folder of the running program, where cargo puts the workspace's programs. A test runs one below it.
///
/// # Errors
/// When the system does not say where the running program is.
pub fn beside_this_program() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let folder = program.parent().unwrap_or_else(|| Path::new("."));
    let is_test = folder.file_name() == Some(OsStr::new("deps"));
    Ok(folder.parent().filter(|_| is_test).unwrap_or(folder).to_owned())
}

/// The program of a function.
pub(crate) fn find(folder: &Path, function: &str, program: &str) -> Result<PathBuf, ProgramMissingError> {
    let path = folder.join(format!("{program}{EXE_SUFFIX}"));
    if !program.is_empty() && path.is_file() {
        return Ok(path);
    }
    Err(ProgramMissingError {
        function: function.to_owned(),
        program: program.to_owned(),
        command: format!("cargo build --workspace{}", profile(folder)),
    })
}

/// Cargo names the folder after the profile.
fn profile(folder: &Path) -> &'static str {
    if folder.file_name() == Some(OsStr::new("release")) { " --release" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_the_command_that_builds_it_for_the_same_profile() {
        let home = tempfile::tempdir().unwrap();
        for (profile, command) in
            [("debug", "cargo build --workspace"), ("release", "cargo build --workspace --release")]
        {
            let folder = home.path().join(profile);
            std::fs::create_dir(&folder).unwrap();
            let error = find(&folder, "IngestFunction", "ingest").unwrap_err().to_string();
            assert_eq!(
                error,
                format!("IngestFunction: its program \"ingest\" is not built yet: run `{command}`")
            );
            std::fs::write(folder.join(format!("ingest{EXE_SUFFIX}")), "").unwrap();
            assert!(find(&folder, "IngestFunction", "ingest").is_ok());
        }
    }
}
