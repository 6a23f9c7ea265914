//! What all benches seal: one card, one place, one key.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut, KeyInit},
};
use uuid::Uuid;
use vault::{Card, CardExpiry, Pan, QuarantineIdentity, bench::Bench};

/// The data key.
pub const KEY: [u8; 32] = [7; 32];
/// What is sealed, as the envelope holds it.
pub const TEXT: &[u8] = b"4111111111111111;12/30";

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
    }
}

/// Our envelope.
pub fn envelope() -> Bench {
    Bench::new(KEY.to_vec()).expect("32 bytes")
}

/// The floor: key set-up, a random nonce, one encryption in place, nonce and ciphertext in one buffer. No
/// version, no AAD to build, nothing parsed, nothing wiped.
pub fn raw_seal(aad: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).expect("randomness");
    let mut sealed = Vec::with_capacity(12 + TEXT.len() + 16);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(TEXT);
    let tag = Aes256Gcm::new(&KEY.into())
        .encrypt_inout_detached(&Nonce::from(nonce), aad, (&mut sealed[12..]).into())
        .expect("a short text");
    sealed.extend_from_slice(&tag);
    sealed
}

/// The floor of opening: key set-up and one decryption in place.
pub fn raw_open(sealed: &[u8], aad: &[u8]) -> Vec<u8> {
    let nonce: [u8; 12] = sealed[..12].try_into().expect("12 bytes");
    let mut text = sealed[12..].to_vec();
    Aes256Gcm::new(&KEY.into()).decrypt_in_place(&Nonce::from(nonce), aad, &mut text).expect("authentic");
    text
}
