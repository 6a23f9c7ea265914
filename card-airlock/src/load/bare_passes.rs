//! A bare client that makes the calls of an import and of re-wrapping, over rows of the same size in tables of its own.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    primitives::Blob,
    types::{AttributeValue, Put, Update},
};
use aws_sdk_kms::{
    Client as Kms,
    types::{DataKeySpec, MacAlgorithmSpec},
};
use uuid::Uuid;
use vault::action;

use super::{
    bare::{Row, all_of, first_row, make_streamed_table, make_table, setting},
    error::LoadError,
    pass::Pass,
    pass_rows::{PREVIOUS_KEY, PassRows, PassTables, text},
};
use crate::{functions::sdk_config, stack::Stack};

const TABLES: PassTables = PassTables { source: "FloorSource", vault: "FloorVault" };
const QUARANTINE: &str = "FloorQuarantine";
const CLEAN: &str = "FloorOrders";
/// As in both functions.
const PAGE: i32 = 100;
const AT_ONCE: usize = 8;
/// An acceptance and a code (docs/data-model.md).
const MARK: [u8; 48] = [0; 48];
/// What the import has KMS make a code of: a purpose and a digest.
const DIGESTED: [u8; 48] = [0; 48];

/// A bare client, with its own tables.
pub(super) struct BarePasses {
    rows: PassRows,
    dynamodb: DynamoDb,
    import_kms: Kms,
    rewrap_kms: Kms,
    import_key: String,
    quarantine_key: String,
    vault_key: String,
}

impl BarePasses {
    pub(super) async fn of(stack: &Stack) -> Result<Self, LoadError> {
        let config = |role| sdk_config(&stack.aws_url(), role);
        let dynamodb = DynamoDb::new(&config("operator"));
        make_streamed_table(&dynamodb, QUARANTINE, &["CustomerOrder"]).await?;
        make_table(&dynamodb, CLEAN, &["CustomerOrder"]).await?;
        Ok(Self {
            rows: PassRows::of(stack, TABLES).await?,
            dynamodb,
            // Only their own roles may use the keys.
            import_kms: Kms::new(&config("ImportRole")),
            rewrap_kms: Kms::new(&config("RewrapRole")),
            import_key: setting(stack, Pass::Import.function(), "IMPORT_KEY_ARN")?,
            quarantine_key: setting(stack, Pass::Import.function(), "QUARANTINE_KEY_ARN")?,
            vault_key: setting(stack, Pass::Rewrap.function(), "VAULT_KEY_ARN")?,
        })
    }

    /// Puts so many rows, goes over them, and removes them. Only the middle is timed.
    pub(super) async fn go_over(&self, pass: Pass, rows: u32) -> Result<Duration, LoadError> {
        self.rows.put(pass, rows).await?;
        // A row of our own quarantine, of a card as long as these.
        let accepted = match pass {
            Pass::Import => first_row(&self.dynamodb, "OrderQuarantineTable").await?,
            Pass::Rewrap => Row::new(),
        };
        let begun = Instant::now();
        let mut from = None;
        loop {
            let (rows, last) = self.page(pass, from).await?;
            match pass {
                Pass::Import => {
                    self.data_key().await?;
                    all_of(AT_ONCE, rows.into_iter().map(|row| self.import(row, accepted.clone()))).await?;
                }
                Pass::Rewrap => all_of(AT_ONCE, rows.into_iter().map(|row| self.rewrap(row))).await?,
            }
            from = last;
            if from.is_none() {
                break;
            }
        }
        let took = begun.elapsed();
        self.rows.remove(pass).await?;
        Ok(took)
    }

    async fn page(&self, pass: Pass, from: Option<Row>) -> Result<(Vec<Row>, Option<Row>), LoadError> {
        let (table, read) = match pass {
            Pass::Import => (TABLES.source, "Id, Card, CustomerName, Address, CardAirlockMark"),
            Pass::Rewrap => (TABLES.vault, "Hash_Key, Account_Id, DataKey, KeyMaterial"),
        };
        let scan = self.dynamodb.scan().table_name(table).consistent_read(true).projection_expression(read);
        let page = scan.limit(PAGE).set_exclusive_start_key(from).send().await;
        let page = page.map_err(|_| LoadError::Aws(table))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    /// One for a hundred cards, as the import does.
    async fn data_key(&self) -> Result<(), LoadError> {
        let key =
            self.import_kms.generate_data_key().key_id(&self.quarantine_key).key_spec(DataKeySpec::Aes256);
        let key = key.encryption_context("purpose", "quarantine");
        let key = key.encryption_context("key-batch", Uuid::new_v4()).send().await;
        key.map(drop).map_err(|_| LoadError::Floor("GenerateDataKey"))
    }

    async fn import(&self, row: Row, mut accepted: Row) -> Result<(), LoadError> {
        let (Some(id), Some(card)) = (row.get("Id"), row.get("Card")) else {
            return Err(LoadError::Floor(TABLES.source));
        };
        let get = self.dynamodb.get_item().table_name(CLEAN).key("CustomerOrder", id.clone());
        let get =
            get.consistent_read(true).projection_expression("CustomerName, Address, CardLast4, CardBrand");
        get.send().await.map_err(|_| LoadError::Aws(CLEAN))?;
        let code = self
            .import_kms
            .generate_mac()
            .key_id(&self.import_key)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256);
        let code = code.message(Blob::new(DIGESTED)).send().await;
        code.map_err(|_| LoadError::Floor("GenerateMac"))?;
        accepted.insert("CustomerOrder".to_owned(), id.clone());
        let update = Update::builder()
            .table_name(TABLES.source)
            .key("Id", id.clone())
            .update_expression("SET #mark = :mark")
            .condition_expression("#number = :number AND attribute_not_exists(#mark)")
            .expression_attribute_names("#mark", "CardAirlockMark")
            .expression_attribute_names("#number", "Card")
            .expression_attribute_values(":number", card.clone())
            .expression_attribute_values(":mark", AttributeValue::B(Blob::new(MARK)));
        let put = Put::builder().table_name(QUARANTINE).set_item(Some(accepted));
        let put = put.condition_expression("attribute_not_exists(CustomerOrder)");
        let (Ok(update), Ok(put)) = (action(update.build()), action(put.build())) else {
            return Err(LoadError::Floor("TransactWriteItems"));
        };
        let transaction = self.dynamodb.transact_write_items().transact_items(update).transact_items(put);
        transaction.send().await.map(drop).map_err(|_| LoadError::Floor("TransactWriteItems"))
    }

    async fn rewrap(&self, row: Row) -> Result<(), LoadError> {
        let (
            Some(AttributeValue::S(token)),
            Some(AttributeValue::S(account)),
            Some(AttributeValue::B(wrapped)),
        ) = (row.get("Hash_Key"), row.get("Account_Id"), row.get("DataKey"))
        else {
            return Err(LoadError::Floor(TABLES.vault));
        };
        let context = HashMap::from(
            [("purpose", "vault"), ("token", token)].map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let moved = self
            .rewrap_kms
            .re_encrypt()
            .ciphertext_blob(wrapped.clone())
            .source_key_id(PREVIOUS_KEY)
            .destination_key_id(&self.vault_key)
            .set_source_encryption_context(Some(context.clone()))
            .set_destination_encryption_context(Some(context))
            .send()
            .await
            .map_err(|_| LoadError::Floor("ReEncrypt"))?;
        let moved = moved.ciphertext_blob.ok_or(LoadError::Floor("ReEncrypt"))?;
        let update = self.dynamodb.update_item().table_name(TABLES.vault);
        let update = update
            .key("Hash_Key", text(token))
            .key("Account_Id", text(account))
            .update_expression("SET DataKey = :new, KeyMaterial = :material")
            .condition_expression("DataKey = :seen")
            .expression_attribute_values(":new", AttributeValue::B(moved))
            .expression_attribute_values(":material", text(&self.vault_key))
            .expression_attribute_values(":seen", AttributeValue::B(wrapped.clone()));
        update.send().await.map(drop).map_err(|_| LoadError::Aws(TABLES.vault))
    }
}
