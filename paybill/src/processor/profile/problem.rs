//! Why a profile cannot be used.

/// A profile is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseProfileError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

/// A profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// This program has no profile of that name.
    #[error("there is no profile {0:?}: give airlock, stripe, adyen, checkout, or the path of a file")]
    NoSuchName(String),
    /// The file cannot be read as text.
    #[error("the profile {0} cannot be read")]
    Unreadable(String),
    /// The file is longer than 64 KiB.
    #[error("the profile {0} is longer than 64 KiB")]
    TooLong(String),
    /// The profile is wrong.
    #[error("the profile {0} is wrong in {1}")]
    Wrong(String, #[source] ParseProfileError),
}

impl ParseProfileError {
    /// A problem at a place in the text.
    pub(super) fn at(text: &str, offset: usize, problem: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Self { line, problem: problem.into() }
    }
}
