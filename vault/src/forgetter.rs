//! The forgetting capability: deletes one card from the vault permanently. It reads nothing and holds no key.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::{action::IncompleteActionError, token::Token, vault_row::VaultRow};

/// Builds the vault's part of a transaction that forgets a card.
#[derive(Debug, Clone)]
pub struct Forgetter {
    vault_table: String,
    account: String,
}

impl Forgetter {
    /// For the vault of that name; the AWS account is `Account_Id` of its rows.
    #[must_use]
    pub fn new(vault_table: String, account: String) -> Self {
        Self { vault_table, account }
    }

    /// The delete of a token's row. If the row is gone already, this is no error: repeating it changes nothing.
    ///
    /// # Errors
    /// [`IncompleteActionError`].
    pub fn delete(&self, token: Token) -> Result<TransactWriteItem, IncompleteActionError> {
        VaultRow::delete(&self.vault_table, token, &self.account)
    }
}
