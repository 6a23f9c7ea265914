//! The AWS services of this machine, behind one loopback endpoint that speaks the real JSON protocols: what
//! calls them is the real SDK, and the endpoint URL is the only difference.
//!
//! Every request passes [`admit`](admit::admit) and leaves a line in the call log before a service sees it.

mod admit;
mod answer;
mod authorization;
mod calls;
mod dynamodb;
mod faults;
mod idempotency;
mod kms;
mod mentions;
mod policies;
mod provision;
mod request;
mod retention;
mod secrets;
mod seen;
mod snapshot;
mod sqs;
mod streams;
mod units;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use card_airlock_iam::{Denial, Element, Iam};
use clock::Clock;
use http::HeaderMap;
use tokio::{net::TcpListener, sync::watch};

use admit::admit;
use answer::{Answer, Fault};
use calls::CallLog;
pub use calls::{Call, CallKind, Service, Tally};
use dynamodb::Dynamo;
pub use faults::{FaultKind, FaultRule, Faults, NotAFault, When};
use kms::Kms;
pub use policies::PoliciesError;
pub use provision::ProvisionError;
use request::Request;
use secrets::Secrets;
pub use seen::Seen;
use seen::Watching;
use sqs::Sqs;
pub use streams::{StreamError, StreamReader};
pub use units::Units;
pub use waiting::Waiting;

/// DynamoDB's limit for a request, the highest of the services here.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// How long requests under way may hold up the end: an SQS long poll takes up to 20 s.
const GRACE: Duration = Duration::from_secs(1);

/// Why the endpoint could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No loopback socket to be had.
    #[error("no loopback socket for the local AWS endpoint")]
    Socket(#[from] io::Error),
    /// The embedded database did not open.
    #[error("the embedded DynamoDB did not open")]
    Database,
}

/// The local AWS endpoint. Cloning shares it.
#[derive(Clone)]
pub struct AwsEndpoint(Arc<Inner>);

struct Inner {
    url: String,
    dynamo: Dynamo,
    kms: Kms,
    sqs: Sqs,
    secrets: Secrets,
    iam: Arc<Iam>,
    calls: CallLog,
    metering: AtomicBool,
    faults: Faults,
    watching: Watching,
    under_way: AtomicUsize,
    stopped: watch::Receiver<bool>,
}

impl AwsEndpoint {
    /// Serves on `listener` until `shutdown` completes. `clock` is DynamoDB's time: stream records and TTL.
    ///
    /// # Errors
    /// When a socket or the embedded database cannot be opened.
    pub async fn start(
        listener: TcpListener,
        clock: Clock,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self, StartError> {
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopping) = watch::channel(false);
        let (finish, stopped) = watch::channel(false);
        let (dynamo, dynamo_server) = Dynamo::start(clock, until(stopping.clone())).await?;
        let endpoint = Self(Arc::new(Inner {
            dynamo,
            kms: Kms::default(),
            sqs: Sqs::new(&url),
            secrets: Secrets::default(),
            iam: Arc::default(),
            calls: CallLog::default(),
            metering: AtomicBool::new(false),
            faults: Faults::default(),
            watching: Watching::default(),
            under_way: AtomicUsize::new(0),
            stopped,
            url,
        }));

        let router = Router::new().fallback(serve).with_state(endpoint.clone());
        // Without it, Nagle's algorithm holds back the end of an answer for 40 ms.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = axum::serve(listener, router).with_graceful_shutdown(until(stopping.clone()));
        tokio::spawn(async move {
            shutdown.await;
            stop.send_replace(true);
        });
        tokio::spawn(async move {
            let served = async {
                let (_, _) = futures::future::join(server.into_future(), dynamo_server).await;
            };
            let overdue = async {
                until(stopping).await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! { () = served => {}, () = overdue => {} }
            finish.send_replace(true);
        });
        Ok(endpoint)
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The latest calls, oldest first, refused ones too; bounded, and never with a body.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.all()
    }

    /// How often a role made a call since the start.
    #[must_use]
    pub fn tally(&self, role: &str, operation: &str) -> Tally {
        self.0.calls.of(role, operation)
    }

    /// How often each role made each call since the start.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<CallKind, Tally> {
        self.0.calls.tallies()
    }

    /// From now on the tallies have what DynamoDB charges, too. It costs some time on each of its calls.
    pub fn meter_units(&self) {
        self.0.metering.store(true, Ordering::Relaxed);
    }

    /// How many calls are being worked on; those whose callers have given up are among them.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.under_way.load(Ordering::SeqCst)
    }

    /// The faults in force, to be changed at will.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Has every later call told to `watcher`, after it was done and before its caller is answered. The first
    /// watcher stays.
    pub fn watch(&self, watcher: impl Fn(Seen) + Send + Sync + 'static) {
        self.0.watching.set(Box::new(watcher));
    }

    /// The messages that lie in the queues, hidden ones too, in the order in which they were sent.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        self.0.sqs.waiting()
    }

    /// From now on an empty queue is told at once: no receive waits for a message to come. For who drives the
    /// stack by hand, where none comes by itself.
    pub fn answer_receives_at_once(&self) {
        self.0.sqs.answer_at_once();
    }

    /// Deletes the rows whose time to live is over by the clock, as DynamoDB does sooner or later, and says
    /// how many they were.
    ///
    /// # Errors
    /// When the embedded database fails.
    pub fn sweep_ttl(&self) -> Result<usize, StreamError> {
        self.0.dynamo.sweep_ttl()
    }

    /// Trims all that the streams hold by now: what was not read yet is lost to readers.
    pub fn trim_streams(&self) {
        self.0.dynamo.trim_streams();
    }

    /// A reader of the stream with an ARN as [`provision`](Self::provision) reports it.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn stream(&self, stream_arn: &str) -> Result<StreamReader, StreamError> {
        self.0.dynamo.stream(stream_arn)
    }

    /// The same, for the event source mapping of a function: it reads with the function's role.
    ///
    /// # Errors
    /// When there is no such stream. Whether the role may read it, each read tells.
    pub fn stream_for(&self, role: &str, stream_arn: &str) -> Result<StreamReader, StreamError> {
        Ok(self.stream(stream_arn)?.held_to(role, self.0.iam.clone()))
    }

    /// From now on a caller that is no role of the template's is denied everything. Before, it is the account's
    /// operator, who may do all but use the envelope keys.
    pub fn deny_unknown_callers(&self) {
        self.0.iam.deny_unknown();
    }

    /// The calls that IAM denied, oldest first; bounded.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.0.iam.denials()
    }

    /// All that the template's policies allow, value by value.
    #[must_use]
    pub fn policy_elements(&self) -> BTreeSet<Element> {
        self.0.iam.declared()
    }

    /// What of it has allowed a call so far.
    #[must_use]
    pub fn used_policy_elements(&self) -> BTreeSet<Element> {
        self.0.iam.used()
    }

    /// Waits until the endpoint has stopped serving.
    pub async fn stopped(&self) {
        until(self.0.stopped.clone()).await;
    }
}

impl std::fmt::Debug for AwsEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AwsEndpoint").field(&self.0.url).finish()
    }
}

impl Inner {
    async fn perform(&self, request: Request) -> Result<Answer, Fault> {
        match request.service {
            Service::DynamoDb | Service::DynamoDbStreams => self.dynamo.perform(request).await,
            Service::Kms => Ok(self.kms.perform(request).await),
            Service::Sqs => Ok(self.sqs.perform(request).await),
            Service::SecretsManager => Ok(self.secrets.perform(request).await),
        }
    }

    async fn perform_metered(&self, call: &Call, request: Request) -> Result<Answer, Fault> {
        let answer = self.perform(units::ask(request)).await?;
        let (answer, units) = units::take(call, answer);
        self.calls.record_units(call, units);
        Ok(answer)
    }

    async fn serve(&self, call: &Call, request: Request) -> Result<Answer, Fault> {
        let served = match admit(&request, &self.iam) {
            Ok(()) if self.metering.load(Ordering::Relaxed) => self.perform_metered(call, request).await,
            Ok(()) => self.perform(request).await,
            Err(denied) => Err(denied),
        };
        if served.as_ref().is_ok_and(|answer| answer.status.is_success()) {
            self.calls.record_done(call);
        } else {
            self.calls.record_refusal(call);
        }
        served
    }

    async fn answer(&self, headers: &HeaderMap, body: Body) -> Result<Reply, Fault> {
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Fault::TOO_LARGE)?;
        let request = Request::read(headers, body)?;
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let begun = self.watching.begin(&request);
        let reply = self.answer_or_fail(request).await;
        self.watching.end(begun, &reply);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        reply
    }

    async fn answer_or_fail(&self, request: Request) -> Result<Reply, Fault> {
        let call = request.call();
        self.calls.record(call.clone());
        let Some(fault) = self.faults.strike(&call) else {
            return self.serve(&call, request).await.map(Reply::Answer);
        };
        tracing::debug!(role = call.role, operation = call.operation, ?fault, "a fault on purpose");
        if let Some(answer) = fault.answer(&call) {
            return Ok(Reply::Answer(answer));
        }
        match fault {
            FaultKind::LostBefore => return Ok(Reply::Lost),
            FaultKind::Slow(duration) => tokio::time::sleep(duration).await,
            _ => {}
        }
        let answer = self.serve(&call, request).await?;
        Ok(if fault == FaultKind::ReplyLost { Reply::Lost } else { Reply::Answer(answer) })
    }
}

/// What the caller gets.
enum Reply {
    Answer(Answer),
    /// Nothing: the connection breaks.
    Lost,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Answer(answer) => answer.into_response(),
            // A body that fails makes the server break the connection off.
            Self::Lost => {
                let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("lost on purpose"))]);
                Response::new(Body::from_stream(broken))
            }
        }
    }
}

/// Any path: older clients send to a queue's URL.
async fn serve(State(endpoint): State<AwsEndpoint>, request: axum::extract::Request) -> Response {
    if !crate::host::is_local(&request) {
        return Fault::FOREIGN_HOST.answer().into_response();
    }
    let (head, body) = request.into_parts();
    // A task of its own: AWS does what it was asked also when the caller has hung up meanwhile.
    let answered = tokio::spawn(async move { endpoint.0.answer(&head.headers, body).await });
    let reply = answered.await.unwrap_or(Err(Fault::UNAVAILABLE));
    reply.unwrap_or_else(|fault| Reply::Answer(fault.answer())).into_response()
}

/// Completes once the flag is up, or whoever would raise it is gone.
async fn until(mut flag: watch::Receiver<bool>) {
    let _ = flag.wait_for(|up| *up).await;
}
