//! The key that was the vault's before the present one, as a stack finds it: it is not the stack's own, it keeps the
//! policy that it had, and the operator has added the statement of docs/keys.md.

use card_airlock_template::Template;
use serde_json::Value;

/// Its name among the policies that are enforced here.
pub(crate) const NAME: &str = "PreviousVaultKey";
/// What the operator adds to its policy.
const STATEMENT: &str = include_str!("../../docs/previous-key-statement.json");
/// What stands in it in place of the role.
const ROLE_ARN: &str = "REWRAP_ROLE_ARN";
/// The role that moves data keys.
pub(crate) const REWRAP_ROLE: &str = "RewrapRole";
/// What moves them to the present key, and what seals imported cards under it: none of the previous one's.
const OF_THE_PRESENT_KEY: [&str; 2] = ["RewrapMovesKeysHere", "ImportSealsForTheVault"];

/// Its ARN, if the stack is told of one.
pub(crate) fn arn(template: &Template) -> Option<&str> {
    template.parameter("PreviousVaultKeyArn").filter(|arn| !arn.is_empty())
}

/// Its policy, by that of the present key; `None` by that of a key that is not the vault's.
pub(crate) fn policy(present: &Value, rewrap_role_arn: &str) -> Option<Value> {
    let mut policy = present.clone();
    let statements = policy.get_mut("Statement")?.as_array_mut()?;
    statements.iter().any(is_of_the_vault).then_some(())?;
    let sid = |statement: &Value| statement.get("Sid").and_then(Value::as_str).map(str::to_owned);
    statements
        .retain(|statement| sid(statement).is_none_or(|sid| !OF_THE_PRESENT_KEY.contains(&sid.as_str())));
    statements.push(serde_json::from_str(&STATEMENT.replace(ROLE_ARN, rewrap_role_arn)).ok()?);
    Some(policy)
}

fn is_of_the_vault(statement: &Value) -> bool {
    let equals = statement.pointer("/Condition/StringEquals");
    equals.and_then(|equals| equals.get("kms:EncryptionContext:purpose")) == Some(&Value::from("vault"))
}
