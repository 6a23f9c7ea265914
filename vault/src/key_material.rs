//! Which KMS key, and which version of its material, wrapped a data key: a hint for counting.

use std::fmt;

use uuid::Uuid;

/// Bytes of the id that KMS gives to key material, in hexadecimal digits.
const MATERIAL_DIGITS: usize = 64;
/// The same of a multi-Region key's id, behind its `mrk-`.
const MULTI_REGION_DIGITS: usize = 32;

/// The KMS key that wrapped a data key, and its key material, if KMS told it. Stored as `KEY` or `KEY/MATERIAL`. It is
/// a hint for counting, and never the choice of a key: whoever may write the vault may alter it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyMaterial {
    /// The key's id: the last part of its ARN.
    key: String,
    material: Option<String>,
}

impl KeyMaterial {
    /// Of the key that was asked, and of the material that KMS names in its answer.
    pub(crate) fn of(key_arn: &str, material: Option<&str>) -> Self {
        Self { key: key_id(key_arn).to_owned(), material: material.map(str::to_owned) }
    }

    /// Reads what a row says. `None` for every text of another form: no such text is ever shown.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let (key, material) = match text.split_once('/') {
            None => (text, None),
            Some((key, material)) => (key, Some(material)),
        };
        let is_whole = is_key_id(key) && material.is_none_or(|material| is_hex(material, MATERIAL_DIGITS));
        is_whole.then(|| Self { key: key.to_owned(), material: material.map(str::to_owned) })
    }

    /// Whether it names the key with this ARN.
    #[must_use]
    pub fn is_of(&self, key_arn: &str) -> bool {
        self.key == key_id(key_arn)
    }
}

impl fmt::Display for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        self.material.as_ref().map_or(Ok(()), |material| write!(f, "/{material}"))
    }
}

fn key_id(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id>
fn is_key_id(text: &str) -> bool {
    let is_uuid = Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text);
    is_uuid || text.strip_prefix("mrk-").is_some_and(|id| is_hex(id, MULTI_REGION_DIGITS))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const MULTI_REGION: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    #[test]
    fn what_kms_told_is_read_back_from_its_text() {
        for id in [KEY, MULTI_REGION] {
            let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{id}");
            for material in [None, Some("0af9".repeat(16))] {
                let told = KeyMaterial::of(&arn, material.as_deref());
                assert!(told.is_of(&arn) && told.is_of(id), "{told}");
                assert!(!told.is_of("arn:aws:kms:us-east-1:123456789012:key/another"));
                assert_eq!(KeyMaterial::stored(&told.to_string()), Some(told));
            }
        }
    }

    #[test]
    fn promise_1_no_text_of_another_form_is_taken_for_key_material() {
        let material = "0".repeat(64);
        for text in [
            "".to_owned(),
            "4111111111111111".to_owned(),
            format!("{KEY}/"),
            format!("{KEY}/4111111111111111"),
            format!("{KEY}/{material}0"),
            format!("{KEY}/{}G", "0".repeat(63)),
            format!("{KEY}/{}", "A".repeat(64)),
            format!("{KEY}/{material}/{material}"),
            format!("4111111111111111/{material}"),
            KEY.to_uppercase(),
            KEY.replace('-', ""),
            format!("{{{KEY}}}"),
            format!("{MULTI_REGION}0"),
            MULTI_REGION.replace("mrk-", "arn-"),
        ] {
            assert_eq!(KeyMaterial::stored(&text), None, "{text}");
        }
    }
}
