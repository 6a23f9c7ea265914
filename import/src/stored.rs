//! What this stack has stored of an order.

use order::{CleanOrder, OrderId, QuarantineView, TableError};
use uuid::Uuid;

use crate::{Import, error::ImportError};

/// Where an order is.
pub(crate) enum Stored {
    /// It is across.
    Clean(Box<CleanOrder>),
    /// It is in quarantine, in whatever state.
    Quarantined(Box<QuarantineView>),
    /// It is in no table.
    Nothing,
    /// There is a row that cannot be read.
    Unreadable,
}

impl Stored {
    /// The acceptance by which it is there.
    pub(crate) fn acceptance(&self) -> Option<Uuid> {
        match self {
            Self::Clean(clean) => Some(clean.acceptance_id),
            Self::Quarantined(view) => view.acceptance_id,
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

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
