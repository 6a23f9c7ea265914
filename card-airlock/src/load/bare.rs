//! A bare client of the same services: what an order needs at least, with rows of the same size.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, Delete, KeySchemaElement, KeyType, Put,
        ScalarAttributeType, StreamSpecification, StreamViewType, TransactWriteItem,
    },
};
use aws_sdk_kms::{Client as Kms, types::DataKeySpec};
use futures::{StreamExt, future::try_join_all, stream};
use uuid::Uuid;
use vault::{IncompleteActionError, action};

use super::{
    crossing::{WORKER, tokenize},
    error::LoadError,
};
use crate::{functions::sdk_config, stack::Stack};

/// The same as in the worker: how many shared transactions at once, and how many orders in each.
const AT_ONCE: usize = 4;
pub(super) const TOGETHER: usize = 10;
/// As many orders at once as the worker opens, each with its own transaction.
const ALONE_AT_ONCE: usize = 16;
const QUARANTINE: (&str, &str) = ("OrderQuarantineTable", "FloorQuarantine");
const CLEAN: (&str, &str) = ("CustomerOrderTable", "FloorOrders");
const VAULT: (&str, &str) = ("CreditCardTokenizerTable", "FloorVault");

pub(super) type Row = HashMap<String, AttributeValue>;

/// A bare client, with its own tables, which are like ours.
pub(super) struct Floor {
    dynamodb: DynamoDb,
    kms: Kms,
    vault_key: String,
    quarantine: Row,
    clean: Row,
    vault: Row,
    at_once: usize,
}

impl Floor {
    /// Its rows are copies of the first of ours, which are brought across meanwhile.
    pub(super) async fn copy_of(stack: &mut Stack, at_once: u16) -> Result<Self, LoadError> {
        let dynamodb = DynamoDb::new(&sdk_config(&stack.aws_url(), "operator"));
        make_tables(&dynamodb).await?;
        let quarantine = first_row(&dynamodb, QUARANTINE.0).await?;
        tokenize(stack, at_once.into()).await?;
        // Only the worker may use the vault's key like this.
        let worker = sdk_config(&stack.aws_url(), "TokenizeWorkerRole");
        Ok(Self {
            quarantine,
            clean: first_row(&dynamodb, CLEAN.0).await?,
            vault: first_row(&dynamodb, VAULT.0).await?,
            dynamodb,
            kms: Kms::new(&worker),
            vault_key: setting(stack, WORKER, "VAULT_KEY_ARN")?,
            at_once: at_once.into(),
        })
    }

    pub(super) async fn accept(&self, name: &str, orders: u32) -> Result<Duration, LoadError> {
        let begun = Instant::now();
        let all = (0..orders).map(|number| self.accept_one(format!("{name}-{number}")));
        all_of(self.at_once, all).await?;
        Ok(begun.elapsed())
    }

    async fn accept_one(&self, order: String) -> Result<(), LoadError> {
        let order = AttributeValue::S(order);
        let get = self.dynamodb.get_item().table_name(CLEAN.1).key("CustomerOrder", order.clone());
        let get =
            get.consistent_read(true).projection_expression("CustomerName, Address, CardLast4, CardBrand");
        get.send().await.map_err(|_| LoadError::Aws(CLEAN.1))?;
        let mut row = self.quarantine.clone();
        row.insert("CustomerOrder".to_owned(), order);
        let put = self.dynamodb.put_item().table_name(QUARANTINE.1).set_item(Some(row));
        let put = put.condition_expression("attribute_not_exists(CustomerOrder)").send().await;
        put.map(drop).map_err(|_| LoadError::Aws(QUARANTINE.1))
    }

    /// With this many orders in a transaction.
    pub(super) async fn tokenize(
        &self,
        name: &str,
        orders: u32,
        together: usize,
    ) -> Result<Duration, LoadError> {
        let ids: Vec<_> = (0..orders).map(|number| format!("{name}-{number}")).collect();
        let begun = Instant::now();
        let at_once = if together > 1 { AT_ONCE } else { ALONE_AT_ONCE };
        all_of(at_once, ids.chunks(together).map(|ids| self.tokenize_together(ids))).await?;
        Ok(begun.elapsed())
    }

    async fn tokenize_together(&self, orders: &[String]) -> Result<(), LoadError> {
        let tokens: Vec<_> = orders.iter().map(|_| Uuid::new_v4().to_string()).collect();
        try_join_all(tokens.iter().map(|token| self.data_key(token))).await?;
        let actions = orders.iter().zip(tokens).map(|(order, token)| self.actions(order, token));
        let actions: Vec<_> =
            actions.collect::<Result<_, _>>().map_err(|_| LoadError::Floor("TransactWriteItems"))?;
        let actions = actions.into_iter().flatten().collect();
        let transaction = self.dynamodb.transact_write_items().set_transact_items(Some(actions));
        transaction.send().await.map(drop).map_err(|_| LoadError::Floor("TransactWriteItems"))
    }

    async fn data_key(&self, token: &str) -> Result<(), LoadError> {
        let key = self.kms.generate_data_key().key_id(&self.vault_key).key_spec(DataKeySpec::Aes256);
        let key = key.encryption_context("purpose", "vault").encryption_context("token", token);
        key.send().await.map(drop).map_err(|_| LoadError::Floor("GenerateDataKey"))
    }

    fn actions(&self, order: &str, token: String) -> Result<[TransactWriteItem; 3], IncompleteActionError> {
        let order = AttributeValue::S(order.to_owned());
        let (mut vault, mut clean) = (self.vault.clone(), self.clean.clone());
        vault.insert("Hash_Key".to_owned(), AttributeValue::S(token));
        clean.insert("CustomerOrder".to_owned(), order.clone());
        let put = |table: &str, row: Row, key: &str| {
            let absent = format!("attribute_not_exists({key})");
            let put =
                Put::builder().table_name(table).set_item(Some(row)).condition_expression(absent).build();
            action(put)
        };
        let acceptance = self.quarantine.get("AcceptanceId").cloned();
        let delete = Delete::builder()
            .table_name(QUARANTINE.1)
            .key("CustomerOrder", order)
            .condition_expression("AcceptanceId = :acceptance")
            .set_expression_attribute_values(
                acceptance.map(|id| HashMap::from([(":acceptance".to_owned(), id)])),
            )
            .build();
        Ok([put(VAULT.1, vault, "Hash_Key")?, put(CLEAN.1, clean, "CustomerOrder")?, action(delete)?])
    }
}

async fn make_tables(dynamodb: &DynamoDb) -> Result<(), LoadError> {
    make_streamed_table(dynamodb, QUARANTINE.1, &["CustomerOrder"]).await?;
    make_table(dynamodb, CLEAN.1, &["CustomerOrder"]).await?;
    make_table(dynamodb, VAULT.1, &["Hash_Key", "Account_Id"]).await
}

pub(super) async fn make_table(
    dynamodb: &DynamoDb,
    table: &'static str,
    keys: &[&str],
) -> Result<(), LoadError> {
    create(dynamodb, table, keys, None).await
}

/// The same with a stream of both images.
pub(super) async fn make_streamed_table(
    dynamodb: &DynamoDb,
    table: &'static str,
    keys: &[&str],
) -> Result<(), LoadError> {
    let images = StreamSpecification::builder().stream_enabled(true);
    let images = images.stream_view_type(StreamViewType::NewAndOldImages).build();
    create(dynamodb, table, keys, Some(images.map_err(|_| LoadError::Floor(table))?)).await
}

async fn create(
    dynamodb: &DynamoDb,
    table: &'static str,
    keys: &[&str],
    stream: Option<StreamSpecification>,
) -> Result<(), LoadError> {
    let mut create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, key_type) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let key = KeySchemaElement::builder().attribute_name(*name).key_type(key_type).build();
        let text =
            AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
        let (Ok(key), Ok(text)) = (key, text.build()) else { return Err(LoadError::Floor(table)) };
        create = create.key_schema(key).attribute_definitions(text);
    }
    let created = create.set_stream_specification(stream).send().await;
    created.map(drop).map_err(|_| LoadError::Aws(table))
}

pub(super) async fn first_row(dynamodb: &DynamoDb, table: &'static str) -> Result<Row, LoadError> {
    let page = dynamodb.scan().table_name(table).limit(1).send().await.map_err(|_| LoadError::Aws(table))?;
    page.items.into_iter().flatten().next().ok_or(LoadError::Aws(table))
}

pub(super) fn setting(stack: &Stack, function: &'static str, name: &str) -> Result<String, LoadError> {
    let declared = stack.declared.function(function);
    declared.and_then(|function| function.environment.get(name).cloned()).ok_or(LoadError::Floor(function))
}

/// Runs this many at once; stops at the first that fails.
pub(super) async fn all_of(
    at_once: usize,
    all: impl Iterator<Item = impl Future<Output = Result<(), LoadError>>>,
) -> Result<(), LoadError> {
    let mut all = stream::iter(all).buffer_unordered(at_once);
    while let Some(one) = all.next().await {
        one?;
    }
    Ok(())
}
