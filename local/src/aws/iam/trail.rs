//! What IAM allowed and denied, for tests that hold the template to what is used.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use super::policy::Element;

const MAX_DENIALS: usize = 1_000;
const MAX_NAME_CHARS: usize = 256;

/// A call that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The caller's access-key id.
    pub caller: String,
    /// The action that was not allowed, such as `kms:Decrypt`.
    pub action: String,
    /// The resource's ARN; empty when it could not be told.
    pub resource: String,
}

#[derive(Debug, Default)]
pub(super) struct Trail {
    used: Mutex<BTreeSet<Element>>,
    denials: Mutex<VecDeque<Denial>>,
}

impl Trail {
    pub(super) fn allowed(&self, used: Vec<Element>) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
    }

    pub(super) fn denied(&self, caller: &str, action: &str, resource: &str) {
        let name = |text: &str| -> String { text.chars().take(MAX_NAME_CHARS).collect() };
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() == MAX_DENIALS {
            denials.pop_front();
        }
        denials.push_back(Denial { caller: name(caller), action: name(action), resource: name(resource) });
    }

    pub(super) fn used(&self) -> BTreeSet<Element> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn denials(&self) -> Vec<Denial> {
        self.denials.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
