//! Who placed an order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The most characters of an owner; Cognito's `sub` is a UUID of 36.
const LONGEST: usize = 128;

/// The `sub` claim of a Cognito ID token: opaque, given by the user pool and not by the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(String);

/// Empty or too long: no user pool's `sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an owner")]
pub struct NotAnOwner;

impl Owner {
    /// The `sub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Owner {
    type Err = NotAnOwner;

    fn from_str(sub: &str) -> Result<Self, NotAnOwner> {
        if sub.is_empty() || sub.len() > LONGEST { Err(NotAnOwner) } else { Ok(Self(sub.into())) }
    }
}

impl TryFrom<String> for Owner {
    type Error = NotAnOwner;

    fn try_from(sub: String) -> Result<Self, NotAnOwner> {
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
