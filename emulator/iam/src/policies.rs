//! All policies of an account: those of its roles, of its keys, and of its other resources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    policy::{Attached, Effect, Element, Policy, Statement},
    policy_error::PolicyError,
    request::Request,
};

/// Who may do what in an account.
#[derive(Debug, Default)]
pub struct Policies {
    account_id: String,
    /// By the name with which the role calls.
    pub(crate) roles: BTreeMap<String, Role>,
    /// By the key's ARN.
    pub(crate) keys: BTreeMap<String, KeyPolicy>,
    /// Of the resources of a service; each statement names its resources.
    pub(crate) resources: Vec<(String, Policy)>,
}

/// A key's policy, and the document that it was read from.
#[derive(Debug)]
pub(crate) struct KeyPolicy {
    pub(crate) policy: Policy,
    document: Value,
}

#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) policies: Vec<Policy>,
}

impl Policies {
    /// The policies of an account that has none yet.
    #[must_use]
    pub fn new(account_id: &str) -> Self {
        Self { account_id: account_id.to_owned(), ..Self::default() }
    }

    /// Adds a role without policies. `name` is its name in requests.
    pub fn add_role(&mut self, name: &str, arn: &str) {
        self.roles.insert(name.to_owned(), Role { arn: arn.to_owned(), policies: Vec::new() });
    }

    /// Attaches a policy document to a role. `id` is the policy's name in [`Element`].
    ///
    /// # Errors
    /// When there is no such role, or an element of the document is not known here.
    pub fn attach_to_role(&mut self, role: &str, id: &str, document: &Value) -> Result<(), PolicyError> {
        let policy = Policy::parse(id, document, Attached::ToRole)?;
        let role = self.roles.get_mut(role).ok_or_else(|| PolicyError::Unknown("its role".to_owned()))?;
        role.policies.push(policy);
        Ok(())
    }

    /// The same in place of the role's policy with that id, if it has one.
    ///
    /// # Errors
    /// As [`attach_to_role`](Self::attach_to_role); then nothing is changed.
    pub(crate) fn replace_at_role(
        &mut self,
        role: &str,
        id: &str,
        document: &Value,
    ) -> Result<(), PolicyError> {
        let before = self.roles.get(role).map_or(0, |role| role.policies.len());
        self.attach_to_role(role, id, document)?;
        if let Some(role) = self.roles.get_mut(role) {
            let mut places = 0..;
            role.policies.retain(|policy| places.next() == Some(before) || policy.id != id);
        }
        Ok(())
    }

    /// Sets the policy of a KMS key. A key with a policy can be used only as that policy says.
    ///
    /// # Errors
    /// When an element of the document is not known here.
    pub fn attach_to_key(&mut self, key_arn: &str, id: &str, document: &Value) -> Result<(), PolicyError> {
        let policy = self.parse_resource_policy(id, document)?;
        self.keys.insert(key_arn.to_owned(), KeyPolicy { policy, document: document.clone() });
        Ok(())
    }

    /// The policies of keys: each key's ARN with the document.
    pub fn key_documents(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.keys.iter().map(|(arn, key)| (arn.as_str(), &key.document))
    }

    /// A key's policy, if all roles that it names exist.
    pub(crate) fn parse_key_policy(&self, key_arn: &str, document: &Value) -> Result<KeyPolicy, PolicyError> {
        let id = self.keys.get(key_arn).map_or(key_arn, |present| &present.policy.id);
        let policy = self.parse_resource_policy(id, document)?;
        if !policy.principal_arns().all(|arn| self.is_principal(arn)) {
            return Err(PolicyError::Principal);
        }
        Ok(KeyPolicy { policy, document: document.clone() })
    }

    /// The name of a caller in policies: the role's ARN, or that of a user of the same name.
    pub(crate) fn arn_of(&self, caller: &str) -> String {
        match self.roles.get(caller) {
            Some(role) => role.arn.clone(),
            None => format!("{}{caller}", self.users()),
        }
    }

    /// Any name may be a user's, because a caller that is not a role is a user here.
    fn is_principal(&self, arn: &str) -> bool {
        let is_user = arn.strip_prefix(&self.users()).is_some_and(|name| !name.is_empty());
        is_user || self.roles.values().any(|role| role.arn == arn)
    }

    fn users(&self) -> String {
        format!("arn:aws:iam::{}:user/", self.account_id)
    }

    /// Copies the policies of those keys that have none here.
    pub(crate) fn keep_keys_of(&mut self, before: Self) {
        for (arn, policy) in before.keys {
            self.keys.entry(arn).or_insert(policy);
        }
    }

    /// Adds a policy of resources of `service` (such as `sqs`): its statements name them by ARN.
    ///
    /// # Errors
    /// When an element of the document is not known here.
    pub fn attach_to_resources(
        &mut self,
        service: &str,
        id: &str,
        document: &Value,
    ) -> Result<(), PolicyError> {
        let policy = self.parse_resource_policy(id, document)?;
        self.resources.push((format!("arn:aws:{service}:"), policy));
        Ok(())
    }

    /// Whether the policy `document` of a resource of an account lets an AWS service, such as `events.amazonaws.com`, do
    /// this. A service has no policies of its own.
    ///
    /// # Errors
    /// When an element of the document is not known here.
    pub fn lets_service(
        account_id: &str,
        document: &Value,
        service: &str,
        request: &Request,
    ) -> Result<bool, PolicyError> {
        let policy = Policy::parse("", document, Attached::ToResource(account_id))?;
        let resource = request.resource.as_deref().unwrap_or_default();
        let applying = policy.statements.iter().filter(|statement| {
            statement.names_service(service)
                && statement.applies(&request.action, resource, request.context.as_ref())
        });
        let effects: Vec<Effect> = applying.map(|statement| statement.effect).collect();
        Ok(effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny))
    }

    /// The policies of the service that a resource belongs to.
    pub(crate) fn of_resource<'a>(&'a self, arn: &'a str) -> impl Iterator<Item = &'a Policy> {
        let of_service = self.resources.iter().filter(|(prefix, _)| arn.starts_with(prefix.as_str()));
        of_service.map(|(_, policy)| policy)
    }

    /// Each value of each element of each statement that allows.
    pub(crate) fn declared(&self) -> BTreeSet<Element> {
        let of_roles = self.roles.values().flat_map(|role| &role.policies);
        let of_resources = self.resources.iter().map(|(_, policy)| policy);
        let allowing = |statement: &&Statement| statement.effect == Effect::Allow;
        let policies = of_roles.chain(self.keys.values().map(|key| &key.policy)).chain(of_resources);
        let statements = policies.flat_map(|policy| {
            policy.statements.iter().filter(allowing).flat_map(move |statement| statement.all(policy))
        });
        statements.collect()
    }

    fn parse_resource_policy(&self, id: &str, document: &Value) -> Result<Policy, PolicyError> {
        Policy::parse(id, document, Attached::ToResource(&self.account_id))
    }
}
