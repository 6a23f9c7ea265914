//! The Lambda event source mapping for DynamoDB Streams, by AWS's rules.
//!
//! Knows nothing of what the records mean. A stream is read through [`StreamSource`], a [`Function`] invoked with
//! its records in batches, and what cannot be processed is reported to an [`OnFailure`] destination as positions:
//!
//! - `FilterCriteria` decide which records the function gets; the others count as done.
//! - A batch is sent when it is full, its window has passed or its payload is full.
//! - A failed invocation halves the batch (`BisectBatchOnFunctionError`) or is retried with longer and longer
//!   waits; reported items (`ReportBatchItemFailures`) bring back all from the lowest number on.
//! - Retries used up, or records too old: their positions go to the destination, and the shard goes on.
//! - The checkpoint moves behind what is done. A mapping started anew delivers the rest again.
//!
//! One mapping reads one shard; following a shard's children after a split is not covered.
//!
//! [`Function`]: crate::function::Function

mod batch;
mod checkpoint;
mod discard;
mod filter;
mod lane;
mod mapping;
mod poll;
mod record;
mod response;
mod rule;
mod sequence;
mod settings;
mod source;
mod stats;
#[cfg(test)]
mod tests;
mod work;

pub use batch::{Condition, Outcome};
pub use checkpoint::Checkpoints;
pub use filter::{FilterCriteria, FilterError};
pub use mapping::{Did, Mapping, Names, Step};
pub use sequence::{Position, SequenceNumber};
pub use settings::{Backoff, Settings, SettingsError, StartingPosition};
pub use source::{DestinationError, OnFailure, SourceError, StreamSource};
pub use stats::{Stats, StatsReader};
