//! The envelope around a card: `version ‖ nonce ‖ ciphertext ‖ tag`.
//!
//! Version 1 is AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and a 128-bit tag, its sealed text
//! [`Card`]'s, its AAD [`crate::identity`]'s with the version as its first piece. What a version wrote
//! stays readable: the permanent test vectors below never change.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut, KeyInit},
};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::{
    card::{Card, LONGEST_TEXT},
    data_key::DataKey,
    identity::{Aad, QuarantineIdentity, VaultIdentity},
};

const VERSION: u8 = 1;
pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const TAG_LENGTH: usize = 16;

/// What a card can be bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Identity<'a> {
    Quarantine(QuarantineIdentity<'a>),
    Vault(VaultIdentity<'a>),
}

impl Identity<'_> {
    fn aad(&self, version: u8) -> Aad {
        match self {
            Self::Quarantine(identity) => identity.aad(version),
            Self::Vault(identity) => identity.aad(version),
        }
    }
}

/// Why an envelope did not open. It has no details, because unauthenticated data must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the sealed card has an unknown version")]
    UnknownVersion,
    #[error("the sealed card does not open")]
    Refused,
}

/// The operating system gave no random bytes, or the cipher refused: nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the card could not be sealed")]
pub(crate) struct EncryptError;

/// Seals a card under a data key, bound to its place.
pub(crate) fn seal(card: &Card, key: &DataKey, identity: &Identity<'_>) -> Result<Vec<u8>, EncryptError> {
    let mut nonce = [0; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(|_| EncryptError)?;
    seal_with_nonce(card, key, identity, nonce)
}

/// Opens a sealed card in the place it claims to be in.
pub(crate) fn open(sealed: &[u8], key: &DataKey, identity: &Identity<'_>) -> Result<Card, OpenError> {
    let (version, rest) = sealed.split_first().ok_or(OpenError::Refused)?;
    if *version != VERSION {
        return Err(OpenError::UnknownVersion);
    }
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(OpenError::Refused)?;
    let mut text = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_in_place(&Nonce::from(*nonce), identity.aad(VERSION).as_bytes(), &mut *text)
        .map_err(|_| OpenError::Refused)?;
    Card::read_text(&text).ok_or(OpenError::Refused)
}

fn seal_with_nonce(
    card: &Card,
    key: &DataKey,
    identity: &Identity<'_>,
    nonce: [u8; NONCE_LENGTH],
) -> Result<Vec<u8>, EncryptError> {
    // Room for all of it at once: a buffer that grows leaves a copy of the text behind.
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST_TEXT + TAG_LENGTH));
    card.write_text(&mut text);
    seal_text(text, key, identity, nonce)
}

/// Seals a text in the buffer that it is in, which has room for the tag.
pub(crate) fn seal_text(
    mut text: Zeroizing<Vec<u8>>,
    key: &DataKey,
    identity: &Identity<'_>,
    nonce: [u8; NONCE_LENGTH],
) -> Result<Vec<u8>, EncryptError> {
    let room = text.capacity();
    cipher(key)
        .encrypt_in_place(&Nonce::from(nonce), identity.aad(VERSION).as_bytes(), &mut *text)
        .map_err(|_| EncryptError)?;
    debug_assert_eq!(text.capacity(), room, "the buffer has moved");
    Ok([[VERSION].as_slice(), &nonce, &text].concat())
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the data key becomes the cipher's key schedule")]
fn cipher(key: &DataKey) -> Aes256Gcm {
    Aes256Gcm::new(key.0.expose_secret().into())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{expiry::CardExpiry, pan::Pan};

    const KEY: [u8; 32] = [7; 32];
    const ACCEPTANCE: Uuid = Uuid::from_u128(0x0a0b_0c0d_0e0f_4a0b_8c0d_0e0f_0a0b_0c0d);

    fn key() -> DataKey {
        DataKey::take(KEY.to_vec()).unwrap()
    }

    fn card(number: &str, expiry: Option<&str>) -> Card {
        Card { pan: Pan::parse(number).unwrap(), expiry: expiry.map(|e| CardExpiry::parse(e).unwrap()) }
    }

    fn quarantine() -> Identity<'static> {
        Identity::Quarantine(QuarantineIdentity {
            order: "123456789",
            owner: "owner-1",
            acceptance: ACCEPTANCE,
        })
    }

    fn vault() -> Identity<'static> {
        Identity::Vault(VaultIdentity {
            token: "11111111-2222-4333-8444-aaaaaaaaaaaa".parse().unwrap(),
            account: "123456789012",
            order: "123456789",
            owner: "owner-1",
            acceptance: ACCEPTANCE,
        })
    }

    /// Every way to name a place that differs from the right one in one piece, or shifts a piece's border.
    fn wrong_places() -> Vec<Identity<'static>> {
        let right = QuarantineIdentity { order: "123456789", owner: "owner-1", acceptance: ACCEPTANCE };
        let in_vault = VaultIdentity {
            token: "11111111-2222-4333-8444-aaaaaaaaaaaa".parse().unwrap(),
            account: "123456789012",
            order: "123456789",
            owner: "owner-1",
            acceptance: ACCEPTANCE,
        };
        let other = Uuid::from_u128(1);
        vec![
            Identity::Quarantine(QuarantineIdentity { order: "123456780", ..right }),
            Identity::Quarantine(QuarantineIdentity { order: "", ..right }),
            Identity::Quarantine(QuarantineIdentity { order: "123456789o", owner: "wner-1", ..right }),
            Identity::Quarantine(QuarantineIdentity { owner: "owner-2", ..right }),
            Identity::Quarantine(QuarantineIdentity { acceptance: other, ..right }),
            Identity::Vault(VaultIdentity {
                token: "11111111-2222-4333-8444-aaaaaaaaaaab".parse().unwrap(),
                ..in_vault
            }),
            Identity::Vault(VaultIdentity { account: "123456789013", ..in_vault }),
            Identity::Vault(VaultIdentity { account: "12345678901", order: "2123456789", ..in_vault }),
            Identity::Vault(VaultIdentity { order: "123456780", ..in_vault }),
            Identity::Vault(VaultIdentity { owner: "owner-2", ..in_vault }),
            Identity::Vault(VaultIdentity { acceptance: other, ..in_vault }),
        ]
    }

    /// Number, expiry, place, sealed bytes in hex.
    type Vector = (&'static str, Option<&'static str>, fn() -> Identity<'static>, &'static str);

    /// Version 1, computed with another implementation (Python's `cryptography`, `AESGCM`). Never change these.
    const VECTORS: [Vector; 3] = [
        (
            "4111111111111111",
            None,
            quarantine,
            "01000102030405060708090a0b2cb0d8412c38e8784683d4add3695dcbb000343b175657fd72d325a2e6a04d05",
        ),
        (
            "4111111111111111",
            Some("12/30"),
            quarantine,
            "01101112131415161718191a1bf822db661dad401a2b6d2173998e2f517afb122eb9ee3702d8bd0b5abd1c41e6103b784d986b",
        ),
        (
            "0000000000000000",
            None,
            vault,
            "01202122232425262728292a2b5c41288cdade0aebd2d47f4109f6aa54c3ee964f1244cbc8eb22d2d4040eca79",
        ),
    ];

    #[test]
    fn version_1_envelopes_stay_readable() {
        for (number, expiry, identity, sealed) in VECTORS {
            let sealed = hex::decode(sealed).unwrap();
            let opened = open(&sealed, &key(), &identity()).unwrap();
            assert_eq!(opened.pan.expose(), number);
            assert_eq!(opened.expiry.as_ref().map(CardExpiry::expose), expiry);
            let nonce = *sealed[1..].first_chunk().unwrap();
            assert_eq!(seal_with_nonce(&card(number, expiry), &key(), &identity(), nonce).unwrap(), sealed);
        }
    }

    #[test]
    fn promise_5_a_card_moved_to_any_other_place_does_not_open() {
        let card = card("4111111111111111", Some("12/30"));
        for right in [quarantine(), vault()] {
            let sealed = seal(&card, &key(), &right).unwrap();
            assert!(open(&sealed, &key(), &right).is_ok());
            let other_purpose = if matches!(right, Identity::Vault(_)) { quarantine() } else { vault() };
            for wrong in wrong_places().into_iter().chain([other_purpose]) {
                assert_eq!(open(&sealed, &key(), &wrong).err(), Some(OpenError::Refused), "{wrong:?}");
            }
        }
    }

    #[test]
    fn promise_5_another_data_key_does_not_open_a_card() {
        let sealed = seal(&card("4111111111111111", None), &key(), &vault()).unwrap();
        let other = DataKey::take(vec![8; 32]).unwrap();
        assert_eq!(open(&sealed, &other, &vault()).err(), Some(OpenError::Refused));
    }

    #[test]
    fn the_same_card_sealed_twice_differs_in_every_part() {
        let card = card("4111111111111111", None);
        let (one, two) = (seal(&card, &key(), &vault()).unwrap(), seal(&card, &key(), &vault()).unwrap());
        assert_ne!(one[1..13], two[1..13]);
        assert_ne!(one[13..], two[13..]);
    }

    #[test]
    fn what_is_cut_short_or_of_another_version_does_not_open() {
        let sealed = seal(&card("4111111111111111", None), &key(), &vault()).unwrap();
        for length in 0..sealed.len() {
            assert_eq!(open(&sealed[..length], &key(), &vault()).err(), Some(OpenError::Refused), "{length}");
        }
        for version in (0..=255).filter(|v| *v != VERSION) {
            let mut other = sealed.clone();
            other[0] = version;
            assert_eq!(open(&other, &key(), &vault()).err(), Some(OpenError::UnknownVersion));
        }
    }

    proptest! {
        #[test]
        fn promise_5_any_flipped_bit_refuses_to_open(bit in 0..(1 + 12 + 22 + 16) * 8_usize) {
            let sealed = seal(&card("4111111111111111", Some("12/30")), &key(), &quarantine()).unwrap();
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(&flipped, &key(), &quarantine()).is_err());
        }

        #[test]
        fn promise_5_any_other_order_owner_or_acceptance_refuses_to_open(
            order in "[A-Za-z0-9._-]{1,40}", owner in "[a-z0-9-]{1,40}", acceptance: u128,
        ) {
            let sealed = seal(&card("4111111111111111", None), &key(), &quarantine()).unwrap();
            let place = QuarantineIdentity { order: &order, owner: &owner, acceptance: Uuid::from_u128(acceptance) };
            let Identity::Quarantine(right) = quarantine() else { unreachable!() };
            for moved in [place, QuarantineIdentity { order: &order, ..right }, QuarantineIdentity { owner: &owner, ..right },
                QuarantineIdentity { acceptance: Uuid::from_u128(acceptance), ..right }] {
                prop_assert_eq!(open(&sealed, &key(), &Identity::Quarantine(moved)).is_ok(), moved == right);
            }
        }

        #[test]
        fn any_card_is_read_back(middle in "[0-9]{11,18}", expiry in proptest::option::of("(0[1-9]|1[0-2])/[0-9]{2}")) {
            let check = (b'0'..=b'9').map(char::from)
                .find(|check| Pan::parse(&format!("{middle}{check}")).is_ok()).unwrap();
            let number = format!("{middle}{check}");
            let sealed = seal(&card(&number, expiry.as_deref()), &key(), &vault()).unwrap();
            let opened = open(&sealed, &key(), &vault()).unwrap();
            prop_assert_eq!(opened.pan.expose(), number);
            prop_assert_eq!(opened.expiry.as_ref().map(CardExpiry::expose), expiry.as_deref());
        }
    }
}
