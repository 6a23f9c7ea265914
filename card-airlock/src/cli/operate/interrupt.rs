//! Ctrl-C in a pass: the chunk under way ends first, so that what is told of it is true. A second one stops at once.

use std::{io, pin::pin};

use crate::cli::stop_signal::StopSignal;

/// What is told when somebody wants to stop.
pub(super) const STOPPING: &str = "Stopping after the rows under way. Ctrl-C again stops at once.";

pub(super) struct Interrupt {
    signal: StopSignal,
    is_asked: bool,
}

impl Interrupt {
    /// From now on Ctrl-C does not end the program by itself.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { signal: StopSignal::listen()?, is_asked: false })
    }

    /// What a chunk comes to; none: nobody waits for it. `tell` is called when somebody wants to stop.
    pub(super) async fn chunk<T>(&mut self, chunk: impl Future<Output = T>, tell: impl Fn()) -> Option<T> {
        let mut chunk = pin!(chunk);
        loop {
            tokio::select! {
                done = &mut chunk => return Some(done),
                () = self.signal.heard() => {
                    if self.is_asked {
                        return None;
                    }
                    self.is_asked = true;
                    tell();
                }
            }
        }
    }

    /// Whether the pass is to stop after this chunk.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }
}
