//! Sign-in on one machine: ID tokens shaped as Cognito's, signed here, checked as API Gateway's
//! Cognito authorizer checks them.

mod authorizer_claims;
#[cfg(test)]
pub(crate) mod bad_tokens;
mod id_token;
mod key;

use std::{path::Path, time::SystemTime};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use serde_json::{Value, json};

pub use authorizer_claims::AuthorizerClaims;
pub use id_token::TOKEN_LIFETIME;
pub(crate) use id_token::{Identity, Lifetimes};
use id_token::{access_claims_of, id_claims, id_claims_of, id_token_validation};
pub use key::KeyError;

/// Why a token was refused. It says nothing about the token, as API Gateway does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ID token is missing, expired or not of this user pool")]
pub struct TokenError;

/// Why the issuer or a token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The signing key could not be made, kept or read back.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The library refused to sign.
    #[error("the ID token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// A user pool with its one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    /// The pool's id, such as `us-east-1_AbCdEfGhI`: its region, and the end of each token's `iss`.
    pub id: String,
    /// The client's id: each token's `aud`.
    pub client_id: String,
}

impl UserPool {
    fn issuer_url(&self) -> String {
        let region = self.id.split('_').next().unwrap_or_default();
        format!("https://cognito-idp.{region}.amazonaws.com/{}", self.id)
    }
}

/// Issues ID tokens of a user pool and checks them.
pub struct Issuer {
    pool: UserPool,
    signing: EncodingKey,
    checking: DecodingKey,
    public: Jwk,
    key_id: String,
}

impl Issuer {
    /// An issuer with a key of its own, which ends with the process.
    ///
    /// # Errors
    /// When the machine cannot make a key.
    pub fn ephemeral(pool: UserPool) -> Result<Self, IssuerError> {
        Self::from_pem(pool, &key::generate()?)
    }

    /// The issuer whose key file is in `folder`, made there when there is none: all processes with the same folder
    /// accept each other's tokens.
    ///
    /// # Errors
    /// When the key file cannot be made or read, or others may read it.
    pub fn kept_in(pool: UserPool, folder: &Path) -> Result<Self, IssuerError> {
        Self::from_pem(pool, &key::read_or_create(folder)?)
    }

    fn from_pem(pool: UserPool, pem: &str) -> Result<Self, IssuerError> {
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::Malformed)?;
        let mut public =
            Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|_| KeyError::Malformed)?;
        let key_id = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::Malformed)?;
        public.common.key_id = Some(key_id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let checking = DecodingKey::from_jwk(&public).map_err(|_| KeyError::Malformed)?;
        Ok(Self { pool, signing, checking, public, key_id })
    }

    /// An ID token for `user`, in `groups`, valid for [`TOKEN_LIFETIME`] from now.
    ///
    /// # Errors
    /// When the library refuses to sign.
    pub fn token(&self, user: &str, groups: &[String]) -> Result<String, IssuerError> {
        self.token_issued_at(SystemTime::now(), user, groups)
    }

    /// As [`Issuer::token`], issued at `when`: an old one is an expired token.
    ///
    /// # Errors
    /// When the library refuses to sign.
    pub fn token_issued_at(
        &self,
        when: SystemTime,
        user: &str,
        groups: &[String],
    ) -> Result<String, IssuerError> {
        self.sign(&self.header(), &id_claims(&self.pool, when, user, groups))
    }

    /// An ID token and an access token of somebody who signed in.
    pub(crate) fn tokens(
        &self,
        identity: &Identity<'_>,
        now: SystemTime,
        lifetimes: Lifetimes,
    ) -> Result<(String, String), IssuerError> {
        let header = self.header();
        let id = self.sign(&header, &id_claims_of(&self.pool, identity, now, lifetimes.id))?;
        let access = self.sign(&header, &access_claims_of(&self.pool, identity, now, lifetimes.access))?;
        Ok((id, access))
    }

    pub(crate) fn pool(&self) -> &UserPool {
        &self.pool
    }

    /// The public key as the user pool's `/.well-known/jwks.json` shows it.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    /// Where Cognito serves it: `/POOL/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks_path(&self) -> String {
        format!("/{}/.well-known/jwks.json", self.pool.id)
    }

    /// Checks an `Authorization` header, the raw token or `Bearer` and the token, and gives its claims as
    /// API Gateway hands them to a function.
    ///
    /// # Errors
    /// When the token is not one of this pool's ID tokens for this client, or has expired.
    pub fn verify(&self, authorization: &str) -> Result<AuthorizerClaims, TokenError> {
        let token = bare_token(authorization);
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError)?;
        if header.kid.as_deref() != Some(self.key_id.as_str()) {
            return Err(TokenError);
        }
        let decoded = jsonwebtoken::decode::<serde_json::Map<String, Value>>(
            token,
            &self.checking,
            &id_token_validation(&self.pool),
        )
        .map_err(|_| TokenError)?;
        // The library has checked signature, times, audience and issuer; it does not know Cognito's access
        // tokens, which carry another `token_use` and must not be accepted as sign-in.
        if decoded.claims.get("token_use").and_then(Value::as_str) != Some("id") {
            return Err(TokenError);
        }
        Ok(AuthorizerClaims::from_jwt(decoded.claims))
    }

    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        header
    }

    fn sign(&self, header: &Header, claims: &Value) -> Result<String, IssuerError> {
        jsonwebtoken::encode(header, claims, &self.signing).map_err(IssuerError::Sign)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The sample sends the bare token; most clients say `Bearer` first. Both are fine.
fn bare_token(authorization: &str) -> &str {
    let trimmed = authorization.trim();
    match trimmed.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        _ => trimmed,
    }
}

#[cfg(test)]
pub(crate) fn pool() -> UserPool {
    UserPool { id: "us-east-1_Pool".to_owned(), client_id: "client".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::{sync::LazyLock, time::Duration};

    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_BASE64};

    use super::*;

    // Making an RSA key is the slow part: the tests share one.
    static ISSUER: LazyLock<Issuer> = LazyLock::new(|| Issuer::ephemeral(pool()).unwrap());

    fn claims_with(name: &str, value: Value) -> Value {
        let mut claims = id_claims(&pool(), SystemTime::now(), "ann", &[]);
        claims[name] = value;
        claims
    }

    fn signed(claims: &Value) -> String {
        ISSUER.sign(&ISSUER.header(), claims).unwrap()
    }

    fn refused(token: &str) -> bool {
        ISSUER.verify(token).is_err()
    }

    #[test]
    fn a_token_is_accepted_raw_and_as_bearer() {
        let token = ISSUER.token("ann", &[]).unwrap();
        for header in [token.clone(), format!("Bearer {token}"), format!("bearer  {token}")] {
            let claims = ISSUER.verify(&header).unwrap();
            assert_eq!(claims.get("cognito:username"), Some("ann"));
            assert_eq!(claims.get("token_use"), Some("id"));
        }
    }

    #[test]
    fn a_user_keeps_the_same_subject_and_two_users_have_two() {
        let subject = |user: &str| {
            let token = ISSUER.token(user, &[]).unwrap();
            ISSUER.verify(&token).unwrap().get("sub").unwrap().to_owned()
        };
        assert_eq!(subject("ann"), subject("ann"));
        assert_ne!(subject("ann"), subject("ben"));
    }

    #[test]
    fn an_expired_token_is_refused() {
        let issued = |ago| ISSUER.token_issued_at(SystemTime::now() - ago, "ann", &[]).unwrap();
        assert!(!refused(&issued(TOKEN_LIFETIME - Duration::from_secs(60))));
        assert!(refused(&issued(TOKEN_LIFETIME + Duration::from_secs(1))));
    }

    #[test]
    fn a_token_for_another_audience_is_refused() {
        assert!(refused(&signed(&claims_with("aud", json!("anotherclient")))));
    }

    #[test]
    fn a_token_of_another_issuer_is_refused() {
        let other = json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another");
        assert!(refused(&signed(&claims_with("iss", other))));
    }

    #[test]
    fn an_access_token_is_refused() {
        assert!(refused(&signed(&claims_with("token_use", json!("access")))));
        assert!(refused(&signed(&claims_with("token_use", Value::Null))));
    }

    #[test]
    fn a_token_without_a_required_claim_is_refused() {
        for name in ["exp", "aud", "iss", "sub"] {
            let mut claims = id_claims(&pool(), SystemTime::now(), "ann", &[]);
            claims.as_object_mut().unwrap().remove(name);
            assert!(refused(&signed(&claims)), "{name}");
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let part = |value: &Value| URL_BASE64.encode(value.to_string());
        let header = json!({ "alg": "none", "typ": "JWT", "kid": ISSUER.key_id });
        let claims = id_claims(&pool(), SystemTime::now(), "ann", &[]);
        assert!(refused(&format!("{}.{}.", part(&header), part(&claims))));
    }

    #[test]
    fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(ISSUER.key_id.clone());
        let claims = id_claims(&pool(), SystemTime::now(), "ann", &[]);
        let public = serde_json::to_vec(&ISSUER.public).unwrap();
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap();
        assert!(refused(&token));
    }

    #[test]
    fn a_token_of_another_key_is_refused_whatever_key_id_it_names() {
        let other = Issuer::ephemeral(pool()).unwrap();
        let claims = id_claims(&pool(), SystemTime::now(), "ann", &[]);
        assert!(refused(&other.sign(&other.header(), &claims).unwrap()), "an unknown key id");
        assert!(refused(&other.sign(&ISSUER.header(), &claims).unwrap()), "our key id, another's signature");
        assert!(refused(&ISSUER.sign(&Header::new(Algorithm::RS256), &claims).unwrap()), "no key id");
    }

    #[test]
    fn a_changed_token_is_refused() {
        let token = ISSUER.token("ann", &[]).unwrap();
        let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        let groups = claims_with("cognito:groups", json!(["billing"]));
        parts[1] = URL_BASE64.encode(groups.to_string());
        assert!(refused(&parts.join(".")));
    }

    #[test]
    fn garbage_is_refused() {
        for garbage in ["", "Bearer", "Bearer ", "x", "a.b.c", "....", "\u{0}", "Basic YTpi"] {
            assert!(refused(garbage), "{garbage:?}");
        }
    }

    #[test]
    fn the_published_key_checks_the_tokens_and_shows_nothing_private() {
        let jwks = ISSUER.jwks();
        let jwk = jwks["keys"][0].as_object().unwrap();
        let mut names: Vec<_> = jwk.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(jwk["kid"], json!(ISSUER.key_id));
        let published: Jwk = serde_json::from_value(jwks["keys"][0].clone()).unwrap();
        let token = ISSUER.token("ann", &[]).unwrap();
        let key = DecodingKey::from_jwk(&published).unwrap();
        jsonwebtoken::decode::<Value>(&token, &key, &id_token_validation(&pool())).unwrap();
    }
}
