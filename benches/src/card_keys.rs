//! Of vault's card keys, the public half alone.

#[path = "../../vault/src/card_keys/public_key.rs"]
mod public_key;

pub use public_key::CardPublicKey;
