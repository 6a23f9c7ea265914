//! The envelope around a card: `version ‖ nonce ‖ ciphertext ‖ tag`.
//!
//! Version 1 is AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and a 128-bit tag, its sealed text
//! [`Card`]'s, its AAD [`crate::identity`]'s with the version as its first piece. Version 2 is for quarantine only: its
//! sealed text is a JWE, whole, and its AAD has the time of the acceptance, too. What a version wrote stays readable: the
//! permanent test vectors below never change.

use aes_gcm::{Nonce, aead::AeadInOut};
use zeroize::Zeroizing;

use crate::{
    card::{Card, LONGEST_TEXT},
    data_key::DataKey,
    identity::{Aad, QuarantineIdentity, VaultIdentity},
};

/// A card.
const CARD_VERSION: u8 = 1;
/// A JWE.
const JWE_VERSION: u8 = 2;
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

/// Opens a sealed card in the place it claims to be in: version 1.
pub(crate) fn open(sealed: &[u8], key: &DataKey, identity: &Identity<'_>) -> Result<Card, OpenError> {
    Card::read_text(&open_text(sealed, key, CARD_VERSION, &identity.aad(CARD_VERSION))?)
        .ok_or(OpenError::Refused)
}

/// Seals a JWE under a data key, bound to its place and time: version 2.
pub(crate) fn seal_jwe(
    jwe: &str,
    key: &DataKey,
    place: QuarantineIdentity<'_>,
) -> Result<Vec<u8>, EncryptError> {
    let mut nonce = [0; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(|_| EncryptError)?;
    seal_jwe_with_nonce(jwe, key, place, nonce)
}

/// Whether the version of an envelope says that it has a JWE inside.
pub(crate) fn holds_jwe(sealed: &[u8]) -> bool {
    sealed.first() == Some(&JWE_VERSION)
}

/// Whether the version of an envelope is none of this release's. Where there is no version, it is not unknown.
pub(crate) fn has_unknown_version(sealed: &[u8]) -> bool {
    sealed.first().is_some_and(|version| ![CARD_VERSION, JWE_VERSION].contains(version))
}

/// Opens a sealed JWE in the place it claims to be in: version 2.
pub(crate) fn open_jwe(
    sealed: &[u8],
    key: &DataKey,
    place: QuarantineIdentity<'_>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_text(sealed, key, JWE_VERSION, &place.timed_aad(JWE_VERSION))
}

fn open_text(sealed: &[u8], key: &DataKey, version: u8, aad: &Aad) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (found, rest) = sealed.split_first().ok_or(OpenError::Refused)?;
    if *found != version {
        return Err(OpenError::UnknownVersion);
    }
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(OpenError::Refused)?;
    let mut text = Zeroizing::new(ciphertext.to_vec());
    key.cipher()
        .decrypt_in_place(&Nonce::from(*nonce), aad.as_bytes(), &mut *text)
        .map_err(|_| OpenError::Refused)?;
    Ok(text)
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

fn seal_jwe_with_nonce(
    jwe: &str,
    key: &DataKey,
    place: QuarantineIdentity<'_>,
    nonce: [u8; NONCE_LENGTH],
) -> Result<Vec<u8>, EncryptError> {
    let mut text = Zeroizing::new(Vec::with_capacity(jwe.len() + TAG_LENGTH));
    text.extend_from_slice(jwe.as_bytes());
    encrypted(text, key, JWE_VERSION, &place.timed_aad(JWE_VERSION), nonce)
}

/// Seals a text as version 1, in the buffer that it is in, which has room for the tag.
pub(crate) fn seal_text(
    text: Zeroizing<Vec<u8>>,
    key: &DataKey,
    identity: &Identity<'_>,
    nonce: [u8; NONCE_LENGTH],
) -> Result<Vec<u8>, EncryptError> {
    encrypted(text, key, CARD_VERSION, &identity.aad(CARD_VERSION), nonce)
}

fn encrypted(
    mut text: Zeroizing<Vec<u8>>,
    key: &DataKey,
    version: u8,
    aad: &Aad,
    nonce: [u8; NONCE_LENGTH],
) -> Result<Vec<u8>, EncryptError> {
    let room = text.capacity();
    key.cipher()
        .encrypt_in_place(&Nonce::from(nonce), aad.as_bytes(), &mut *text)
        .map_err(|_| EncryptError)?;
    debug_assert_eq!(text.capacity(), room, "the buffer has moved");
    Ok([[version].as_slice(), &nonce, &text].concat())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

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
            accepted_at: UNIX_EPOCH,
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
        let Identity::Quarantine(right) = quarantine() else { unreachable!() };
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

    /// A time of acceptance in milliseconds, a JWE, the sealed bytes in hex. Version 2, computed with another
    /// implementation (Python's `cryptography`, `AESGCM`). Never change these.
    const JWE_VECTORS: [(u64, &str, &str); 2] = [
        (0, "a.b.c", "02303132333435363738393a3b42cda6c0eac93e6618fa1d74e6892b727552dc7807"),
        (
            1_795_953_600_123,
            PUBLISHED_JWE,
            "02404142434445464748494a4bc8a98ea2337798a779e48cdc9c4aa9dc7f0f0923f7be3e148d436b94cbce4622c917ec17dc5b7b38f24fa6930403e4408eeb07c8ec317ac9ecbc8e7d36cd92f69023a6cf51e9ac7fcd18d142f346da3ca06d60ddb0e5bea0adeb1493058ce904579e6dbf64ecbd67d33e178a6b689d8558724cd17c91235cbe6b32b93913374d5af4e86de4b8ad9881cb09ffd1298d01761c99d11e27f54d40f35404930a3815feb9ad74c67614c99e878a619602972bfba73b19097abf80d8a4c3365f4341e0bf70e98d41a05085ecc97b6563a82c4eaeca713debf295ec8014af9b3915d5e25d2ba6ff9f2b5c88b94b9f51f4959e7b2544013eddabaa7fb95056ebfb8e4445693712693ece102bd935b7b28e3c5f97a2a53db111044963cc8eccaccb2e18873ba68369b7553e214f2d48a4fab938bb764bac9dbaa696d036c779fa1a21d71ed30390732946b69ed99d32b8a469c1cfba273c826a127239b491d2f7ede5f50e180caa09975c369188e7f7c058e13eab224b9a70044ea1911e9d620ec09f789756c680fb6fd624c2ce8f63b90e25c28a640d45910248784751aad0bc47ea9cad1ffbc5133503e4a3015e7683a389dc6add6a3eb11daa29c19a9cbeb79e902ae93d547a54fd5a5a10bb1b80fd89a69acfa3a52669a331343a5d887e612484b8cd9e66ffc61a32e6e7139862dad962b28d0dae05322d6e2f13bcdb4b561ce6bce0765ee53bfe64615af49697957a92acafb8c80dddeb85e1af03b634bd11bd9c13278c68a96aaf693ccb8d1c",
        ),
    ];
    /// The first JWE of `docs/encrypted-cards.json`.
    const PUBLISHED_JWE: &str = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImtpZCI6IjBhMGIwYzBkLTBlMGYtNWEwYi04YzBkLTBlMGYwYTBiMGMwZCIsImVwayI6eyJrdHkiOiJFQyIsImNydiI6IlAtMjU2IiwieCI6ImdJMEdBSUxCZHU3VDUzYWtyRm1NeUdjc0YzbjVkTzdNbXdOQkhLVzVTVjAiLCJ5IjoiU0xXX3hTZmZ6bFBXckhFVkkzMERITV80ZWdWd3QzTlFxZVVEN25NRnBwcyJ9fQ..EBESExQVFhcYGRob.L2KPo0ebbCj-b7K75TTDXwMjxybmiKBwVU1kTkLDPeC6_VS-Xmq_FgZzHQO4xscLEakWZoxBI23_rzSAKS_ob2flkEx048N4wUZ55GttS1zfqbo0GVYDRa4_Gj1Rf1qiftBsZzDzxvaKoeeDhzo1v9m98-Yzg8tBEUb93HSGvO9ugpqlyDOmVKkpgYJ6CJL_fATwzUjU_383IRar-l-ZhX0.hu48XdeQ70z8ODqz-t-ULg";

    fn accepted_at(milliseconds: u64) -> QuarantineIdentity<'static> {
        let Identity::Quarantine(place) = quarantine() else { unreachable!() };
        QuarantineIdentity { accepted_at: UNIX_EPOCH + Duration::from_millis(milliseconds), ..place }
    }

    #[test]
    fn version_2_envelopes_stay_readable() {
        for (milliseconds, jwe, sealed) in JWE_VECTORS {
            let (sealed, place) = (hex::decode(sealed).unwrap(), accepted_at(milliseconds));
            assert!(holds_jwe(&sealed));
            assert_eq!(open_jwe(&sealed, &key(), place).unwrap().as_slice(), jwe.as_bytes());
            let nonce = *sealed[1..].first_chunk().unwrap();
            assert_eq!(seal_jwe_with_nonce(jwe, &key(), place, nonce).unwrap(), sealed);
        }
    }

    #[test]
    fn a_reader_of_one_version_says_of_the_other_that_it_does_not_know_it() {
        let card = seal(&card("4111111111111111", None), &key(), &quarantine()).unwrap();
        let jwe = seal_jwe("a.b.c", &key(), accepted_at(0)).unwrap();
        for (sealed, is_unknown) in
            [(&*card, false), (&*jwe, false), (&[3], true), (&[0, 1], true), (&[], false)]
        {
            assert_eq!(has_unknown_version(sealed), is_unknown, "{:?}", sealed.first());
            assert_eq!(crate::SealedCard::has_unknown_version(sealed), is_unknown);
        }
        assert_eq!(open(&jwe, &key(), &quarantine()).err(), Some(OpenError::UnknownVersion));
        assert_eq!(open_jwe(&card, &key(), accepted_at(0)).err(), Some(OpenError::UnknownVersion));
        assert!(!holds_jwe(&card) && !holds_jwe(&[]));
        // Nor does one version open as the other when its number is altered.
        for (sealed, number) in [(&card, 2), (&jwe, 1)] {
            let mut altered = sealed.clone();
            altered[0] = number;
            assert!(open(&altered, &key(), &quarantine()).is_err());
            assert!(open_jwe(&altered, &key(), accepted_at(0)).is_err());
        }
    }

    #[test]
    fn promise_5_a_jwe_moved_to_any_other_place_or_time_does_not_open() {
        let sealed = seal_jwe("a.b.c", &key(), accepted_at(1_000)).unwrap();
        assert!(open_jwe(&sealed, &key(), accepted_at(1_000)).is_ok());
        for milliseconds in [0, 999, 1_001, 2_000] {
            let opened = open_jwe(&sealed, &key(), accepted_at(milliseconds));
            assert_eq!(opened.err(), Some(OpenError::Refused), "{milliseconds}");
        }
        for wrong in wrong_places() {
            let Identity::Quarantine(place) = wrong else { continue };
            let place = QuarantineIdentity { accepted_at: accepted_at(1_000).accepted_at, ..place };
            assert_eq!(open_jwe(&sealed, &key(), place).err(), Some(OpenError::Refused), "{place:?}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open_jwe(&flipped, &key(), accepted_at(1_000)).is_err(), "{bit}");
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
        for version in (0..=255).filter(|v| *v != CARD_VERSION) {
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
            let Identity::Quarantine(right) = quarantine() else { unreachable!() };
            let acceptance = Uuid::from_u128(acceptance);
            let place = QuarantineIdentity { order: &order, owner: &owner, acceptance, ..right };
            for moved in [place, QuarantineIdentity { order: &order, ..right }, QuarantineIdentity { owner: &owner, ..right },
                QuarantineIdentity { acceptance, ..right }] {
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
