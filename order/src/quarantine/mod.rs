//! The quarantine: accepted orders with their sealed cards, until they are across.

mod expiring;
mod row;
mod table;
mod upkeep;

pub use expiring::HeldCard;
pub use row::{QuarantineRow, QuarantineStanding, QuarantineView};
pub use table::QuarantineTable;
pub use upkeep::{KeptRow, Upkeep};
