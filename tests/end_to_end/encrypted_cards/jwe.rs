//! JWEs taken apart, changed and put together, as an attacker does it who has no key.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;

/// The five parts, as they are written.
pub(super) fn parts(jwe: &str) -> [&str; 5] {
    jwe.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// With another text as its header.
pub(super) fn with_header(jwe: &str, header: &str) -> String {
    let [_, key, nonce, ciphertext, tag] = parts(jwe);
    [&BASE64.encode(header), key, nonce, ciphertext, tag].join(".")
}

/// With a header that was changed.
pub(super) fn changed(jwe: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut header = header(jwe);
    change(&mut header);
    with_header(jwe, &header.to_string())
}

pub(super) fn header(jwe: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(parts(jwe)[0]).unwrap()).unwrap()
}

/// With one bit of a part flipped, in the middle of what it stands for.
pub(super) fn flipped(jwe: &str, part: usize) -> String {
    let mut bytes = BASE64.decode(parts(jwe)[part]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let flipped = BASE64.encode(bytes);
    let mut parts = parts(jwe);
    parts[part] = &flipped;
    parts.join(".")
}
