//! The console: a page at `/` of the API's port that shows the airlock at work, lets one place orders, look inside,
//! break and mend it. On this machine only; nothing of it is part of a deployment.
//!
//! What it shows never holds a card in clear: it reads tables, stream and queue, which hold none, and every answer
//! passes [`shown`]. Cards that are placed by name are known to this process only.

mod attributes;
mod break_it;
mod events;
mod files;
mod guard;
mod hub;
mod inside;
mod invocations;
mod known;
mod ledger;
mod mend;
mod order_log;
mod place;
mod poison;
mod pulse;
mod request;
mod shown;
mod story;
mod stream_tail;
mod summary;
mod switches;
mod test_cards;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use card_airlock_gateway::RestApi;
use card_airlock_lambda::Function;
use card_airlock_services::AwsEndpoint;
use card_airlock_template::LambdaFunction;
use clock::TestClock;
use tokio::sync::watch;

use crate::sandbox::Sandbox;
pub(crate) use hub::Hub;
pub use order_log::OrderLog;
pub(crate) use stream_tail::StreamTail;

/// The user that the console signs in as: the one whose token `up` prints.
const USER: &str = "demo";

/// What a stack's console is made with.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Where the log's lines are kept.
    pub log: OrderLog,
    /// The stack's clock, when it can be moved.
    pub time: Option<TestClock>,
}

/// What the console works on.
pub(crate) struct Console {
    pub(crate) options: ConsoleOptions,
    pub(crate) front: Arc<RestApi>,
    pub(crate) aws: AwsEndpoint,
    pub(crate) hub: Hub,
    /// The function that sweeps and replays, as the template declares it.
    pub(crate) replay: Option<(LambdaFunction, Function)>,
    pub(crate) declared: card_airlock_template::Stack,
    pub(crate) sandbox: Sandbox,
    pub(crate) stream: StreamTail,
    /// Up when the stack stops: the event streams then end.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Console {
    /// The console's routes, behind its guard.
    pub(crate) fn router(self) -> Router {
        let console = Arc::new(self);
        tokio::spawn(hub::keep_up(Arc::clone(&console)));
        files::routes()
            .route("/console/events", get(events::stream))
            .route("/console/recent", get(inside::recent))
            .route("/console/orders/{order}", get(inside::order))
            .route("/console/orders", post(place::place))
            .route("/console/pay", post(place::pay))
            .route("/console/switch", post(break_it::switch))
            .route("/console/crash", post(break_it::crash))
            .route("/console/poison", post(break_it::poison))
            .route("/console/clock", post(break_it::clock))
            .route("/console/replay", post(mend::replay))
            .route("/console/sweep", post(mend::sweep))
            .layer(axum::middleware::from_fn(guard::guard))
            .with_state(console)
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}
