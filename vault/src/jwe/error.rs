//! Why a JWE is not an encrypted card, and why the card in one is refused.

use strum::IntoStaticStr;

/// Why a text is not an encrypted card. Clients get one reason for all of them; the code is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[error("not an encrypted card")]
pub enum EncryptedCardError {
    /// It is longer than [`EncryptedCard::LONGEST`](crate::EncryptedCard::LONGEST).
    TooLong,
    /// It has not the five parts of a JWE in canonical base64url, with an empty key, a nonce and a tag.
    Form,
    /// The header is not an object, has a member twice or one that is not allowed, or names another type.
    Header,
    /// `alg` or `enc` is missing or another one.
    Algorithm,
    /// `kid` is missing or not the id of a card key.
    CardKey,
    /// `epk` is missing, of another curve, or not a point on it.
    EphemeralKey,
}

impl EncryptedCardError {
    /// For the log.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why the card in a JWE is refused, for good. Clients get one reason for all of them, `CARD_REFUSED`; the code is for the
/// log. Where the API has a problem for the same card in plaintext, the code is the problem's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[error("the encrypted card is refused")]
pub enum CardRefusal {
    /// The private half of its key is not there, or not any more.
    KeyGone,
    /// It does not open with its key.
    NotOpened,
    /// What is inside is not an object of the members that a card has, all of them text.
    ContentMalformed,
    /// It was made for another order.
    OtherOrder,
    /// It was made for another owner.
    OtherOwner,
    /// It was not made within 15 minutes of the order's acceptance.
    IssuedAt,
    /// The number is not a card's.
    CardInvalid,
    /// The expiry is not `MM/YY`.
    ExpiryInvalid,
    /// The card had expired when the order was accepted.
    CardExpired,
    /// There is no expiry, and one is required.
    ExpiryMissing,
}

impl CardRefusal {
    /// For the log.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The machine gave no random bytes, or the cipher refused: nothing was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the card could not be encrypted")]
pub struct EncryptCardError;
