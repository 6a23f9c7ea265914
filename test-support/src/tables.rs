//! The tables' names, as the template has them without a prefix.

/// Sealed orders that wait for the worker.
pub const QUARANTINE: &str = "OrderQuarantineTable";
/// The vault.
pub const VAULT: &str = "CreditCardTokenizerTable";
/// Clean orders.
pub const ORDERS: &str = "CustomerOrderTable";
/// Who took which card out of the vault.
pub const AUDIT: &str = "DetokenizeAuditTable";
/// The keys that clients encrypt cards to.
pub const CARD_KEYS: &str = "CardKeyTable";
/// What the witness saw of the audit.
pub const WITNESS: &str = "AuditWitnessTable";
