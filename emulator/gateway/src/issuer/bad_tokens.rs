//! Tokens that are refused, each wrong in one thing only.

use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Issuer, TOKEN_LIFETIME, id_claims};

/// What is wrong, and the token.
pub(crate) fn bad_tokens(issuer: &Issuer) -> Vec<(&'static str, String)> {
    let claims = id_claims(&issuer.pool, SystemTime::now(), "ann", &[]);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        issuer.sign(&issuer.header(), &claims).unwrap()
    };
    let issued = SystemTime::now() - TOKEN_LIFETIME - Duration::from_secs(1);
    let expired = issuer.sign(&issuer.header(), &id_claims(&issuer.pool, issued, "ann", &[])).unwrap();
    let part = |value: &Value| URL_BASE64.encode(value.to_string());
    let unsigned = |header: &Value| format!("{}.{}.", part(header), part(&claims));
    let good = issuer.sign(&issuer.header(), &claims).unwrap();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let other = Issuer::ephemeral(issuer.pool.clone()).unwrap();
    let shared = EncodingKey::from_secret(&serde_json::to_vec(&issuer.public).unwrap());
    let mut symmetric = Header::new(Algorithm::HS256);
    symmetric.kid = Some(issuer.key_id.clone());
    let pool = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another";
    vec![
        ("expired", expired),
        ("of another audience", with("aud", json!("anotherclient"))),
        ("of another issuer", with("iss", json!(pool))),
        ("an access token", with("token_use", json!("access"))),
        ("of no use", with("token_use", Value::Null)),
        ("with alg none", unsigned(&json!({"alg": "none", "typ": "JWT", "kid": issuer.key_id}))),
        ("with alg none in another spelling", unsigned(&json!({"alg": "NoNe", "kid": issuer.key_id}))),
        ("of RS256 without a signature", format!("{signed}.")),
        (
            "signed with the public key as a secret",
            jsonwebtoken::encode(&symmetric, &claims, &shared).unwrap(),
        ),
        ("of an unknown key id", other.sign(&other.header(), &claims).unwrap()),
        ("signed by another under our key id", other.sign(&issuer.header(), &claims).unwrap()),
        ("without a key id", issuer.sign(&Header::new(Algorithm::RS256), &claims).unwrap()),
    ]
}
