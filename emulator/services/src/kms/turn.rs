//! One call while it is performed.

use std::time::SystemTime;

use card_airlock_iam::Iam;

use super::{error::KmsError, input::Input, key::Key, state::State};
use crate::account::Account;

/// One call: who makes it when, and what it may change.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: SystemTime,
    pub(crate) account: &'a Account,
    pub(crate) iam: &'a Iam,
    pub(crate) caller: &'a str,
}

impl Turn<'_> {
    /// The key that a parameter names by id, ARN or alias.
    pub(crate) fn key(&self, input: &Input<'_>, member: &'static str) -> Result<&Key, KmsError> {
        let id = self.state.resolve(input.key_id(member)?, self.account)?;
        self.state.keys.get(&id).ok_or(KmsError::NotFound)
    }

    /// The key that `KeyId` names by id or ARN: who changes a key does not name it by an alias.
    pub(crate) fn key_mut(&mut self, input: &Input<'_>) -> Result<&mut Key, KmsError> {
        let id = self.state.resolve_without_alias(input.key_id("KeyId")?, self.account)?;
        self.state.keys.get_mut(&id).ok_or(KmsError::NotFound)
    }
}
