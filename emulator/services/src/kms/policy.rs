//! Key policies: the policy that is shown is the one that is enforced.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>

use card_airlock_iam as iam;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{error::KmsError, input::Input, key::Key, page::page, turn::Turn};
use crate::account::Account;

pub(crate) const OF_PUT: &[&str] = &["BypassPolicyLockoutSafetyCheck", "KeyId", "Policy", "PolicyName"];
/// The only one that a key has.
const NAME: &str = "default";
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const MOST_BYTES: usize = 32 * 1024;
const MOST_LISTED: u32 = 1000;

/// Whether the caller must still be able to change the policy afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lockout {
    Refused,
    Accepted,
}

impl Lockout {
    pub(crate) fn read(input: &Input<'_>) -> Result<Self, KmsError> {
        let accepted = input.truth("BypassPolicyLockoutSafetyCheck")?;
        Ok(if accepted { Self::Accepted } else { Self::Refused })
    }
}

/// What a key has that was made without one: the account decides.
pub(crate) fn standard(account: &Account) -> String {
    let root = format!("arn:aws:iam::{}:root", account.id);
    let document = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": root },
            "Action": "kms:*",
            "Resource": "*",
        }],
    });
    format!("{document:#}")
}

/// Checks a policy and enforces it from now on.
pub(crate) fn put_in_force(turn: &Turn<'_>, key: Uuid, text: &str, lockout: Lockout) -> Result<(), KmsError> {
    let malformed = |why: String| KmsError::MalformedPolicy(why);
    if text.is_empty() {
        return Err(KmsError::validation("Policy must not be empty"));
    }
    if text.len() > MOST_BYTES {
        return Err(KmsError::LimitExceeded("a policy's length"));
    }
    let document: Value =
        serde_json::from_str(text).map_err(|_| malformed("The policy is not JSON.".to_owned()))?;
    let arn = turn.account.key_arn(key);
    if lockout == Lockout::Refused && !turn.caller.is_empty() {
        let change = iam::Request {
            action: "kms:PutKeyPolicy".to_owned(),
            resource: Some(arn.clone()),
            context: Some(iam::Context::default().with("aws:SecureTransport", ["true".to_owned()])),
        };
        let may =
            turn.iam.would_allow(turn.caller, &change, &document).map_err(|e| malformed(e.to_string()))?;
        if !may {
            let why = "The new key policy will not allow you to update the key policy in the future.";
            return Err(malformed(why.to_owned()));
        }
    }
    turn.iam.enforce_on_key(&arn, &document).map_err(|error| malformed(error.to_string()))
}

/// Enforces the policy that a key shows. It was checked when it was put; a role that it names may be gone since.
pub(crate) fn enforce_shown(turn: &Turn<'_>, key: &Key) {
    let document: Value = serde_json::from_str(&key.policy).unwrap_or_default();
    if turn.iam.enforce_on_key(&key.arn(turn.account), &document).is_err() {
        tracing::error!(key = %key.id, "the policy of a key cannot be enforced: it names a role that is not there");
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>
pub(crate) fn put_key_policy(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    must_be_the_default(input)?;
    let text = input.required("Policy")?;
    let id = turn.key_mut(input)?.id;
    put_in_force(turn, id, text, Lockout::read(input)?)?;
    turn.key_mut(input)?.policy = text.to_owned();
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>
pub(crate) fn get_key_policy(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    must_be_the_default(input)?;
    Ok(json!({ "Policy": turn.key_mut(input)?.policy, "PolicyName": NAME }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>
pub(crate) fn list_key_policies(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    turn.key_mut(input)?;
    page("PolicyNames", vec![(NAME.to_owned(), NAME.into())], MOST_LISTED, input)
}

fn must_be_the_default(input: &Input<'_>) -> Result<(), KmsError> {
    match input.text("PolicyName")? {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(KmsError::NoSuchPolicy),
    }
}
