//! How a stack is wired, as the template says.

use std::{collections::BTreeMap, sync::Arc};

use card_airlock_event_source::Mapping;
use card_airlock_gateway as gateway;
use card_airlock_lambda::{Function, ProcessOptions, Processes};
use card_airlock_template::LambdaFunction;
use clock::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    Stack,
    error::StackError,
    mapping::map_stream,
    options::StackOptions,
    schedule::{CARD_KEY_MAKER, run_schedule},
    witness_log,
};
use crate::{
    aws,
    console::{Console, Dialects, Hub, Operation, StreamTail},
    deployed::{self, Made},
    deployment::{self, SHIPPED},
    front,
    functions::{self, HeadLog, Surroundings},
    listen,
    sandbox::Sandbox,
    sign_in,
};

/// The function that an operator invokes.
const REPLAY: &str = "ReplayFunction";
const PAYBILL: &str = "PaybillFunction";

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

        let witness_log = witness_log::of(&aws);
        let processes = options.processes.map(|processes| {
            let lines = witness_log::kept_lines(processes.lines.clone(), witness_log.clone());
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
            let mappings = std::mem::take(&mut mappings);
            driven = drive(mappings, &declared, &functions, &options.clock, &mappings_stopping)?;
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
}

/// Lets mappings and schedules run by themselves, until they are stopped.
fn drive(
    mappings: Vec<Mapping>,
    declared: &card_airlock_template::Stack,
    functions: &BTreeMap<String, Function>,
    clock: &Clock,
    stopping: &CancellationToken,
) -> Result<Vec<JoinHandle<()>>, StackError> {
    let mut driven = Vec::new();
    for mut mapping in mappings {
        let stopping = stopping.clone().cancelled_owned();
        driven.push(tokio::spawn(async move { mapping.run(stopping).await }));
    }
    for schedule in &declared.schedules {
        let (declared, handler) = function_of(declared, functions, &schedule.function)?;
        let (timeout, handler, schedule) = (declared.timeout, handler.clone(), schedule.clone());
        let stopping = stopping.clone().cancelled_owned();
        driven.push(tokio::spawn(run_schedule(schedule, handler, timeout, clock.clone(), stopping)));
    }
    Ok(driven)
}

fn function_of<'a>(
    declared: &'a card_airlock_template::Stack,
    functions: &'a BTreeMap<String, Function>,
    logical_id: &str,
) -> Result<(&'a LambdaFunction, &'a Function), StackError> {
    let found = declared.function(logical_id).zip(functions.get(logical_id));
    found.ok_or_else(|| StackError::Missing(logical_id.to_owned()))
}
