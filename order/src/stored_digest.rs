//! The digest of an encrypted card, as a table stores it: 32 bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_bytes::{ByteBuf, Bytes};
use vault::JweDigest;

pub(crate) fn serialize<S: Serializer>(digest: &Option<JweDigest>, to: S) -> Result<S::Ok, S::Error> {
    digest.as_ref().map(|digest| Bytes::new(digest.as_bytes())).serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JweDigest>, D::Error> {
    let bytes = ByteBuf::deserialize(from)?;
    JweDigest::stored(&bytes).map(Some).ok_or_else(|| D::Error::custom("not a stored digest"))
}

/// The same of a row of which nothing must be readable.
pub(crate) fn readable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JweDigest>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Bytes(ByteBuf),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Stored::deserialize(from)? {
        Stored::Bytes(bytes) => JweDigest::stored(&bytes),
        Stored::Other(_) => None,
    })
}
