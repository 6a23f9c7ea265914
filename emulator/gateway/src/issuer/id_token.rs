//! What an ID token says, how long it is valid, and what a valid one must say.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Value, json};
use uuid::Uuid;

use super::UserPool;

/// How long an ID token is valid: Cognito's default.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

pub(super) fn id_token_validation(pool: &UserPool) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.leeway = 0;
    validation.set_audience(&[&pool.client_id]);
    validation.set_issuer(&[pool.issuer_url()]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation
}

/// Who signed in, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) sub: Uuid,
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) email_verified: bool,
    pub(crate) groups: &'a [String],
    pub(crate) signed_in: SystemTime,
}

/// How long tokens are valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    pub(crate) id: Duration,
    pub(crate) access: Duration,
}

/// The claims for a name that need not be a user of the pool's.
pub(super) fn id_claims(pool: &UserPool, when: SystemTime, user: &str, groups: &[String]) -> Value {
    let email = if user.contains('@') { user.to_owned() } else { format!("{user}@example.com") };
    let identity = Identity {
        sub: subject(pool, user),
        username: user,
        email: &email,
        email_verified: true,
        groups,
        signed_in: when,
    };
    id_claims_of(pool, &identity, when, TOKEN_LIFETIME)
}

pub(super) fn id_claims_of(
    pool: &UserPool,
    identity: &Identity<'_>,
    now: SystemTime,
    lifetime: Duration,
) -> Value {
    let own = json!({
        "cognito:username": identity.username,
        "email": identity.email,
        "email_verified": identity.email_verified,
        "aud": pool.client_id,
        "token_use": "id",
    });
    claims(pool, identity, now, lifetime, own)
}

/// Of an access token, which the authorizer of a REST API refuses.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
pub(super) fn access_claims_of(
    pool: &UserPool,
    identity: &Identity<'_>,
    now: SystemTime,
    lifetime: Duration,
) -> Value {
    let own = json!({
        "client_id": pool.client_id,
        "scope": "aws.cognito.signin.user.admin",
        "token_use": "access",
        "username": identity.username,
    });
    claims(pool, identity, now, lifetime, own)
}

/// What both kinds of token say.
fn claims(
    pool: &UserPool,
    identity: &Identity<'_>,
    now: SystemTime,
    lifetime: Duration,
    own: Value,
) -> Value {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut claims = json!({
        "sub": identity.sub,
        "iss": pool.issuer_url(),
        "auth_time": seconds(identity.signed_in),
        "iat": seconds(now),
        "exp": seconds(now + lifetime),
        "jti": Uuid::new_v4(),
        "event_id": Uuid::new_v4(),
    });
    if let (Some(claims), Value::Object(own)) = (claims.as_object_mut(), own) {
        claims.extend(own);
        // Cognito leaves the claim out for a user without groups.
        if !identity.groups.is_empty() {
            claims.insert("cognito:groups".to_owned(), json!(identity.groups));
        }
    }
    claims
}

/// The user's `sub`: the same for the same name, on every machine.
fn subject(pool: &UserPool, user: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}#{user}", pool.issuer_url()).as_bytes())
}
