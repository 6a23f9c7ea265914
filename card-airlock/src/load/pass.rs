//! The two passes that an operator makes.

use serde::Serialize;

/// What is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pass {
    Import,
    Rewrap,
}

pub(super) const PASSES: [Pass; 2] = [Pass::Import, Pass::Rewrap];

impl Pass {
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Import => "ImportFunction",
            Self::Rewrap => "RewrapFunction",
        }
    }

    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Rewrap => "rewrap",
        }
    }
}
