//! The AWS services of this machine, behind one loopback endpoint that speaks the real JSON protocols: what
//! calls them is the real SDK, and the endpoint URL is the only difference.
//!
//! Every request passes [`admit`](crate::admit::admit) and leaves a line in the call log before a service sees it.

mod answering;
mod changing;
mod looking;
mod starting;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize},
};

use card_airlock_iam::Iam;
use clock::Clock;
use tokio_util::sync::CancellationToken;

pub use self::starting::EndpointOptions;
use crate::{
    account::Account, calls::CallLog, cognito::KeptUsers, deployed::Deployed, dynamodb::Dynamo,
    events::EventBridge, faults::Faults, keep::Store, kms::Kms, logs::Logs, observer::Observer,
    request_names::RequestNames, secrets::Secrets, sqs::Sqs,
};

/// The AWS endpoint. Cloning shares it.
#[derive(Clone)]
pub struct AwsEndpoint(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    url: String,
    pub(crate) account: Account,
    names: RequestNames,
    guard: fn(&axum::extract::Request) -> bool,
    pub(crate) dynamo: Dynamo,
    pub(crate) kms: Kms,
    pub(crate) sqs: Sqs,
    pub(crate) events: EventBridge,
    secrets: Secrets,
    users: Arc<KeptUsers>,
    store: Store,
    logs: Arc<Logs>,
    deployed: OnceLock<Deployed>,
    clock: Clock,
    iam: Arc<Iam>,
    calls: CallLog,
    metering: AtomicBool,
    faults: Faults,
    observer: Observer,
    under_way: AtomicUsize,
    stopped: CancellationToken,
}

impl std::fmt::Debug for AwsEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AwsEndpoint").field(&self.0.url).finish()
    }
}
