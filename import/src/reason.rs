//! Why a row was not imported or not scrubbed: the one list of reasons.

use order::{ParseOrderIdError, ParsePlainTextError};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use vault::ParsePanError;

/// Why a row was left as it is. It says nothing of what is in the row; docs/migrating.md says what to do about each.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The row has no number.
    NumberMissing,
    /// The number is neither a text nor a number.
    NumberNotText,
    /// The number has something other than digits, single spaces and dashes.
    NumberCharacters,
    /// The number has fewer than 12 or more than 19 digits.
    NumberLength,
    /// The number's check digit is wrong.
    NumberCheckDigit,
    /// There is a token in the number's place, and it is not the order's.
    NumberIsAnotherToken,
    /// The expiry date is not `MM/YY`.
    ExpiryInvalid,
    /// The stack requires an expiry date, and the row has none.
    ExpiryMissing,
    /// The card has expired.
    CardExpired,
    /// The row has no order id.
    OrderIdMissing,
    /// The order id is too long, or has characters that an order id may not have.
    OrderIdInvalid,
    /// The order id looks like a card number.
    OrderIdCardShaped,
    /// The row has no customer's name, or an empty one.
    NameMissing,
    /// The name is too long.
    NameTooLong,
    /// The name has characters that are no text.
    NameInvalid,
    /// The name holds what looks like a card number.
    NameCardShaped,
    /// The row has no address, or an empty one.
    AddressMissing,
    /// The address is too long.
    AddressTooLong,
    /// The address has characters that are no text.
    AddressInvalid,
    /// The address holds what looks like a card number.
    AddressCardShaped,
    /// The row has an amount without a currency, or a currency without an amount.
    AmountIncomplete,
    /// The amount is not a positive whole number of minor units, or the currency is none.
    AmountInvalid,
    /// Nothing says whose the order is.
    OwnerMissing,
    /// The row names an owner who is not in the table of owners.
    OwnerUnknown,
    /// What is given as the owner is no user of the user pool: not a UUID in its canonical form.
    OwnerInvalid,
    /// An order of this id is in the stack already, with other details.
    OrderConflict,
    /// What is stored under this order id cannot be read.
    OrderUnreadable,
    /// The order was imported, and failed: `card-airlock replay` starts it again.
    OrderFailed,
    /// The order was imported, and expired before it came across.
    OrderExpired,
    /// The row was imported, and its order is in no table any more: it expired, or its card was forgotten.
    OrderGone,
    /// The order's card was forgotten on request.
    CardForgotten,
    /// Somebody changed the row or the order meanwhile.
    ChangedMeanwhile,
    /// The sample's row names no token.
    TokenMissing,
    /// The token is not one that the sample made: a UUID of version 4.
    TokenMalformed,
    /// More than one order of the sample names the token, so it is imported for none of them.
    TokenShared,
    /// The sample's vault has no row of the token.
    VaultRowMissing,
    /// The sample's vault has rows of several accounts for the token.
    VaultRowTwice,
    /// The vault's row is not one of the sample's.
    NotASampleRow,
    /// The vault's row says of itself that it was sealed in another way than the sample does.
    DescriptionUnknown,
    /// Another KMS key than `ImportVaultKeyArn` wrapped the row's data key.
    OtherKey,
    /// KMS refuses the row's data key: it is of another table, token or account, or was altered.
    KeyRefused,
    /// The row is not as it was signed.
    SignatureWrong,
    /// The row is signed, and does not open.
    Unreadable,
    /// The sample was sent no card.
    NoCard,
    /// The sample was sent something that is no card number.
    NotACard,
    /// Scrub: the row has no mark of an import.
    NotMarked,
    /// Scrub: number and order id are not those that were imported.
    NumberEdited,
    /// Scrub: the number is part of the row's key.
    NumberInKey,
    /// Scrub: the order has another card than the one that was imported from this row.
    CardReplaced,
    /// Scrub: the retention of the order's card has ended, so its token points to no card.
    CardExpiredInVault,
    /// DynamoDB refuses the change of the row: it would be too large, or an index needs a number in the number's place.
    RefusedByTable,
}

impl Reason {
    /// The code as shown.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of_number(error: ParsePanError) -> Self {
        match error {
            ParsePanError::Characters => Self::NumberCharacters,
            ParsePanError::Length => Self::NumberLength,
            ParsePanError::CheckDigit => Self::NumberCheckDigit,
        }
    }

    pub(crate) fn of_order_id(error: ParseOrderIdError) -> Self {
        match error {
            ParseOrderIdError::Shape => Self::OrderIdInvalid,
            ParseOrderIdError::CardShaped => Self::OrderIdCardShaped,
        }
    }

    pub(crate) fn of_name(error: ParsePlainTextError) -> Self {
        match error {
            ParsePlainTextError::Empty => Self::NameMissing,
            ParsePlainTextError::TooLong => Self::NameTooLong,
            ParsePlainTextError::Control | ParsePlainTextError::NoText => Self::NameInvalid,
            ParsePlainTextError::CardShaped => Self::NameCardShaped,
        }
    }

    pub(crate) fn of_address(error: ParsePlainTextError) -> Self {
        match error {
            ParsePlainTextError::Empty => Self::AddressMissing,
            ParsePlainTextError::TooLong => Self::AddressTooLong,
            ParsePlainTextError::Control | ParsePlainTextError::NoText => Self::AddressInvalid,
            ParsePlainTextError::CardShaped => Self::AddressCardShaped,
        }
    }
}
