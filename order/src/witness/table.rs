//! `AuditWitnessTable`: the chains. Links are only added, each under a number that was absent.

use std::{collections::HashMap, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, operation::query::builders::QueryFluentBuilder, types::AttributeValue};

use super::link::{Chain, Entry, Head, Link};
use crate::{
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// How often a link is put before the batch is left to the next delivery.
const TRIES: u32 = 8;
/// The longest wait after the first time that somebody else had the number; it doubles from one to the next.
const FIRST_WAIT_MILLISECONDS: u64 = 10;

/// A row of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredLink {
    /// A link.
    Link(Link),
    /// A row that no release writes, with its number if it is one.
    Unreadable(Option<u64>),
}

impl StoredLink {
    fn of_row(row: &HashMap<String, AttributeValue>) -> Self {
        let number = || row.get("Number")?.as_n().ok()?.parse().ok();
        Link::of_row(row).map_or_else(|_| Self::Unreadable(number()), Self::Link)
    }
}

/// The table of the chains.
#[derive(Debug, Clone)]
pub struct WitnessTable {
    dynamodb: Client,
    name: String,
}

impl WitnessTable {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// Appends a link with these entries to a chain, and gives the chain's new end. If the reply to a try is lost, the
    /// entries may be in the chain twice, which is allowed.
    ///
    /// # Errors
    /// [`TableError`]; the entries may be in the chain, or not.
    pub async fn append(&self, chain: Chain, entries: &[Entry], at: Timestamp) -> Result<Head, TableError> {
        let mut head = self.head(chain).await?;
        for tried in 0..TRIES {
            let link = Link::after(head, chain, entries, at);
            if self.put(&link).await? == Written::Done {
                return Ok(link.head());
            }
            head = self.head(chain).await?;
            // The try before this one was written after all.
            if head == link.head() {
                return Ok(head);
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..=FIRST_WAIT_MILLISECONDS << tried)))
                .await;
        }
        Err(TableError::Unavailable)
    }

    /// A page of a chain's rows in the order of their numbers, read consistently, and where the next page begins; none:
    /// this was the last.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn page(
        &self,
        chain: Chain,
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<(Vec<StoredLink>, Option<HashMap<String, AttributeValue>>), TableError> {
        let query = self.of_chain(chain).set_exclusive_start_key(from);
        let reply = query.send().await.map_err(|error| classify("Query witness", &error))?;
        let rows = reply.items.unwrap_or_default();
        Ok((rows.iter().map(StoredLink::of_row).collect(), reply.last_evaluated_key))
    }

    async fn head(&self, chain: Chain) -> Result<Head, TableError> {
        let query = self.of_chain(chain).scan_index_forward(false).limit(1);
        let reply = query.send().await.map_err(|error| classify("Query witness", &error))?;
        reply.items().first().map_or(Ok(Head::NONE), |row| Ok(Link::of_row(row)?.head()))
    }

    fn of_chain(&self, chain: Chain) -> QueryFluentBuilder {
        self.dynamodb
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#Chain = :chain")
            .expression_attribute_names("#Chain", "Chain")
            .expression_attribute_values(":chain", AttributeValue::S(chain.name().to_owned()))
    }

    async fn put(&self, link: &Link) -> Result<Written, TableError> {
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.name)
            .set_item(Some(link.row()))
            .condition_expression("attribute_not_exists(#Chain)")
            .expression_attribute_names("#Chain", "Chain");
        conditional("PutItem witness", put.send().await)
    }
}
