//! What an envelope is bound to: its owner and its order. If it is moved to another place, it does not open.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;

use crate::{card_key_id::CardKeyId, token::Token};

/// The constant words for the purpose of a sealed card. They are never the name of a table, because a restored table
/// has another name.
const QUARANTINE: &str = "quarantine";
const VAULT: &str = "vault";
const CARD_KEY: &str = "card-key";

/// The place of a sealed card in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineIdentity<'a> {
    /// The order id, `CustomerOrder`.
    pub order: &'a str,
    /// Who placed it (Cognito `sub`).
    pub owner: &'a str,
    /// The acceptance of the order that sealed this card.
    pub acceptance: Uuid,
    /// When the order was accepted. Only version 2 of the envelope is bound to it, to the millisecond.
    pub accepted_at: SystemTime,
}

/// The place of a sealed card in the vault. All but the token and the account come from the clean order,
/// so a token copied into another order does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultIdentity<'a> {
    /// The vault row's `Hash_Key`.
    pub token: Token,
    /// The vault row's `Account_Id`.
    pub account: &'a str,
    /// The order id, `CustomerOrder`.
    pub order: &'a str,
    /// Who placed it (Cognito `sub`).
    pub owner: &'a str,
    /// The acceptance that carried the card across.
    pub acceptance: Uuid,
}

/// AES-GCM additional authenticated data: every piece with its length before it, so that no two lists of
/// pieces give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aad(Vec<u8>);

impl Aad {
    fn of(version: u8, pieces: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(160);
        for piece in [[version].as_slice()].iter().chain(pieces) {
            // A piece is an id of bounded length; four bytes count it.
            bytes.extend_from_slice(&u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(piece);
        }
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl QuarantineIdentity<'_> {
    /// What a card is bound to, version 1.
    pub(crate) fn aad(&self, version: u8) -> Aad {
        self.aad_with(version, &[])
    }

    /// What an encrypted card is bound to, version 2: the time of the acceptance, too, in milliseconds since 1970.
    pub(crate) fn timed_aad(&self, version: u8) -> Aad {
        let time = self.accepted_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.aad_with(version, &[&milliseconds.to_be_bytes()])
    }

    fn aad_with(&self, version: u8, further: &[&[u8]]) -> Aad {
        let acceptance = self.acceptance.hyphenated().to_string();
        let pieces = [QUARANTINE, self.order, self.owner, &acceptance].map(str::as_bytes);
        Aad::of(version, &[pieces.as_slice(), further].concat())
    }
}

impl VaultIdentity<'_> {
    pub(crate) fn aad(&self, version: u8) -> Aad {
        Aad::of(
            version,
            &[
                VAULT.as_bytes(),
                self.token.to_string().as_bytes(),
                self.account.as_bytes(),
                self.order.as_bytes(),
                self.owner.as_bytes(),
                self.acceptance.hyphenated().to_string().as_bytes(),
            ],
        )
    }
}

/// The KMS encryption context of a data key. CloudTrail shows it unencrypted, so it has opaque ids only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyContext {
    /// A data key that seals a bounded number of quarantined cards.
    Quarantine { key_batch: Uuid },
    /// A data key that seals one card in the vault: CloudTrail shows every detokenization by token.
    Vault { token: Token },
    /// The private half of a card key.
    CardKey { kid: CardKeyId },
}

impl KeyContext {
    pub(crate) fn pairs(self) -> HashMap<String, String> {
        let (purpose, key, id) = match self {
            Self::Quarantine { key_batch } => (QUARANTINE, "key-batch", key_batch.to_string()),
            Self::Vault { token } => (VAULT, "token", token.to_string()),
            Self::CardKey { kid } => (CARD_KEY, "kid", kid.to_string()),
        };
        HashMap::from([("purpose".into(), purpose.into()), (key.into(), id)])
    }
}
