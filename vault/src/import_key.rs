//! The importer's own KMS key, for HMACs. It marks the numbers of a source table, so that a number is taken out of a row
//! only if it is the one that was sealed. It also gives the key that the place of an import in its source is sealed
//! with: that place is the key of a row, which may be a card number.

use std::fmt;

use aes_gcm::{Nonce, aead::AeadInOut};
use aws_config::SdkConfig;
use aws_lc_rs::{
    constant_time,
    digest::{Context, SHA256},
};
use uuid::Uuid;

use crate::{
    data_key::DataKey,
    keyring::{Codes, KeyringError},
    pan::Pan,
    plaintext::Plaintext,
    sealer::SealError,
};

/// What a code is for: no code for the one purpose is a code for the other.
const MARK: &[u8] = b"card-airlock import mark 1";
const CURSOR: &[u8] = b"card-airlock import cursor 1";
const CODE_LENGTH: usize = 32;
const ID_LENGTH: usize = 16;
const NONCE_LENGTH: usize = 12;

/// The importer's KMS key (`kms:GenerateMac`), for one source table.
pub struct ImportKey {
    codes: Codes,
    source: String,
}

/// What a mark is bound to besides the number.
#[derive(Debug, Clone, Copy)]
pub struct MarkedRow<'a> {
    /// The bytes that name the row in its table.
    pub key: &'a [u8],
    /// The order id that the row had.
    pub order: &'a str,
    /// The acceptance for which the number was sealed.
    pub acceptance: Uuid,
}

/// The mark of a row: for which acceptance its number was sealed, and a code by which number and order are recognized.
/// Without the KMS key it says nothing about the number.
#[derive(Clone, PartialEq, Eq)]
pub struct Mark {
    acceptance: Uuid,
    code: [u8; CODE_LENGTH],
}

/// Seals the place of an import in its source.
pub struct CursorSeal {
    key: DataKey,
}

impl ImportKey {
    /// The key of that ARN, for the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, key_arn: String, source_table: String) -> Self {
        Self { codes: Codes::new(config, key_arn), source: source_table }
    }

    /// The mark of a row with this number. KMS gets a digest, not the number.
    ///
    /// # Errors
    /// [`KeyringError`] when KMS gives no code.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed at once, for the mark of its row")]
    pub async fn mark(&self, number: &Pan, row: MarkedRow<'_>) -> Result<Mark, KeyringError> {
        let MarkedRow { key, order, acceptance } = row;
        let number = number.expose().as_bytes();
        let pieces = [self.source.as_bytes(), key, order.as_bytes(), acceptance.as_bytes(), number];
        let code = self.code(MARK, &pieces).await?;
        let code = code.try_into().map_err(|_| KeyringError::Unavailable)?;
        Ok(Mark { acceptance, code })
    }

    /// What seals places in the source table, of one kind of pass: another pass's places do not open.
    ///
    /// # Errors
    /// [`KeyringError`] when KMS gives no code.
    pub async fn cursors(&self, pass: &[u8]) -> Result<CursorSeal, KeyringError> {
        let code = self.code(CURSOR, &[self.source.as_bytes(), pass]).await?;
        DataKey::take(code).map(|key| CursorSeal { key }).ok_or(KeyringError::Unavailable)
    }

    async fn code(&self, purpose: &[u8], pieces: &[&[u8]]) -> Result<Vec<u8>, KeyringError> {
        self.codes.code(&digest(purpose, pieces)).await
    }
}

/// Every piece with its length before it, so that no two lists of pieces give the same bytes.
fn digest(purpose: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    for piece in [purpose].iter().chain(pieces) {
        hash.update(&u64::try_from(piece.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(piece);
    }
    [purpose, hash.finish().as_ref()].concat()
}

impl Mark {
    /// Reads a stored mark; none: these bytes are none.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        let (id, code) = bytes.split_first_chunk::<ID_LENGTH>()?;
        Some(Self { acceptance: Uuid::from_bytes(*id), code: code.try_into().ok()? })
    }

    /// The bytes as stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.acceptance.as_bytes().as_slice(), &self.code].concat()
    }

    /// The acceptance for which the number was sealed.
    #[must_use]
    pub fn acceptance(&self) -> Uuid {
        self.acceptance
    }

    /// Whether both are marks of the same number in the same row, for the same order and acceptance.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.to_bytes(), &other.to_bytes()).is_ok()
    }
}

impl CursorSeal {
    /// Seals a place.
    ///
    /// # Errors
    /// [`SealError::Cipher`].
    pub fn seal(&self, place: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Cipher)?;
        let mut sealed = place.to_vec();
        let cipher = self.key.cipher();
        cipher.encrypt_in_place(&Nonce::from(nonce), CURSOR, &mut sealed).map_err(|_| SealError::Cipher)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a sealed place; none: it was altered, or is of another table, or of another key.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<Plaintext<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        let mut place = Plaintext::new(sealed.to_vec());
        self.key.cipher().decrypt_in_place(&Nonce::from(*nonce), CURSOR, &mut *place).ok()?;
        Some(place)
    }
}

impl fmt::Debug for ImportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportKey")
    }
}

impl fmt::Debug for CursorSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorSeal")
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({})", self.acceptance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8) -> CursorSeal {
        CursorSeal { key: DataKey::take(vec![key; 32]).unwrap() }
    }

    #[test]
    fn a_place_is_opened_by_its_own_seal_only_and_unaltered_only() {
        let place = b"4111111111111111";
        let sealed = seal(1).seal(place).unwrap();
        assert_eq!(seal(1).open(&sealed).unwrap().as_slice(), place);
        assert_ne!(sealed, seal(1).seal(place).unwrap(), "each time with another nonce");
        assert!(!sealed.windows(7).any(|window| window == &place[..7]));
        assert!(seal(2).open(&sealed).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(seal(1).open(&altered).is_none(), "{at}");
            assert!(seal(1).open(&sealed[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn no_two_lists_of_pieces_have_the_same_digest() {
        let lists: [(&[u8], &[&[u8]]); 6] = [
            (MARK, &[b"ab", b"c"]),
            (MARK, &[b"a", b"bc"]),
            (MARK, &[b"abc"]),
            (MARK, &[b"", b"ab", b"c"]),
            (MARK, &[b"ab", b"d"]),
            (CURSOR, &[b"ab", b"c"]),
        ];
        let mut digests: Vec<_> = lists.iter().map(|(purpose, pieces)| digest(purpose, pieces)).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), lists.len());
    }

    #[test]
    fn a_mark_is_read_back_and_is_another_with_any_other_byte() {
        let mark = Mark { acceptance: Uuid::from_u128(7), code: [9; CODE_LENGTH] };
        let bytes = mark.to_bytes();
        assert!(Mark::stored(&bytes).unwrap().is(&mark));
        assert_eq!(mark.acceptance(), Uuid::from_u128(7));
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(!Mark::stored(&altered).unwrap().is(&mark), "{at}");
            assert!(Mark::stored(&bytes[..at]).is_none(), "{at}");
        }
        assert!(Mark::stored(&[bytes.as_slice(), &[0]].concat()).is_none());
        assert!(!format!("{mark:?}").contains("9, 9"));
    }
}
