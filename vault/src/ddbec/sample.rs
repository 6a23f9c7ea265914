//! Writes rows as the sample does: for tests, here and (by its path) in `test-support`.

use std::collections::HashMap;

use aws_lc_rs::{
    cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
    hmac,
    iv::FixedLength,
};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Any will do: each row has a key of its own.
const IV: [u8; 16] = [3; 16];

/// Where a row is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) token: &'a str,
    pub(crate) account: &'a str,
}

impl Place<'_> {
    /// The KMS context of the row's data key.
    pub(crate) fn key_context(&self) -> HashMap<String, String> {
        [
            ("*amzn-ddb-env-alg*", "AES/256"),
            ("*amzn-ddb-sig-alg*", "HmacSHA256/256"),
            ("Hash_Key", self.token),
            ("Account_Id", self.account),
            ("*aws-kms-table*", self.table),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A row that holds a serialized attribute.
    pub(crate) fn row(
        &self,
        key: &[u8; 32],
        wrapped: &[u8],
        serialized: &[u8],
    ) -> HashMap<String, AttributeValue> {
        let bytes = |bytes| AttributeValue::B(Blob::new(bytes));
        let mut text = serialized.to_vec();
        let cipher = UnboundCipherKey::new(&AES_256, &derived(key, b"Encryption")).unwrap();
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).unwrap();
        cipher.less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from(IV))).unwrap();
        let mut row = HashMap::from([
            ("Hash_Key".to_owned(), AttributeValue::S(self.token.to_owned())),
            ("Account_Id".to_owned(), AttributeValue::S(self.account.to_owned())),
            ("CandidateString".to_owned(), bytes([IV.as_slice(), &text].concat())),
            ("*amzn-ddb-map-desc*".to_owned(), bytes(description(&pairs(wrapped)))),
        ]);
        self.sign(key, &mut row);
        row
    }

    /// Signs what a row has now.
    pub(crate) fn sign(&self, key: &[u8; 32], row: &mut HashMap<String, AttributeValue>) {
        let candidate = row["CandidateString"].as_b().unwrap().as_ref();
        let token = row["Hash_Key"].as_s().unwrap().as_bytes();
        let table = format!("TABLE>{}<TABLE", self.table);
        let signed: Vec<Vec<u8>> = vec![
            table.into_bytes(),
            b"CandidateString".to_vec(),
            b"ENCRYPTED".to_vec(),
            with_length(&[0, b'b'], candidate),
            b"Hash_Key".to_vec(),
            b"PLAINTEXT".to_vec(),
            with_length(&[0, b's'], token),
        ];
        let signed: Vec<u8> =
            signed.iter().flat_map(|part| digest(&SHA256, part).as_ref().to_vec()).collect();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derived(key, b"Signing"));
        let signature = hmac::sign(&key, &signed).as_ref().to_vec();
        row.insert("*amzn-ddb-map-sig*".to_owned(), AttributeValue::B(Blob::new(signature)));
    }
}

/// The pairs of a material description.
pub(crate) fn pairs(wrapped: &[u8]) -> Vec<(String, String)> {
    let wrapped = BASE64_STANDARD.encode(wrapped);
    [
        ("amzn-ddb-env-alg", "AES/256"),
        ("amzn-ddb-env-key", &wrapped),
        ("amzn-ddb-map-signingAlg", "HmacSHA256"),
        ("amzn-ddb-map-sym-mode", "/CBC/PKCS5Padding"),
        ("amzn-ddb-sig-alg", "HmacSHA256/256"),
        ("amzn-ddb-wrap-alg", "kms"),
        ("aws-kms-ec-attr", "*keys*"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A material description.
pub(crate) fn description(pairs: &[(String, String)]) -> Vec<u8> {
    let pairs = pairs.iter().flat_map(|(name, value)| [name, value]);
    pairs.fold(vec![0; 4], |bytes, text| [bytes, with_length(&[], text.as_bytes())].concat())
}

/// A serialized attribute: text, a number in digits, or nothing.
pub(crate) fn text(text: &str) -> Vec<u8> {
    with_length(&[0, b's'], text.as_bytes())
}

/// See [`text`].
pub(crate) fn number(digits: &str) -> Vec<u8> {
    with_length(&[0, b'n'], digits.as_bytes())
}

/// See [`text`].
pub(crate) const NULL: [u8; 2] = [0, 0];

fn with_length(tag: &[u8], bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [tag, length.as_slice(), bytes].concat()
}

fn derived(key: &[u8; 32], name: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    let root = Salt::new(HKDF_SHA256, &[]).extract(key);
    root.expand(&[name], HKDF_SHA256).unwrap().fill(&mut derived).unwrap();
    derived
}
