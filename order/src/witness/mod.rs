//! The witness of the audit: hash chains of what happened to audit items, in a table that paybill cannot reach.
//! docs/data-model.md has the exact encoding of what is hashed.

mod audit_rows;
mod encoding;
mod item;
mod link;
mod logged;
mod table;

pub use audit_rows::{AuditRow, AuditRows};
pub use encoding::Hash;
pub use item::{Change, digest_of, is_counter};
pub use link::{Chain, Entry, Head, Link, MOST_ENTRIES, What};
pub use logged::LoggedHead;
pub use table::{StoredLink, WitnessTable};
