//! The policies in force, and what they allowed and denied so far.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::RwLock;

use crate::{
    decision::decide,
    policies::Policies,
    policy::Element,
    request::Request,
    trail::{Denial, Trail},
};

/// Not allowed. [`Iam::denials`] has the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the caller is not allowed to do this")]
pub struct Denied;

/// Decides, and keeps a record of its decisions.
#[derive(Debug, Default)]
pub struct Iam {
    policies: RwLock<Policies>,
    denies_unknown: AtomicBool,
    trail: Trail,
}

impl Iam {
    /// Puts policies in force in place of those before.
    pub fn enforce(&self, policies: Policies) {
        *self.policies.write() = policies;
    }

    /// From now on a caller that is no role is denied everything. Before, it is the account's operator.
    pub fn deny_unknown(&self) {
        self.denies_unknown.store(true, Ordering::SeqCst);
    }

    /// Whether `caller` may do all that a call needs. What allowed it is recorded, or the first denial.
    ///
    /// # Errors
    /// [`Denied`] when one of the requests is not allowed.
    pub fn authorize(&self, caller: &str, requests: impl IntoIterator<Item = Request>) -> Result<(), Denied> {
        let policies = self.policies.read();
        let knows_caller = policies.roles.contains_key(caller);
        let is_denied = !knows_caller && self.denies_unknown.load(Ordering::SeqCst);
        let mut used = Vec::new();
        for request in requests {
            let allowing = if is_denied { None } else { decide(&policies, caller, &request) };
            let Some(allowing) = allowing else {
                self.trail.denied(caller, &request.action, request.resource.as_deref().unwrap_or_default());
                return Err(Denied);
            };
            used.extend(allowing);
        }
        self.trail.allowed(used);
        Ok(())
    }

    /// What of the policies has allowed a call so far.
    #[must_use]
    pub fn used(&self) -> BTreeSet<Element> {
        self.trail.used()
    }

    /// All that the policies allow.
    #[must_use]
    pub fn declared(&self) -> BTreeSet<Element> {
        self.policies.read().declared()
    }

    /// The calls that were denied, oldest first; the last 1,000.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.trail.denials()
    }
}
