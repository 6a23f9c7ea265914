//! What IAM allowed and denied, for tests that check that the template allows only what is used.

use std::collections::{BTreeSet, VecDeque};

use crate::policy::Element;
use parking_lot::Mutex;

const MAX_DENIALS: usize = 1_000;
const MAX_NAME_CHARS: usize = 256;

/// A call that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The caller's access-key id.
    pub caller: String,
    /// The action that was not allowed, such as `kms:Decrypt`.
    pub action: String,
    /// The resource's ARN; empty when it is not known.
    pub resource: String,
}

#[derive(Debug, Default)]
pub(crate) struct Trail {
    used: Mutex<BTreeSet<Element>>,
    denials: Mutex<VecDeque<Denial>>,
}

impl Trail {
    pub(crate) fn allowed(&self, used: Vec<Element>) {
        self.used.lock().extend(used);
    }

    pub(crate) fn denied(&self, caller: &str, action: &str, resource: &str) {
        let name = |text: &str| -> String { text.chars().take(MAX_NAME_CHARS).collect() };
        let mut denials = self.denials.lock();
        if denials.len() == MAX_DENIALS {
            denials.pop_front();
        }
        denials.push_back(Denial { caller: name(caller), action: name(action), resource: name(resource) });
    }

    pub(crate) fn used(&self) -> BTreeSet<Element> {
        self.used.lock().clone()
    }

    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.denials.lock().iter().cloned().collect()
    }
}
