//! What a stack is started with.

use std::collections::BTreeMap;

use aws_config::timeout::TimeoutConfig;
use card_airlock_gateway::Issuer;
use card_airlock_lambda::ProcessOptions;
use clock::Clock;
use platform::aws_client;

use crate::{console::ConsoleOptions, data::DataFolder, sandbox::Dialect};

/// A limit of `DetokenizePerMinute` for a stack where one user pays everything, as fast as it goes.
pub(crate) const NO_LIMIT: &str = "1000000000";

/// What a stack is started with.
#[derive(Debug)]
pub struct StackOptions {
    /// The API's port; 0 takes a free one.
    pub api_port: u16,
    /// The AWS endpoint's port; 0 takes a free one.
    pub aws_port: u16,
    /// The signer of the ID tokens.
    pub issuer: Issuer,
    /// The time of handlers, tables and stream mapping.
    pub clock: Clock,
    /// The format in which payments are charged.
    pub processor: Dialect,
    /// Parameters of the template, beside those that lead to this machine's payment processor.
    pub parameters: BTreeMap<String, String>,
    /// How often the functions' SDK tries a call; 3 where they are deployed.
    pub sdk_attempts: u32,
    /// How long the functions' SDK waits for a call; a test of slow calls waits less than a deployed function.
    pub sdk_timeouts: TimeoutConfig,
    /// Whether stream mappings and schedules run by themselves; if not, they are driven by hand.
    pub self_driven: bool,
    /// Runs the built functions as processes of their own, which have the machine's time; `None`: their handlers
    /// run in this process.
    pub processes: Option<ProcessOptions>,
    /// The text of what is run in place of the shipped template.
    pub template: Option<String>,
    /// Serves the console at `/` of the API's port.
    pub console: Option<ConsoleOptions>,
    /// Keeps the state in this folder; `None`: it ends with the stack. With it `clock` must be the machine's.
    pub data: Option<DataFolder>,
}

impl StackOptions {
    /// Free ports, the machine's time, the shipped template.
    #[must_use]
    pub fn on_free_ports(issuer: Issuer) -> Self {
        Self {
            api_port: 0,
            aws_port: 0,
            issuer,
            clock: Clock::system(),
            processor: Dialect::default(),
            parameters: BTreeMap::new(),
            sdk_attempts: 3,
            sdk_timeouts: aws_client::timeouts(),
            self_driven: true,
            processes: None,
            template: None,
            console: None,
            data: None,
        }
    }
}
