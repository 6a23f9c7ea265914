//! All that a pool remembers.

use std::{collections::BTreeMap, time::SystemTime};

use aws_lc_rs::{digest, rand};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{error::CognitoError, user::User};

const SECRET_BYTES: usize = 32;

/// The users, in the order in which they came, and what was handed out to them. It can be written down and read again: of
/// passwords and tokens it has hashes only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    pub(super) users: Vec<User>,
    /// By their digests: a token itself is not kept.
    pub(super) refresh_tokens: BTreeMap<String, Handed>,
    /// Of challenges, in the same way.
    pub(super) sessions: BTreeMap<String, Handed>,
}

/// To whom something was handed out, when that user had signed in, and until when it is good.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Handed {
    pub(super) sub: Uuid,
    pub(super) signed_in: SystemTime,
    pub(super) until: SystemTime,
}

impl State {
    pub(super) fn user(&mut self, named: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.is_named(named))
    }
}

/// A text that nobody guesses.
pub(super) fn secret() -> Result<String, CognitoError> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| CognitoError::Internal)?;
    Ok(hex(&bytes))
}

/// Under what a secret is found again.
pub(super) fn digest_of(secret: &str) -> String {
    hex(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
