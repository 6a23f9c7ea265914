//! Passwords: which ones a pool takes, and how it keeps them.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html>

use std::num::NonZeroU32;

use aws_lc_rs::{pbkdf2, rand};
use serde::{Deserialize, Serialize};

use super::error::CognitoError;

/// What Cognito counts as symbols; a space counts too, within a password.
const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ";
const MOST_CHARS: usize = 256;
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2>, for HMAC-SHA-512.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(220_000).unwrap();

/// `PasswordPolicy` of a user pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct PasswordPolicy {
    minimum_length: usize,
    require_lowercase: bool,
    require_uppercase: bool,
    require_numbers: bool,
    require_symbols: bool,
    /// How many days a temporary password is good for.
    pub(super) temporary_password_validity_days: u64,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_lowercase: false,
            require_uppercase: false,
            require_numbers: false,
            require_symbols: false,
            temporary_password_validity_days: 7,
        }
    }
}

impl PasswordPolicy {
    /// # Errors
    /// The first rule that a password does not follow.
    pub(super) fn check(&self, password: &str) -> Result<(), CognitoError> {
        let length = password.chars().count();
        let has = |is: fn(char) -> bool| password.chars().any(is);
        let edges_are_spaces = password.starts_with(' ') || password.ends_with(' ');
        let rules = [
            (length >= self.minimum_length, "Password not long enough"),
            (length <= MOST_CHARS, "Password too long"),
            (!edges_are_spaces, "Password must not begin or end with a space"),
            (
                !self.require_lowercase || has(|c| c.is_ascii_lowercase()),
                "Password must have lowercase characters",
            ),
            (
                !self.require_uppercase || has(|c| c.is_ascii_uppercase()),
                "Password must have uppercase characters",
            ),
            (!self.require_numbers || has(|c| c.is_ascii_digit()), "Password must have numeric characters"),
            (!self.require_symbols || has(|c| SYMBOLS.contains(c)), "Password must have symbol characters"),
        ];
        match rules.into_iter().find(|(is_followed, _)| !is_followed) {
            None => Ok(()),
            Some((_, broken)) => Err(CognitoError::Password(broken)),
        }
    }
}

/// A password as it is kept. It shows nothing.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    salt: [u8; 16],
    hash: [[u8; 32]; 2],
}

impl PasswordHash {
    pub(super) fn of(password: &str) -> Result<Self, CognitoError> {
        let (mut salt, mut hash) = ([0; 16], [[0; 32]; 2]);
        rand::fill(&mut salt).map_err(|_| CognitoError::Internal)?;
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA512,
            ITERATIONS,
            &salt,
            password.as_bytes(),
            hash.as_flattened_mut(),
        );
        Ok(Self { salt, hash })
    }

    /// In constant time.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA512;
        pbkdf2::verify(algorithm, ITERATIONS, &self.salt, password.as_bytes(), self.hash.as_flattened())
            .is_ok()
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_refuses_a_password_that_breaks_it_alone() {
        let policy = PasswordPolicy {
            minimum_length: 12,
            require_lowercase: true,
            require_uppercase: true,
            require_numbers: true,
            require_symbols: true,
            ..PasswordPolicy::default()
        };
        let long = format!("aA1-{}", "x".repeat(252));
        for good in ["Abcdefghij1-", "Abcdefghi 1j", &long] {
            assert_eq!(policy.check(good), Ok(()), "{good}");
        }
        for (wrong, rule) in [
            ("Abcdefghi1-", "Password not long enough"),
            (&*format!("{long}x"), "Password too long"),
            (" Abcdefghij1-", "Password must not begin or end with a space"),
            ("Abcdefghij1- ", "Password must not begin or end with a space"),
            ("ABCDEFGHIJ1-", "Password must have lowercase characters"),
            ("abcdefghij1-", "Password must have uppercase characters"),
            ("Abcdefghijk-", "Password must have numeric characters"),
            ("Abcdefghij12", "Password must have symbol characters"),
        ] {
            assert_eq!(policy.check(wrong), Err(CognitoError::Password(rule)), "{wrong}");
        }
    }

    #[test]
    fn a_policy_asks_only_for_what_it_names() {
        assert_eq!(PasswordPolicy::default().check("aaaaaaaa"), Ok(()));
        assert!(PasswordPolicy::default().check("aaaaaaa").is_err());
    }

    #[test]
    fn a_hash_knows_its_password_and_shows_nothing() {
        let (hash, other) = (PasswordHash::of("pass").unwrap(), PasswordHash::of("pass").unwrap());
        assert!(hash.is_of("pass") && !hash.is_of("Pass"));
        assert_ne!(hash.hash, other.hash, "each has a salt of its own");
        assert_eq!(format!("{hash:?}"), "PasswordHash");
    }
}
