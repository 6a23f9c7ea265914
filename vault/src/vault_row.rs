//! The vault's rows: `CreditCardTokenizerTable`, under the AWS sample's names.

use std::{collections::HashMap, time::SystemTime};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};

use crate::{
    action::{IncompleteActionError, action},
    data_key::WrappedDataKey,
    failure_code::failure_code,
    key_material::KeyMaterial,
    sealer::SealedCard,
    token::Token,
};

pub(crate) const TOKEN: &str = "Hash_Key";
pub(crate) const ACCOUNT: &str = "Account_Id";
pub(crate) const SEALED_CARD: &str = "CandidateString";
pub(crate) const DATA_KEY: &str = "DataKey";
pub(crate) const KEY_MATERIAL: &str = "KeyMaterial";
/// Only rows of the AWS sample have it.
pub(crate) const SAMPLE_SIGNATURE: &str = "*amzn-ddb-map-sig*";
const CREATED_AT: &str = "CreatedAt";
const EXPIRES_AT: &str = "ExpiresAt";

/// What the vault holds for a token.
#[derive(Debug)]
pub(crate) struct VaultRow {
    pub(crate) sealed: SealedCard,
    pub(crate) data_key: WrappedDataKey,
    /// End of retention, in epoch seconds. From then on the row counts as deleted, whether DynamoDB has
    /// removed it yet or not.
    pub(crate) expires_at: Option<u64>,
}

/// What a row is put over: a put never replaces anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenOver<'a> {
    /// No row of this token is there.
    Nothing,
    /// The row of the AWS sample that has this signature is still there.
    SampleRow { signature: &'a [u8] },
}

/// Why a vault row could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VaultReadError {
    Unavailable,
    Malformed,
}

impl VaultRow {
    /// The put that is part of the transaction that carries an order across.
    pub(crate) fn put(
        self,
        table: &str,
        token: Token,
        account: &str,
        created_at: SystemTime,
        wrapped_by: &KeyMaterial,
        over: WrittenOver<'_>,
    ) -> Result<TransactWriteItem, IncompleteActionError> {
        let mut item = HashMap::from([
            (TOKEN.into(), AttributeValue::S(token.to_string())),
            (ACCOUNT.into(), AttributeValue::S(account.into())),
            (SEALED_CARD.into(), AttributeValue::B(Blob::new(self.sealed.as_bytes()))),
            (DATA_KEY.into(), AttributeValue::B(Blob::new(self.data_key.as_bytes()))),
            (KEY_MATERIAL.into(), AttributeValue::S(wrapped_by.to_string())),
            (CREATED_AT.into(), AttributeValue::S(humantime::format_rfc3339_millis(created_at).to_string())),
        ]);
        if let Some(end) = self.expires_at {
            item.insert(EXPIRES_AT.into(), AttributeValue::N(end.to_string()));
        }
        let put = Put::builder().table_name(table).set_item(Some(item));
        let put = match over {
            WrittenOver::Nothing => put.condition_expression("attribute_not_exists(Hash_Key)"),
            WrittenOver::SampleRow { signature } => put
                .condition_expression("#signature = :read")
                .expression_attribute_names("#signature", SAMPLE_SIGNATURE)
                .expression_attribute_values(":read", AttributeValue::B(Blob::new(signature))),
        };
        action(put.build())
    }

    /// The delete of a token's row, as part of a transaction. If the row is gone already, this is no error.
    pub(crate) fn delete(
        table: &str,
        token: Token,
        account: &str,
    ) -> Result<TransactWriteItem, IncompleteActionError> {
        let delete = Delete::builder()
            .table_name(table)
            .key(TOKEN, AttributeValue::S(token.to_string()))
            .key(ACCOUNT, AttributeValue::S(account.into()))
            .build();
        action(delete)
    }

    /// Reads the row of a token, consistently.
    pub(crate) async fn read(
        dynamodb: &Client,
        table: &str,
        token: Token,
        account: &str,
    ) -> Result<Option<Self>, VaultReadError> {
        let reply = dynamodb
            .get_item()
            .table_name(table)
            .key(TOKEN, AttributeValue::S(token.to_string()))
            .key(ACCOUNT, AttributeValue::S(account.into()))
            .consistent_read(true)
            .projection_expression("CandidateString, DataKey, ExpiresAt")
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        reply.item.map(Self::parse).transpose()
    }

    fn parse(mut item: HashMap<String, AttributeValue>) -> Result<Self, VaultReadError> {
        let mut bytes = |name| match item.remove(name) {
            Some(AttributeValue::B(blob)) => Ok(blob.into_inner()),
            _ => Err(VaultReadError::Malformed),
        };
        let (sealed, data_key) = (bytes(SEALED_CARD)?, bytes(DATA_KEY)?);
        let expires_at = match item.get(EXPIRES_AT) {
            None => None,
            Some(end) => Some(end.as_n().ok().and_then(|n| n.parse().ok()).ok_or(VaultReadError::Malformed)?),
        };
        Ok(Self { sealed: sealed.into(), data_key: data_key.into(), expires_at })
    }
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> VaultReadError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(
        operation = "GetItem",
        code,
        request_id = error.request_id(),
        "the vault could not be read"
    );
    VaultReadError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_its_bytes_is_malformed() {
        let blob = || AttributeValue::B(Blob::new([1]));
        let whole = [(SEALED_CARD, blob()), (DATA_KEY, blob())];
        let row = |pairs: &[(&str, AttributeValue)]| {
            VaultRow::parse(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
        };
        assert!(row(&whole).is_ok());
        assert_eq!(row(&whole[..1]).err(), Some(VaultReadError::Malformed));
        assert_eq!(
            row(&[whole[0].clone(), (DATA_KEY, AttributeValue::S("x".into()))]).err(),
            Some(VaultReadError::Malformed)
        );
        let with_end = |end| row(&[whole[0].clone(), whole[1].clone(), (EXPIRES_AT, AttributeValue::N(end))]);
        assert_eq!(with_end("12".into()).unwrap().expires_at, Some(12));
        assert_eq!(with_end("1e9".into()).err(), Some(VaultReadError::Malformed));
    }
}
