//! Orders: the application's nouns, their two tables and the decisions about them. Never sees a card number.

pub mod accepting;
mod amount;
pub mod attributes;
mod audit_trail;
mod clean;
mod crossing;
mod customer;
mod dead_letter;
mod decline_code;
mod events;
mod failure_reason;
mod importing;
mod order_id;
mod order_id_pattern;
mod owner;
mod payment;
mod plain_text;
mod quarantine;
mod replacing;
mod row_version;
mod same_order;
mod settling;
mod status;
mod stored_digest;
mod stored_text;
mod table_error;
mod timestamp;
pub mod witness;

pub use amount::{Amount, Currency, MinorUnits, ParseAmountError};
pub use audit_trail::{AuditItem, AuditPage, AuditSelection, AuditTrail};
pub use clean::{CardStanding, CleanOrder, CleanStatus, OrderOverview, OrderTable, OverviewPage};
pub use crossing::{Airlock, Crossing};
pub use customer::*;
pub use dead_letter::{DeadLetter, DeadLetterKind, DeadLetterMessage, DeadLetterQueue, Letter, QueueError};
pub use decline_code::{DeclineCode, ParseDeclineCodeError};
pub use events::{
    BusError, Detail, Event, EventBus, EventKind, Notifier, NotifyError, OrderState, ParsePositionError,
    Position, Put, RecordedAt,
};
pub use failure_reason::{FailureReason, ParseFailureReasonError};
pub use order_id::{OrderId, ParseOrderIdError};
pub use order_id_pattern::{OrderIdPattern, ParseOrderIdPatternError};
pub use owner::{Owner, ParseOwnerError};
pub use payment::{
    Claim, Decline, DeclineKind, MAX_ATTEMPTS, Outcome, ParsePaymentKeyError, ParseProcessorIdError, Payer,
    Payment, PaymentKey, PaymentObject, PaymentRoute, PaymentStatus, Payments, ProcessorReference,
    Settlement, Standing,
};
pub use plain_text::ParsePlainTextError;
pub use quarantine::{
    AFTER_THE_CLAIM, Arming, HeldCard, KeptPage, KeptRow, LateCard, Pending, Progress, QuarantineRow,
    QuarantineStanding, QuarantineTable, QuarantineView, SWEEP_PERIOD, Terms, Upkeep, suspect_delay,
};
pub use row_version::RowVersion;
pub use same_order::{ComparedCard, Details};
pub use settling::{FoundOut, Settling};
pub use status::QuarantineStatus;
pub use table_error::{TableError, Written};
pub use timestamp::{ParseTimestampError, Timestamp};
