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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_one_that_is_stored() {
        for kind in [DeclineKind::Soft, DeclineKind::Hard] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        assert_eq!([DeclineKind::Soft.word(), DeclineKind::Hard.word()], ["SOFT", "HARD"]);
    }
}
