//! New material for a key, by the clock and on demand.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    error::KmsError,
    input::Input,
    key::{Key, KeyState, Schedule, seconds},
    material::{Material, RotationType},
    page::page,
    spec::KeySpec,
    turn::Turn,
};
use crate::account::Account;

const STANDARD_PERIOD_DAYS: u32 = 365;
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>
const MOST_ON_DEMAND: usize = 25;
const TOO_CLOSE: Duration = Duration::from_secs(20 * 60);
const MOST_LISTED: u32 = 1000;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>
pub(crate) fn enable_key_rotation(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let days = input.number("RotationPeriodInDays", 90..=2560)?.unwrap_or(STANDARD_PERIOD_DAYS);
    let (now, account) = (turn.now, turn.account);
    let key = turn.key_mut(input)?;
    must_rotate(key, account)?;
    key.must_be_enabled(account)?;
    if key.schedule.is_none_or(|schedule| schedule.period_in_days != days) {
        key.schedule = Some(Schedule::starting(days, now));
    }
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html>
pub(crate) fn disable_key_rotation(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let account = turn.account;
    let key = turn.key_mut(input)?;
    must_rotate(key, account)?;
    key.must_be_enabled(account)?;
    key.schedule = None;
    Ok(json!({}))
}

/// Of a key that waits for its deletion it is false, whatever it was and will be again.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>
pub(crate) fn get_key_rotation_status(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let account = turn.account;
    let key = turn.key_mut(input)?;
    let is_pending = matches!(key.state, KeyState::PendingDeletion(_));
    let schedule = key.schedule.filter(|_| !is_pending);
    let mut status = Map::new();
    status.insert("KeyId".into(), key.arn(account).into());
    status.insert("KeyRotationEnabled".into(), schedule.is_some().into());
    if let Some(schedule) = schedule {
        status.insert("RotationPeriodInDays".into(), schedule.period_in_days.into());
        status.insert("NextRotationDate".into(), seconds(schedule.next).into());
    }
    Ok(Value::Object(status))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>
pub(crate) fn rotate_key_on_demand(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let (now, account) = (turn.now, turn.account);
    let key = turn.key_mut(input)?;
    must_rotate(key, account)?;
    key.must_be_enabled(account)?;
    let rotated = key.materials.iter().filter_map(|material| material.rotated);
    if rotated.filter(|rotated| rotated.why == RotationType::OnDemand).count() >= MOST_ON_DEMAND {
        return Err(KmsError::LimitExceeded("rotations on demand of a key"));
    }
    if key.schedule.is_some_and(|schedule| schedule.next <= now + TOO_CLOSE) {
        return Err(KmsError::Conflict(key.arn(account)));
    }
    key.rotate(RotationType::OnDemand, now)?;
    Ok(json!({ "KeyId": key.arn(account) }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>
pub(crate) fn list_key_rotations(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let all = match input.text("IncludeKeyMaterial")? {
        None | Some("ROTATIONS_ONLY") => false,
        Some("ALL_KEY_MATERIAL") => true,
        Some(_) => return Err(KmsError::validation("IncludeKeyMaterial must be the name of one")),
    };
    let account = turn.account;
    let key = turn.key_mut(input)?;
    must_rotate(key, account)?;
    let versions = key.materials.iter().enumerate().filter(|(_, material)| all || material.rotated.is_some());
    let listed =
        versions.map(|(place, material)| (format!("{place:08}"), rotation(key, place, material, account)));
    page("Rotations", listed.collect(), MOST_LISTED, input)
}

fn rotation(key: &Key, place: usize, material: &Material, account: &Account) -> Value {
    let is_current = place + 1 == key.materials.len();
    let mut listed = Map::new();
    listed.insert("KeyId".into(), key.arn(account).into());
    listed.insert("KeyMaterialId".into(), material.id.as_str().into());
    listed.insert("KeyMaterialState".into(), if is_current { "CURRENT" } else { "NON_CURRENT" }.into());
    if let Some(rotated) = material.rotated {
        listed.insert("RotationDate".into(), seconds(rotated.at).into());
        listed.insert("RotationType".into(), rotated.why.name().into());
    }
    Value::Object(listed)
}

/// Only symmetric encryption keys are rotated.
fn must_rotate(key: &Key, account: &Account) -> Result<(), KmsError> {
    match key.spec {
        KeySpec::Symmetric => Ok(()),
        KeySpec::Hmac(_) => Err(KmsError::unsupported(format!("rotation of {}", key.arn(account)))),
    }
}
