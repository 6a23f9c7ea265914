//! Card keys: the key pairs that clients encrypt cards to. KMS makes a pair and wraps its private half; `CardKeyTable` has
//! the wrapped half and the public one. Only the worker has it unwrapped.

mod accepted;
mod maker;
mod opened;
mod public_key;
mod published;
mod table;

pub(crate) use self::opened::{OpenCardKeyError, OpenedCardKeys};
pub use self::{
    accepted::{AcceptedCardKeys, CardKeyError},
    maker::{CardKeyMaker, CardKeyMakerSettings, CardKeysKept, MakeCardKeyError},
    public_key::CardPublicKey,
    published::{PublishedCardKey, PublishedCardKeys},
    table::CardKeyTableError,
};
