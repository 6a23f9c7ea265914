//! What the fuzz targets `envelope` and `jwe` assert, about what nothing outside this crate sees. Only `fuzz/` turns this
//! feature on.

use std::time::UNIX_EPOCH;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    card::Card,
    card_keys::CardPublicKey,
    data_key::{DataKey, KEY_LENGTH},
    envelope::{self, Identity, NONCE_LENGTH, TAG_LENGTH},
    identity::{QuarantineIdentity, VaultIdentity},
    jwe::EncryptedCard,
    p256::PrivateKey,
    token::Token,
};

/// The input as a stored envelope, and as the text inside one.
///
/// # Panics
/// When the input opens although it was never sealed; when it is read as a card that would be sealed as another text; or
/// when an envelope around it opens after a change, or in another place.
pub fn check_envelope(input: &[u8]) {
    let Some(key) = DataKey::take(vec![7; KEY_LENGTH]) else { return };
    let id = Uuid::from_u128(7);
    let (order, owner) = ("1", "me");
    let quarantine =
        Identity::Quarantine(QuarantineIdentity { order, owner, acceptance: id, accepted_at: UNIX_EPOCH });
    let Ok(token) = "11111111-2222-4333-8444-aaaaaaaaaaaa".parse::<Token>() else { return };
    let vault = Identity::Vault(VaultIdentity { token, account: "0", order, owner, acceptance: id });

    assert!(envelope::open(input, &key, &quarantine).is_err(), "nobody sealed it");

    let mut text = Zeroizing::new(Vec::with_capacity(input.len() + TAG_LENGTH));
    text.extend_from_slice(input);
    let is_card = Card::read_text(&text).is_some();
    let Ok(mut sealed) = envelope::seal_text(text, &key, &quarantine, [1; NONCE_LENGTH]) else { return };
    assert!(envelope::open(&sealed, &key, &vault).is_err(), "it opens in another place");
    let opened = envelope::open(&sealed, &key, &quarantine);
    assert_eq!(opened.is_ok(), is_card, "just a card opens");
    if let Ok(card) = opened {
        assert_eq!(written(&card).as_slice(), input, "a card has one text");
    }
    // One bit, anywhere: where is taken from the input.
    let place = input.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let length = sealed.len();
    if let Some(byte) = sealed.get_mut(place % length) {
        *byte ^= 1 << (place % 8);
    }
    assert!(envelope::open(&sealed, &key, &quarantine).is_err(), "it opens although a bit has changed");
}

/// The input as a JWE, and as what is inside one.
///
/// # Panics
/// When the input opens although it was never encrypted to the key; or when what was encrypted opens after a change.
pub fn check_jwe(input: &str) {
    let (Some(private), Ok(id)) = (PrivateKey::generate(), "0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d".parse())
    else {
        return;
    };
    let Some(point) = private.public() else { return };
    let place = QuarantineIdentity {
        order: "1",
        owner: "me",
        acceptance: Uuid::from_u128(7),
        accepted_at: UNIX_EPOCH,
    };
    if let Ok(jwe) = EncryptedCard::parse(input) {
        assert!(jwe.open(&private, place, false).is_err(), "nobody encrypted it");
    }
    let key = CardPublicKey::of_point(id, point);
    let Ok(compact) = key.encrypt_text(input) else { return };
    if let Ok(jwe) = EncryptedCard::parse(&compact) {
        drop(jwe.open(&private, place, false));
        let mut altered = compact.into_bytes();
        let (at, length) = (input.len(), altered.len());
        if let Some(byte) = altered.get_mut(at % length) {
            *byte ^= 1;
        }
        let altered = String::from_utf8(altered).ok().and_then(|text| EncryptedCard::parse(&text).ok());
        let opened = altered.map(|jwe| jwe.open(&private, place, false));
        assert!(opened.is_none_or(|opened| opened.is_err()), "it opens although a bit has changed");
    }
}

fn written(card: &Card) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::new());
    card.write_text(&mut text);
    text
}
