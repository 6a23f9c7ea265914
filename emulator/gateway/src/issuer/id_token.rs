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

pub(super) fn id_claims(pool: &UserPool, when: SystemTime, user: &str, groups: &[String]) -> Value {
    let issued = when.duration_since(UNIX_EPOCH).unwrap_or_default();
    let email = if user.contains('@') { user.to_owned() } else { format!("{user}@example.com") };
    let mut claims = json!({
        "sub": subject(pool, user),
        "cognito:username": user,
        "email": email,
        "email_verified": true,
        "aud": pool.client_id,
        "iss": pool.issuer_url(),
        "token_use": "id",
        "auth_time": issued.as_secs(),
        "iat": issued.as_secs(),
        "exp": (issued + TOKEN_LIFETIME).as_secs(),
        "jti": Uuid::new_v4(),
        "event_id": Uuid::new_v4(),
    });
    // Cognito leaves the claim out for a user without groups.
    if let (false, Some(claims)) = (groups.is_empty(), claims.as_object_mut()) {
        claims.insert("cognito:groups".to_owned(), json!(groups));
    }
    claims
}

/// The user's `sub`: the same for the same name, on every machine.
fn subject(pool: &UserPool, user: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}#{user}", pool.issuer_url()).as_bytes())
}
