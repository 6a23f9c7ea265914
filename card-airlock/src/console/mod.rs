//! The console: a page at `/` of the API's port that shows the airlock at work, where a person can place orders, look
//! inside, cause faults and fix them. It runs on this machine only, and is not part of a deployment.
//!
//! What it shows never has an unencrypted card: it reads tables, stream and queue, which hold none, and every answer
//! passes [`shown`]. Test cards are placed by name: this process alone knows their numbers. A card that somebody types comes
//! here encrypted.

mod api;
mod attributes;
mod break_it;
mod bus_events;
mod card_keys;
mod customer;
mod dialects;
mod events;
mod files;
mod fix;
mod guard;
mod health;
mod history;
mod hub;
mod inside;
mod invocations;
mod known;
mod latest_operation;
mod ledger;
mod observe;
mod operation;
mod order_log;
mod place;
mod poison;
mod processor;
mod pulse;
mod request;
mod runs;
mod search;
mod sent_card;
mod shown;
mod state;
mod story;
mod stream_tail;
mod summary;
mod switches;
mod tell;
mod test_cards;
#[cfg(test)]
mod tests;
mod whole;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

pub(crate) use dialects::Dialects;
pub(crate) use hub::Hub;
pub(crate) use latest_operation::Operation;
pub use order_log::OrderLog;
pub(crate) use state::Console;
pub use state::ConsoleOptions;
pub(crate) use stream_tail::StreamTail;

impl Console {
    /// The console's routes, behind its guard.
    pub(crate) fn router(self) -> Router {
        let console = Arc::new(self);
        tokio::spawn(tell::keep_up(Arc::clone(&console)));
        files::routes()
            .route("/console/events", get(events::stream))
            .route("/console/recent", get(inside::recent))
            .route("/console/bus", get(bus_events::after))
            .route("/console/orders/{order}", get(inside::order))
            .route("/console/orders/{order}/whole", get(whole::whole))
            .route("/console/orders", get(search::search).post(place::place))
            .route("/console/card-keys", post(card_keys::ask))
            .route("/console/ask", post(customer::ask))
            .route("/console/pay", post(customer::pay))
            .route("/console/card", post(customer::card))
            .route("/console/forget", post(customer::forget))
            .route("/console/processor", post(processor::choose))
            .route("/console/operate", post(operation::begin))
            .route("/console/operate/cancel", post(operation::cancel))
            .route("/console/switch", post(break_it::switch))
            .route("/console/crash", post(break_it::crash))
            .route("/console/all-off", post(break_it::all_off))
            .route("/console/poison", post(break_it::poison))
            .route("/console/clock", post(break_it::clock))
            .route("/console/replay", post(fix::replay))
            .route("/console/sweep", post(fix::sweep))
            .layer(axum::middleware::from_fn(guard::guard))
            .with_state(console)
    }
}
