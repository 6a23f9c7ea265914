//! The state of KMS: its keys and their aliases.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    error::KmsError,
    key::{Key, KeyState},
};
use crate::account::Account;

/// Everything that is in one KMS. It can be written down and read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) keys: BTreeMap<Uuid, Key>,
    /// By their names, which begin with `alias/`.
    pub(crate) aliases: BTreeMap<String, Alias>,
}

/// Another name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) target: Uuid,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
}

/// What a text names.
enum Named<'a> {
    Id(&'a str),
    Alias(&'a str),
    AliasArn(&'a str),
}

impl State {
    /// Does what has become due: rotations and deletions. Returns the deleted keys.
    pub(crate) fn settle(&mut self, now: SystemTime) -> Vec<Uuid> {
        let is_over = |key: &Key| matches!(key.state, KeyState::PendingDeletion(at) if at <= now);
        let gone: Vec<Uuid> = self.keys.values().filter(|key| is_over(key)).map(|key| key.id).collect();
        for id in &gone {
            self.keys.remove(id);
            self.aliases.retain(|_, alias| alias.target != *id);
        }
        for key in self.keys.values_mut() {
            if key.settle(now).is_err() {
                tracing::error!("a key was not rotated, because the system gave no random bytes");
            }
        }
        gone
    }

    /// The key with an id, an ARN, an alias or an alias's ARN.
    pub(crate) fn resolve(&self, named: &str, account: &Account) -> Result<Uuid, KmsError> {
        match Named::read(named, account)? {
            Named::Id(id) => self.with_id(id),
            Named::Alias(alias) | Named::AliasArn(alias) => {
                self.aliases.get(alias).map(|alias| alias.target).ok_or(KmsError::NotFound)
            }
        }
    }

    /// The key with an id or an ARN.
    pub(crate) fn resolve_without_alias(&self, named: &str, account: &Account) -> Result<Uuid, KmsError> {
        match Named::read(named, account)? {
            Named::Id(id) => self.with_id(id),
            Named::Alias(_) => Err(KmsError::NotFound),
            Named::AliasArn(_) => Err(KmsError::InvalidArn),
        }
    }

    /// Only as it is written: no other form of the same UUID names the key.
    fn with_id(&self, id: &str) -> Result<Uuid, KmsError> {
        let key = Uuid::try_parse(id).ok().and_then(|key| self.keys.get(&key));
        key.map(|key| key.id).filter(|key| key.to_string() == id).ok_or(KmsError::NotFound)
    }
}

impl<'a> Named<'a> {
    fn read(named: &'a str, account: &Account) -> Result<Self, KmsError> {
        if !named.starts_with("arn:") {
            return Ok(if named.starts_with("alias/") { Self::Alias(named) } else { Self::Id(named) });
        }
        let parts: Vec<&str> = named.splitn(6, ':').collect();
        let ["arn", "aws", "kms", region, id, resource] = parts.as_slice() else {
            return Err(KmsError::InvalidArn);
        };
        let here = (*region, *id) == (account.region.as_str(), account.id.as_str());
        match resource.strip_prefix("key/") {
            _ if !here => Err(KmsError::NotFound),
            Some(id) => Ok(Self::Id(id)),
            None if resource.starts_with("alias/") => Ok(Self::AliasArn(resource)),
            None => Err(KmsError::InvalidArn),
        }
    }
}
