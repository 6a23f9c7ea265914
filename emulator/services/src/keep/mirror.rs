//! A small state that is kept whole: what differs from what was written is written.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};

use super::{changes::Changes, error::KeepError, part::Part};

/// A part that shows a state as it is after each change, so that no operation can forget to write its own.
#[derive(Debug)]
pub(crate) struct Mirror {
    part: Part,
    written: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Mirror {
    /// The mirror, and what it shows.
    pub(crate) fn open<T: DeserializeOwned>(part: Part) -> Result<(Self, BTreeMap<String, T>), KeepError> {
        let written = part.raw()?;
        let shown = written.iter().map(|(key, value)| Ok((key.clone(), part.read(value)?)));
        let shown = shown.collect::<Result<_, KeepError>>()?;
        Ok((Self { part, written: Mutex::new(written) }, shown))
    }

    /// Shows a state from now on. It is read when nobody else writes: the newest stays.
    pub(crate) fn show<K: ToString, T: Serialize>(&self, state: impl FnOnce() -> Vec<(K, T)>) {
        if !self.part.keeps() {
            return;
        }
        let mut written = self.written.lock();
        let mut changes = Changes::default();
        for (key, value) in state() {
            changes.put(&key.to_string(), &value);
        }
        let state: BTreeMap<String, Vec<u8>> =
            changes.made.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
        changes.made.retain(|(key, value)| written.get(key) != value.as_ref());
        for key in written.keys().filter(|key| !state.contains_key(*key)) {
            changes.remove(key);
        }
        self.part.write(changes);
        *written = state;
    }
}
