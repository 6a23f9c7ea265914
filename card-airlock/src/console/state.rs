//! What the console works on.

use std::{fmt, sync::Arc};

use card_airlock_gateway::RestApi;
use card_airlock_lambda::Function;
use card_airlock_services::AwsEndpoint;
use card_airlock_template::LambdaFunction;
use clock::TestClock;
use tokio_util::sync::CancellationToken;

use super::{
    dialects::Dialects, hub::Hub, latest_operation::Operation, order_log::OrderLog, stream_tail::StreamTail,
};
use crate::sandbox::Sandbox;

/// The user that the console signs in as: the one whose token `up` prints.
pub(super) const USER: &str = "demo";

/// What a stack's console is made with.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Where the log's lines are kept.
    pub log: OrderLog,
    /// The stack's clock, when it can be moved.
    pub time: Option<TestClock>,
}

/// What the console works on.
pub(crate) struct Console {
    pub(crate) options: ConsoleOptions,
    pub(crate) front: Arc<RestApi>,
    pub(crate) aws: AwsEndpoint,
    pub(crate) hub: Hub,
    /// The function that sweeps and replays, as the template declares it.
    pub(crate) replay: Option<(LambdaFunction, Function)>,
    /// The function that makes card keys.
    pub(crate) card_key_maker: Option<(LambdaFunction, Function)>,
    pub(crate) declared: card_airlock_template::Stack,
    pub(crate) sandbox: Sandbox,
    /// Where payments go.
    pub(crate) dialects: Dialects,
    pub(crate) operation: Operation,
    pub(crate) stream: StreamTail,
    /// Cancelled when the stack stops: the event streams then end.
    pub(crate) stopping: CancellationToken,
}

impl Console {
    /// Why the clock cannot be moved, if so.
    pub(super) fn clock_is_off(&self) -> Option<&'static str> {
        match &self.options.time {
            Some(_) => None,
            None if self.aws.store().keeps() => Some(
                "With --data the clock cannot be moved: the tables' file has the machine's time. Start `up` without it",
            ),
            None => Some("With --processes the clock cannot be moved: start `up` without it"),
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}
