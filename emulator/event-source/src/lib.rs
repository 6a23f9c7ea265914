#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod batch;
mod bus_operator;
mod checkpoint;
mod discard;
mod event_pattern;
mod filter;
mod filter_error;
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
mod switch;
#[cfg(test)]
mod tests;
mod work;

pub use batch::{Condition, Outcome};
pub use checkpoint::Checkpoints;
pub use event_pattern::EventPattern;
pub use filter::FilterCriteria;
pub use filter_error::FilterError;
pub use mapping::{Did, Mapping, Names, Step};
pub use sequence::{Position, SequenceNumber};
pub use settings::{Backoff, Settings, SettingsError, StartingPosition};
pub use source::{DestinationError, OnFailure, SourceError, StreamSource};
pub use stats::{Stats, StatsReader};
pub use switch::{ChangeUnderWay, MappingState, MappingSwitch};
