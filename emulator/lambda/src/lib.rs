#![doc = include_str!("../README.md")]

mod configuration;
mod function;
mod lines;
mod pool;
mod process;
mod processes;
mod programs;
mod server;
mod variables;

pub use configuration::FunctionConfiguration;
pub use function::{Function, FunctionError, FunctionResult, MAX_EVENT_BYTES};
pub use lines::Lines;
pub use pool::Counts;
pub use processes::{ProcessOptions, Processes};
pub use programs::{ProgramMissingError, beside_this_program};
