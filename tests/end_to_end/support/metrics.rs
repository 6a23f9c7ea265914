//! The metrics that a test's own thread records.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

/// Metrics since this was made, or were last taken. The test needs a runtime of one thread.
pub(crate) struct Metrics {
    recorded: Recorded,
    _here: DefaultGuard,
}

impl Metrics {
    /// Those of this thread from now on.
    pub(crate) fn of_this_thread() -> Self {
        let recorded = Recorded::default();
        let subscriber = tracing_subscriber::registry().with(recorded.clone());
        Self { recorded, _here: tracing::subscriber::set_default(subscriber) }
    }

    /// Each as its name, its dimension's value and its value, in the order of texts. Times are in whole minutes: the clock of a
    /// test goes on.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut taken = std::mem::take(&mut *self.recorded.0.lock().unwrap());
        taken.sort();
        taken
    }
}

#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Recorded {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if platform::metrics::is_metric(event.metadata()) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let value = match &*fields.unit {
                "Milliseconds" => format!("{} min", fields.value / 60_000),
                "Seconds" => format!("{} min", fields.value / 60),
                _ => fields.value.to_string(),
            };
            let parts = [fields.name, fields.of, value];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            self.0.lock().unwrap().push(parts.join(" "));
        }
    }
}

#[derive(Default)]
struct Fields {
    name: String,
    of: String,
    unit: String,
    value: u64,
}

impl Visit for Fields {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.value = value;
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => value.clone_into(&mut self.name),
            "of" => value.clone_into(&mut self.of),
            "unit" => value.clone_into(&mut self.unit),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
