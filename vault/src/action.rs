//! One action of a transaction. A transaction must never hold an empty one, which DynamoDB would refuse with all others.

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{ConditionCheck, Delete, Put, TransactWriteItem, Update, builders::TransactWriteItemBuilder},
};

/// A put, update, delete or check was built without what it needs: its table, key, item or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an action of the transaction is incomplete")]
pub struct IncompleteActionError;

/// The kinds of action.
pub trait Action {
    /// Wraps it in an item of a transaction.
    #[must_use]
    fn set(self, item: TransactWriteItemBuilder) -> TransactWriteItemBuilder;
}

impl Action for Put {
    fn set(self, item: TransactWriteItemBuilder) -> TransactWriteItemBuilder {
        item.put(self)
    }
}

impl Action for Update {
    fn set(self, item: TransactWriteItemBuilder) -> TransactWriteItemBuilder {
        item.update(self)
    }
}

impl Action for Delete {
    fn set(self, item: TransactWriteItemBuilder) -> TransactWriteItemBuilder {
        item.delete(self)
    }
}

impl Action for ConditionCheck {
    fn set(self, item: TransactWriteItemBuilder) -> TransactWriteItemBuilder {
        item.condition_check(self)
    }
}

/// The action that a builder gave.
///
/// # Errors
/// [`IncompleteActionError`], which is a fault of this program: nothing may be sent then.
pub fn action(built: Result<impl Action, BuildError>) -> Result<TransactWriteItem, IncompleteActionError> {
    let action = built.map_err(|_| IncompleteActionError)?;
    Ok(action.set(TransactWriteItem::builder()).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_whole_or_an_error() {
        assert_eq!(action(Put::builder().table_name("Orders").build()).unwrap_err(), IncompleteActionError);
        let whole = Put::builder().table_name("Orders").set_item(Some([].into())).build();
        assert!(action(whole).unwrap().put().is_some());
        assert_eq!(
            action(Delete::builder().table_name("Orders").build()).unwrap_err(),
            IncompleteActionError
        );
    }
}
