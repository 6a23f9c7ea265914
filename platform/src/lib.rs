//! What all functions share: the runtime, the logs, metrics, settings, the AWS clients, and the conventions of the
//! API.

pub mod api;
pub mod aws_client;
pub mod deadline;
mod logs;
pub mod metrics;
pub mod pace;
mod runtime;
pub mod settings;
pub mod spans;
pub mod stream;

pub use logs::{init_logs, log_filter};
pub use runtime::{HandlerPanicError, ReadEventError, read_event, run};
