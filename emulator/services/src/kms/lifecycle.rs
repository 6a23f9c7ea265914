//! A key's life: it is made, disabled and enabled, and deleted some days after that was asked for.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    error::KmsError,
    input::Input,
    key::{Key, KeyState, seconds},
    page::page,
    policy::{self, Lockout},
    spec::{KeySpec, SYMMETRIC_DEFAULT},
    turn::Turn,
};

pub(crate) const OF_CREATE_KEY: &[&str] = &[
    "BypassPolicyLockoutSafetyCheck",
    "CustomerMasterKeySpec",
    "Description",
    "KeySpec",
    "KeyUsage",
    "MultiRegion",
    "Origin",
    "Policy",
    "Tags",
];
const MOST_DESCRIPTION_CHARS: usize = 8192;
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const MOST_KEYS: usize = 100_000;
const MOST_LISTED: u32 = 1000;
const LONGEST_WINDOW_DAYS: u32 = 30;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>
pub(crate) fn create_key(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let spec = input.text("KeySpec")?.or(input.text("CustomerMasterKeySpec")?);
    let spec = KeySpec::read(spec.unwrap_or(SYMMETRIC_DEFAULT))?;
    let usage = input.text("KeyUsage")?.unwrap_or("ENCRYPT_DECRYPT");
    if usage != spec.usage() {
        return Err(KmsError::validation(format!("KeyUsage must be {} for {}", spec.usage(), spec.name())));
    }
    if input.text("Origin")?.is_some_and(|origin| origin != "AWS_KMS") {
        return Err(KmsError::unsupported("an Origin other than AWS_KMS"));
    }
    if input.truth("MultiRegion")? {
        return Err(KmsError::unsupported("a multi-Region key"));
    }
    if input.list("Tags")?.is_some_and(|tags| !tags.is_empty()) {
        return Err(KmsError::unsupported("a key with Tags"));
    }
    let description = input.text("Description")?.unwrap_or_default();
    if description.chars().count() > MOST_DESCRIPTION_CHARS {
        return Err(KmsError::validation(format!(
            "Description must have at most {MOST_DESCRIPTION_CHARS} characters"
        )));
    }
    if turn.state.keys.len() >= MOST_KEYS {
        return Err(KmsError::LimitExceeded("keys in a Region"));
    }
    let standard = policy::standard(turn.account);
    let text = input.text("Policy")?.unwrap_or(&standard);
    let key = Key::generate(Uuid::new_v4(), spec, description, text, turn.now)?;
    Ok(json!({ "KeyMetadata": add(turn, key, Lockout::read(input)?)? }))
}

/// A symmetric key under an id that it got elsewhere. One that is there already stays as it is.
pub(crate) fn add_known(turn: &mut Turn<'_>, id: Uuid, description: &str) -> Result<(), KmsError> {
    if turn.state.keys.contains_key(&id) {
        return Ok(());
    }
    let standard = policy::standard(turn.account);
    let key = Key::generate(id, KeySpec::Symmetric, description, &standard, turn.now)?;
    add(turn, key, Lockout::Accepted).map(drop)
}

/// Adds a key whose policy may be put in force, and gives its metadata.
fn add(turn: &mut Turn<'_>, key: Key, lockout: Lockout) -> Result<Value, KmsError> {
    policy::put_in_force(turn, key.id, &key.policy, lockout)?;
    let metadata = key.metadata(turn.account);
    turn.state.keys.insert(key.id, key);
    Ok(metadata)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>
pub(crate) fn describe_key(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    Ok(json!({ "KeyMetadata": turn.key(input, "KeyId")?.metadata(turn.account) }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>
pub(crate) fn list_keys(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let listed =
        |key: &Key| (key.id.to_string(), json!({ "KeyId": key.id, "KeyArn": key.arn(turn.account) }));
    page("Keys", turn.state.keys.values().map(listed).collect(), MOST_LISTED, input)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>
pub(crate) fn enable_key(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let (now, account) = (turn.now, turn.account);
    let key = turn.key_mut(input)?;
    key.must_stay(account)?;
    key.enable(now)?;
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html>
pub(crate) fn disable_key(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let account = turn.account;
    let key = turn.key_mut(input)?;
    key.must_stay(account)?;
    key.state = KeyState::Disabled;
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
pub(crate) fn schedule_key_deletion(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let days = input.number("PendingWindowInDays", 7..=LONGEST_WINDOW_DAYS)?.unwrap_or(LONGEST_WINDOW_DAYS);
    let (now, account) = (turn.now, turn.account);
    let key = turn.key_mut(input)?;
    key.must_stay(account)?;
    let at = now + Duration::from_secs(24 * 60 * 60) * days;
    key.state = KeyState::PendingDeletion(at);
    Ok(json!({
        "KeyId": key.arn(account),
        "DeletionDate": seconds(at),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>
pub(crate) fn cancel_key_deletion(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let account = turn.account;
    let key = turn.key_mut(input)?;
    if !matches!(key.state, KeyState::PendingDeletion(_)) {
        return Err(KmsError::NotPendingDeletion(key.arn(account)));
    }
    key.state = KeyState::Disabled;
    Ok(json!({ "KeyId": key.arn(account) }))
}
