//! The whole pipeline, wired as the template says: embedded AWS services, functions, stream mapping, API.

use std::{collections::BTreeMap, fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use aws_config::timeout::TimeoutConfig;
use card_airlock_event_source::{Mapping, Names, SettingsError};
use card_airlock_gateway::{self as gateway, CognitoSettingsError, Issuer, IssuerError};
use card_airlock_lambda::{Function, Lines, ProcessOptions, Processes};
use card_airlock_services::{AwsEndpoint, KeepError, LogStream, Refused, StartError, StreamError};
use card_airlock_template::{LambdaFunction, Resources, Schedule, StreamMapping, TemplateError};
use clock::Clock;
use platform::aws_client;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    aws::{self, ProvisionError},
    checkpoints,
    console::{Console, ConsoleOptions, Dialects, Hub, Operation, StreamTail},
    data::DataFolder,
    deployed::{self, Made},
    deployment::{self, ACCOUNT_ID, SHIPPED, STACK_NAME},
    front::{self, FrontError},
    functions::{self, FunctionsError, HeadLog, Surroundings},
    listen::{self, ListenError},
    sandbox::{Dialect, Sandbox},
    sign_in, stream,
};

/// The function that an operator invokes.
const REPLAY: &str = "ReplayFunction";
const PAYBILL: &str = "PaybillFunction";
const CARD_KEY_MAKER: &str = "CardKeyMakerFunction";
/// The function whose log is kept, for `audit verify`.
const WITNESS: &str = "WitnessFunction";

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

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A port could not be used.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The payment processor did not start.
    #[error("the payment processor of this machine did not start")]
    Sandbox(#[source] io::Error),
    /// The AWS endpoint did not start.
    #[error(transparent)]
    Aws(#[from] StartError),
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What was kept cannot be used.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A resource of the template could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The payment processor's secret could not be made.
    #[error("the secret of the payment processor could not be stored: {0}")]
    Secret(#[from] Refused),
    /// The API that the template declares cannot be served.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// A function of the template cannot run here.
    #[error(transparent)]
    Function(#[from] FunctionsError),
    /// A stream mapping of the template cannot run here.
    #[error("{0}: {1}")]
    Mapping(String, SettingsError),
    /// A stream that a mapping names is not there.
    #[error("{0}: {1}")]
    Stream(String, StreamError),
    /// The template refers to something that it does not declare.
    #[error("{0}: the template declares no such resource")]
    Missing(String),
    /// The user pool of the template cannot be played here.
    #[error("the user pool: {0}")]
    UserPool(#[from] CognitoSettingsError),
    /// The system does not say the address of a listener.
    #[error("a listener has no address")]
    Address(#[source] io::Error),
}

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
    /// Starts everything that the template declares.
    ///
    /// # Errors
    /// [`StackError`]; nothing keeps running then.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let api_listener = listen::on_loopback(options.api_port, "--port").await?;
        let aws_listener = listen::on_loopback(options.aws_port, "--aws-port").await?;
        let [api_stopping, mappings_stopping, aws_stopping] = [(); 3].map(|()| CancellationToken::new());
        // If this ends early, everything that was started is stopped.
        let [stop_api, stop_mappings, stop_aws] =
            [&api_stopping, &mappings_stopping, &aws_stopping].map(|token| token.clone().drop_guard());

        let keep = options.data.as_ref().map(|data| data.keep().clone());
        let stopped = aws_stopping.clone().cancelled_owned();
        let aws = aws::start_keeping(aws_listener, options.clock.clone(), keep, stopped).await?;
        let sandbox = Sandbox::keeping(aws.store()).await.map_err(StackError::Sandbox)?;
        let mut parameters = sandbox.parameters(&aws, options.processor).await?;
        parameters.extend(options.parameters);
        let template = deployment::template(options.template.as_deref().unwrap_or(SHIPPED), &parameters)?;
        let resources = aws::provision(&aws, &template).await?;
        let declared = template.resolve(&resources)?;

        let witness_log = aws.log_stream(&format!("{STACK_NAME}-WitnessLogs"), WITNESS);
        let processes = options.processes.map(|processes| {
            let lines = kept_lines(processes.lines.clone(), witness_log.clone());
            Processes::new(ProcessOptions { lines, ..processes }, aws.url().to_owned())
        });
        let surroundings = Surroundings {
            aws_url: aws.url().to_owned(),
            clock: options.clock.clone(),
            sdk_attempts: options.sdk_attempts,
            processes: processes.clone(),
            sdk_timeouts: options.sdk_timeouts,
            head_log: HeadLog::new(move |line| witness_log.write(line)),
        };
        let functions = declared
            .functions
            .iter()
            .map(|function| Ok((function.logical_id.clone(), functions::handler(function, &surroundings)?)));
        let mut functions = functions.collect::<Result<BTreeMap<_, _>, StackError>>()?;
        let hub = options.console.is_some().then(Hub::default);
        let (declared_paybill, paybill) = function_of(&declared, &functions, PAYBILL)?;
        let at_first = (options.processor, paybill.clone());
        let dialects = Dialects::new(declared_paybill.clone(), surroundings, sandbox.clone(), at_first);
        if let Some(hub) = &hub {
            hub.watch(&aws);
            hub.take_up(&aws, &declared);
            functions.insert(PAYBILL.to_owned(), dialects.function());
            for (name, function) in &mut functions {
                *function = hub.observe(name, function.clone(), processes.clone());
            }
        }
        let mappings = declared.stream_mappings.iter().map(|mapping| {
            let (function, handler) = function_of(&declared, &functions, &mapping.function)?;
            map_stream(&aws, &resources, mapping, function, handler.clone(), options.clock.clone())
        });
        let mut mappings = mappings.collect::<Result<Vec<_>, StackError>>()?;
        let issuer = Arc::new(options.issuer);
        let api = api_listener.local_addr().map_err(StackError::Address)?;
        let deletion = CancellationToken::new();
        let made = Made {
            functions: &functions,
            switches: mappings.iter().map(Mapping::switch).collect(),
            api_origin: format!("http://{api}"),
            created: options.clock.now(),
            user_pool: sign_in::cognito(&declared, Arc::clone(&issuer))?,
            deletion: deletion.clone(),
        };
        aws.bring_back_users(&made.user_pool)?;
        aws.deploy(deployed::deployed(&declared, made));
        let front = front::rest_api(&declared, &functions, Arc::clone(&issuer), options.clock.clone())?;
        let front = Arc::new(front);
        let beside = options.console.zip(hub).map(|(options, hub)| Console {
            options,
            front: Arc::clone(&front),
            aws: aws.clone(),
            hub,
            replay: declared.function(REPLAY).cloned().zip(functions.get(REPLAY).cloned()),
            card_key_maker: declared
                .function(CARD_KEY_MAKER)
                .cloned()
                .zip(functions.get(CARD_KEY_MAKER).cloned()),
            declared: declared.clone(),
            sandbox: sandbox.clone(),
            dialects,
            operation: Operation::default(),
            stream: StreamTail::default(),
            stopping: api_stopping.clone(),
        });
        let beside = beside.map(Console::router).unwrap_or_default();

        let mut driven = Vec::new();
        if options.self_driven {
            for mut mapping in mappings.drain(..) {
                let stopping = mappings_stopping.clone().cancelled_owned();
                driven.push(tokio::spawn(async move { mapping.run(stopping).await }));
            }
            for schedule in &declared.schedules {
                let (declared, handler) = function_of(&declared, &functions, &schedule.function)?;
                let (timeout, handler, schedule) = (declared.timeout, handler.clone(), schedule.clone());
                let stopping = mappings_stopping.clone().cancelled_owned();
                driven.push(tokio::spawn(run_schedule(
                    schedule,
                    handler,
                    timeout,
                    options.clock.clone(),
                    stopping,
                )));
            }
        }
        Ok(Self {
            api,
            stage: declared.api.stage.clone(),
            aws,
            issuer,
            stop_api,
            stop_mappings,
            stop_aws,
            api_server: tokio::spawn(gateway::serve_beside(
                front,
                beside,
                api_listener,
                api_stopping.clone().cancelled_owned(),
            )),
            driven,
            functions,
            mappings,
            processes,
            sandbox,
            deletion,
            data: options.data,
            declared,
        })
    }

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

/// Lambda's part: what a process of the witness writes is in its log group.
fn kept_lines(lines: Lines, log: LogStream) -> Lines {
    Lines::new(move |line| {
        let of_witness = line.strip_prefix('[').and_then(|line| line.strip_prefix(WITNESS));
        if let Some((_, line)) = of_witness.and_then(|line| line.split_once("] ")) {
            log.write(line);
        }
        lines.take(line);
    })
}

fn map_stream(
    aws: &AwsEndpoint,
    resources: &Resources,
    declared: &StreamMapping,
    function: &LambdaFunction,
    handler: Function,
    clock: Clock,
) -> Result<Mapping, StackError> {
    let name = &declared.function;
    let settings =
        stream::settings(declared, function.timeout).map_err(|e| StackError::Mapping(name.clone(), e))?;
    let source = aws
        .stream_for(&function.role, &declared.stream_arn)
        .map_err(|error| StackError::Stream(name.clone(), error))?;
    let names = Names {
        function_arn: resources.attribute(name, "Arn").unwrap_or_default().to_owned(),
        stream_arn: declared.stream_arn.clone(),
        shard_id: source.shard_id().to_owned(),
    };
    let on_failure = declared.on_failure_arn.as_deref().map(|arn| {
        // A queue's ARN ends in its name, and so does its URL.
        let queue = arn.rsplit(':').next().unwrap_or_default();
        let url = format!("{}/{ACCOUNT_ID}/{queue}", aws.url());
        stream::on_failure(&functions::sdk_config(aws.url(), &function.role), url)
    });
    let checkpoints = checkpoints::of(aws, name, &names)?;
    let source = Arc::new(stream::TableStream(source));
    Ok(Mapping::new(names, settings, source, handler, on_failure, clock, checkpoints))
}

/// Invokes a function as often as its schedule says, until it is stopped. The maker of card keys is invoked at once: there
/// is a key as soon as the stack is there. A run that fails is logged: the next one does everything again.
async fn run_schedule(
    schedule: Schedule,
    function: Function,
    timeout: Duration,
    clock: Clock,
    stopping: impl Future<Output = ()>,
) {
    let wait = if schedule.function == CARD_KEY_MAKER { Duration::ZERO } else { schedule.every };
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + wait, schedule.every);
    let mut stopping = std::pin::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            _ = ticks.tick() => {}
        }
        if function.invoke(schedule.input.clone().into_bytes(), clock.now() + timeout).await.is_err() {
            tracing::error!(
                function = schedule.function,
                "a scheduled invocation failed; the next one does its work"
            );
        }
    }
}

fn function_of<'a>(
    declared: &'a card_airlock_template::Stack,
    functions: &'a BTreeMap<String, Function>,
    logical_id: &str,
) -> Result<(&'a LambdaFunction, &'a Function), StackError> {
    let found = declared.function(logical_id).zip(functions.get(logical_id));
    found.ok_or_else(|| StackError::Missing(logical_id.to_owned()))
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("api", &self.api).field("aws", &self.aws).finish_non_exhaustive()
    }
}
