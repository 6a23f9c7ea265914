//! The policies in force, and what they allowed and denied so far.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::RwLock;
use serde_json::Value;

use crate::{
    decision::{decide, decide_with},
    policies::Policies,
    policy::Element,
    policy_error::PolicyError,
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
    /// For an account that has no policies yet.
    #[must_use]
    pub fn of_account(account_id: &str) -> Self {
        Self { policies: RwLock::new(Policies::new(account_id)), ..Self::default() }
    }

    /// Enforces these policies in place of those before. A key without a policy in them keeps its own.
    pub fn enforce(&self, mut policies: Policies) {
        let mut present = self.policies.write();
        policies.keep_keys_of(std::mem::take(&mut *present));
        *present = policies;
    }

    /// Enforces one key's policy in place of the one before.
    ///
    /// # Errors
    /// When an element of the document is not known here, or it names a role that is not there.
    pub fn enforce_on_key(&self, key_arn: &str, document: &Value) -> Result<(), PolicyError> {
        let mut policies = self.policies.write();
        let policy = policies.parse_key_policy(key_arn, document)?;
        policies.keys.insert(key_arn.to_owned(), policy);
        Ok(())
    }

    /// Puts one policy of a role in force in place of the one before, as `PutRolePolicy` does.
    ///
    /// # Errors
    /// When there is no such role, or an element of the document is not known here.
    pub fn enforce_on_role(&self, role: &str, policy: &str, document: &Value) -> Result<(), PolicyError> {
        self.policies.write().replace_at_role(role, policy, document)
    }

    /// Removes the policy of a key that was deleted.
    pub fn forget_key(&self, key_arn: &str) {
        self.policies.write().keys.remove(key_arn);
    }

    /// Whether `caller` would be allowed this, if `document` were the policy of the key that it is about. Nothing is
    /// recorded.
    ///
    /// # Errors
    /// As [`Iam::enforce_on_key`].
    pub fn would_allow(
        &self,
        caller: &str,
        request: &Request,
        document: &Value,
    ) -> Result<bool, PolicyError> {
        let policies = self.policies.read();
        let key_arn = request.resource.as_deref().unwrap_or_default();
        let policy = policies.parse_key_policy(key_arn, document)?;
        Ok(decide_with(&policies, Some(&policy), caller, request).is_some())
    }

    /// The name of a caller in policies: its role's ARN, or that of a user of the account.
    #[must_use]
    pub fn arn_of(&self, caller: &str) -> String {
        self.policies.read().arn_of(caller)
    }

    /// Whether a caller is a role.
    #[must_use]
    pub fn is_role(&self, caller: &str) -> bool {
        self.policies.read().roles.contains_key(caller)
    }

    /// From now on a caller that is not a role is denied everything. Before, it is the account's operator.
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

    /// The parts of the policies that have allowed a call so far.
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
