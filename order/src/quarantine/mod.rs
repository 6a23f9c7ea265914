//! The quarantine: accepted orders with their sealed cards, until they are across.

mod card_removal;
mod recovery;
mod row;
mod row_removal;
mod table;
mod upkeep;

pub use card_removal::HeldCard;
pub use recovery::{AFTER_THE_CLAIM, Pending, Progress, SWEEP_PERIOD, suspect_delay};
pub use row::{QuarantineRow, QuarantineStanding, QuarantineView, Terms};
pub use row_removal::LateCard;
pub use table::QuarantineTable;
pub use upkeep::{Arming, KeptPage, KeptRow, Upkeep};
