//! The header of an encrypted card: a fixed list of members and values.

use super::error::EncryptedCardError;
use crate::{card_key_id::CardKeyId, json_object::JsonObject, p256::Point};

/// Whatever else a header may say in a JWE (RFC 7516, 4) is refused: another algorithm, compression (`zip`), parties of
/// the key derivation (`apu`, `apv`), extensions (`crit`).
const MEMBERS: [&str; 6] = ["alg", "enc", "kid", "epk", "typ", "cty"];
const EPHEMERAL_MEMBERS: [&str; 4] = ["kty", "crv", "x", "y"];
/// What `typ` and `cty` may say. A nested token (`JWT`, `JWE`) is no card.
const TYPES: [&str; 2] = ["JOSE", "JWE"];
const CONTENT_TYPES: [&str; 2] = ["json", "application/json"];

/// What is needed of a header.
pub(crate) struct Header {
    pub(crate) key: CardKeyId,
    pub(crate) ephemeral: Point,
}

impl Header {
    pub(crate) fn parse(text: &str) -> Result<Self, EncryptedCardError> {
        let header = JsonObject::of_members(text, &MEMBERS).ok_or(EncryptedCardError::Header)?;
        let says = |name, value: &str| header.text(name).is_some_and(|text| &*text == value);
        if !says("alg", "ECDH-ES") || !says("enc", "A256GCM") {
            return Err(EncryptedCardError::Algorithm);
        }
        let may_say = |name, values: &[&str]| {
            header.raw(name).is_none() || values.iter().any(|value| says(name, value))
        };
        if !may_say("typ", &TYPES) || !may_say("cty", &CONTENT_TYPES) {
            return Err(EncryptedCardError::Header);
        }
        let key = header.text("kid").and_then(|kid| kid.parse().ok()).ok_or(EncryptedCardError::CardKey)?;
        let ephemeral = header.raw("epk").and_then(point).ok_or(EncryptedCardError::EphemeralKey)?;
        Ok(Self { key, ephemeral })
    }
}

fn point(jwk: &str) -> Option<Point> {
    let jwk = JsonObject::of_members(jwk, &EPHEMERAL_MEMBERS)?;
    let is_of_the_curve = &*jwk.text("kty")? == "EC" && &*jwk.text("crv")? == "P-256";
    Point::of_coordinates(&jwk.text("x")?, &jwk.text("y")?).filter(|_| is_of_the_curve)
}
