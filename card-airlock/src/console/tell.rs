//! Sends changes to the open pages: touched rows are read again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::sync::broadcast;

use super::{pulse, state::Console, summary::Rows};

/// How long changes are collected.
const GATHER: Duration = Duration::from_millis(40);
/// How often the numbers are sent.
const PULSE: Duration = Duration::from_secs(1);
/// How many orders are read in a row, before other work continues.
const STRETCH: usize = 100;

/// Sends changes to the pages, until the stack stops.
pub(super) async fn keep_up(console: Arc<Console>) {
    let hub = &console.hub;
    let mut lines = console.options.log.written();
    let mut pulse = tokio::time::interval(PULSE);
    loop {
        tokio::select! {
            () = console.stopping.cancelled() => return,
            _ = pulse.tick() => {
                hub.history().note(pulse::point(&console));
                if hub.is_watched() {
                    hub.happened("pulse", &pulse::document(&console));
                }
            },
            line = lines.recv() => match line {
                Ok(order) => hub.touch(order.into_iter()),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The console holds the log: this does not happen.
                Err(broadcast::error::RecvError::Closed) => return,
            },
            () = hub.touched() => {
                tokio::time::sleep(GATHER).await;
                tell_changes(&console).await;
            }
        }
    }
}

async fn tell_changes(console: &Console) {
    let touched: Vec<_> = console.hub.take_touched().into_iter().collect();
    for some in touched.chunks(STRETCH) {
        let changed = some.iter().filter_map(|id| {
            let rows = Rows::read(&console.aws, &console.declared, id);
            console.hub.known().update(id, &rows, Instant::now())
        });
        let changed: Vec<_> = changed.collect();
        console.hub.happened("orders", &json!({ "changed": changed, "touched": some }));
        tokio::task::yield_now().await;
    }
}
