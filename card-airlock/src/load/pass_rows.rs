//! The rows that passes go over: those of a table with card numbers, and the vault's under the previous key.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    primitives::Blob,
    types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest},
};
use aws_sdk_kms::{Client as Kms, types::DataKeySpec};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{
    bare::{Row, make_table},
    error::LoadError,
    pass::Pass,
};
use crate::{deployment::ACCOUNT_ID, functions::sdk_config, stack::Stack};

/// The table that is imported.
const SOURCE: &str = "LoadSource";
/// The vault's.
const VAULT: &str = "CreditCardTokenizerTable";
/// The vault's key before the present one.
pub(super) const PREVIOUS_KEY: &str =
    "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
/// A card number of the processors' test range.
const CARD: &str = "4242424242424242";
const OWNER: &str = "a8732691-5523-5181-80a7-10c011c2c859";
/// A sealed card's bytes.
const SEALED_CARD: usize = 140;
pub(super) const VAULT_KEY: [&str; 2] = ["Hash_Key", "Account_Id"];
/// As many as BatchWriteItem takes.
const BATCH: usize = 25;
const AT_ONCE: usize = 8;

/// What the stack must be told of these rows.
pub(super) fn parameters() -> BTreeMap<String, String> {
    [
        ("ImportTable", SOURCE),
        ("ImportKeyAttribute", "Id"),
        ("ImportNumberAttribute", "Card"),
        ("ImportOrderAttribute", "Id"),
        ("ImportOwner", OWNER),
        ("PreviousVaultKeyArn", PREVIOUS_KEY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The two tables, the stack's own or the bare client's.
#[derive(Clone, Copy)]
pub(super) struct PassTables {
    pub(super) source: &'static str,
    pub(super) vault: &'static str,
}

pub(super) const OWN: PassTables = PassTables { source: SOURCE, vault: VAULT };

/// Puts and removes rows.
pub(super) struct PassRows {
    dynamodb: DynamoDb,
    kms: Kms,
    tables: PassTables,
}

impl PassRows {
    /// Of these tables, which are made here if they are not the stack's.
    pub(super) async fn of(stack: &Stack, tables: PassTables) -> Result<Self, LoadError> {
        let dynamodb = DynamoDb::new(&sdk_config(&stack.aws_url(), "operator"));
        make_table(&dynamodb, tables.source, &["Id"]).await?;
        if tables.vault != VAULT {
            make_table(&dynamodb, tables.vault, &VAULT_KEY).await?;
        }
        // Only the worker may make data keys for the vault.
        let kms = Kms::new(&sdk_config(&stack.aws_url(), "TokenizeWorkerRole"));
        Ok(Self { dynamodb, kms, tables })
    }

    pub(super) async fn put(&self, pass: Pass, rows: u32) -> Result<(), LoadError> {
        let table = self.table(pass);
        let rows = (0..rows).map(async |number| {
            let row = match pass {
                // Another order in each round: the one before is still in quarantine.
                Pass::Import => source_row(&format!("row-{number}-{}", Uuid::new_v4())),
                Pass::Rewrap => self.vault_row(&Uuid::new_v4().to_string()).await?,
            };
            let put =
                PutRequest::builder().set_item(Some(row)).build().map_err(|_| LoadError::Floor(table))?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let rows = stream::iter(rows).buffer_unordered(AT_ONCE).try_chunks(BATCH).map_err(|error| error.1);
        rows.try_for_each_concurrent(AT_ONCE, |batch| self.write(table, batch)).await
    }

    pub(super) async fn remove(&self, pass: Pass) -> Result<(), LoadError> {
        let (table, key) = match pass {
            Pass::Import => (self.tables.source, "Id"),
            Pass::Rewrap => (self.tables.vault, "Hash_Key, Account_Id"),
        };
        loop {
            let page =
                self.dynamodb.scan().table_name(table).projection_expression(key).limit(1_000).send().await;
            let keys = page.map_err(|_| LoadError::Aws(table))?.items.unwrap_or_default();
            if keys.is_empty() {
                return Ok(());
            }
            let delete = |key| DeleteRequest::builder().set_key(Some(key)).build();
            let deletes: Vec<_> = keys
                .into_iter()
                .map(delete)
                .collect::<Result<_, _>>()
                .map_err(|_| LoadError::Floor(table))?;
            for batch in deletes.chunks(BATCH) {
                let delete =
                    |one: &DeleteRequest| WriteRequest::builder().delete_request(one.clone()).build();
                self.write(table, batch.iter().map(delete).collect()).await?;
            }
        }
    }

    fn table(&self, pass: Pass) -> &'static str {
        match pass {
            Pass::Import => self.tables.source,
            Pass::Rewrap => self.tables.vault,
        }
    }

    async fn write(&self, table: &'static str, batch: Vec<WriteRequest>) -> Result<(), LoadError> {
        let written = self.dynamodb.batch_write_item().request_items(table, batch).send().await;
        let written = written.map_err(|_| LoadError::Aws(table))?;
        // The endpoint on this machine takes all of them.
        let all = written.unprocessed_items.is_none_or(|left| left.is_empty());
        if all { Ok(()) } else { Err(LoadError::Aws(table)) }
    }

    /// A row whose data key the previous key wrapped. No pass opens its card.
    async fn vault_row(&self, token: &str) -> Result<Row, LoadError> {
        let key = self.kms.generate_data_key().key_id(PREVIOUS_KEY).key_spec(DataKeySpec::Aes256);
        let key = key.encryption_context("purpose", "vault").encryption_context("token", token);
        let key = key.send().await.map_err(|_| LoadError::Floor("GenerateDataKey"))?;
        let wrapped = key.ciphertext_blob.ok_or(LoadError::Floor("GenerateDataKey"))?;
        Ok(row([
            ("Hash_Key", text(token)),
            ("Account_Id", text(ACCOUNT_ID)),
            ("CandidateString", AttributeValue::B(Blob::new([0; SEALED_CARD]))),
            ("DataKey", AttributeValue::B(wrapped)),
            ("CreatedAt", text("2026-11-21T18:59:33.120Z")),
        ]))
    }
}

fn source_row(id: &str) -> Row {
    row([
        ("Id", text(id)),
        ("Card", text(CARD)),
        ("CustomerName", text("Ann Example")),
        ("Address", text("1 Example Street, Las Vegas")),
    ])
}

fn row<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Row {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
