//! A resource as the template has it, its functions not evaluated yet.

use serde_json::Value;

use crate::declared::DeletionPolicy;

#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    /// What `Metadata` names as the program to build; empty when it names none.
    pub(crate) binary: String,
    pub(crate) properties: Value,
    pub(crate) deletion_policy: DeletionPolicy,
}
