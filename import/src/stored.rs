//! What this stack has stored of an order.

use order::{CleanOrder, QuarantineView};
use uuid::Uuid;

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
