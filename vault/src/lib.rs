//! The security layer: only here is a card number in plaintext.
//!
//! A card is sealed before anything is written. The sealed card waits in quarantine. Then it is opened once, sealed
//! again under its own data key, and stored in the vault under a random token. For a payment it is taken out of
//! the vault.
//!
//! ```text
//! card ──Sealer──► sealed card ──Tokenizer──► token + vault row ──Detokenizer──► card
//!                 (quarantine)                     (vault)   ├─────Forgetter──► no card
//!   row of the AWS sample's vault ──Importer───────► ▲       └─────Rewrapper──► the same card, its data key under another KMS key
//! ```
//!
//! There are seven capabilities, one for each role. None of them can do the work of another one:
//!
//! | capability | role | can | cannot |
//! |---|---|---|---|
//! | [`Sealer`] | ingest | seal a card for quarantine, also one that its client encrypted ([`EncryptedCard`]) | open anything |
//! | [`Tokenizer`] | tokenize-worker | turn a quarantined card into a vault row and a token, delete the card that it replaces | hand out a card, open the vault |
//! | [`Detokenizer`] | paybill | take one card out of the vault, for its own order | seal, open quarantine, write |
//! | [`Forgetter`] | forget | delete one card of the vault | read or open anything |
//! | [`Rewrapper`] | rewrap | move a card's data key from one KMS key to another | read or open a card, seal, delete |
//! | [`CardKeyMaker`] | card-key-maker | have KMS make a key pair for clients to encrypt to, delete private halves | see a private half, open or seal a card |
//! | [`Importer`] | import | turn a row of the AWS sample's vault into a vault row with the same token | hand out a card, open quarantine or the vault |
//!
//! # Example
//!
//! One card goes in and comes out. The end-to-end test `front_page` runs the same file.
//!
//! ```no_run
#![doc = include_str!("../doc/front_page.rs")]
//! ```
//!
//! # Where to read on
//!
//! [`QuarantineIdentity`] and [`VaultIdentity`] say what a sealed card is bound to. [`Pan`], [`CardExpiry`] and [`Card`]
//! are the types in plaintext: they are wiped when they are dropped, and they have no `Display`, `Clone` or `Serialize`.
//! [`is_card_shaped`] finds card numbers in other text.

mod action;
mod brand;
mod brand_versions;
mod card;
mod card_key_id;
mod card_keys;
mod card_text;
mod data_key;
mod ddbec;
mod detokenizer;
mod envelope;
mod expiry;
mod failure_code;
mod forgetter;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod identity;
mod import_key;
mod importer;
mod issuers;
mod json_object;
mod json_text;
mod jwe;
mod key_cache;
mod key_material;
mod keyring;
mod last4;
mod luhn;
mod opaque_id;
#[cfg(test)]
mod own_memory;
mod p256;
mod pan;
mod plaintext;
mod rewrapper;
mod sealer;
mod token;
mod tokenizer;
mod vault_row;
mod vault_sealer;
mod wrapped_row;

pub use action::{Action, IncompleteActionError, action};
pub use brand::{CardBrand, ParseBrandError};
pub use brand_versions::Brands;
pub use card::Card;
pub use card_key_id::{CardKeyId, ParseCardKeyIdError};
pub use card_keys::{
    AcceptedCardKeys, CardKeyError, CardKeyMaker, CardKeyMakerSettings, CardKeyTableError, CardKeysKept,
    CardPublicKey, MakeCardKeyError, PublishedCardKey, PublishedCardKeys,
};
pub use card_text::{
    PatternClass, PatternPart, PossibleCard, is_card_shaped, is_card_shaped_in_url, possible_card,
};
pub use data_key::WrappedDataKey;
pub use ddbec::ImportRowError;
pub use detokenizer::{CardReference, DetokenizeError, Detokenizer, DetokenizerSettings};
pub use expiry::{CardExpiry, ParseExpiryError};
pub use failure_code::failure_code;
pub use forgetter::Forgetter;
pub use identity::{QuarantineIdentity, VaultIdentity};
pub use import_key::{CursorSeal, ImportKey, Mark, MarkedRow};
pub use importer::{Importable, ImportedOrder, Importer, ImporterSettings};
pub use json_object::JsonObject;
pub use json_text::JsonText;
pub use jwe::{CardIssue, CardRefusal, EncryptCardError, EncryptedCard, EncryptedCardError, JweDigest};
pub use key_cache::DataKeyPolicy;
pub use key_material::KeyMaterial;
pub use keyring::KeyringError;
pub use last4::{Last4, NotLast4};
pub use opaque_id::opaque_id;
pub use pan::{Pan, ParsePanError};
pub use plaintext::{Alive, Plaintext};
pub use rewrapper::{RewrapError, Rewrapped, Rewrapper, RewrapperSettings, WrappedPage, Wrapping};
pub use sealer::{QuarantinedCard, SealError, SealedCard, Sealer};
pub use token::{ParseTokenError, Token};
pub use tokenizer::{TokenizeError, Tokenizer, TokenizerSettings};
pub use vault_sealer::Tokenized;
pub use wrapped_row::WrappedRow;
