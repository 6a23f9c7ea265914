//! What an operator asks of a stack and does to it: the running `up`, or a deployed one. Nothing here reads a card, a name
//! or an address: the policies `OperatorRead`, `OperatorAudit`, `OperatorReplay`, `OperatorSettle`, `OperatorRewrap` and
//! `OperatorImport` of the template are enough for it.

mod access;
mod access_error;
mod auditing;
mod call;
mod chunks;
mod commands;
pub mod doctor;
mod event_replay;
mod importing;
mod invoking;
mod names;
mod payments;
mod quarantine;
mod remedy;
mod replaying;
mod rewrapping;
mod settlement;
mod status;
mod stream_mapping;

pub use access::{Place, Right, StackAccess};
pub use access_error::AccessError;
pub use auditing::{
    AuditFinding, AuditReport, AuditSources, CloudTrailError, ItemKey, Opening, Openings, Told,
    VerifyAuditError, verify_audit,
};
pub use call::CallError;
pub(crate) use chunks::{insist, rows_at};
pub use event_replay::{EventReplay, EventReplayError, EventSelection, replay_events};
pub use importing::{ImportingError, about_rows, run_import, source_table};
pub use invoking::InvokingError;
pub use names::StackNames;
pub use payments::{OpenPayment, OpenPayments, Openness};
pub use quarantine::{Group, QuarantineTally};
pub use remedy::{PaybillTerms, Remedy};
pub use replaying::{Work, run_replay, run_sweep};
pub use rewrapping::{RewrappingError, run_rewrap};
pub use settlement::{SettlementError, payment_to_settle, settle};
pub use status::{KeyState, Messages, PaymentTally, Reading, StackStatus, read_status};
pub use stream_mapping::{WORKER, is_on as is_mapping_on, state as mapping_state};
