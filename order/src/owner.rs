//! Who placed an order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most characters of an owner; Cognito's `sub` is a UUID of 36.
const LONGEST: usize = 128;

/// The `sub` claim of a Cognito ID token: opaque, given by the user pool and not by the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(String);

/// It is empty, too long or of another form, so it is not a `sub` of a user pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an owner")]
pub struct ParseOwnerError;

impl Owner {
    /// Reads the owner that a merchant names: a UUID in its canonical form, as Cognito gives them out. What a user
    /// pool has verified needs no such check.
    ///
    /// # Errors
    /// [`ParseOwnerError`] for any other text, also for the same UUID in another form: nobody could sign in as the
    /// owner to whom the card would then be bound.
    pub fn named(sub: &str) -> Result<Self, ParseOwnerError> {
        let uuid = Uuid::try_parse(sub).map_err(|_| ParseOwnerError)?;
        if uuid.to_string() == sub { Ok(Self(sub.into())) } else { Err(ParseOwnerError) }
    }

    /// The `sub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Owner {
    type Err = ParseOwnerError;

    fn from_str(sub: &str) -> Result<Self, ParseOwnerError> {
        if sub.is_empty() || sub.len() > LONGEST { Err(ParseOwnerError) } else { Ok(Self(sub.into())) }
    }
}

impl TryFrom<String> for Owner {
    type Error = ParseOwnerError;

    fn try_from(sub: String) -> Result<Self, ParseOwnerError> {
        sub.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_one_to_as_many_bytes_as_a_key_may_have() {
        for (bytes, is_owner) in [(0, false), (1, true), (LONGEST, true), (LONGEST + 1, false)] {
            assert_eq!("x".repeat(bytes).parse::<Owner>().is_ok(), is_owner, "{bytes}");
        }
    }

    #[test]
    fn a_named_owner_is_a_uuid_in_its_canonical_form() {
        // Cognito's are of several versions.
        for sub in ["f4a8d4e8-0021-70b9-3c6e-a1b2c3d4e5f6", "550e8400-e29b-41d4-a716-446655440000"] {
            assert_eq!(Owner::named(sub).unwrap().as_str(), sub);
        }
        for text in [
            "",
            "ann",
            "550E8400-E29B-41D4-A716-446655440000",
            "550e8400e29b41d4a716446655440000",
            "{550e8400-e29b-41d4-a716-446655440000}",
            "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
            " 550e8400-e29b-41d4-a716-446655440000",
            "4111-1111-1111-1111",
        ] {
            assert_eq!(Owner::named(text), Err(ParseOwnerError), "{text}");
        }
    }
}
