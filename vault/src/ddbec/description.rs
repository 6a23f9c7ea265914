//! The material description: how the row was encrypted, and its wrapped data key. It is not signed, so only the one that
//! the sample writes is read.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::data_key::WrappedDataKey;

/// A version, and then pairs of texts with their lengths.
const VERSION: [u8; 4] = [0; 4];
/// The name of the wrapped data key, whose value differs from row to row.
const WRAPPED_KEY: &str = "amzn-ddb-env-key";
/// How the content is encrypted; also in the KMS context.
pub(crate) const CONTENT_ALGORITHM: (&str, &str) = ("amzn-ddb-env-alg", "AES/256");
/// How the row is signed; also in the KMS context.
pub(crate) const SIGNATURE_ALGORITHM: (&str, &str) = ("amzn-ddb-sig-alg", "HmacSHA256/256");
/// All other pairs.
const FIXED: [(&str, &str); 6] = [
    CONTENT_ALGORITHM,
    ("amzn-ddb-map-signingAlg", "HmacSHA256"),
    ("amzn-ddb-map-sym-mode", "/CBC/PKCS5Padding"),
    SIGNATURE_ALGORITHM,
    ("amzn-ddb-wrap-alg", "kms"),
    ("aws-kms-ec-attr", "*keys*"),
];

/// The wrapped data key of a description. `None`: a pair is missing, unknown or there twice, a value is another one, or
/// there is something behind the last pair.
pub(crate) fn wrapped_key(description: &[u8]) -> Option<WrappedDataKey> {
    let mut rest = description.strip_prefix(&VERSION)?;
    let mut wrapped = None;
    let mut fixed = FIXED.to_vec();
    while !rest.is_empty() {
        let name = take_text(&mut rest)?;
        let value = take_text(&mut rest)?;
        if name == WRAPPED_KEY {
            let key = BASE64_STANDARD.decode(value).ok().filter(|key| !key.is_empty())?;
            // There twice: refused.
            wrapped.replace(key).is_none().then_some(())?;
        } else {
            // One that was found is no longer expected.
            let place = fixed.iter().position(|pair| *pair == (name, value))?;
            fixed.swap_remove(place);
        }
    }
    wrapped.filter(|_| fixed.is_empty()).map(WrappedDataKey::from)
}

/// Takes a text with its length before it. The length is never trusted: what it says must be there.
fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ddbec::sample::{self, pairs};

    const KEY: &[u8] = b"a wrapped data key";

    fn description(change: impl FnOnce(&mut Vec<(String, String)>)) -> Vec<u8> {
        let mut pairs = pairs(KEY);
        change(&mut pairs);
        sample::description(&pairs)
    }

    #[test]
    fn the_samples_description_gives_its_wrapped_key_in_any_order() {
        let whole = description(|_| ());
        assert_eq!(wrapped_key(&whole).unwrap().as_bytes(), KEY);
        assert_eq!(wrapped_key(&description(|pairs| pairs.reverse())).unwrap().as_bytes(), KEY);
    }

    #[test]
    fn another_value_of_any_pair_is_refused() {
        for place in 0..7 {
            for value in ["", "AES/128", "/CBC/PKCS7Padding", "HmacSHA512", "=", "QQ", "QR=="] {
                let other = description(|pairs| pairs[place].1 = value.to_owned());
                assert_eq!(wrapped_key(&other), None, "{place} {value}");
            }
        }
    }

    #[test]
    fn a_pair_that_is_missing_unknown_or_there_twice_is_refused() {
        for place in 0..7 {
            let missing = description(|pairs| drop(pairs.remove(place)));
            assert_eq!(wrapped_key(&missing), None, "{place}");
            let twice = description(|pairs| pairs.insert(place, pairs[place].clone()));
            assert_eq!(wrapped_key(&twice), None, "{place}");
            let renamed = description(|pairs| pairs[place].0.push('x'));
            assert_eq!(wrapped_key(&renamed), None, "{place}");
        }
        let more = description(|pairs| pairs.push(("aws-kms-ec-attr2".to_owned(), "*keys*".to_owned())));
        assert_eq!(wrapped_key(&more), None);
    }

    #[test]
    fn another_version_a_cut_and_what_is_behind_the_last_pair_are_refused() {
        let whole = description(|_| ());
        for place in 0..4 {
            let mut other = whole.clone();
            other[place] = 1;
            assert_eq!(wrapped_key(&other), None, "{place}");
        }
        for length in 0..whole.len() {
            assert_eq!(wrapped_key(&whole[..length]), None, "{length}");
        }
        for behind in [vec![0], vec![0; 4], vec![0; 8], u32::MAX.to_be_bytes().to_vec()] {
            assert_eq!(wrapped_key(&[whole.as_slice(), &behind].concat()), None, "{behind:?}");
        }
    }

    #[test]
    fn a_length_that_is_not_there_is_refused_however_large() {
        for length in [17, 18, 400 * 1024, u32::MAX / 2, u32::MAX] {
            let mut other = description(|_| ());
            other[4..8].copy_from_slice(&length.to_be_bytes());
            assert_eq!(wrapped_key(&other), None, "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_or_gives_another_wrapped_key() {
        let whole = description(|_| ());
        for bit in 0..whole.len() * 8 {
            let mut other = whole.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(wrapped_key(&other).as_ref().map(WrappedDataKey::as_bytes), Some(KEY), "{bit}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>, cut in 0_usize..400, more: Vec<u8>) {
            wrapped_key(&bytes);
            let whole = description(|_| ());
            wrapped_key(&[&whole[..cut.min(whole.len())], &more].concat());
        }
    }
}
