//! What an operator asks of a stack and does to it: the running `up`, or a deployed one. Nothing here reads a card, a name
//! or an address: the policies `OperatorRead`, `OperatorReplay` and `OperatorSettle` of the template are enough for it.

mod access;
mod access_error;
mod call;
pub mod doctor;
mod names;
mod payments;
mod quarantine;
mod replaying;
mod settlement;
mod status;

pub use access::{Place, Right, StackAccess};
pub use access_error::AccessError;
pub use call::CallError;
pub use names::StackNames;
pub use payments::{OpenPayment, OpenPayments, Openness};
pub use quarantine::{Group, QuarantineTally};
pub use replaying::{ReplayingError, Work, run_replay, run_sweep};
pub use settlement::{SettlementError, payment_to_settle, settle};
pub use status::{DeadLetters, KeyState, PaymentTally, Reading, StackStatus, read_status};
