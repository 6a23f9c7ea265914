//! The vault's rows as re-wrapping reads and writes them: the wrapped data key and what is said of it, and no card.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::AttributeValue,
};

use crate::{
    data_key::WrappedDataKey,
    failure_code::failure_code,
    key_material::KeyMaterial,
    token::Token,
    vault_row::{ACCOUNT, DATA_KEY, KEY_MATERIAL, TOKEN},
};

type Item = HashMap<String, AttributeValue>;

/// The table did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableUnavailableError;

/// A conditional write that DynamoDB answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowWritten {
    Done,
    /// The row is gone, or has another wrapped key.
    LostRace,
}

/// A row of the vault without its card.
#[derive(Debug)]
pub struct WrappedRow {
    pub(crate) token: Token,
    pub(crate) data_key: WrappedDataKey,
    pub(crate) material: Option<KeyMaterial>,
}

/// What one `Scan` gave.
pub(crate) struct Scanned {
    pub(crate) items: Vec<Item>,
    /// The key after which the next one begins.
    pub(crate) last: Option<Item>,
}

/// Reads some rows, consistently: a row that was written before this began is seen.
pub(crate) async fn scan(
    dynamodb: &Client,
    table: &str,
    from: Option<Item>,
    limit: u32,
) -> Result<Scanned, TableUnavailableError> {
    let reply = dynamodb
        .scan()
        .table_name(table)
        .consistent_read(true)
        .projection_expression("Hash_Key, Account_Id, DataKey, KeyMaterial")
        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
        .set_exclusive_start_key(from)
        .send()
        .await
        .map_err(|error| unavailable("Scan", &error))?;
    Ok(Scanned { items: reply.items.unwrap_or_default(), last: reply.last_evaluated_key })
}

/// The key of a token's row.
pub(crate) fn key(token: Token, account: &str) -> Item {
    HashMap::from([
        (TOKEN.into(), AttributeValue::S(token.to_string())),
        (ACCOUNT.into(), AttributeValue::S(account.into())),
    ])
}

/// The token of a row of this account.
pub(crate) fn token_of(item: &Item, account: &str) -> Option<Token> {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok());
    text(ACCOUNT).filter(|of| *of == account)?;
    text(TOKEN)?.parse().ok()
}

impl WrappedRow {
    pub(crate) fn parse(item: Item, account: &str) -> Option<Self> {
        let token = token_of(&item, account)?;
        let data_key = item.get(DATA_KEY)?.as_b().ok()?.as_ref().to_vec();
        let material = item.get(KEY_MATERIAL).and_then(|value| value.as_s().ok());
        let material = material.and_then(|text| KeyMaterial::stored(text));
        Some(Self { token, data_key: data_key.into(), material })
    }

    /// Puts another wrapping of the same data key in the place of the one that was read. A row that is gone stays gone.
    pub(crate) async fn replace_key(
        &self,
        dynamodb: &Client,
        table: &str,
        account: &str,
        wrapped: &WrappedDataKey,
        material: &KeyMaterial,
    ) -> Result<RowWritten, TableUnavailableError> {
        let bytes = |key: &WrappedDataKey| AttributeValue::B(Blob::new(key.as_bytes()));
        let update = dynamodb
            .update_item()
            .table_name(table)
            .set_key(Some(key(self.token, account)))
            .update_expression("SET DataKey = :new, KeyMaterial = :material")
            .condition_expression("DataKey = :seen")
            .expression_attribute_values(":new", bytes(wrapped))
            .expression_attribute_values(":material", AttributeValue::S(material.to_string()))
            .expression_attribute_values(":seen", bytes(&self.data_key));
        match update.send().await {
            Ok(_) => Ok(RowWritten::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(RowWritten::LostRace)
            }
            Err(error) => Err(unavailable("UpdateItem", &error)),
        }
    }
}

fn unavailable<E, R>(operation: &'static str, error: &SdkError<E, R>) -> TableUnavailableError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(operation, code, request_id = error.request_id(), "the vault refused or failed");
    TableUnavailableError
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT_ID: &str = "123456789012";

    #[test]
    fn a_row_without_its_token_its_account_or_its_key_cannot_be_read() {
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let whole = || {
            let mut row = key("11111111-2222-4333-8444-aaaaaaaaaaaa".parse().unwrap(), ACCOUNT_ID);
            row.insert(DATA_KEY.into(), AttributeValue::B(Blob::new([1])));
            row
        };
        let with = |name: &str, value: AttributeValue| {
            let mut row = whole();
            row.insert(name.into(), value);
            WrappedRow::parse(row, ACCOUNT_ID)
        };
        assert!(WrappedRow::parse(whole(), ACCOUNT_ID).unwrap().material.is_none());
        assert!(with(TOKEN, s("4111111111111111")).is_none());
        assert!(with(ACCOUNT, s("210987654321")).is_none());
        assert!(with(DATA_KEY, s("x")).is_none());
        // A hint that cannot be read is none, and its row is as good as any other.
        for unread in [s("4111111111111111"), AttributeValue::N("1".into())] {
            assert!(with(KEY_MATERIAL, unread).unwrap().material.is_none());
        }
        let told = "1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(with(KEY_MATERIAL, s(told)).unwrap().material.unwrap().to_string(), told);
    }
}
