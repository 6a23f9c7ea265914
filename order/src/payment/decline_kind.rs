//! Whether a declined card may be tried again.

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

/// Whether a declined card may be tried again. Card networks fine merchants who try a card again after a hard decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum DeclineKind {
    /// It may be tried again: the reason may be temporary.
    Soft,
    /// It must not be tried again: the reason is permanent.
    Hard,
}

impl DeclineKind {
    /// The word as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}
