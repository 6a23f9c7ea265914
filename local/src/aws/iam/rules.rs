//! All policies of a template, with the resources' names put in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::policy::{Attached, Effect, Element, Policy, PolicyError, Statement};
use crate::template::{Resources, Template, TemplateError};

/// Why the template's policies cannot be enforced: all or nothing, so that nothing is overlooked.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A policy that cannot be evaluated here.
    #[error("{0}: {1}")]
    Policy(String, PolicyError),
}

/// Who may do what, by the template.
#[derive(Debug, Default)]
pub(in crate::aws) struct Rules {
    /// By logical id: the access-key id.
    pub(super) roles: BTreeMap<String, Role>,
    /// By the key's ARN.
    pub(super) keys: BTreeMap<String, Policy>,
    /// Of queues; each statement names its queue.
    pub(super) queues: Vec<Policy>,
}

#[derive(Debug)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) policies: Vec<Policy>,
}

/// Other ways to give a permission, which are not looked into.
const NOT_EVALUATED: [&str; 3] = ["AWS::IAM::ManagedPolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"];

impl Rules {
    pub(in crate::aws) fn of(template: &Template, resources: &Resources) -> Result<Self, RulesError> {
        let declared = |kind: &str| {
            template
                .of_kind(kind, resources, |logical_id, properties| Ok((logical_id.to_owned(), properties)))
        };
        let unknown =
            |id: &str, what: &str| RulesError::Policy(id.to_owned(), PolicyError::Unknown(what.to_owned()));
        for kind in NOT_EVALUATED {
            if let Some((id, _)) = declared(kind)?.first() {
                return Err(unknown(id, kind));
            }
        }
        let mut rules = Self::default();
        for (id, properties) in declared("AWS::IAM::Role")? {
            for other in ["Policies", "ManagedPolicyArns", "PermissionsBoundary"] {
                if properties.get(other).is_some() {
                    return Err(unknown(&id, other));
                }
            }
            let arn = resources.attribute(&id, "Arn").unwrap_or_default().to_owned();
            rules.roles.insert(id, Role { arn, policies: Vec::new() });
        }
        let mut of_roles = declared("AWS::IAM::RolePolicy")?;
        of_roles.extend(declared("AWS::IAM::Policy")?);
        for (id, properties) in of_roles {
            if ["Users", "Groups"].iter().any(|name| properties.get(*name).is_some()) {
                return Err(unknown(&id, "a policy of users or groups"));
            }
            let several = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
            for name in several.chain(properties.get("RoleName")) {
                let policy = parse(&id, properties.get("PolicyDocument"), Attached::ToRole)?;
                let role = name.as_str().and_then(|name| rules.roles.get_mut(name));
                role.ok_or_else(|| unknown(&id, "its role"))?.policies.push(policy);
            }
        }
        for (id, properties) in declared("AWS::KMS::Key")? {
            let arn = resources.attribute(&id, "Arn").unwrap_or_default().to_owned();
            rules.keys.insert(arn, parse(&id, properties.get("KeyPolicy"), Attached::ToResource)?);
        }
        for (id, properties) in declared("AWS::SQS::QueuePolicy")? {
            rules.queues.push(parse(&id, properties.get("PolicyDocument"), Attached::ToResource)?);
        }
        Ok(rules)
    }

    /// Every value of every element of every statement that allows.
    pub(super) fn declared(&self) -> BTreeSet<Element> {
        let of_roles = self.roles.values().flat_map(|role| &role.policies);
        let policies = of_roles.chain(self.keys.values()).chain(&self.queues);
        let allowing = |statement: &&Statement| statement.effect == Effect::Allow;
        let statements = policies.flat_map(|policy| {
            policy.statements.iter().filter(allowing).flat_map(move |statement| statement.all(policy))
        });
        statements.collect()
    }
}

fn parse(id: &str, document: Option<&Value>, attached: Attached) -> Result<Policy, RulesError> {
    let policy = Policy::parse(id, document.unwrap_or(&Value::Null), attached);
    policy.map_err(|error| RulesError::Policy(id.to_owned(), error))
}
