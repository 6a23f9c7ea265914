//! Changes of a part.

use serde::Serialize;

/// Changes that are made together, or not at all.
#[derive(Debug, Default)]
pub struct Changes {
    pub(super) made: Vec<(String, Option<Vec<u8>>)>,
    /// Whether one of them has no form as JSON.
    pub(super) is_broken: bool,
}

impl Changes {
    /// Puts a value in place of the one before.
    pub fn put(&mut self, key: &str, value: &impl Serialize) {
        match serde_json::to_vec(value) {
            Ok(value) => self.made.push((key.to_owned(), Some(value))),
            Err(_) => self.is_broken = true,
        }
    }

    /// Removes a value, if it is there.
    pub fn remove(&mut self, key: &str) {
        self.made.push((key.to_owned(), None));
    }
}
