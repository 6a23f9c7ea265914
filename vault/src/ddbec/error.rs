//! Why a row of the sample's vault is not imported.

use strum::IntoStaticStr;

use crate::{action::IncompleteActionError, keyring::KeyringError};

/// Why a row of the sample's vault is not imported. It has fixed text, and nothing of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportRowError {
    /// An attribute of the sample's rows is missing or of another type.
    #[error("this is no row of the sample's vault")]
    NotASampleRow,
    /// `Hash_Key` is not the text of a UUID of version 4.
    #[error("the row's token is malformed")]
    TokenMalformed,
    /// The material description is not exactly what the sample writes.
    #[error("the row's material description is unknown")]
    DescriptionUnknown,
    /// Another KMS key than the one that was named wrapped the data key.
    #[error("another KMS key wrapped the row's data key")]
    OtherKey,
    /// KMS does not decrypt the data key for this table, token and account.
    #[error("KMS refuses the row's data key")]
    KeyRefused,
    /// The row is not as it was signed, or not of this table.
    #[error("the row's signature is wrong")]
    SignatureWrong,
    /// What was signed is not what the sample encrypts. It has no details: see [`crate::ddbec`].
    #[error("the row does not open")]
    Unreadable,
    /// The row was written without a card.
    #[error("the row has no card")]
    NoCard,
    /// The row was written with something that is not a card number.
    #[error("the row has no card number")]
    NotACard,
    /// KMS is not available.
    #[error("KMS is not available")]
    KmsUnavailable,
    /// KMS will not let this role use a key now.
    #[error("a KMS key cannot be used")]
    KeyUnusable,
    /// The machine gave no random bytes, or the cipher refused.
    #[error("the card could not be sealed")]
    NotSealed,
    /// The vault's part of the transaction could not be made.
    #[error("an action of the transaction is incomplete")]
    Incomplete,
}

impl ImportRowError {
    /// The word for it in reports. It never changes.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }

    /// Whether the same row may be imported later, although nothing in it changes.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::KmsUnavailable | Self::KeyUnusable | Self::NotSealed => true,
            Self::NotASampleRow
            | Self::TokenMalformed
            | Self::DescriptionUnknown
            | Self::OtherKey
            | Self::KeyRefused
            | Self::SignatureWrong
            | Self::Unreadable
            | Self::NoCard
            | Self::NotACard
            | Self::Incomplete => false,
        }
    }
}

impl From<KeyringError> for ImportRowError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Unavailable => Self::KmsUnavailable,
            KeyringError::Unusable => Self::KeyUnusable,
            KeyringError::Refused => Self::KeyRefused,
            KeyringError::OtherKey => Self::OtherKey,
        }
    }
}

impl From<IncompleteActionError> for ImportRowError {
    fn from(_: IncompleteActionError) -> Self {
        Self::Incomplete
    }
}
