//! The functions of the template, as handlers in this process. Each has its own configuration, whose
//! access-key id names its role, and the environment that the template gives it. Or they run as processes.

use std::{sync::Arc, time::SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_lambda_events::{apigw::ApiGatewayProxyRequest, dynamodb::Event};
use card_airlock_lambda::{
    Function, FunctionConfiguration, FunctionError, FunctionResult, Processes, ProgramMissingError,
};
use card_airlock_template::LambdaFunction;
use card_key_maker::Maker;
use card_keys::CardKeys;
use clock::Clock;
use forget::Forget;
use import::Import;
use ingest::Ingest;
use notify::Notify;
use paybill::{ConnectError, Paybill};
use platform::{aws_client, settings::SettingError};
use replay::Replay;
use rewrap::Rewrap;
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use tokenize_worker::TokenizeWorker;
pub use witness::HeadLog;
use witness::Witness;
use zeroize::Zeroizing;

use crate::deployment::{ACCOUNT_ID, REGION, STACK_NAME};

/// Why a function of the template cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum FunctionsError {
    /// The template does not give a function a setting it needs.
    #[error("{0}: {1}")]
    Setting(String, SettingError),
    /// The payment processor that the template names cannot be asked.
    #[error(transparent)]
    Processor(#[from] ConnectError),
    /// The program of a function is not there.
    #[error(transparent)]
    ProgramMissingError(#[from] ProgramMissingError),
    /// The template declares a function that has no handler here.
    #[error("{0}: this program has no handler for this function")]
    NoHandler(String),
}

/// What every handler is made with.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The AWS endpoint's URL.
    pub aws_url: String,
    /// The handlers' time.
    pub clock: Clock,
    /// How often the SDK tries a call; 3 where it is deployed.
    pub sdk_attempts: u32,
    /// Where the functions run, if not in this process.
    pub processes: Option<Processes>,
    /// How long the SDK waits for a call.
    pub sdk_timeouts: TimeoutConfig,
    /// What the witness writes the ends of its chains to.
    pub head_log: HeadLog,
}

/// The handler of a function that the template declares.
///
/// # Errors
/// [`FunctionsError`] when the template does not fit the code.
pub fn handler(declared: &LambdaFunction, surroundings: &Surroundings) -> Result<Function, FunctionsError> {
    if let Some(processes) = &surroundings.processes {
        return Ok(processes.function(&configuration(declared))?);
    }
    let name = &declared.logical_id;
    let lookup = |variable: &str| declared.environment.get(variable).cloned();
    let setting = |error| FunctionsError::Setting(name.clone(), error);
    let config = sdk_config(&surroundings.aws_url, &declared.role)
        .into_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(surroundings.sdk_attempts))
        .timeout_config(surroundings.sdk_timeouts.clone())
        .build();
    let clock = surroundings.clock.clone();
    Ok(match name.as_str() {
        "IngestFunction" => {
            let settings = ingest::Settings::read(&lookup).map_err(setting)?;
            let ingest = Arc::new(Ingest::new(&config, settings, clock));
            json(move |request: ApiGatewayProxyRequest, deadline| {
                let ingest = ingest.clone();
                async move { Ok(ingest.handle(request, deadline).await) }
            })
        }
        "TokenizeWorkerFunction" => {
            let settings = tokenize_worker::Settings::read(&lookup).map_err(setting)?;
            let worker = Arc::new(TokenizeWorker::new(&config, settings, clock));
            json(move |event: Event, deadline| {
                let worker = worker.clone();
                async move { Ok(worker.handle(event, deadline).await) }
            })
        }
        "PaybillFunction" => {
            let settings = paybill::Settings::read(&lookup).map_err(setting)?;
            let processor = paybill::connect(&config, &settings.processor, clock.clone())?;
            let paybill = Arc::new(Paybill::new(&config, settings, processor, clock));
            json(move |request: ApiGatewayProxyRequest, deadline| {
                let paybill = paybill.clone();
                async move { Ok(paybill.handle(request, deadline).await) }
            })
        }
        "ForgetFunction" => {
            let settings = forget::Settings::read(&lookup).map_err(setting)?;
            let forget = Arc::new(Forget::new(&config, settings, clock));
            json(move |request: ApiGatewayProxyRequest, deadline| {
                let forget = forget.clone();
                async move { Ok(forget.handle(request, deadline).await) }
            })
        }
        "ReplayFunction" => {
            let settings = replay::Settings::read(&lookup).map_err(setting)?;
            let replay = Arc::new(Replay::new(&config, settings, clock));
            json(move |request: replay::Request, deadline| {
                let replay = replay.clone();
                async move { replay.handle(request, deadline).await.map_err(|_| FunctionError::Unhandled) }
            })
        }
        "CardKeyMakerFunction" => {
            let settings = card_key_maker::Settings::read(&lookup).map_err(setting)?;
            let maker = Arc::new(Maker::new(&config, settings, clock));
            json(move |_: IgnoredAny, _| {
                let maker = maker.clone();
                async move { maker.run().await.map_err(|_| FunctionError::Unhandled) }
            })
        }
        "CardKeysFunction" => {
            let settings = card_keys::Settings::read(&lookup).map_err(setting)?;
            let keys = Arc::new(CardKeys::new(&config, settings, clock));
            json(move |request: ApiGatewayProxyRequest, deadline| {
                let keys = keys.clone();
                async move { Ok(keys.handle(request, deadline).await) }
            })
        }
        "ImportFunction" => {
            let settings = import::Settings::read(&lookup).map_err(setting)?;
            let import = Arc::new(Import::new(&config, settings, clock));
            json(move |request: import::Request, deadline| {
                let import = import.clone();
                async move { import.handle(request, deadline).await.map_err(|_| FunctionError::Unhandled) }
            })
        }
        "NotifyFunction" => {
            let settings = notify::Settings::read(&lookup).map_err(setting)?;
            let notify = Arc::new(Notify::new(&config, settings, clock));
            json(move |event: Event, deadline| {
                let notify = notify.clone();
                async move { Ok(notify.handle(event, deadline).await) }
            })
        }
        "WitnessFunction" => {
            let settings = witness::Settings::read(&lookup).map_err(setting)?;
            let witness = Arc::new(Witness::new(&config, settings, surroundings.head_log.clone(), clock));
            json(move |event: Event, deadline| {
                let witness = witness.clone();
                async move { Ok(witness.handle(event, deadline).await) }
            })
        }
        "RewrapFunction" => {
            let settings = rewrap::Settings::read(&lookup).map_err(setting)?;
            let rewrap = Arc::new(Rewrap::new(&config, settings, clock));
            json(move |request: rewrap::Request, deadline| {
                let rewrap = rewrap.clone();
                async move { rewrap.handle(request, deadline).await.map_err(|_| FunctionError::Unhandled) }
            })
        }
        _ => return Err(FunctionsError::NoHandler(name.clone())),
    })
}

/// What a function that the template declares is to run as a process.
fn configuration(declared: &LambdaFunction) -> FunctionConfiguration {
    let LambdaFunction { logical_id, role, environment, timeout, memory_mib, binary } = declared.clone();
    let name = format!("{STACK_NAME}-{logical_id}");
    FunctionConfiguration {
        id: logical_id,
        arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"),
        name,
        region: REGION.to_owned(),
        // At the local endpoint the access-key id names the role.
        access_key_id: role,
        environment,
        timeout,
        memory_mib,
        program: binary,
    }
}

/// A handler between JSON and JSON, as the Lambda runtime has it. The event's buffer is wiped.
fn json<E, A, F, R>(handler: F) -> Function
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize,
    F: Fn(E, SystemTime) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<A, FunctionError>> + Send + 'static,
{
    Function::new(move |event, deadline| {
        let handler = handler.clone();
        async move {
            let text = String::from_utf8(event).map_err(|_| FunctionError::Unhandled)?;
            let parsed = platform::read_event(Zeroizing::new(text)).map_err(|_| FunctionError::Unhandled)?;
            let answer = handler(parsed, deadline).await?;
            serde_json::to_vec(&answer).map_err(|_| FunctionError::Unhandled) as FunctionResult
        }
    })
}

/// The SDK configuration of one role at the local endpoint; nothing of the machine's own AWS setup is read.
#[must_use]
pub fn sdk_config(aws_url: &str, role: &str) -> SdkConfig {
    let credentials = Credentials::new(role, "local", None, None, "card-airlock");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(aws_url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // Loopback needs no TLS, and reading the machine's certificates is slow in a debug build.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard())
        .timeout_config(aws_client::timeouts())
        .build()
}
