//! The public half of a card key, as a JWK (RFC 7517).

use std::fmt;

use crate::{card_key_id::CardKeyId, json_object::JsonObject, p256::Point};

/// The public half of a card key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CardPublicKey {
    id: CardKeyId,
    point: Point,
}

impl CardPublicKey {
    /// From what KMS answered: a SubjectPublicKeyInfo in DER. `None`: it is of another curve, or has another form.
    pub(crate) fn of_spki(id: CardKeyId, der: &[u8]) -> Option<Self> {
        Point::of_spki(der).map(|point| Self { id, point })
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) fn of_point(id: CardKeyId, point: Point) -> Self {
        Self { id, point }
    }

    /// Reads a member of `keys` in the answer of `GET /card-keys`; `None`: it is no key that a card can be encrypted to.
    #[must_use]
    pub fn from_jwk(jwk: &str) -> Option<Self> {
        let jwk = JsonObject::parse(jwk)?;
        let says = |name, value: &str| jwk.text(name).is_some_and(|text| &*text == value);
        let is_for_cards =
            says("kty", "EC") && says("crv", "P-256") && says("alg", "ECDH-ES") && says("use", "enc");
        let id = jwk.text("kid")?.parse().ok().filter(|_| is_for_cards)?;
        Point::of_coordinates(&jwk.text("x")?, &jwk.text("y")?).map(|point| Self { id, point })
    }

    /// The key as a JWK (RFC 7517, RFC 7518, 6.2.1).
    #[must_use]
    pub fn jwk(&self) -> serde_json::Value {
        let [x, y] = self.point.coordinates();
        serde_json::json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id.to_string(), "alg": "ECDH-ES", "use": "enc",
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> CardKeyId {
        self.id
    }

    pub(crate) fn point(&self) -> Point {
        self.point
    }
}

impl fmt::Debug for CardPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardPublicKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::p256::PrivateKey;

    #[test]
    fn a_key_is_read_back_from_its_jwk_and_from_no_other() {
        let point = PrivateKey::generate().unwrap().public().unwrap();
        let key = CardPublicKey { id: CardKeyId::after(None, "arn"), point };
        let jwk = key.jwk();
        assert_eq!(CardPublicKey::from_jwk(&jwk.to_string()), Some(key));
        for (member, value) in [
            ("kty", json!("OKP")),
            ("crv", json!("P-384")),
            ("alg", json!("ECDH-ES+A256KW")),
            ("use", json!("sig")),
            ("kid", json!("1")),
            ("x", json!("AAAA")),
            ("y", json!(1)),
        ] {
            let mut other = jwk.clone();
            other[member] = value;
            assert_eq!(CardPublicKey::from_jwk(&other.to_string()), None, "{member}");
        }
        assert_eq!(CardPublicKey::from_jwk("[]"), None);
    }
}
