//! The whole rows of the audit table, for who verifies them.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use vault::Token;

use super::{encoding::Hash, item::digest_of};
use crate::table_error::{TableError, classify};

/// A row of the audit table, as far as it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its partition key.
    pub principal: String,
    /// Its range key.
    pub at: String,
    /// The digest of all that it holds.
    pub digest: Hash,
    /// The token of the card that was taken out. A settlement has none.
    pub token: Option<Token>,
}

/// The audit table, to be read as a whole.
#[derive(Debug, Clone)]
pub struct AuditRows {
    dynamodb: Client,
    name: String,
}

impl AuditRows {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// A page of its rows, in no order, read consistently, and where the next page begins; none: this was the last.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn page(
        &self,
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<(Vec<AuditRow>, Option<HashMap<String, AttributeValue>>), TableError> {
        let scan = self.dynamodb.scan().table_name(&self.name).consistent_read(true);
        let reply = scan.set_exclusive_start_key(from).send().await;
        let reply = reply.map_err(|error| classify("Scan audit", &error))?;
        Ok((reply.items.unwrap_or_default().iter().map(AuditRow::of).collect(), reply.last_evaluated_key))
    }
}

impl AuditRow {
    fn of(row: &HashMap<String, AttributeValue>) -> Self {
        let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned();
        Self {
            principal: text("Principal").unwrap_or_default(),
            at: text("At").unwrap_or_default(),
            digest: digest_of(row),
            token: text("CreditCardToken").and_then(|token| token.parse().ok()),
        }
    }
}
