//! Whose an order of the source is.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use order::{OrderId, Owner};

use crate::{
    error::ImportError,
    reason::Reason,
    row::Row,
    settings::{Columns, OwnerRule},
    source::classify,
    summary::{Outcome, OwnerBy, Verdict, bad},
};

/// The key and the owner in the table of owners.
const ID: &str = "Id";
const OWNER: &str = "Owner";
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys>
const LONGEST_KEY: usize = 2048;

/// Whose an order is, and what says so.
pub(crate) struct Found {
    pub(crate) owner: Owner,
    pub(crate) by: OwnerBy,
}

/// Finds owners.
#[derive(Debug)]
pub(crate) struct Owners {
    dynamodb: Client,
    rule: OwnerRule,
}

impl Owners {
    pub(crate) fn new(config: &SdkConfig, rule: OwnerRule) -> Self {
        Self { dynamodb: Client::new(config), rule }
    }

    /// The owner of a row's order, or why it has none: by the table of owners if there is one, else by the row's attribute;
    /// where neither says anything, the one who is named for all. Whom a row names and the table does not know is nobody
    /// else: a wrong owner could never be corrected.
    pub(crate) async fn of(
        &self,
        row: &Row,
        order: &OrderId,
        columns: &Columns,
    ) -> Result<Result<Found, Verdict>, ImportError> {
        let own = columns.owner.as_ref().map(|name| row.text(name).filter(|text| !text.is_empty()));
        let (named, by) = match (&self.rule.table, own) {
            (Some(table), Some(Some(id))) => match self.look_up(table, id).await? {
                None => return Ok(Err(without(Reason::OwnerUnknown))),
                found => (found, OwnerBy::Table),
            },
            (Some(table), None) => (self.look_up(table, order.as_str()).await?, OwnerBy::Table),
            (None, Some(own)) => (own.map(str::to_owned), OwnerBy::Attribute),
            (Some(_), Some(None)) | (None, None) => (None, OwnerBy::All),
        };
        Ok(match (named, &self.rule.all) {
            (Some(sub), _) => {
                Owner::named(&sub).map(|owner| Found { owner, by }).map_err(|_| bad(Reason::OwnerInvalid))
            }
            (None, Some(all)) => Ok(Found { owner: all.clone(), by: OwnerBy::All }),
            (None, None) => Err(without(Reason::OwnerMissing)),
        })
    }

    async fn look_up(&self, table: &str, id: &str) -> Result<Option<String>, ImportError> {
        if id.is_empty() || id.len() > LONGEST_KEY {
            return Ok(None); // there is no such key
        }
        let reply = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key(ID, AttributeValue::S(id.to_owned()))
            // Somebody may have corrected it a moment ago, and a wrong owner stays.
            .consistent_read(true)
            .projection_expression("#owner")
            .set_expression_attribute_names(Some(HashMap::from([("#owner".to_owned(), OWNER.to_owned())])))
            .send()
            .await
            .map_err(|error| ImportError::Owners(classify("GetItem owner", &error)))?;
        let owner = reply.item.and_then(|mut item| item.remove(OWNER));
        // An owner of another type is one that cannot be read.
        Ok(owner.map(|owner| owner.as_s().cloned().unwrap_or_default()))
    }
}

fn without(reason: Reason) -> Verdict {
    (Outcome::WithoutOwner, Some(reason))
}
