//! What an endpoint is started with, and how.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize},
    },
    time::Duration,
};

use axum::{Router, serve::ListenerExt};
use card_airlock_iam::Iam;
use clock::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{AwsEndpoint, Inner, answering::serve};
use crate::{
    account::Account,
    answer::Reply,
    calls::{CallLog, SERVICE_OF_EVENTS},
    cognito::KeptUsers,
    dynamodb::Dynamo,
    events::{self, DUE, EventBridge, Queues},
    faults::Faults,
    keep::{Keep, Store},
    kms::Kms,
    logs::Logs,
    observer::Observer,
    request_names::RequestNames,
    secrets::Secrets,
    sqs::Sqs,
    start_error::StartError,
};

/// How long requests under way may hold up the end: an SQS long poll takes up to 20 s.
const GRACE: Duration = Duration::from_secs(1);

/// What an endpoint is started with.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// The time of DynamoDB (stream records, TTL, the tokens of transactions) and of KMS (rotation, deletion).
    pub clock: Clock,
    /// The account and region of its resources.
    pub account: Account,
    /// Which of the callers' names its call log and its observer use.
    pub names: RequestNames,
    /// Which requests it accepts: a page in a browser must not reach it under a name that points to loopback.
    pub guard: fn(&axum::extract::Request) -> bool,
    /// What outlives the process; `None`: nothing. Then DynamoDB has the machine's time, and `clock` must have it too.
    pub keep: Option<Keep>,
}

impl AwsEndpoint {
    /// Serves on `listener` until `shutdown` completes.
    ///
    /// # Errors
    /// When a socket or the embedded database cannot be opened, or the account is not supported.
    pub async fn start(
        listener: TcpListener,
        options: EndpointOptions,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self, StartError> {
        let url = format!("http://{}", listener.local_addr()?);
        let EndpointOptions { clock, account, names, guard, keep } = options;
        if !account.is_supported() {
            return Err(StartError::Account);
        }
        let (stopping, stopped) = (CancellationToken::new(), CancellationToken::new());
        let stop_database = stopping.clone().cancelled_owned();
        let iam = Arc::new(Iam::of_account(&account.id));
        let store = keep.as_ref().map_or_else(Store::default, |keep| keep.store().clone());
        let kms = Kms::new(account.clone(), clock.clone(), Arc::clone(&iam), &store)?;
        let (dynamo, dynamo_server) =
            Dynamo::start(account.clone(), clock.clone(), keep.as_ref(), stop_database).await?;
        let (due, to_bring) = tokio::sync::mpsc::unbounded_channel();
        let endpoint = Self(Arc::new(Inner {
            dynamo,
            kms,
            sqs: Sqs::new(&url, &account.region, clock.clone(), &store)?,
            events: EventBridge::new(account.clone(), clock.clone(), due, &store)?,
            secrets: Secrets::new(account.clone(), &store).await?,
            users: Arc::new(KeptUsers::new(&store)),
            logs: Arc::new(Logs::new(clock.clone(), &store)?),
            store,
            deployed: OnceLock::new(),
            clock: clock.clone(),
            iam,
            calls: CallLog::default(),
            metering: AtomicBool::new(false),
            faults: Faults::default(),
            observer: Observer::default(),
            under_way: AtomicUsize::new(0),
            stopped: stopped.clone(),
            account,
            names,
            guard,
            url,
        }));

        tokio::spawn(events::deliver(endpoint.queues_for_events(), to_bring, stopping.clone()));
        let router = Router::new().fallback(serve).with_state(endpoint.clone());
        // Without it, Nagle's algorithm delays the end of an answer by 40 ms.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = axum::serve(listener, router).with_graceful_shutdown(stopping.clone().cancelled_owned());
        let stop = stopping.clone();
        tokio::spawn(async move {
            shutdown.await;
            stop.cancel();
        });
        tokio::spawn(async move {
            let served = async {
                let (_, _) = futures::future::join(server.into_future(), dynamo_server).await;
            };
            let overdue = async {
                stopping.cancelled().await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! { () = served => {}, () = overdue => {} }
            stopped.cancel();
        });
        Ok(endpoint)
    }

    /// The queues as EventBridge reaches them.
    fn queues_for_events(&self) -> Queues {
        let (looking, calling) = (self.clone(), self.clone());
        Queues {
            account: self.0.account.clone(),
            url: self.0.url.clone(),
            delivery: Arc::clone(&self.0.events.delivery),
            kept_due: self.0.store.part(DUE),
            look: Box::new(move |request| {
                let endpoint = looking.clone();
                Box::pin(async move { Ok(Reply::Answer(endpoint.0.sqs.perform(request).await)) })
            }),
            call: Box::new(move |request| {
                let endpoint = calling.clone();
                Box::pin(async move { endpoint.0.ask_by_service(SERVICE_OF_EVENTS, request).await })
            }),
        }
    }
}
