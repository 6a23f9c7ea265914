//! A DynamoDB of the test's own with the three tables, and a KMS.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use order::OrderId;
use test_support::{LocalAws, tables::VAULT};

use crate::rows::{Change, Item, ORDER, s};

pub(crate) const ACCOUNT: &str = LocalAws::ACCOUNT;

pub(crate) struct World {
    pub(crate) aws: LocalAws,
    pub(crate) config: SdkConfig,
    dynamodb: Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        let aws = LocalAws::start().await;
        let config = aws.config.clone();
        Self { dynamodb: Client::new(&config), aws, config }
    }

    /// The table has this row and no other of that key, or none.
    pub(crate) async fn have(&self, table: &str, row: Option<&Item>) {
        match row {
            Some(row) => {
                let put = self.dynamodb.put_item().table_name(table).set_item(Some(row.clone()));
                put.send().await.unwrap();
            }
            None => {
                let delete = self.dynamodb.delete_item().table_name(table);
                delete.key("CustomerOrder", s(ORDER)).send().await.unwrap();
            }
        }
    }

    /// The row of the one order.
    pub(crate) async fn row(&self, table: &str) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(table).key("CustomerOrder", s(ORDER));
        let row = read.consistent_read(true).send().await.unwrap().item;
        row.map(|row| row.into_iter().map(|(name, value)| (name, sorted(value))).collect())
    }

    pub(crate) async fn vault_row(&self, token: &str) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(VAULT).key("Hash_Key", s(token));
        read.key("Account_Id", s(ACCOUNT)).send().await.unwrap().item
    }

    pub(crate) async fn forget_vault_row(&self, token: &str) {
        let delete = self.dynamodb.delete_item().table_name(VAULT).key("Hash_Key", s(token));
        delete.key("Account_Id", s(ACCOUNT)).send().await.unwrap();
    }

    /// All rows of a table, which has none after.
    pub(crate) async fn take_all(&self, table: &str, key: [&str; 2]) -> Vec<Item> {
        let page = self.dynamodb.scan().table_name(table).consistent_read(true).send().await.unwrap();
        let rows = page.items.unwrap_or_default();
        for row in &rows {
            let delete = self.dynamodb.delete_item().table_name(table);
            key.iter().fold(delete, |it, name| it.key(*name, row[*name].clone())).send().await.unwrap();
        }
        rows
    }

    /// A write that finds this row ends so, and leaves that one.
    pub(crate) async fn leaves<T: PartialEq + std::fmt::Debug>(
        &self,
        table: &str,
        before: Option<&Item>,
        write: impl Future<Output = T>,
        (ends, after): (T, Option<&Item>),
        case: &str,
    ) {
        self.have(table, before).await;
        assert_eq!(write.await, ends, "{case}");
        assert_eq!(self.row(table).await.as_ref(), after, "{case}");
    }

    /// A write loses where another was first, and changes nothing then.
    pub(crate) async fn loses<T: PartialEq + std::fmt::Debug + Clone>(
        &self,
        table: &str,
        row: &Item,
        changes: &[Change],
        write: impl AsyncFn() -> T,
        lost: T,
    ) {
        for change in changes {
            let (row, case) = (change.of(row), format!("{change:?}"));
            self.leaves(table, row.as_ref(), write(), (lost.clone(), row.as_ref()), &case).await;
        }
    }
}

pub(crate) fn order_id() -> OrderId {
    OrderId::accept(ORDER).unwrap()
}

pub(crate) fn key() -> AttributeValue {
    s(ORDER)
}

/// A set has no order of its own.
fn sorted(value: AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::Ss(mut texts) => {
            texts.sort();
            AttributeValue::Ss(texts)
        }
        value => value,
    }
}
