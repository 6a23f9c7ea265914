//! The sample's vault, as it is read: one row by its token, and all tokens page by page.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};

use vault::Token;

use crate::{
    error::ImportError,
    reason::Reason,
    row::{Item, Key, Scalar},
    source::classify,
};

const TOKEN: &str = "Hash_Key";
const ACCOUNT: &str = "Account_Id";

/// The table of the sample's vault.
#[derive(Debug)]
pub(crate) struct VaultRows {
    dynamodb: Client,
    table: String,
}

/// Tokens of some rows.
pub(crate) struct TokenPage {
    /// As they are stored: text of any form.
    pub(crate) tokens: Vec<String>,
    /// How many rows were read, of the sample's or not.
    pub(crate) rows: u64,
    /// After which key the next page begins; none: this is the last one.
    pub(crate) next: Option<Key>,
}

impl VaultRows {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { dynamodb: Client::new(config), table }
    }

    /// The row of a token, read consistently, or why there is none that can be imported. The account is not asked for: a
    /// copied table may have another one's, and KMS judges it.
    pub(crate) async fn of(&self, token: Token) -> Result<Result<Item, Reason>, ImportError> {
        let reply = self
            .dynamodb
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("Hash_Key = :token")
            .expression_attribute_values(":token", AttributeValue::S(token.to_string()))
            .limit(2)
            .send()
            .await
            .map_err(|error| ImportError::Source(classify("Query sample vault", &error)))?;
        let mut rows = reply.items.unwrap_or_default().into_iter();
        Ok(match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            (None, _) => Err(Reason::VaultRowMissing),
            (Some(_), Some(_)) => Err(Reason::VaultRowTwice),
        })
    }

    /// The tokens of up to so many rows, without those of this stack's own vault, which have a `DataKey`: they are cards of
    /// customers' orders, where the sample's rows are in that vault too.
    pub(crate) async fn tokens(&self, after: Option<&Key>, limit: u32) -> Result<TokenPage, ImportError> {
        let reply = self
            .dynamodb
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .projection_expression("Hash_Key")
            .filter_expression("attribute_not_exists(DataKey)")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(item_of))
            .send()
            .await
            .map_err(|error| ImportError::Source(classify("Scan sample vault", &error)))?;
        let text = |item: &Item, name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let rows = u64::try_from(reply.scanned_count).unwrap_or_default();
        let tokens = reply.items.unwrap_or_default();
        let tokens = tokens.iter().map(|item| text(item, TOKEN).unwrap_or_default()).collect();
        let next = reply.last_evaluated_key.map(|key| {
            let part = |name| text(&key, name).map(Scalar::S).ok_or(ImportError::SourceKey);
            Ok::<_, ImportError>(Key(part(TOKEN)?, Some(part(ACCOUNT)?)))
        });
        Ok(TokenPage { tokens, rows, next: next.transpose()? })
    }
}

fn item_of(Key(token, account): &Key) -> Item {
    let value = |part: &Scalar| match part {
        Scalar::S(text) | Scalar::N(text) => AttributeValue::S(text.clone()),
        Scalar::B(_) => AttributeValue::S(String::new()),
    };
    let account = account.iter().map(|account| (ACCOUNT.to_owned(), value(account)));
    [(TOKEN.to_owned(), value(token))].into_iter().chain(account).collect()
}
