//! The digest of what a profile sends.

use sha2::{Digest, Sha256};

use super::{exponents::Exponents, file::HeaderLine, step::Step};

/// SHA-256 of all that shapes the requests which charge, in letters: each half byte is one of `a` to `p`, so that no
/// digest is card-shaped.
pub(super) fn digest(steps: &[Step], exponents: &Exponents, key_header: Option<&HeaderLine>) -> String {
    let mut hash = Sha256::new();
    let mut piece = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    };
    for step in steps {
        // Their debug text names every member. A compiler that writes it otherwise makes other digests, and a payment
        // that was interrupted at that moment is UNKNOWN: nothing is sent twice.
        piece(&format!("{:?} {:?} {:?}", step.method, step.path, step.encoding));
        piece(&format!("{:?} {:?}", step.headers, step.key_suffix));
        piece(&format!("{:?}", step.body));
        piece(&format!("{:?} {:?}", step.take, step.remember));
    }
    for (currency, exponent) in exponents.iter() {
        piece(&format!("{currency} {exponent}"));
    }
    piece(&format!("{:?}", key_header.map(|header| &header.name)));
    let letter = |half: u8| char::from(b'a' + half);
    hash.finalize().iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect()
}
