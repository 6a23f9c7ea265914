//! The built functions as processes of their own, behind Lambda's Runtime API on loopback.
//!
//! As on Lambda: a process has one invocation at a time, more at once start more processes, one that ends in the
//! middle of an invocation fails it and is started again for the next, and one that exceeds its time is killed.
//! Unlike on Lambda, invocations beyond the bound wait their turn instead of being throttled, and a process is
//! kept until it ends.

use std::{collections::BTreeMap, fmt, io, path::PathBuf, sync::Arc};

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    configuration::FunctionConfiguration,
    function::Function,
    lines::Lines,
    pool::{Counts, Pool},
    process::Launch,
    programs::{self, ProgramMissingError, beside_this_program},
};

/// How the functions run as processes.
#[derive(Debug, Clone)]
pub struct ProcessOptions {
    /// The folder of the functions' programs.
    pub folder: PathBuf,
    /// The most processes of one function.
    pub at_once: usize,
    /// Where their output goes.
    pub lines: Lines,
}

impl ProcessOptions {
    /// The programs beside this one, up to eight processes of each, their lines on standard error.
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub fn beside_this_program() -> io::Result<Self> {
        Ok(Self { folder: beside_this_program()?, at_once: 8, lines: Lines::to_standard_error() })
    }
}

/// The functions that run as processes. Cloning shares them; dropping the last clone kills them.
#[derive(Clone)]
pub struct Processes(Arc<Inner>);

struct Inner {
    options: ProcessOptions,
    aws_url: String,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
    stopping: CancellationToken,
    places: Mutex<JoinSet<()>>,
}

impl Processes {
    /// No function yet. `aws_url` is the AWS endpoint that they get.
    #[must_use]
    pub fn new(options: ProcessOptions, aws_url: String) -> Self {
        Self(Arc::new(Inner {
            options,
            aws_url,
            pools: Mutex::default(),
            stopping: CancellationToken::new(),
            places: Mutex::default(),
        }))
    }

    /// A function. Its processes are started by its invocations; asked for again, it is the same.
    ///
    /// An invocation's deadline is the function's own timeout after a process is given the event, by the machine's
    /// time, as Lambda counts it: the caller's deadline is by the caller's clock.
    ///
    /// # Errors
    /// When its program is not built.
    pub fn function(&self, configuration: &FunctionConfiguration) -> Result<Function, ProgramMissingError> {
        let inner = &self.0;
        let mut pools = inner.pools.lock();
        let pool = match pools.get(&configuration.id) {
            Some(pool) => Arc::clone(pool),
            None => {
                let id = &configuration.id;
                let pool = Pool::new(Launch {
                    configuration: configuration.clone(),
                    program: programs::find(&inner.options.folder, id, &configuration.program)?,
                    aws_url: inner.aws_url.clone(),
                    lines: inner.options.lines.clone(),
                });
                let mut places = inner.places.lock();
                for _ in 0..inner.options.at_once {
                    places.spawn(pool.add_place(inner.stopping.clone()));
                }
                pools.insert(id.clone(), Arc::clone(&pool));
                pool
            }
        };
        Ok(Function::new(move |event, _| {
            let pool = Arc::clone(&pool);
            async move { pool.invoke(event).await }
        }))
    }

    /// Kills (SIGKILL) every running process of a function, and returns how many there were.
    pub fn kill(&self, id: &str) -> usize {
        self.pool(id).map_or(0, |pool| pool.kill())
    }

    /// The ids of a function's running processes.
    #[must_use]
    pub fn process_ids(&self, id: &str) -> Vec<u32> {
        self.pool(id).map(|pool| pool.process_ids()).unwrap_or_default()
    }

    /// What has happened to a function's processes so far.
    #[must_use]
    pub fn counts(&self, id: &str) -> Counts {
        self.pool(id).map(|pool| pool.counts()).unwrap_or_default()
    }

    /// Ends every process and waits for it: SIGTERM, and SIGKILL for one that does not end. Invocations under
    /// way fail, later ones are throttled.
    pub async fn shutdown(&self) {
        let pools = std::mem::take(&mut *self.0.pools.lock());
        pools.values().for_each(|pool| pool.close());
        self.0.stopping.cancel();
        let places = std::mem::take(&mut *self.0.places.lock());
        places.join_all().await;
    }

    fn pool(&self, id: &str) -> Option<Arc<Pool>> {
        self.0.pools.lock().get(id).cloned()
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").field("options", &self.0.options).finish_non_exhaustive()
    }
}
