//! Signing in with a password or a refresh token, and the one challenge: a new password.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{
    Cognito, Outcome,
    error::CognitoError,
    input::Input,
    password::PasswordHash,
    state::{Handed, State, digest_of, secret},
    user::{User, UserStatus},
};
use crate::issuer::{Identity, Lifetimes};

const NEW_PASSWORD: &str = "NEW_PASSWORD_REQUIRED";
/// `AuthSessionValidity` of a client that does not say otherwise.
const SESSION_LIFETIME: Duration = Duration::from_secs(3 * 60);

pub(super) fn initiate(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let flow = input.required("AuthFlow")?;
    let enabled = |flow: &str| pool.settings.flows.iter().any(|enabled| enabled == flow);
    match flow {
        "USER_PASSWORD_AUTH" if enabled("ALLOW_USER_PASSWORD_AUTH") => by_password(pool, input),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" if enabled("ALLOW_REFRESH_TOKEN_AUTH") => {
            by_refresh_token(pool, input)
        }
        _ => Err(CognitoError::FlowNotEnabled),
    }
}

fn by_password(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let named = input.within("AuthParameters", "USERNAME")?;
    let password = input.within("AuthParameters", "PASSWORD")?;
    let now = pool.clock.now();
    let mut guard = pool.state.lock();
    let State { users, refresh_tokens, sessions } = &mut *guard;
    // Who is not there is not told apart from a wrong password.
    let user = users.iter_mut().find(|user| user.is_named(named));
    let user = user.ok_or(CognitoError::IncorrectPassword)?;
    // Cognito says so before it looks at the password.
    if user.status == UserStatus::Unconfirmed {
        return Err(CognitoError::NotConfirmed);
    }
    user.check_password(password, now)?;
    if user.status == UserStatus::ForceChangePassword {
        if user.temporary_until.is_some_and(|until| now >= until) {
            return Err(CognitoError::TemporaryPasswordExpired);
        }
        let session = secret()?;
        sessions.retain(|_, handed| now < handed.until);
        sessions.insert(
            digest_of(&session),
            Handed { sub: user.sub, signed_in: now, until: now + SESSION_LIFETIME },
        );
        return Ok(challenge(user, &session));
    }
    let refresh = secret()?;
    let handed = Handed { sub: user.sub, signed_in: now, until: now + pool.settings.refresh_token };
    refresh_tokens.retain(|_, handed| now < handed.until);
    refresh_tokens.insert(digest_of(&refresh), handed);
    tokens(pool, user, now, now, Some(refresh))
}

fn by_refresh_token(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let given = input.within("AuthParameters", "REFRESH_TOKEN")?;
    let now = pool.clock.now();
    let state = pool.state.lock();
    let handed = state.refresh_tokens.get(&digest_of(given)).filter(|handed| now < handed.until);
    let handed = handed.ok_or(CognitoError::RefreshToken)?;
    let user = state.users.iter().find(|user| user.sub == handed.sub).ok_or(CognitoError::RefreshToken)?;
    tokens(pool, user, handed.signed_in, now, None)
}

pub(super) fn respond(pool: &Cognito, input: &Input<'_>) -> Outcome {
    if input.required("ChallengeName")? != NEW_PASSWORD {
        return Err(CognitoError::Unsupported("this challenge"));
    }
    let session = digest_of(input.required("Session")?);
    let named = input.within("ChallengeResponses", "USERNAME")?;
    let password = input.within("ChallengeResponses", "NEW_PASSWORD")?;
    pool.settings.passwords.check(password)?;
    let hash = PasswordHash::of(password)?;
    let now = pool.clock.now();
    let mut guard = pool.state.lock();
    let State { users, refresh_tokens, sessions } = &mut *guard;
    let handed = sessions.get(&session).copied().filter(|handed| now < handed.until);
    let handed = handed.ok_or(CognitoError::Session)?;
    let user = users.iter_mut().find(|user| user.sub == handed.sub && user.is_named(named));
    let user = user.ok_or(CognitoError::Session)?;
    sessions.remove(&session);
    user.password = Some(hash);
    (user.status, user.temporary_until, user.modified) = (UserStatus::Confirmed, None, now);
    let refresh = secret()?;
    let handed = Handed { sub: user.sub, signed_in: now, until: now + pool.settings.refresh_token };
    refresh_tokens.insert(digest_of(&refresh), handed);
    tokens(pool, user, now, now, Some(refresh))
}

fn challenge(user: &User, session: &str) -> Value {
    let attributes = json!({ "email": user.email, "email_verified": user.attribute("email_verified") });
    json!({
        "ChallengeName": NEW_PASSWORD,
        "Session": session,
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.sub,
            "requiredAttributes": "[]",
            "userAttributes": attributes.to_string(),
        },
    })
}

fn tokens(
    pool: &Cognito,
    user: &User,
    signed_in: SystemTime,
    now: SystemTime,
    refresh: Option<String>,
) -> Outcome {
    let groups: Vec<String> = user.groups.iter().cloned().collect();
    let identity = Identity {
        sub: user.sub,
        username: &user.sub.to_string(),
        email: &user.email,
        email_verified: user.attribute("email_verified").as_deref() == Some("true"),
        groups: &groups,
        signed_in,
    };
    let lifetimes = Lifetimes { id: pool.settings.id_token, access: pool.settings.access_token };
    let (id, access) = pool.issuer.tokens(&identity, now, lifetimes).map_err(|_| CognitoError::Internal)?;
    let mut result = json!({
        "AccessToken": access,
        "ExpiresIn": pool.settings.access_token.as_secs(),
        "IdToken": id,
        "TokenType": "Bearer",
    });
    if let (Some(refresh), Some(result)) = (refresh, result.as_object_mut()) {
        result.insert("RefreshToken".to_owned(), refresh.into());
    }
    Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}
