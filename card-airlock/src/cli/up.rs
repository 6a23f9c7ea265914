//! `card-airlock up`: the whole pipeline until somebody stops it.

use std::{io, io::Write, path::PathBuf, time::SystemTime};

use card_airlock_lambda::{Lines, ProcessOptions};
use card_airlock_services::FaultRule;
use clap::Args;
use clock::TestClock;
use tracing_subscriber::filter::LevelFilter;

use super::{
    CliError, faults, parameters,
    ready_file::{Ready, ReadyFile},
    stop_signal::StopSignal,
    welcome::{self, Welcome},
};
use crate::{
    api_client::ApiClient,
    console::{ConsoleOptions, OrderLog},
    data::DataFolder,
    events_to::{EventsTo, EventsUrl},
    sandbox::Dialect,
    seed::{self, BILLING_GROUP, Placed, Seed},
    stack::{Stack, StackOptions},
};

#[derive(Debug, Args)]
pub(super) struct UpArgs {
    /// The port of the API and the console on 127.0.0.1. 0 chooses a free port.
    #[arg(long, default_value_t = 3000)]
    pub(super) port: u16,
    /// The port of the AWS endpoint on 127.0.0.1. 0 chooses a free port.
    #[arg(long, default_value_t = 4566)]
    pub(super) aws_port: u16,
    /// Write {"api","aws","token"} as JSON to this file when the program is ready. The file is removed when it stops.
    #[arg(long, value_name = "PATH")]
    pub(super) ready_file: Option<PathBuf>,
    /// Make AWS calls fail: [ROLE/]SERVICE/OPERATION=KIND[@WHEN], such as kms/Decrypt=throttled@0.3 or
    /// TokenizeWorkerRole/dynamodb/TransactWriteItems=reply-lost@x5. You can give it several times.
    #[arg(long = "fault", value_name = "FAULT")]
    pub(super) faults: Vec<FaultRule>,
    /// Run each function as its own process, from the programs beside this one (run `cargo build --workspace` first).
    #[arg(long)]
    pub(super) processes: bool,
    /// The origin whose web pages may call the API, such as http://localhost:8080. It sets the parameter CorsOrigin.
    #[arg(long, value_name = "ORIGIN")]
    pub(super) cors_origin: Option<String>,
    /// A parameter of template.yaml, such as AmountRequired=true. You can give it several times, once for each parameter.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameters::split)]
    pub(super) parameters: Vec<(String, String)>,
    /// The processor that the payment sandbox imitates, and whose profile is used.
    #[arg(long, value_name = "NAME", default_value = "airlock")]
    pub(super) processor: Dialect,
    /// Keep the state in this folder: tables, keys, users, queues, positions and the sandbox's ledger. It is made if it is
    /// not there. For test cards on a development machine only: the keys lie beside the cards that they open.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Place the orders of this file at the start, as user "demo" and as a merchant: the body of a POST /order per line. The
    /// whole file is checked first. An order that is there already stays as it is.
    #[arg(long, value_name = "FILE")]
    pub(super) seed: Option<PathBuf>,
    /// Post each event of the event bus to this address, as JSON. What it does not take is tried again for five minutes.
    #[arg(long, value_name = "URL")]
    pub(super) events_to: Option<EventsUrl>,
    /// What to log on standard error: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "warn", env = "CARD_AIRLOCK_LOG")]
    pub(super) log: LevelFilter,
}

/// Runs until Ctrl-C or SIGTERM.
pub(super) async fn run(args: UpArgs, log: OrderLog, out: &mut dyn Write) -> Result<(), CliError> {
    let mut stop = StopSignal::listen().map_err(CliError::Signals)?;
    if let Some(path) = &args.ready_file {
        ReadyFile::clear(path)?;
    }
    let parameters = parameters::given(&args.parameters, args.cors_origin.as_deref())?;
    faults::check(&args.faults, &parameters)?;
    let seed =
        args.seed.as_deref().map(|path| Seed::read(path, &seed::rules(&parameters)?, SystemTime::now()));
    let seed = seed.transpose()?;
    let mut options = StackOptions {
        parameters,
        processor: args.processor,
        api_port: args.port,
        aws_port: args.aws_port,
        ..StackOptions::on_free_ports(crate::sign_in::of_this_user()?)
    };
    options.data = args.data.as_deref().map(DataFolder::open).transpose()?;
    options.console = Some(if args.processes {
        // Processes have the machine's time.
        options.processes = Some(processes(&log).map_err(CliError::Program)?);
        ConsoleOptions { log, time: None }
    } else if options.data.is_some() {
        // So has the tables' file.
        ConsoleOptions { log, time: None }
    } else {
        let time = TestClock::running();
        options.clock = time.clock();
        ConsoleOptions { log, time: Some(time) }
    });
    let stack = Stack::start(options).await?;
    for fault in &args.faults {
        stack.aws().faults().add(fault.clone());
    }
    let ended = serve(&args, seed, &stack, &mut stop, out).await;
    // A second Ctrl-C stops the program without waiting for work in progress.
    tokio::select! {
        () = stack.shutdown() => {}
        () = stop.heard() => {}
    }
    ended?;
    writeln!(out, "Stopped.")?;
    Ok(())
}

/// The functions' processes, whose lines go to standard error and to the console.
fn processes(log: &OrderLog) -> io::Result<ProcessOptions> {
    let options = ProcessOptions::beside_this_program()?;
    let (printed, log) = (options.lines.clone(), log.clone());
    let lines = Lines::new(move |line| {
        log.take_json(line);
        printed.take(line);
    });
    Ok(ProcessOptions { lines, ..options })
}

async fn serve(
    args: &UpArgs,
    seed: Option<Seed>,
    stack: &Stack,
    stop: &mut StopSignal,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    // Real processors want an amount, and only a merchant says it.
    let groups = if args.processor == Dialect::Airlock { vec![] } else { vec!["billing".to_owned()] };
    let (api, aws, token) = (stack.api_url(), stack.aws_url(), stack.token("demo", &groups)?);
    if let Some(seed) = seed {
        tokio::select! {
            placed = place(seed, stack) => tell_placed(&placed?, out)?,
            () = stop.heard() => return Ok(writeln!(out, "Stopping.")?),
            () = stack.failed() => return Err(CliError::NotKept),
        }
    }
    let ready = Ready { api: &api, aws: &aws, token: &token };
    let _ready_file = args.ready_file.as_deref().map(|path| ReadyFile::write(path, &ready)).transpose()?;
    let (format, events_to) = (args.processor, args.events_to.as_ref());
    welcome::print(&Welcome { ready: &ready, stack, format, events_to }, out)?;
    let events_to = args.events_to.clone().map(|url| EventsTo::new(url, tell_now));
    let events_to = events_to.transpose().map_err(CliError::EventsTo)?;
    let post_events = async {
        match &events_to {
            Some(events_to) => events_to.run(stack.aws()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.heard() => {}
        () = stack.deleted() => tell_deletion(stack, out)?,
        () = stack.failed() => return Err(CliError::NotKept),
        () = post_events => {}
    }
    if let Some(events_to) = &events_to {
        tell_events(events_to, stack, out)?;
    }
    writeln!(out, "Stopping.")?;
    Ok(())
}

/// Places the orders of a file as the user whose token is printed, who is a merchant for that.
async fn place(seed: Seed, stack: &Stack) -> Result<Placed, CliError> {
    let group = stack.declared.parameters.get(BILLING_GROUP).map(|group| group.value.clone());
    let groups: Vec<String> = group.into_iter().collect();
    let token = || stack.token("demo", &groups);
    Ok(seed.place(&ApiClient::new(&stack.api_url(), &token)?).await)
}

fn tell_placed(placed: &Placed, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Seed: {} orders are accepted, {} are refused.", placed.accepted, placed.refused.len())?;
    placed.refused.iter().try_for_each(|(line, answer)| writeln!(out, "  line {line}: {answer}"))?;
    writeln!(out)
}

/// Beside the log, which may be off.
fn tell_now(what: &str) {
    // If standard error is closed, nobody can read it.
    let _ = writeln!(anstream::stderr(), "{what}");
}

/// What became of the events that were to be posted.
fn tell_events(events_to: &EventsTo, stack: &Stack, out: &mut dyn Write) -> io::Result<()> {
    let (posted, dropped) = events_to.counts().counts();
    let all = *stack.aws().event_numbers().borrow();
    let waiting = all.saturating_sub(posted + dropped);
    writeln!(out, "Events: {posted} posted, {dropped} dropped, {waiting} not posted when it stopped.")
}

/// What `aws cloudformation delete-stack` brings about.
fn tell_deletion(stack: &Stack, out: &mut dyn Write) -> io::Result<()> {
    let here = match stack.data() {
        Some(data) => format!("here all resources stay in {}", data.path().display()),
        None => "here they end with this program".to_owned(),
    };
    writeln!(
        out,
        "The stack is deleted (DeleteStack). On AWS its DeletionPolicy keeps these resources; {here}:"
    )?;
    stack.retained().into_iter().try_for_each(|resource| writeln!(out, "  {resource}"))
}
