//! The envelope without KMS, for the benches: they measure what is private here. Exists only with the feature
//! `bench`, which no package of the workspace may turn on (`.ci/arrows`): whoever could open an envelope with a
//! key of their own would need no capability.

use crate::{
    card::Card,
    data_key::DataKey,
    envelope::{self, Identity},
    identity::QuarantineIdentity,
};

/// A data key that no KMS has seen.
pub struct Bench(DataKey);

impl Bench {
    /// With this key; nothing when it has not 32 bytes.
    #[must_use]
    pub fn new(key: Vec<u8>) -> Option<Self> {
        DataKey::take(key).map(Self)
    }

    /// Seals a card for its place.
    #[must_use]
    pub fn seal(&self, card: &Card, place: QuarantineIdentity<'_>) -> Option<Vec<u8>> {
        envelope::seal(card, &self.0, &Identity::Quarantine(place)).ok()
    }

    /// Opens it again.
    #[must_use]
    pub fn open(&self, sealed: &[u8], place: QuarantineIdentity<'_>) -> Option<Card> {
        envelope::open(sealed, &self.0, &Identity::Quarantine(place)).ok()
    }
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bench")
    }
}

/// The AAD of a place.
#[must_use]
pub fn aad(place: QuarantineIdentity<'_>) -> Vec<u8> {
    place.aad(1).as_bytes().to_vec()
}
