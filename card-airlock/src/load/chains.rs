//! Payments that are witnessed: counted and waited for.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use order::{
    TableError,
    witness::{Chain, StoredLink, WitnessTable},
};

use super::error::LoadError;
use crate::{functions, stack::Stack};

/// After this time without a link, the other items are not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The chains, as far as they were read.
pub(super) struct Chains {
    table: WitnessTable,
    ends: BTreeMap<Chain, u64>,
    entries: usize,
}

impl Chains {
    pub(super) fn of(stack: &Stack) -> Self {
        let config = functions::sdk_config(&stack.aws_url(), "operator");
        let table = stack.declared.outputs.get("WitnessTableName").map(|output| output.value.clone());
        Self {
            table: WitnessTable::new(&config, table.unwrap_or_default()),
            ends: BTreeMap::new(),
            entries: 0,
        }
    }

    /// Waits until they have so many entries, or have got none for a long time.
    pub(super) async fn have(&mut self, entries: usize) -> Result<(), LoadError> {
        let mut since = Instant::now();
        while self.entries < entries && since.elapsed() < PATIENCE {
            let before = self.entries;
            self.read().await.map_err(|_| LoadError::Aws("AuditWitnessTable"))?;
            if self.entries > before {
                since = Instant::now();
            } else {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), TableError> {
        for chain in Chain::all() {
            let from = self.ends.get(&chain).map(|number| {
                let chain = AttributeValue::S(chain.name().to_owned());
                let number = AttributeValue::N(number.to_string());
                [("Chain".to_owned(), chain), ("Number".to_owned(), number)].into()
            });
            let (rows, _) = self.table.page(chain, from).await?;
            for row in rows {
                if let StoredLink::Link(link) = row {
                    self.entries += link.entries.len();
                    self.ends.insert(chain, link.number);
                }
            }
        }
        Ok(())
    }
}
