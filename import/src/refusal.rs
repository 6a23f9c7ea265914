//! Why the function refuses a chunk as a whole: the one list of causes that no second try can change.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// What must be changed before the same chunk can succeed. `docs/migrating.md` says what to do about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The cursor was altered, or is of another stack, of another action, or of other parameters.
    Cursor,
    /// The action needs the AWS sample's vault, and the stack has none.
    NoSampleVault,
    /// The source table has another key than the parameters say.
    SourceKey,
    /// DynamoDB refuses what is asked of the source table.
    SourceTable,
    /// DynamoDB refuses what is asked of the table of owners.
    OwnerTable,
    /// DynamoDB refuses what is asked of a table of this stack, or a row in it cannot be read.
    StackTable,
    /// KMS refuses what is asked of a key.
    Key,
}

impl Refusal {
    /// What it says to an operator.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Cursor => {
                "the place in the table is not one of this pass: the parameters were changed since it was begun. Begin it again"
            }
            Self::NoSampleVault => {
                "the stack has no vault of the AWS sample: its parameter ImportVaultTable is empty"
            }
            Self::SourceKey => {
                "the table has another key than the parameters ImportKeyAttribute and ImportSortKeyAttribute say"
            }
            Self::SourceTable => "DynamoDB refuses what is asked of the table that ImportTable names",
            Self::OwnerTable => "DynamoDB refuses what is asked of the table that ImportOwnerTable names",
            Self::StackTable => {
                "DynamoDB refuses what is asked of a table of this stack, or a row there cannot be read"
            }
            Self::Key => "KMS refuses what is asked of a key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_what_is_to_be_looked_at() {
        for (refusal, named) in [
            (Refusal::Cursor, "the place in the table"),
            (Refusal::NoSampleVault, "ImportVaultTable"),
            (Refusal::SourceKey, "ImportKeyAttribute"),
            (Refusal::SourceTable, "ImportTable"),
            (Refusal::OwnerTable, "ImportOwnerTable"),
            (Refusal::StackTable, "a table of this stack"),
            (Refusal::Key, "KMS"),
        ] {
            assert!(refusal.message().contains(named), "{refusal:?}");
        }
    }
}
