//! Random ids.

use uuid::Uuid;

/// A random UUID (version 4). Its text is no card number to the detector, whatever its digits are.
#[must_use]
pub fn opaque_id() -> Uuid {
    Uuid::new_v4()
}
