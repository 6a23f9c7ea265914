//! `up --data DIR`: the folder in which a stack keeps its state.

mod error;
mod folder;
mod rights;
mod version;

pub use error::DataError;
pub use folder::DataFolder;
