//! The customer's details: they are stored with the order unchanged, and compared when the order is sent again.

use serde::{Deserialize, Serialize};

use crate::plain_text::plain_text;

/// The customer of an order. A further field is one more attribute of the quarantine's and of the clean table's rows
/// (`attributes.rs`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Customer {
    #[serde(rename = "CustomerName")]
    pub name: CustomerName,
    pub address: Address,
}

plain_text!(
    /// `CustomerName`: 1 to 200 characters.
    CustomerName,
    200
);
plain_text!(
    /// `Address`: 1 to 500 characters; it may have line breaks.
    Address,
    500
);
