//! The values of one owner.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use super::{changes::Changes, error::KeepError, store::Store};

/// The values of one owner, by their keys. A write that fails makes the whole store fail ([`Store::has_failed`]), so that
/// nobody has to look at each.
#[derive(Debug, Clone)]
pub struct Part {
    store: Store,
    name: &'static str,
}

impl Store {
    /// The values of one owner, by their keys.
    #[must_use]
    pub fn part(&self, name: &'static str) -> Part {
        Part { store: self.clone(), name }
    }
}

impl Part {
    /// Whether anything is kept.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.store.keeps()
    }

    /// As [`Store::has_failed`].
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.store.has_failed()
    }

    /// Every value.
    ///
    /// # Errors
    /// When the file cannot be read, or a value is not what was written.
    pub fn all<T: DeserializeOwned>(&self) -> Result<BTreeMap<String, T>, KeepError> {
        let raw = self.raw()?;
        raw.into_iter().map(|(key, value)| Ok((key, self.read(&value)?))).collect()
    }

    /// The values whose keys begin so, by the rest of their keys.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn beginning_with<T: DeserializeOwned>(
        &self,
        prefix: &str,
    ) -> Result<BTreeMap<String, T>, KeepError> {
        let raw = self.raw()?.into_iter();
        let found = raw.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value)));
        found.map(|(key, value)| Ok((key, self.read(&value)?))).collect()
    }

    /// One value.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn one<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, KeepError> {
        self.store.one(self.name, key)?.map(|value| self.read(&value)).transpose()
    }

    /// Puts a value in place of the one before.
    pub fn put(&self, key: &str, value: &impl Serialize) {
        self.change(|changes| changes.put(key, value));
    }

    /// Removes a value, if it is there.
    pub fn remove(&self, key: &str) {
        self.change(|changes| changes.remove(key));
    }

    /// Makes all changes together.
    pub fn write(&self, changes: Changes) {
        self.store.write(self.name, changes);
    }

    pub(super) fn raw(&self) -> Result<BTreeMap<String, Vec<u8>>, KeepError> {
        Ok(self.store.all(self.name)?.into_iter().collect())
    }

    pub(super) fn read<T: DeserializeOwned>(&self, value: &[u8]) -> Result<T, KeepError> {
        serde_json::from_slice(value).map_err(|_| self.store.damaged())
    }

    fn change(&self, make: impl FnOnce(&mut Changes)) {
        if self.keeps() {
            let mut changes = Changes::default();
            make(&mut changes);
            self.write(changes);
        }
    }
}
