//! A row of the sample's vault, and its opening.

use std::{collections::HashMap, fmt};

use aws_lc_rs::iv::IV_LEN_128_BIT;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    content::Content,
    description::{self, CONTENT_ALGORITHM, SIGNATURE_ALGORITHM},
    error::ImportRowError,
    keys::{RowKeys, TextKey},
    signature::{DESCRIPTION, SIGNATURE, signed_bytes},
};
use crate::{
    data_key::{DataKey, WrappedDataKey},
    pan::Pan,
    plaintext::Plaintext,
    token::Token,
    vault_row::{ACCOUNT, SEALED_CARD, TOKEN},
};

/// The table's name in the KMS context.
const TABLE_IN_CONTEXT: &str = "*aws-kms-table*";

/// A row with everything that a row of the sample has. Nothing of it is verified yet.
pub(crate) struct SampleRow<'a> {
    pub(crate) token: Token,
    pub(crate) data_key: WrappedDataKey,
    pub(crate) signature: &'a [u8],
    account: &'a str,
    candidate: &'a [u8],
    attributes: &'a HashMap<String, AttributeValue>,
}

/// A row whose signature is right: its text may be decrypted.
pub(crate) struct SignedRow<'a> {
    key: TextKey,
    candidate: &'a [u8],
}

impl<'a> SampleRow<'a> {
    /// Reads the form of a row.
    ///
    /// # Errors
    /// [`ImportRowError::NotASampleRow`], [`ImportRowError::TokenMalformed`], [`ImportRowError::DescriptionUnknown`].
    pub(crate) fn parse(attributes: &'a HashMap<String, AttributeValue>) -> Result<Self, ImportRowError> {
        let text = |name| attributes.get(name).and_then(|value| value.as_s().ok());
        let bytes = |name| attributes.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref);
        let token = text(TOKEN).ok_or(ImportRowError::NotASampleRow)?;
        let account = text(ACCOUNT).ok_or(ImportRowError::NotASampleRow)?;
        let candidate = bytes(SEALED_CARD).ok_or(ImportRowError::NotASampleRow)?;
        let signature = bytes(SIGNATURE).ok_or(ImportRowError::NotASampleRow)?;
        let description = bytes(DESCRIPTION).ok_or(ImportRowError::NotASampleRow)?;
        let token = token.parse().map_err(|_| ImportRowError::TokenMalformed)?;
        let data_key = description::wrapped_key(description).ok_or(ImportRowError::DescriptionUnknown)?;
        Ok(Self { token, data_key, signature, account, candidate, attributes })
    }

    /// The KMS encryption context under which the client had the data key made.
    pub(crate) fn key_context(&self, table: &str) -> HashMap<String, String> {
        let algorithms = [CONTENT_ALGORITHM, SIGNATURE_ALGORITHM];
        let algorithms = algorithms.map(|(name, value)| (format!("*{name}*"), value.to_owned()));
        let place = [
            (TOKEN, self.token.to_string()),
            (ACCOUNT, self.account.to_owned()),
            (TABLE_IN_CONTEXT, table.to_owned()),
        ];
        algorithms.into_iter().chain(place.map(|(name, value)| (name.to_owned(), value))).collect()
    }

    /// Verifies the signature. Without it there is nothing that could be decrypted.
    ///
    /// # Errors
    /// [`ImportRowError::SignatureWrong`].
    pub(crate) fn verify(&self, data_key: &DataKey, table: &str) -> Result<SignedRow<'a>, ImportRowError> {
        let signed = signed_bytes(table, self.attributes).ok_or(ImportRowError::SignatureWrong)?;
        let key = RowKeys::of(data_key).verify(&signed, self.signature);
        let key = key.map_err(|_| ImportRowError::SignatureWrong)?;
        Ok(SignedRow { key, candidate: self.candidate })
    }
}

impl SignedRow<'_> {
    /// Decrypts the card number.
    ///
    /// # Errors
    /// [`ImportRowError::Unreadable`], whatever is wrong; of a row that opens [`ImportRowError::NoCard`] and
    /// [`ImportRowError::NotACard`].
    pub(crate) fn open(&self) -> Result<Pan, ImportRowError> {
        let candidate = self.candidate.split_first_chunk::<IV_LEN_128_BIT>();
        let (iv, text) = candidate.ok_or(ImportRowError::Unreadable)?;
        let mut text = Plaintext::new(text.to_vec());
        let text = self.key.decrypt(text.as_mut_slice(), *iv).map_err(|_| ImportRowError::Unreadable)?;
        match Content::read(text).ok_or(ImportRowError::Unreadable)? {
            Content::Text(text) | Content::Number(text) => {
                Pan::parse(text).map_err(|_| ImportRowError::NotACard)
            }
            Content::Absent => Err(ImportRowError::NoCard),
            Content::Other => Err(ImportRowError::NotACard),
        }
    }
}

impl fmt::Debug for SampleRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SampleRow({})", self.token)
    }
}
