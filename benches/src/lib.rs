//! What all benches seal: ours, the floor and the peer (`esdk/`).
//!
//! The envelope is private to `vault`, and stays so: code that could open one with a key of its own would need no
//! capability. Here vault's own files are compiled once more, without its KMS and DynamoDB clients.
#![allow(dead_code, unused_imports, reason = "the files' other half is for vault")]

mod card_keys;

#[path = "../../vault/src/brand.rs"]
mod brand;
#[path = "../../vault/src/brand_versions.rs"]
mod brand_versions;
#[path = "../../vault/src/card.rs"]
mod card;
#[path = "../../vault/src/card_key_id.rs"]
mod card_key_id;
#[path = "../../vault/src/card_text/mod.rs"]
mod card_text;
#[path = "../../vault/src/data_key.rs"]
mod data_key;
#[path = "../../vault/src/envelope.rs"]
mod envelope;
#[path = "../../vault/src/expiry.rs"]
mod expiry;
#[path = "../../vault/src/identity.rs"]
mod identity;
#[path = "../../vault/src/issuers.rs"]
mod issuers;
#[path = "../../vault/src/json_object.rs"]
mod json_object;
#[path = "../../vault/src/json_text.rs"]
mod json_text;
#[path = "../../vault/src/jwe/mod.rs"]
mod jwe;
#[path = "../../vault/src/last4.rs"]
mod last4;
#[path = "../../vault/src/luhn.rs"]
mod luhn;
#[path = "../../vault/src/opaque_id.rs"]
mod opaque_id;
#[path = "../../vault/src/p256.rs"]
mod p256;
#[path = "../../vault/src/pan.rs"]
mod pan;
#[path = "../../vault/src/plaintext.rs"]
mod plaintext;
#[path = "../../vault/src/token.rs"]
mod token;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut, KeyInit},
};
use aws_lc_rs::{
    agreement::{self, ECDH_P256, UnparsedPublicKey},
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
};
use std::time::UNIX_EPOCH;
use uuid::Uuid;

pub use card::Card;
pub use card_text::is_card_shaped;
pub use identity::QuarantineIdentity;
pub use pan::Pan;

use data_key::DataKey;
use envelope::Identity;
use expiry::CardExpiry;

const KEY: [u8; 32] = [7; 32];
/// What is sealed, as the envelope holds it.
pub const TEXT: &str = "4111111111111111;12/30";

/// The card.
pub fn card() -> Card {
    let expiry = CardExpiry::parse("12/30").expect("an expiry");
    Card { pan: Pan::parse("4111111111111111").expect("a card number"), expiry: Some(expiry) }
}

/// Its place.
pub fn place() -> QuarantineIdentity<'static> {
    QuarantineIdentity {
        order: "123456789",
        owner: "3f1c9c1e-7d1c-4ac4-9f0e-0f5e6f7a8b9c",
        acceptance: Uuid::from_u128(0x0a0b_0c0d_0e0f_4a0b_8c0d_0e0f_0a0b_0c0d),
        accepted_at: UNIX_EPOCH,
    }
}

/// The AAD of a place.
pub fn aad(place: QuarantineIdentity<'_>) -> Vec<u8> {
    place.aad(1).as_bytes().to_vec()
}

/// Ours.
pub struct Envelope(DataKey);

impl Envelope {
    /// Under the benches' key.
    pub fn new() -> Self {
        Self(DataKey::take(KEY.to_vec()).expect("32 bytes"))
    }

    /// Seals a card for its place.
    pub fn seal(&self, card: &Card, place: QuarantineIdentity<'_>) -> Vec<u8> {
        envelope::seal(card, &self.0, &Identity::Quarantine(place)).expect("sealed")
    }

    /// Opens it again.
    pub fn open(&self, sealed: &[u8], place: QuarantineIdentity<'_>) -> Card {
        envelope::open(sealed, &self.0, &Identity::Quarantine(place)).expect("authentic")
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self::new()
    }
}

/// The floor: key set-up, a random nonce, one encryption in place, nonce and ciphertext in one buffer. No
/// version, no AAD to build, nothing parsed, nothing wiped.
pub fn raw_seal(aad: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).expect("randomness");
    let mut text = Vec::with_capacity(TEXT.len() + 16);
    text.extend_from_slice(TEXT.as_bytes());
    Aes256Gcm::new(&KEY.into()).encrypt_in_place(&Nonce::from(nonce), aad, &mut text).expect("a short text");
    [nonce.as_slice(), &text].concat()
}

/// The floor of opening: key set-up and one decryption in place.
pub fn raw_open(sealed: &[u8], aad: &[u8]) -> Vec<u8> {
    let (nonce, text) = sealed.split_first_chunk::<12>().expect("a nonce");
    let mut text = text.to_vec();
    Aes256Gcm::new(&KEY.into()).decrypt_in_place(&Nonce::from(*nonce), aad, &mut text).expect("authentic");
    text
}

/// A card key, and a card that was encrypted to it.
pub struct Encrypted {
    private: p256::PrivateKey,
    raw: agreement::PrivateKey,
    public: Vec<u8>,
    key: card_keys::CardPublicKey,
    jwe: String,
}

impl Encrypted {
    /// With a key of its own.
    pub fn new() -> Self {
        let raw = agreement::PrivateKey::generate(&ECDH_P256).expect("randomness");
        let pkcs8: Pkcs8V1Der<'_> = raw.as_der().expect("a key");
        let public = raw.compute_public_key().expect("a key");
        let spki: PublicKeyX509Der<'_> = public.as_der().expect("a key");
        let id = card_key_id::CardKeyId::after(None, "bench");
        let key = card_keys::CardPublicKey::of_spki(id, spki.as_ref()).expect("a key");
        let private = p256::PrivateKey::take_pkcs8(pkcs8.as_ref().to_vec()).expect("a key");
        let mut encrypted = Self { private, raw, public: public.as_ref().to_vec(), key, jwe: String::new() };
        encrypted.jwe = encrypted.encrypt();
        encrypted
    }

    /// The client's side.
    pub fn encrypt(&self) -> String {
        let QuarantineIdentity { order, owner, accepted_at, .. } = place();
        let issue = jwe::CardIssue { order, owner, issued_at: accepted_at };
        self.key.encrypt(&card(), &issue).expect("encrypted")
    }

    /// Ingest's side.
    pub fn parse(&self) -> jwe::EncryptedCard {
        jwe::EncryptedCard::parse(&self.jwe).expect("a JWE")
    }

    /// The worker's side.
    pub fn open(&self, jwe: &jwe::EncryptedCard) -> Card {
        jwe.open(&self.private, place(), false).expect("authentic")
    }

    /// The floor of opening: one agreement on P-256, with the point's check.
    pub fn raw_agreement(&self) -> [u8; 32] {
        let peer = UnparsedPublicKey::new(&ECDH_P256, &self.public);
        agreement::agree(&self.raw, peer, (), |secret| secret.try_into().map_err(|_| ())).expect("a secret")
    }
}

impl Default for Encrypted {
    fn default() -> Self {
        Self::new()
    }
}
