//! `CardKeyTable`: a row for each card key. A row stays when its halves are deleted, so that no id comes twice.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::AttributeValue,
};

use super::public_key::CardPublicKey;
use crate::{card_key_id::CardKeyId, data_key::WrappedDataKey, failure_code::failure_code};

const KID: &str = "Kid";
const PUBLIC_KEY: &str = "PublicKey";
const WRAPPED_PRIVATE_KEY: &str = "WrappedPrivateKey";
const CREATED_AT: &str = "CreatedAt";
const ACCEPTED_UNTIL: &str = "AcceptedUntil";
const OPENED_UNTIL: &str = "OpenedUntil";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table of card keys did not answer, or refused. Asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table of card keys is not available")]
pub struct CardKeyTableError;

/// A conditional write that DynamoDB answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Somebody else was first.
    LostRace,
}

/// A new key.
#[derive(Debug)]
pub(super) struct NewCardKey {
    pub(super) id: CardKeyId,
    /// SubjectPublicKeyInfo in DER.
    pub(super) public: Vec<u8>,
    pub(super) wrapped: WrappedDataKey,
    pub(super) created_at: SystemTime,
    pub(super) accepted_until: SystemTime,
    pub(super) opened_until: SystemTime,
}

/// Reads and writes the table. Each role may only do some of it.
#[derive(Debug, Clone)]
pub(super) struct CardKeyTable {
    dynamodb: Client,
    name: String,
}

impl CardKeyTable {
    pub(super) fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// These attributes of all rows. There is a row for 30 days: what one answer holds lasts for centuries.
    pub(super) async fn all(&self, projection: &'static str) -> Result<Vec<Item>, CardKeyTableError> {
        let reply = self
            .dynamodb
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .projection_expression(projection)
            .send()
            .await
            .map_err(|error| unavailable("Scan", &error))?;
        Ok(reply.items.unwrap_or_default())
    }

    /// The wrapped private half of a key, if it is there.
    pub(super) async fn wrapped(&self, id: CardKeyId) -> Result<Option<WrappedDataKey>, CardKeyTableError> {
        let reply = self
            .dynamodb
            .get_item()
            .table_name(&self.name)
            .key(KID, AttributeValue::S(id.to_string()))
            .consistent_read(true)
            .projection_expression(WRAPPED_PRIVATE_KEY)
            .send()
            .await
            .map_err(|error| unavailable("GetItem", &error))?;
        Ok(reply.item.and_then(|mut item| match item.remove(WRAPPED_PRIVATE_KEY) {
            Some(AttributeValue::B(wrapped)) => Some(wrapped.into_inner().into()),
            _ => None,
        }))
    }

    /// Writes a key, if none of its id was ever written.
    pub(super) async fn put(&self, key: &NewCardKey) -> Result<Written, CardKeyTableError> {
        let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        let time = |time: SystemTime| AttributeValue::N(epoch_seconds(time).to_string());
        let item = HashMap::from([
            (KID.to_owned(), AttributeValue::S(key.id.to_string())),
            (PUBLIC_KEY.to_owned(), bytes(&key.public)),
            (WRAPPED_PRIVATE_KEY.to_owned(), bytes(key.wrapped.as_bytes())),
            (CREATED_AT.to_owned(), time(key.created_at)),
            (ACCEPTED_UNTIL.to_owned(), time(key.accepted_until)),
            (OPENED_UNTIL.to_owned(), time(key.opened_until)),
        ]);
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(Kid)");
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(Written::LostRace)
            }
            Err(error) => Err(unavailable("PutItem", &error)),
        }
    }

    /// Deletes both halves of a key that is still as it was read, and with them the time until which they were kept. The row
    /// stays.
    pub(super) async fn delete_halves(
        &self,
        id: CardKeyId,
        opened_until: SystemTime,
    ) -> Result<Written, CardKeyTableError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key(KID, AttributeValue::S(id.to_string()))
            .update_expression("REMOVE WrappedPrivateKey, PublicKey, OpenedUntil")
            .condition_expression("OpenedUntil = :seen")
            .expression_attribute_values(":seen", AttributeValue::N(epoch_seconds(opened_until).to_string()));
        match update.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(Written::LostRace)
            }
            Err(error) => Err(unavailable("UpdateItem", &error)),
        }
    }
}

/// The id of a row; `None`: it is not one of ours.
pub(super) fn id(item: &Item) -> Option<CardKeyId> {
    item.get(KID)?.as_s().ok()?.parse().ok()
}

/// The public half of a row.
pub(super) fn public_key(item: &Item) -> Option<CardPublicKey> {
    CardPublicKey::of_spki(id(item)?, item.get(PUBLIC_KEY)?.as_b().ok()?.as_ref())
}

/// Until when cards are accepted under a key.
pub(super) fn accepted_until(item: &Item) -> Option<SystemTime> {
    time(item, ACCEPTED_UNTIL)
}

/// Until when cards are opened under a key. A key whose halves are deleted has none.
pub(super) fn opened_until(item: &Item) -> Option<SystemTime> {
    time(item, OPENED_UNTIL)
}

fn time(item: &Item, name: &str) -> Option<SystemTime> {
    let seconds = item.get(name)?.as_n().ok()?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn unavailable<E, R>(operation: &'static str, error: &SdkError<E, R>) -> CardKeyTableError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(
        operation,
        code,
        request_id = error.request_id(),
        "the table of card keys refused or failed"
    );
    CardKeyTableError
}
