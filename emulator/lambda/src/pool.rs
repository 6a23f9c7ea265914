//! The processes of one function: as many as there are invocations at once, up to a bound.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::{
    function::{FunctionError, FunctionResult},
    process::{Launch, Living, Outcome, Process},
};

/// What has happened to a function's processes so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Processes that were started.
    pub starts: u64,
    /// Events that a process was given.
    pub invocations: u64,
    /// Events that a process was given and has neither answered nor failed.
    pub under_way: u64,
    /// Invocations that ended because their process did: it crashed or was killed.
    pub crashes: u64,
    /// Invocations that timed out.
    pub timeouts: u64,
    /// How long processes worked on events, in total: what Lambda bills.
    pub busy: Duration,
}

/// One function.
#[derive(Debug)]
pub(crate) struct Pool {
    launch: Launch,
    /// As many as there are places; held from the call until its place is ready for the next.
    permits: Arc<Semaphore>,
    /// The free places, the one used last on top: its process is most likely to be running.
    idle: Mutex<Vec<mpsc::Sender<Job>>>,
    counts: Mutex<Counts>,
    living: Arc<Living>,
}

struct Job {
    event: Zeroizing<Vec<u8>>,
    answer: oneshot::Sender<FunctionResult>,
    permit: OwnedSemaphorePermit,
    /// The way back to the same place, for the next job.
    place: mpsc::Sender<Job>,
}

impl Pool {
    pub(crate) fn new(launch: Launch) -> Arc<Self> {
        Arc::new(Self {
            launch,
            permits: Arc::new(Semaphore::new(0)),
            idle: Mutex::default(),
            counts: Mutex::default(),
            living: Arc::default(),
        })
    }

    /// Adds a place for one process, which is started when it is needed.
    pub(crate) fn add_place(
        self: &Arc<Self>,
        stopping: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let (jobs, incoming) = mpsc::channel(1);
        let place = Place { pool: Arc::downgrade(self), process: None };
        self.idle().push(jobs);
        self.permits.add_permits(1);
        place.run(incoming, stopping)
    }

    /// Invokes the function; waits its turn when every place is taken.
    pub(crate) async fn invoke(&self, event: Vec<u8>) -> FunctionResult {
        let event = Zeroizing::new(event);
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_| FunctionError::Throttled)?;
        // There is no await from here to the hand-over: if a caller gave up in between, the place would be lost.
        let place = self.idle().pop().ok_or(FunctionError::Throttled)?;
        let (answer, answered) = oneshot::channel();
        let job = Job { event, answer, permit, place: place.clone() };
        place.try_send(job).map_err(|_| FunctionError::Throttled)?;
        answered.await.unwrap_or(Err(FunctionError::Unhandled))
    }

    /// Refuses every later invocation.
    pub(crate) fn close(&self) {
        self.permits.close();
    }

    /// Kills every process, and returns how many there were.
    pub(crate) fn kill(&self) -> usize {
        let living = self.living.lock();
        living.values().for_each(|kill| kill.notify_one());
        living.len()
    }

    pub(crate) fn process_ids(&self) -> Vec<u32> {
        self.living.lock().keys().copied().collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.counts.lock()
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock());
    }

    fn idle(&self) -> parking_lot::MutexGuard<'_, Vec<mpsc::Sender<Job>>> {
        self.idle.lock()
    }
}

/// A place for one process: it has one invocation at a time, and is started again when the last one ended.
struct Place {
    pool: Weak<Pool>,
    process: Option<Process>,
}

impl Place {
    async fn run(mut self, mut incoming: mpsc::Receiver<Job>, stopping: CancellationToken) {
        tokio::select! {
            biased;
            () = stopping.cancelled() => {}
            () = self.work(&mut incoming) => {}
        }
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    async fn work(&mut self, incoming: &mut mpsc::Receiver<Job>) {
        loop {
            let job = tokio::select! {
                biased;
                job = incoming.recv() => job,
                () = ended(&mut self.process) => {
                    self.kill_process().await;
                    continue;
                }
            };
            let Some(Job { event, answer, permit, place }) = job else { return };
            let Some(pool) = self.pool.upgrade() else { return };
            let result = self.invoke(&pool, event).await;
            // The next invocation needs a process that has asked for it. Only then is the answer sent, so that a caller
            // with one request after the other always gets the same process.
            if let Some(process) = &mut self.process
                && process.until_ready().await.is_err()
            {
                self.kill_process().await;
            }
            pool.idle().push(place);
            drop(permit);
            let _ = answer.send(result);
        }
    }

    async fn invoke(&mut self, pool: &Pool, event: Zeroizing<Vec<u8>>) -> FunctionResult {
        let limit = pool.launch.configuration.timeout;
        let mut event = event;
        loop {
            if self.process.is_none() {
                self.process = Some(start(pool).await?);
            }
            let Some(process) = &mut self.process else { return Err(FunctionError::Unhandled) };
            pool.count(|counts| {
                counts.invocations += 1;
                counts.under_way += 1;
            });
            let begun = Instant::now();
            let outcome = process.invoke(event, limit).await;
            pool.count(|counts| {
                counts.under_way -= 1;
                counts.busy += begun.elapsed();
            });
            match outcome {
                Outcome::Answered(result) => return result,
                Outcome::NotTaken(returned) => {
                    pool.count(|counts| counts.invocations -= 1);
                    event = returned;
                    self.kill_process().await;
                }
                Outcome::Crashed => {
                    pool.count(|counts| counts.crashes += 1);
                    warn(pool, "the process ended in the middle of an invocation");
                    self.kill_process().await;
                    return Err(FunctionError::Unhandled);
                }
                Outcome::TimedOut => {
                    pool.count(|counts| counts.timeouts += 1);
                    warn(pool, "an invocation timed out; its process is killed");
                    self.kill_process().await;
                    return Err(FunctionError::TimedOut);
                }
            }
        }
    }

    /// Kills the process, if there is one.
    async fn kill_process(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
    }
}

/// Completes when the process ends; never when there is none.
async fn ended(process: &mut Option<Process>) {
    match process {
        Some(process) => process.ended().await,
        None => std::future::pending().await,
    }
}

async fn start(pool: &Pool) -> Result<Process, FunctionError> {
    pool.count(|counts| counts.starts += 1);
    let started = Process::start(&pool.launch, &pool.living).await;
    let Ok(mut process) = started else {
        warn(pool, "the process could not be started");
        return Err(FunctionError::Unhandled);
    };
    if process.until_ready().await.is_err() {
        warn(pool, "the process ended, or asked for no invocation, after its start");
        process.kill().await;
        return Err(FunctionError::Unhandled);
    }
    Ok(process)
}

fn warn(pool: &Pool, what: &'static str) {
    tracing::warn!(function = pool.launch.configuration.id, "{what}");
}
