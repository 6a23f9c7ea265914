//! How policies together decide.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>

use crate::{
    policies::{KeyPolicy, Policies},
    policy::{Effect, Element, Named, Policy, Statement},
    request::Request,
};

/// What allows a request; `None`: it is denied. A caller without a role is the account's operator, whose own policies
/// allow everything.
pub(crate) fn decide(policies: &Policies, caller: &str, request: &Request) -> Option<Vec<Element>> {
    let of_key = request.resource.as_deref().and_then(|arn| policies.keys.get(arn));
    decide_with(policies, of_key, caller, request)
}

/// The same, if `of_key` were the policy of the key that the request is about.
pub(crate) fn decide_with(
    policies: &Policies,
    of_key: Option<&KeyPolicy>,
    caller: &str,
    request: &Request,
) -> Option<Vec<Element>> {
    let role = policies.roles.get(caller);
    let is_operator = role.is_none();
    let Some(resource) = request.resource.as_deref() else {
        // A key that the call does not name may have a policy.
        return (is_operator && !uses_a_key(&request.action)).then(Vec::new);
    };
    let applies =
        |statement: &Statement| statement.applies(&request.action, resource, request.context.as_ref());
    let own: Vec<_> =
        statements(role.map_or(&[], |role| &role.policies)).filter(|(_, s)| applies(s)).collect();

    let arn = policies.arn_of(caller);
    let on_resource: Vec<_> = of_key
        .map(|key| &key.policy)
        .into_iter()
        .chain(policies.of_resource(resource))
        .flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
        .filter(|(_, statement)| applies(statement))
        .filter_map(|(policy, statement)| Some((policy, statement, statement.names(&arn)?)))
        .collect();

    let denies = |statement: &Statement| statement.effect == Effect::Deny;
    if own.iter().any(|(_, statement)| denies(statement)) || on_resource.iter().any(|(_, s, _)| denies(s)) {
        return None;
    }
    let told = |statements: Vec<(&Policy, &Statement)>| {
        let used = |(policy, statement): (&Policy, &Statement)| {
            statement.used(policy, &request.action, resource, request.context.as_ref())
        };
        statements.into_iter().flat_map(used).collect::<Vec<_>>()
    };
    let named = |how| on_resource.iter().filter(move |(_, _, named)| *named == how).map(|(p, s, _)| (*p, *s));
    // Within the account, a resource's policy that names the caller is enough.
    let directly: Vec<_> = named(Named::Directly).collect();
    if !directly.is_empty() {
        return Some(told(directly));
    }
    if !is_operator && own.is_empty() {
        return None;
    }
    // The caller's own policies are enough for everything except a key, whose policy must delegate to them.
    let through: Vec<_> = named(Named::ThroughTheAccount).collect();
    if of_key.is_some() && through.is_empty() {
        return None;
    }
    Some(told(own.into_iter().chain(through).collect()))
}

fn statements(policies: &[Policy]) -> impl Iterator<Item = (&Policy, &Statement)> {
    policies.iter().flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
}

/// The actions for which a key's policy alone decides.
fn uses_a_key(action: &str) -> bool {
    let uses = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:CreateGrant"];
    uses.iter().any(|prefix| action.starts_with(prefix))
}
