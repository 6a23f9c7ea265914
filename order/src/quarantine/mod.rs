//! The quarantine: accepted orders with their sealed cards, until they are across.

mod row;
mod table;
mod upkeep;

pub use row::{QuarantineRow, QuarantineView};
pub use table::QuarantineTable;
pub use upkeep::{KeptRow, Upkeep};
