//! What an administrator does with users.

use std::time::Duration;

use serde_json::json;

use super::{
    Cognito, Outcome,
    attributes::own_attributes,
    error::CognitoError,
    input::Input,
    password::PasswordHash,
    state::secret,
    user::{User, UserStatus},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// No e-mail leaves this machine, so no user is invited by one.
pub(super) fn create_user(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let email = input.required("Username")?;
    match input.text("MessageAction")? {
        Some("SUPPRESS") => {}
        None | Some("RESEND") => {
            return Err(CognitoError::Unsupported("an invitation by e-mail (give MessageAction SUPPRESS)"));
        }
        Some(_) => return Err(CognitoError::Invalid("MessageAction")),
    }
    let attributes = own_attributes(email, input.attributes()?, &["email_verified"])?;
    let hash = match input.text("TemporaryPassword")? {
        Some(password) => {
            pool.settings.passwords.check(password)?;
            PasswordHash::of(password)?
        }
        // Nobody knows it, as on AWS where nobody gets the message.
        None => PasswordHash::of(&secret()?)?,
    };
    let now = pool.clock.now();
    let mut state = pool.state.lock();
    if state.user(email).is_some() {
        return Err(CognitoError::Exists);
    }
    let mut user = User::new(email, UserStatus::ForceChangePassword, now);
    user.attributes.extend(attributes);
    user.password = Some(hash);
    user.temporary_until = Some(now + temporary(pool));
    let shown = user.shown(None);
    state.users.push(user);
    Ok(json!({ "User": shown }))
}

pub(super) fn set_password(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let (named, password) = (input.required("Username")?, input.required("Password")?);
    let is_permanent = input.truth("Permanent")?;
    pool.settings.passwords.check(password)?;
    let hash = PasswordHash::of(password)?;
    let now = pool.clock.now();
    let mut state = pool.state.lock();
    let user = state.user(named).ok_or(CognitoError::NoUser)?;
    user.password = Some(hash);
    (user.code, user.failures, user.locked_until, user.modified) = (None, 0, None, now);
    (user.status, user.temporary_until) = if is_permanent {
        (UserStatus::Confirmed, None)
    } else {
        (UserStatus::ForceChangePassword, Some(now + temporary(pool)))
    };
    Ok(json!({}))
}

pub(super) fn add_to_group(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let (named, group) = (input.required("Username")?, input.required("GroupName")?);
    if !pool.settings.groups.iter().any(|name| name == group) {
        return Err(CognitoError::NoGroup);
    }
    let mut state = pool.state.lock();
    let user = state.user(named).ok_or(CognitoError::NoUser)?;
    user.groups.insert(group.to_owned());
    user.modified = pool.clock.now();
    Ok(json!({}))
}

fn temporary(pool: &Cognito) -> Duration {
    DAY * u32::try_from(pool.settings.passwords.temporary_password_validity_days).unwrap_or(u32::MAX)
}
