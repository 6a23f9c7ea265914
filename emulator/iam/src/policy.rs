//! Policy documents: of a role, or of a key or queue. An element that is not known here is an error.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    condition::{Condition, Context},
    pattern,
    policy_error::PolicyError,
};

/// A policy, by the id that its owner gave it.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) statements: Vec<Statement>,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attached<'a> {
    ToRole,
    /// The account with this id.
    ToResource(&'a str),
}

#[derive(Debug)]
pub(crate) struct Statement {
    sid: String,
    pub(crate) effect: Effect,
    /// Empty in a role's policy.
    principals: Vec<Principal>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    Anybody,
    /// The account's root: the account itself, that is everyone whom its own policies allow.
    Account,
    Arn(String),
    /// An AWS service, such as `events.amazonaws.com`.
    Service(String),
}

/// How a resource's policy names a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By its ARN, or as anybody.
    Directly,
    /// As a member of the account.
    ThroughTheAccount,
}

/// One value of one element of one statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// The policy's id.
    pub policy: String,
    /// The statement's `Sid`.
    pub sid: String,
    /// `Action`, `Resource`, or a condition key.
    pub element: String,
    /// The value, as the policy has it.
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawDocument {
    version: String,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<RawStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawStatement {
    #[serde(default)]
    sid: String,
    effect: Effect,
    principal: Option<Value>,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany<Scalar>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Truth(bool),
}

impl Policy {
    pub(crate) fn parse(id: &str, document: &Value, attached: Attached<'_>) -> Result<Self, PolicyError> {
        let document = RawDocument::deserialize(document).map_err(|e| PolicyError::Shape(e.to_string()))?;
        if document.version != "2012-10-17" {
            return Err(PolicyError::Unknown(format!("Version {}", document.version)));
        }
        let statements = document.statement.into_vec().into_iter();
        let statements = statements.map(|statement| Statement::parse(statement, attached));
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        // IAM asks for it; KMS takes a key policy with the same Sid twice, as the AWS sample's.
        let mut sids = BTreeSet::new();
        let is_new = |one: &Statement| one.sid.is_empty() || sids.insert(one.sid.clone());
        if attached == Attached::ToRole && !statements.iter().all(is_new) {
            return Err(PolicyError::Shape("a Sid stands twice".to_owned()));
        }
        Ok(Self { id: id.to_owned(), statements })
    }

    /// The roles and users that it names.
    pub(crate) fn principal_arns(&self) -> impl Iterator<Item = &str> {
        let principals = self.statements.iter().flat_map(|statement| &statement.principals);
        principals.filter_map(|principal| match principal {
            Principal::Arn(arn) => Some(arn.as_str()),
            Principal::Anybody | Principal::Account | Principal::Service(_) => None,
        })
    }
}

impl Statement {
    fn parse(raw: RawStatement, attached: Attached<'_>) -> Result<Self, PolicyError> {
        let principals = match (raw.principal, attached) {
            (None, Attached::ToRole) => Vec::new(),
            (Some(principal), Attached::ToResource(account_id)) => principals(&principal, account_id)?,
            _ => return Err(PolicyError::Unknown("a statement with this Principal, or without".into())),
        };
        let conditions = raw.condition.into_iter().flat_map(|(operator, tests)| {
            tests.into_iter().map(move |(key, values)| {
                let values = values.into_vec().into_iter().map(|value| match value {
                    Scalar::Text(text) => text,
                    Scalar::Truth(truth) => truth.to_string(),
                });
                Condition::parse(&operator, &key, values.collect())
            })
        });
        let resources = raw.resource.into_vec();
        let is_arn = |resource: &String| {
            resource == "*" || (resource.splitn(6, ':').count() == 6 && !resource.contains("${"))
        };
        if let Some(other) = resources.iter().find(|resource| !is_arn(resource)) {
            return Err(PolicyError::Unknown(format!("Resource {other}")));
        }
        let actions = raw.action.into_vec();
        if actions.is_empty() || resources.is_empty() {
            return Err(PolicyError::Shape("a statement without an action or a resource".to_owned()));
        }
        Ok(Self {
            sid: raw.sid,
            effect: raw.effect,
            principals,
            actions,
            resources,
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it applies to this action on this resource in this context. With an unknown context, a denial applies, and
    /// a permission with a condition does not.
    pub(crate) fn applies(&self, action: &str, resource: &str, context: Option<&Context>) -> bool {
        self.actions.iter().any(|wanted| is_action(wanted, action))
            && self.resources.iter().any(|wanted| pattern::matches_arn(wanted, resource))
            && match context {
                Some(context) => self.conditions.iter().all(|condition| condition.holds(context)),
                None => self.conditions.is_empty() || self.effect == Effect::Deny,
            }
    }

    /// How its `Principal` names a caller, if it does.
    pub(crate) fn names(&self, caller: &str) -> Option<Named> {
        let direct = |principal: &Principal| match principal {
            Principal::Anybody => true,
            Principal::Arn(arn) => arn == caller,
            Principal::Account | Principal::Service(_) => false,
        };
        if self.principals.iter().any(direct) {
            return Some(Named::Directly);
        }
        self.principals.contains(&Principal::Account).then_some(Named::ThroughTheAccount)
    }

    /// Whether its `Principal` names an AWS service.
    pub(crate) fn names_service(&self, service: &str) -> bool {
        self.principals.iter().any(|principal| match principal {
            Principal::Anybody => true,
            Principal::Service(name) => name == service,
            Principal::Account | Principal::Arn(_) => false,
        })
    }

    /// The parts of it that a request used.
    pub(crate) fn used(
        &self,
        policy: &Policy,
        action: &str,
        resource: &str,
        context: Option<&Context>,
    ) -> Vec<Element> {
        let actions = self.actions.iter().filter(|wanted| is_action(wanted, action));
        let resources = self.resources.iter().filter(|wanted| pattern::matches_arn(wanted, resource));
        let conditions = context
            .into_iter()
            .flat_map(|context| self.conditions.iter().flat_map(move |condition| condition.used(context)));
        self.elements(policy, actions, resources, conditions)
    }

    /// All of it.
    pub(crate) fn all(&self, policy: &Policy) -> Vec<Element> {
        let conditions = self.conditions.iter().flat_map(Condition::all);
        self.elements(policy, self.actions.iter(), self.resources.iter(), conditions)
    }

    fn elements<'a>(
        &self,
        policy: &Policy,
        actions: impl Iterator<Item = &'a String>,
        resources: impl Iterator<Item = &'a String>,
        conditions: impl Iterator<Item = (String, String)>,
    ) -> Vec<Element> {
        let named = |name: &'static str| move |value: &String| (name.to_owned(), value.clone());
        let elements = actions.map(named("Action")).chain(resources.map(named("Resource"))).chain(conditions);
        elements
            .map(|(element, value)| Element {
                policy: policy.id.clone(),
                sid: self.sid.clone(),
                element,
                value,
            })
            .collect()
    }
}

/// Actions are compared without regard to case.
fn is_action(wanted: &str, action: &str) -> bool {
    pattern::matches(&wanted.to_lowercase(), &action.to_lowercase())
}

/// `"*"`, `{"AWS": …}` or `{"Service": …}`.
fn principals(principal: &Value, account_id: &str) -> Result<Vec<Principal>, PolicyError> {
    if principal.as_str() == Some("*") {
        return Ok(vec![Principal::Anybody]);
    }
    let named = BTreeMap::<String, OneOrMany<String>>::deserialize(principal);
    let named = named.map_err(|_| PolicyError::Unknown("this Principal".into()))?;
    let mut principals = Vec::new();
    for (kind, names) in named {
        for name in names.into_vec() {
            principals.push(match (kind.as_str(), name.as_str()) {
                ("Service", _) => Principal::Service(name),
                ("AWS", "*") => Principal::Anybody,
                ("AWS", id) if id == account_id => Principal::Account,
                ("AWS", arn) if *arn == format!("arn:aws:iam::{account_id}:root") => Principal::Account,
                ("AWS", arn) if arn.starts_with("arn:aws:iam::") && !arn.contains(['*', '?']) => {
                    Principal::Arn(name)
                }
                _ => return Err(PolicyError::Unknown(format!("Principal {kind} {name}"))),
            });
        }
    }
    Ok(principals)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement() -> Value {
        json!({"Sid": "S", "Effect": "Allow", "Action": "dynamodb:Get*", "Resource": "arn:aws:dynamodb:r:1:table/T",
            "Condition": {"StringEquals": {"dynamodb:Select": "COUNT"}}})
    }

    fn parse(statement: Value, attached: Attached<'_>) -> Result<Policy, PolicyError> {
        Policy::parse("P", &json!({"Version": "2012-10-17", "Statement": [statement]}), attached)
    }

    #[test]
    fn a_statement_applies_to_its_actions_resources_and_conditions_together() {
        let policy = parse(statement(), Attached::ToRole).unwrap();
        let counting = Context::default().with("dynamodb:Select", ["COUNT".to_owned()]);
        let table = "arn:aws:dynamodb:r:1:table/T";
        let applies = |action, resource, context| policy.statements[0].applies(action, resource, context);
        assert!(applies("dynamodb:GetItem", table, Some(&counting)));
        assert!(applies("DynamoDB:getitem", table, Some(&counting)));
        assert!(!applies("dynamodb:PutItem", table, Some(&counting)));
        assert!(!applies("dynamodb:GetItem", "arn:aws:dynamodb:r:1:table/TT", Some(&counting)));
        assert!(!applies("dynamodb:GetItem", table, Some(&Context::default())));
    }

    #[test]
    fn an_unclear_context_fits_a_denial_and_no_conditional_permission() {
        let mut denying = statement();
        denying["Effect"] = json!("Deny");
        for (statement, expected) in [(statement(), false), (denying, true)] {
            let policy = parse(statement, Attached::ToRole).unwrap();
            let table = "arn:aws:dynamodb:r:1:table/T";
            assert_eq!(policy.statements[0].applies("dynamodb:GetItem", table, None), expected);
        }
    }

    #[test]
    fn what_is_not_known_is_no_policy() {
        let with = |member: &str, value: Value| {
            let mut statement = statement();
            statement[member] = value;
            statement
        };
        for (member, value) in [
            ("NotAction", json!("dynamodb:GetItem")),
            ("NotResource", json!("*")),
            ("Effect", json!("Maybe")),
            ("Resource", json!("table/T")),
            ("Resource", json!("arn:aws:dynamodb:r:1:table/${aws:username}")),
            ("Principal", json!("*")),
            ("Condition", json!({"NumericEquals": {"dynamodb:Select": "1"}})),
        ] {
            assert!(parse(with(member, value), Attached::ToRole).is_err(), "{member}");
        }
        assert!(parse(statement(), Attached::ToRole).is_ok());
        for document in [
            json!({"Version": "2008-10-17", "Statement": []}),
            json!({"Statement": []}),
            json!({"Version": "2012-10-17", "Statement": [], "More": 1}),
            json!({"Version": "2012-10-17", "Statement": [statement(), statement()]}),
            json!({"Version": "2012-10-17", "Statement": [with("Action", json!([]))]}),
            json!({"Version": "2012-10-17", "Statement": [with("Resource", json!([]))]}),
        ] {
            assert!(Policy::parse("P", &document, Attached::ToRole).is_err(), "{document}");
        }
    }

    #[test]
    fn a_principal_is_anybody_the_account_one_arn_or_a_service() {
        let role = "arn:aws:iam::123456789012:role/R";
        for (principal, named) in [
            (json!("*"), Some(Named::Directly)),
            (json!({"AWS": "*"}), Some(Named::Directly)),
            (json!({"AWS": ["arn:aws:iam::123456789012:role/Q", role]}), Some(Named::Directly)),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), Some(Named::ThroughTheAccount)),
            (json!({"AWS": "123456789012"}), Some(Named::ThroughTheAccount)),
            (json!({"AWS": "arn:aws:iam::123456789012:role/Q"}), None),
            (json!({"Service": "sqs.amazonaws.com"}), None),
        ] {
            let mut statement = statement();
            statement["Principal"] = principal;
            let policy = parse(statement, Attached::ToResource("123456789012")).unwrap();
            assert_eq!(policy.statements[0].names(role), named);
        }
        for principal in [json!({"Federated": "x"}), json!({"AWS": "arn:aws:iam::1:role/*"}), json!("me")] {
            let mut statement = statement();
            statement["Principal"] = principal;
            assert!(parse(statement, Attached::ToResource("123456789012")).is_err());
        }
        assert!(parse(statement(), Attached::ToResource("123456789012")).is_err());
    }
}
