//! IAM: every call is held to the template's policies, as AWS evaluates them. What is not known here, in a policy
//! or in a request, allows nothing.
//!
//! A caller whose access-key id is a role's logical id has that role's statements. Any other is the account's
//! operator, whose own policies allow everything, unless unknown callers are denied.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>

mod ask;
mod condition;
mod expression;
mod items;
mod pattern;
mod policy;
mod rules;
mod trail;

use std::{
    collections::BTreeSet,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

pub use policy::{Element, PolicyError};
pub(super) use rules::Rules;
pub use rules::RulesError;
pub use trail::Denial;

use super::request::Request;
use ask::Ask;
use policy::{Effect, Named, Policy, Statement};
use trail::Trail;

/// Not allowed. Says nothing more: the trail does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denied;

/// The policies in force, and what came of them.
#[derive(Debug, Default)]
pub(super) struct Iam {
    rules: RwLock<Rules>,
    denies_unknown: AtomicBool,
    trail: Trail,
}

impl Iam {
    /// Puts policies in force in place of those before.
    pub(super) fn enforce(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// From now on, who is no role is nobody.
    pub(super) fn deny_unknown(&self) {
        self.denies_unknown.store(true, Ordering::SeqCst);
    }

    /// Whether a request's caller may have all that it asks.
    pub(super) fn authorize(&self, request: &Request) -> Result<(), Denied> {
        self.decide(&request.role, ask::asks(request))
    }

    /// Whether a role may read a stream, as an event source mapping does for its function.
    pub(super) fn authorize_stream(&self, role: &str, stream_arn: &str) -> Result<(), Denied> {
        let actions = ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"];
        let asks = actions.map(|action| Ask {
            action: format!("dynamodb:{action}"),
            resource: Some(stream_arn.to_owned()),
            context: Some(condition::Context::default()),
        });
        self.decide(role, asks.into())
    }

    /// What of the policies has allowed anything so far.
    pub(super) fn used(&self) -> BTreeSet<Element> {
        self.trail.used()
    }

    /// All that the policies allow.
    pub(super) fn declared(&self) -> BTreeSet<Element> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).declared()
    }

    pub(super) fn denials(&self) -> Vec<Denial> {
        self.trail.denials()
    }

    fn decide(&self, caller: &str, asks: Vec<Ask>) -> Result<(), Denied> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut used = Vec::new();
        for ask in asks {
            let Some(allowing) = self.allowing(&rules, caller, &ask) else {
                self.trail.denied(caller, &ask.action, ask.resource.as_deref().unwrap_or_default());
                return Err(Denied);
            };
            used.extend(allowing);
        }
        self.trail.allowed(used);
        Ok(())
    }

    /// What allows an ask; `None`: it is denied.
    fn allowing(&self, rules: &Rules, caller: &str, ask: &Ask) -> Option<Vec<Element>> {
        let role = rules.roles.get(caller);
        let is_operator = role.is_none();
        if is_operator && self.denies_unknown.load(Ordering::SeqCst) {
            return None;
        }
        let Some(resource) = ask.resource.as_deref() else {
            // A key that cannot be told may be an envelope key.
            return (is_operator && !uses_a_key(&ask.action)).then(Vec::new);
        };
        let applies = |statement: &Statement| statement.applies(&ask.action, resource, ask.context.as_ref());
        let own: Vec<_> =
            statements(role.map_or(&[], |role| &role.policies)).filter(|(_, s)| applies(s)).collect();

        let key = rules.keys.get(resource);
        let on_resource: Vec<&Policy> = key
            .into_iter()
            .chain(rules.queues.iter().filter(|_| resource.starts_with("arn:aws:sqs:")))
            .collect();
        let arn = role.map_or("arn:aws:iam::operator", |role| &role.arn);
        let on_resource: Vec<_> = on_resource
            .into_iter()
            .flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
            .filter(|(_, statement)| applies(statement))
            .filter_map(|(policy, statement)| Some((policy, statement, statement.names(arn)?)))
            .collect();

        let denies = |statement: &Statement| statement.effect == Effect::Deny;
        if own.iter().any(|(_, statement)| denies(statement)) || on_resource.iter().any(|(_, s, _)| denies(s))
        {
            return None;
        }
        let told = |statements: Vec<(&Policy, &Statement)>| {
            let used = |(policy, statement): (&Policy, &Statement)| {
                statement.used(policy, &ask.action, resource, ask.context.as_ref())
            };
            statements.into_iter().flat_map(used).collect::<Vec<_>>()
        };
        let named =
            |how| on_resource.iter().filter(move |(_, _, named)| *named == how).map(|(p, s, _)| (*p, *s));
        // Within the account, a resource's policy that names the caller is enough.
        let directly: Vec<_> = named(Named::Directly).collect();
        if !directly.is_empty() {
            return Some(told(directly));
        }
        if !is_operator && own.is_empty() {
            return None;
        }
        // The caller's own policies are enough for everything but a key, whose policy must hand the matter on.
        let through: Vec<_> = named(Named::ThroughTheAccount).collect();
        if key.is_some() && through.is_empty() {
            return None;
        }
        Some(told(own.into_iter().chain(through).collect()))
    }
}

fn statements(policies: &[Policy]) -> impl Iterator<Item = (&Policy, &Statement)> {
    policies.iter().flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
}

/// What an envelope key's policy keeps from the account.
fn uses_a_key(action: &str) -> bool {
    let uses = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:CreateGrant"];
    uses.iter().any(|prefix| action.starts_with(prefix))
}

#[cfg(test)]
mod tests;
