//! An order that is imported with its card, which was sealed for the vault at once: there is no quarantine on its way.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use vault::Tokenized;

use crate::{
    clean::{CleanOrder, OrderTable},
    crossing::Obstacle,
    table_error::{TableError, Written, classify},
};

impl OrderTable {
    /// One transaction: the vault row in, on its own condition; the clean row in, if absent. All or nothing, and repeating
    /// it changes nothing.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn import(&self, clean: &CleanOrder, tokenized: &Tokenized) -> Result<Written, TableError> {
        let actions = vec![tokenized.vault_put.clone(), self.put_if_absent(clean)?];
        let sent = self.dynamodb.transact_write_items().set_transact_items(Some(actions)).send().await;
        let Err(error) = sent else { return Ok(Written::Done) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        {
            let mut obstacles = cancelled.cancellation_reasons().iter().map(Obstacle::of);
            if obstacles.any(|obstacle| matches!(obstacle, Obstacle::Row(_))) {
                return Ok(Written::LostRace);
            }
        }
        Err(classify("TransactWriteItems import", &error))
    }
}
