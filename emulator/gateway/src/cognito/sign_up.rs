//! Signing up, and confirming it. No e-mail leaves this machine: the code is in the log.

use std::time::Duration;

use aws_lc_rs::rand;
use serde_json::json;

use super::{
    Cognito, Outcome,
    attributes::own_attributes,
    error::CognitoError,
    input::Input,
    password::PasswordHash,
    user::{User, UserStatus},
};

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn sign_up(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let (email, password) = (input.required("Username")?, input.required("Password")?);
    let attributes = input.attributes()?;
    if !pool.settings.self_sign_up {
        return Err(CognitoError::NoSelfSignUp);
    }
    let attributes = own_attributes(email, attributes, &[])?;
    pool.settings.passwords.check(password)?;
    let hash = PasswordHash::of(password)?;
    let (now, code) = (pool.clock.now(), code()?);
    let mut state = pool.state.lock();
    if state.user(email).is_some() {
        return Err(CognitoError::Exists);
    }
    let mut user = User::new(email, UserStatus::Unconfirmed, now);
    user.attributes.extend(attributes);
    user.password = Some(hash);
    user.code = Some((code.clone(), now + CODE_LIFETIME));
    let (sub, destination) = (user.sub, masked(email));
    state.users.push(user);
    drop(state);
    tracing::warn!(code, %sub, "no e-mail is sent here: this is the confirmation code of a sign-up");
    Ok(json!({
        "UserConfirmed": false,
        "UserSub": sub,
        "CodeDeliveryDetails": {
            "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": destination,
        },
    }))
}

pub(super) fn confirm(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let (named, given) = (input.required("Username")?, input.required("ConfirmationCode")?);
    let now = pool.clock.now();
    let mut state = pool.state.lock();
    // Who is not there is not told apart from a code that has expired.
    let user = state.user(named).ok_or(CognitoError::ExpiredCode)?;
    if user.status != UserStatus::Unconfirmed {
        return Err(CognitoError::NotToBeConfirmed);
    }
    match &user.code {
        Some((code, until)) if now < *until => {
            if code != given {
                return Err(CognitoError::CodeMismatch);
            }
        }
        _ => return Err(CognitoError::ExpiredCode),
    }
    (user.status, user.code, user.modified) = (UserStatus::Confirmed, None, now);
    user.attributes.insert("email_verified".to_owned(), "true".to_owned());
    Ok(json!({}))
}

/// Six digits.
fn code() -> Result<String, CognitoError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| CognitoError::Internal)?;
    Ok(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000))
}

/// `a***@e***`, as Cognito shows where it sent something.
fn masked(email: &str) -> String {
    let first = |part: &str| part.chars().next().map(|first| format!("{first}***")).unwrap_or_default();
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    format!("{}@{}", first(local), first(domain))
}
