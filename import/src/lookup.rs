//! Looks for an order in the tables of this stack.

use order::{OrderId, TableError};

use crate::{Import, error::ImportError, stored::Stored};

impl Import {
    /// Finds an order, wherever it is while it crosses.
    ///
    /// # Errors
    /// [`ImportError::Table`].
    pub(crate) async fn stored(&self, order: &OrderId) -> Result<Stored, ImportError> {
        match self.seen(order).await? {
            // It may have crossed between the two reads.
            Stored::Nothing => self.clean(order).await,
            found => Ok(found),
        }
    }

    /// The same by two reads: an order that crosses between them is not found.
    ///
    /// # Errors
    /// [`ImportError::Table`].
    pub(crate) async fn seen(&self, order: &OrderId) -> Result<Stored, ImportError> {
        match self.clean(order).await? {
            Stored::Nothing => {}
            found => return Ok(found),
        }
        match self.quarantine.view(order).await {
            Ok(Some((view, _))) => Ok(Stored::Quarantined(Box::new(view))),
            Ok(None) => Ok(Stored::Nothing),
            Err(TableError::Malformed) => Ok(Stored::Unreadable),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for an order among those that are across.
    ///
    /// # Errors
    /// [`ImportError::Table`].
    pub(crate) async fn clean(&self, order: &OrderId) -> Result<Stored, ImportError> {
        match self.orders.order(order).await {
            Ok(found) => Ok(found.map_or(Stored::Nothing, |clean| Stored::Clean(Box::new(clean)))),
            Err(TableError::Malformed) => Ok(Stored::Unreadable),
            Err(error) => Err(error.into()),
        }
    }
}
