//! The AWS services of this machine, behind one loopback endpoint that speaks the real JSON protocols: what
//! calls them is the real SDK, and the endpoint URL is the only difference.
//!
//! Every request passes [`admit`](admit::admit) and leaves a line in the call log before a service sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use card_airlock_gateway::Cognito;
use card_airlock_iam::{Denial, Element, Iam, Policies, PolicyError};
use clock::Clock;
use http::{HeaderValue, header::CONTENT_TYPE, request::Parts};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    account::Account,
    addressed::Addressed,
    admit::admit,
    answer::{Answer, Fault, Reply},
    calls::{Call, CallKind, CallLog, SERVICE_OF_EVENTS, Tally},
    cloudformation,
    cognito::{self, KeptUsers},
    declared,
    deployed::{Deployed, DeployedStack},
    dynamodb::Dynamo,
    events::{self, BusEvent, DUE, EventBridge, EventDelivery, Queues},
    faults::{FaultKind, Faults},
    keep::{Keep, KeepError, Store},
    kms::Kms,
    lambda,
    logs::{LogStream, Logs},
    metering::{event_units, take_units, with_metering},
    metrics, not_here,
    observer::{ObservedCall, Observer},
    request::Request,
    request_names::RequestNames,
    secrets::Secrets,
    service::Service,
    sqs::{Sqs, Waiting},
    start_error::StartError,
    streams::{StreamError, StreamReader},
    written_reply,
};

/// DynamoDB's limit for a request, the highest of the services here.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

const JSON_1_1: &[u8] = b"application/x-amz-json-1.1";

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

    /// From now on the tallies have what DynamoDB and EventBridge charge, too. It costs some time on each of its calls.
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

    /// Tells `observe` each later call, after it was done and before its caller is answered. The first observer
    /// stays.
    pub fn watch(&self, observe: impl Fn(ObservedCall) + Send + Sync + 'static) {
        self.0.observer.set(Box::new(observe));
    }

    /// The messages in the queues, hidden ones too, in the order in which they were sent.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        self.0.sqs.waiting()
    }

    /// From now on an empty queue is reported at once: no receive waits for a message. For tests that drive the stack
    /// step by step, where no message comes by itself.
    pub fn answer_receives_at_once(&self) {
        self.0.sqs.answer_at_once();
    }

    /// The latest events that were put on the buses, oldest first; bounded.
    #[must_use]
    pub fn events(&self) -> Vec<Arc<BusEvent>> {
        self.events_after(0)
    }

    /// Those that were put after the one with this number.
    #[must_use]
    pub fn events_after(&self, number: u64) -> Vec<Arc<BusEvent>> {
        self.0.events.archive.after(number)
    }

    /// From now on events go to the targets of rules like this.
    pub fn deliver_events(&self, delivery: EventDelivery) {
        *self.0.events.delivery.lock() = delivery;
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

    /// The number of the latest event: a reader waits for it to change.
    #[must_use]
    pub fn event_numbers(&self) -> watch::Receiver<u64> {
        self.0.events.archive.numbers()
    }

    /// Deletes the rows whose time to live is over by the clock, as DynamoDB does at some time, and returns
    /// their number.
    ///
    /// # Errors
    /// When the embedded database fails.
    pub fn sweep_ttl(&self) -> Result<usize, StreamError> {
        self.0.dynamo.sweep_ttl()
    }

    /// What of the services outlives the process, for the program to keep its own beside it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Gives a user pool the users that are kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn bring_back_users(&self, pool: &Cognito) -> Result<(), KeepError> {
        self.0.users.bring_back(pool)
    }

    /// Removes the records of a stream up to a sequence number that are too old to be read: for who has read them. Where
    /// nothing outlives the process it does nothing.
    ///
    /// # Errors
    /// When there is no such stream, or its file cannot be written.
    pub fn forget_records(&self, stream_arn: &str, up_to: &str) -> Result<(), StreamError> {
        self.0.dynamo.forget_records(stream_arn, up_to)
    }

    /// Trims all that the streams hold by now: what was not read yet is lost to readers.
    pub fn trim_streams(&self) {
        self.0.dynamo.trim_streams();
    }

    /// A reader of the stream with an ARN as [`create_table`](Self::create_table) reports it.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn stream(&self, stream_arn: &str) -> Result<StreamReader, StreamError> {
        self.0.dynamo.stream(stream_arn)
    }

    /// The same, for the event source mapping of a function: it reads with the function's role.
    ///
    /// # Errors
    /// When there is no such stream. Each read checks whether the role may read it.
    pub fn stream_for(&self, role: &str, stream_arn: &str) -> Result<StreamReader, StreamError> {
        Ok(self.stream(stream_arn)?.held_to(role, self.0.iam.clone()))
    }

    /// Makes a stack known to CloudFormation, Lambda and Cognito, which know none before. The first one stays.
    pub fn deploy(&self, stack: DeployedStack) {
        let _ = self.0.deployed.set(Deployed::new(stack, &self.0.account));
    }

    /// A stream of a log group, for the program that plays Lambda: what a function writes goes there.
    #[must_use]
    pub fn log_stream(&self, group: &str, stream: &str) -> LogStream {
        LogStream::new(Arc::clone(&self.0.logs), group, stream)
    }

    /// Puts policies in force in place of those before. A key that they do not speak of keeps its own; of the others
    /// KMS shows these from now on.
    pub fn enforce(&self, policies: Policies) {
        for (key_arn, document) in policies.key_documents() {
            self.0.kms.show_policy(key_arn, document);
        }
        self.0.iam.enforce(policies);
        if self.0.store.keeps() {
            self.0.kms.enforce_shown();
        }
    }

    /// Puts one policy of a role in force in place of the one before, for the calls from now on.
    ///
    /// # Errors
    /// When there is no such role, or an element of the document is not known here.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &Value) -> Result<(), PolicyError> {
        self.0.iam.enforce_on_role(role, policy, document)
    }

    /// From now on a caller that is not a role of the policies is denied everything. Before, it is the account's
    /// operator, who may do all but use the envelope keys.
    pub fn deny_unknown_callers(&self) {
        self.0.iam.deny_unknown();
    }

    /// The calls that IAM denied, oldest first; bounded.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.0.iam.denials()
    }

    /// All that the policies allow, value by value.
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
        self.0.stopped.cancelled().await;
    }
}

impl std::fmt::Debug for AwsEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AwsEndpoint").field(&self.0.url).finish()
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Somebody with a credential, whom IAM admits or not.
    ByCaller,
    /// A service of this endpoint.
    ByService,
}

impl Inner {
    pub(crate) async fn perform(&self, request: Request) -> Result<Answer, Fault> {
        if declared::is_declared(request.service, &request.operation) {
            return Ok(declared::perform(self.deployed.get(), &request));
        }
        if (request.service, request.operation.as_str()) == (Service::CloudWatch, metrics::OPERATION) {
            return Ok(metrics::perform(&self.sqs.waiting(), self.clock.now(), &request));
        }
        match request.service {
            Service::DynamoDb | Service::DynamoDbStreams => self.dynamo.perform(request).await,
            Service::Kms => Ok(self.kms.perform(&request)),
            Service::Sqs => Ok(self.sqs.perform(request).await),
            Service::EventBridge => Ok(events::perform(&self.events, &request)),
            Service::SecretsManager => Ok(self.secrets.perform(request).await),
            Service::CloudFormation => Ok(cloudformation::perform(self.deployed.get(), &request)),
            Service::CloudWatchLogs => Ok(self.logs.perform(self.deployed.get(), &request)),
            Service::CloudWatch | Service::Sns | Service::CloudTrail | Service::ApiGateway => {
                Err(Fault::UNKNOWN_OPERATION)
            }
            Service::Cognito => cognito::perform(self.deployed.get(), &self.users, request).await,
            Service::Lambda => Ok(lambda::perform(self.deployed.get(), request, &self.clock).await),
        }
    }

    async fn perform_metered(&self, call: &Call, request: Request) -> Result<Answer, Fault> {
        let asked = (request.service == Service::EventBridge).then(|| request.json.clone());
        let answer = self.perform(with_metering(request)).await?;
        let (answer, units) = match asked {
            Some(asked) => event_units(&asked, answer),
            None => take_units(call, answer),
        };
        self.calls.record_units(call, units);
        Ok(answer)
    }

    async fn serve(&self, call: &Call, request: Request, asked: Asked) -> Result<Answer, Fault> {
        let admitted = match asked {
            Asked::ByCaller => admit(&request, &self.iam, &self.account, &self.kms, self.deployed.get()),
            Asked::ByService => Ok(()),
        };
        let served = match admitted {
            Ok(()) if self.metering.load(Ordering::Relaxed) => self.perform_metered(call, request).await,
            Ok(()) => self.perform(request).await,
            Err(denied) => Err(denied),
        };
        // What could not be written down may not be told.
        let served = if self.store.has_failed() { Err(Fault::UNAVAILABLE) } else { served };
        if served.as_ref().is_ok_and(|answer| answer.status.is_success()) {
            self.calls.record_done(call);
        } else {
            self.calls.record_refusal(call);
        }
        served
    }

    async fn answer(&self, head: &Parts, body: Body) -> Result<Response, Fault> {
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Fault::TOO_LARGE)?;
        let addressed = Addressed::of(head, &body);
        let Some(service) = addressed.here() else {
            return Ok(not_here::answer(&addressed, &self.iam, &self.account));
        };
        let (protocol, operation) = (addressed.protocol, addressed.operation.clone());
        let write = |reply: Result<Reply, Fault>| {
            let reply = reply.unwrap_or_else(|fault| Reply::Answer(fault.answer()));
            written_reply::write(reply, protocol, service, &operation)
        };
        let request = match Request::read(addressed, service, &head.headers, body) {
            Ok(request) => request,
            Err(fault) => return Ok(write(Err(fault))),
        };
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let begun = self.observer.begin(&request, &self.names);
        let reply = self.answer_or_fail(request, Asked::ByCaller).await;
        self.observer.end(begun, &reply);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(write(reply))
    }

    /// What the service of this name asks of another. The policy of what it is about was asked before.
    pub(crate) async fn ask_by_service(&self, name: &str, mut request: Request) -> Result<Reply, Fault> {
        name.clone_into(&mut request.role);
        let begun = self.observer.begin(&request, &self.names);
        let reply = self.answer_or_fail(request, Asked::ByService).await;
        self.observer.end(begun, &reply);
        reply
    }

    async fn answer_or_fail(&self, mut request: Request, asked: Asked) -> Result<Reply, Fault> {
        let call = request.call(&self.names);
        self.calls.record(call.clone());
        let Some(fault) = self.faults.strike(&call) else {
            return self.serve(&call, request, asked).await.map(Reply::Answer);
        };
        tracing::debug!(role = call.role, operation = call.operation, ?fault, "a fault on purpose");
        if let Some(answer) = fault.answer(&call) {
            return Ok(Reply::Answer(answer));
        }
        match fault {
            FaultKind::LostBefore => return Ok(Reply::Lost),
            FaultKind::Slow(duration) => tokio::time::sleep(duration).await,
            FaultKind::EntriesRefused => request.refuses_entries = true,
            _ => {}
        }
        let answer = self.serve(&call, request, asked).await?;
        Ok(if fault == FaultKind::ReplyLost { Reply::Lost } else { Reply::Answer(answer) })
    }
}

/// Any path: older clients send to a queue's URL.
async fn serve(State(endpoint): State<AwsEndpoint>, request: axum::extract::Request) -> Response {
    if !(endpoint.0.guard)(&request) {
        return Fault::FOREIGN_HOST.answer().into_response();
    }
    let (head, body) = request.into_parts();
    let version = head.headers.get(CONTENT_TYPE).filter(|kind| kind.as_bytes() == JSON_1_1).cloned();
    // Its own task: AWS finishes a call also when the caller has disconnected.
    let answered = tokio::spawn(async move { endpoint.0.answer(&head, body).await });
    let answered = answered.await.unwrap_or(Err(Fault::UNAVAILABLE));
    let mut response = answered.unwrap_or_else(|fault| fault.answer().into_response());
    // KMS and Secrets Manager speak version 1.1, the others 1.0, and each client reads its own.
    if let (Some(version), true) = (version, response.headers().get(CONTENT_TYPE).is_some_and(is_aws_json)) {
        response.headers_mut().insert(CONTENT_TYPE, version);
    }
    response
}

fn is_aws_json(kind: &HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"application/x-amz-json-")
}
