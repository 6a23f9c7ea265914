//! What the client signs of a row.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::vault_row::{ACCOUNT, SAMPLE_SIGNATURE, TOKEN};

/// The client's own attributes.
pub(crate) const DESCRIPTION: &str = "*amzn-ddb-map-desc*";
pub(crate) const SIGNATURE: &str = SAMPLE_SIGNATURE;

/// How an attribute is covered, as the sample sets it: the token as it is, the account not at all, everything else
/// encrypted.
fn coverage(name: &str) -> Option<&'static str> {
    match name {
        TOKEN => Some("PLAINTEXT"),
        ACCOUNT | DESCRIPTION | SIGNATURE => None,
        _ => Some("ENCRYPTED"),
    }
}

/// The digests that are signed: of the table, and of each covered attribute its name, how it is covered, and its value.
/// `None`: an attribute has a type that no signed row has, so somebody added it since.
pub(crate) fn signed_bytes(table: &str, row: &HashMap<String, AttributeValue>) -> Option<Vec<u8>> {
    let mut signed = Vec::with_capacity(7 * SHA256.output_len());
    let mut add = |bytes: &[u8]| signed.extend_from_slice(digest(&SHA256, bytes).as_ref());
    add(format!("TABLE>{table}<TABLE").as_bytes());
    // In Python's order of texts, which is that of their UTF-8.
    for (name, value) in row.iter().collect::<BTreeMap<_, _>>() {
        let Some(how) = coverage(name) else { continue };
        add(name.as_bytes());
        add(how.as_bytes());
        add(&serialized(value)?);
    }
    Some(signed)
}

/// A stored value: a zero, the type, the length, the bytes. A signed row has the token, which is text, and what is
/// encrypted, which is bytes, and nothing else.
fn serialized(value: &AttributeValue) -> Option<Vec<u8>> {
    let (tag, bytes) = match value {
        AttributeValue::S(text) => (b's', text.as_bytes()),
        AttributeValue::B(blob) => (b'b', blob.as_ref()),
        _ => return None,
    };
    let length = u32::try_from(bytes.len()).ok()?;
    Some([&[0, tag], length.to_be_bytes().as_slice(), bytes].concat())
}
