//! One process of a function with its Runtime API: what Lambda calls an execution environment.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::{
    process::{Child, Command},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use crate::{
    configuration::FunctionConfiguration,
    function::FunctionResult,
    lines::Lines,
    server::{Invocation, RuntimeApi, Said},
    variables,
};

/// A process has this long to ask for an invocation, after its start and after each answer
/// (developer guide, "Understanding the Lambda execution environment lifecycle", init phase).
const READY_WITHIN: Duration = Duration::from_secs(10);
/// A process that was asked to end has this long before it is killed; its last lines, once it has ended, too.
const GRACE: Duration = Duration::from_secs(2);

/// How the processes of one function are started.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) configuration: FunctionConfiguration,
    pub(crate) program: PathBuf,
    pub(crate) aws_url: String,
    pub(crate) lines: Lines,
}

/// The processes of one function that have not been seen to end: their ids, each with the way to kill it.
pub(crate) type Living = Mutex<BTreeMap<u32, Arc<Notify>>>;

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    api: RuntimeApi,
    /// The process's open request for an invocation.
    ready: Option<oneshot::Sender<Invocation>>,
    output: Vec<JoinHandle<()>>,
    listed: Listed,
}

/// The process has ended, or cannot be used any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The result of an event.
pub(crate) enum Outcome {
    /// The process has finished it.
    Answered(FunctionResult),
    /// The process ended before it got the event.
    NotTaken(Zeroizing<Vec<u8>>),
    /// The process ended in the middle of it.
    Crashed,
    /// The process still works on it.
    TimedOut,
}

impl Process {
    /// Starts a process. It can be used when it is [ready](Self::until_ready).
    pub(crate) async fn start(launch: &Launch, living: &Arc<Living>) -> io::Result<Self> {
        let id = &launch.configuration.id;
        let api = RuntimeApi::start(&launch.configuration.arn).await?;
        let environment =
            variables::variables(&launch.configuration, &launch.aws_url, &launch.program, api.address());
        let mut command = Command::new(&launch.program);
        command.env_clear().envs(environment).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C at a terminal is for this program, which then stops its processes in good order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let listed = Listed::new(living, child.id().unwrap_or_default());
        let prefix = format!("[{id} {}]", listed.id);
        let stdout = child.stdout.take().map(|from| launch.lines.pass_on(prefix.clone(), from));
        let stderr = child.stderr.take().map(|from| launch.lines.pass_on(prefix, from));
        let output = stdout.into_iter().chain(stderr).collect();
        Ok(Self { child, api, ready: None, output, listed })
    }

    /// Waits until the process asks for an invocation.
    pub(crate) async fn until_ready(&mut self) -> Result<(), Gone> {
        tokio::select! {
            said = self.api.said() => match said {
                Said::Ready(ready) => {
                    self.ready = Some(ready);
                    Ok(())
                }
                Said::InitFailed => Err(Gone),
            },
            () = exit(&mut self.child, &self.listed) => Err(Gone),
            () = sleep(READY_WITHIN) => Err(Gone),
        }
    }

    /// Completes when the process has ended.
    pub(crate) async fn ended(&mut self) {
        exit(&mut self.child, &self.listed).await;
    }

    /// Hands one event to a process that is ready, and waits for its answer.
    pub(crate) async fn invoke(&mut self, event: Zeroizing<Vec<u8>>, limit: Duration) -> Outcome {
        let Some(ready) = self.ready.take() else { return Outcome::NotTaken(event) };
        let (answer, answered) = oneshot::channel();
        let deadline = SystemTime::now() + limit;
        if let Err(returned) = ready.send(Invocation { event, deadline, answer }) {
            return Outcome::NotTaken(returned.event);
        }
        tokio::select! {
            biased;
            answered = answered => answered.map_or(Outcome::Crashed, Outcome::Answered),
            () = exit(&mut self.child, &self.listed) => Outcome::Crashed,
            () = sleep(limit) => Outcome::TimedOut,
        }
    }

    /// Asks the process to end, and kills it if it does not.
    pub(crate) async fn stop(mut self) {
        #[cfg(unix)]
        if let Some(id) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            // The process was not waited for yet, so its id still belongs to it.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            let _ = timeout(GRACE, self.child.wait()).await;
        }
        self.kill().await;
    }

    /// Kills the process, if it has not ended, and passes its last lines on.
    pub(crate) async fn kill(mut self) {
        let _ = self.child.kill().await;
        let last_lines = futures::future::join_all(std::mem::take(&mut self.output));
        let _ = timeout(GRACE, last_lines).await;
    }
}

/// Completes when the process has ended, by itself or because it was to be killed.
async fn exit(child: &mut Child, listed: &Listed) {
    tokio::select! {
        _ = child.wait() => return,
        () = listed.kill.notified() => {}
    }
    let _ = child.kill().await;
}

/// A process's entry in the list of running processes.
struct Listed {
    id: u32,
    kill: Arc<Notify>,
    living: Arc<Living>,
}

impl Listed {
    fn new(living: &Arc<Living>, id: u32) -> Self {
        let kill = Arc::new(Notify::new());
        living.lock().insert(id, Arc::clone(&kill));
        Self { id, kill, living: Arc::clone(living) }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.living.lock().remove(&self.id);
    }
}
