//! The whole pipeline, wired as the template says: embedded AWS services, functions, stream mapping, API.

mod error;
mod mapping;
mod options;
mod schedule;
mod starting;
mod witness_log;

use std::{collections::BTreeMap, fmt, io, net::SocketAddr, sync::Arc};

use card_airlock_event_source::Mapping;
use card_airlock_gateway::{Issuer, IssuerError};
use card_airlock_lambda::{Function, Processes};
use card_airlock_services::AwsEndpoint;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use self::options::NO_LIMIT;
pub use self::{error::StackError, options::StackOptions};
use crate::{data::DataFolder, deployed, sandbox::Sandbox};

/// A running stack. Dropping it stops it too, without waiting.
pub struct Stack {
    api: SocketAddr,
    stage: String,
    aws: AwsEndpoint,
    issuer: Arc<Issuer>,
    stop_api: DropGuard,
    stop_mappings: DropGuard,
    stop_aws: DropGuard,
    api_server: JoinHandle<io::Result<()>>,
    driven: Vec<JoinHandle<()>>,
    functions: BTreeMap<String, Function>,
    /// The stream mappings, when they are driven by hand.
    pub mappings: Vec<Mapping>,
    processes: Option<Processes>,
    sandbox: Sandbox,
    deletion: CancellationToken,
    data: Option<DataFolder>,
    /// What the template declares, resolved.
    pub declared: card_airlock_template::Stack,
}

impl Stack {
    /// The folder in which the state is kept.
    #[must_use]
    pub fn data(&self) -> Option<&DataFolder> {
        self.data.as_ref()
    }

    /// Completes when the state could not be kept: nothing is answered any more then.
    pub async fn failed(&self) {
        self.aws.store().failed().await;
    }

    /// The API's URL, with the stage.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/{}", self.api, self.stage)
    }

    /// The AWS endpoint's URL.
    #[must_use]
    pub fn aws_url(&self) -> String {
        self.aws.url().to_owned()
    }

    /// The AWS endpoint, to look inside.
    #[must_use]
    pub fn aws(&self) -> &AwsEndpoint {
        &self.aws
    }

    /// A function, to be invoked by hand.
    #[must_use]
    pub fn function(&self, logical_id: &str) -> Option<&Function> {
        self.functions.get(logical_id)
    }

    /// The stream mapping of a function, when it is driven by hand.
    pub fn mapping(&mut self, function: &str) -> Option<&mut Mapping> {
        let at = self.declared.stream_mappings.iter().position(|mapping| mapping.function == function)?;
        self.mappings.get_mut(at)
    }

    /// The payment processor of this machine.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The functions' processes, when they run as such.
    #[must_use]
    pub fn processes(&self) -> Option<&Processes> {
        self.processes.as_ref()
    }

    /// An ID token that this stack accepts.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, user: &str, groups: &[String]) -> Result<String, IssuerError> {
        self.issuer.token(user, groups)
    }

    /// Completes when `DeleteStack` of CloudFormation is called: whoever runs the stack then stops it.
    pub async fn deleted(&self) {
        self.deletion.cancelled().await;
    }

    /// The resources that stay on AWS when the stack is deleted, by logical id.
    #[must_use]
    pub fn retained(&self) -> Vec<&str> {
        deployed::retained(&self.declared)
    }

    /// Stops everything, from the outside in, and waits for it.
    pub async fn shutdown(self) {
        drop(self.stop_api);
        let _ = self.api_server.await;
        drop(self.stop_mappings);
        futures::future::join_all(self.driven).await;
        if let Some(processes) = &self.processes {
            processes.shutdown().await;
        }
        self.sandbox.shutdown().await;
        drop(self.stop_aws);
        self.aws.stopped().await;
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("api", &self.api).field("aws", &self.aws).finish_non_exhaustive()
    }
}
