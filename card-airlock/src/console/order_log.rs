//! The latest log lines of each order, in memory. The log holds no card; see the log policy in SECURITY.md.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::SystemTime,
};

use parking_lot::Mutex;
use platform::{log_filter, metrics::is_metric};
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, FilterFn},
    layer::Context,
    registry::LookupSpan,
};

/// Lines kept of one order, and of all that name none.
const MOST_LINES: usize = 200;
/// How many orders' lines are kept. After that the oldest order's lines are removed.
const MOST_ORDERS: usize = 5_000;

/// Keeps lines. Cloning shares them.
#[derive(Clone)]
pub struct OrderLog(Arc<Inner>);

struct Inner {
    kept: Mutex<Kept>,
    written: broadcast::Sender<Option<String>>,
}

#[derive(Default)]
struct Kept {
    of_orders: HashMap<String, VecDeque<Value>>,
    orders: VecDeque<String>,
    others: VecDeque<Value>,
}

impl Default for OrderLog {
    fn default() -> Self {
        Self(Arc::new(Inner { kept: Mutex::default(), written: broadcast::channel(4096).0 }))
    }
}

impl OrderLog {
    /// The layer that hands this project's lines over, from INFO on, whatever is printed.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let lines = log_filter(LevelFilter::INFO).and(FilterFn::new(|line| !is_metric(line)));
        Lines(self.clone()).with_filter(lines)
    }

    /// Takes a line that a function wrote as a process of its own: `[function pid] {json}`. Others are ignored.
    pub fn take_json(&self, line: &str) {
        let Some((function, json)) = line.split_once("] ") else { return };
        let Ok(mut line) = serde_json::from_str::<Value>(json) else { return };
        let Some(Value::Object(mut fields)) = line.get_mut("fields").map(Value::take) else { return };
        let message = fields.remove("message").unwrap_or_default();
        let from = function.trim_start_matches('[').to_owned();
        let member = |name: &str| line.get(name).cloned().unwrap_or_default();
        self.keep(line_of(member("level"), member("target"), message, fields, Some(from)));
    }

    /// The lines of an order, oldest first.
    #[must_use]
    pub fn of(&self, order: &str) -> Vec<Value> {
        self.kept().of_orders.get(order).into_iter().flatten().cloned().collect()
    }

    /// The lines that name no order, oldest first.
    #[must_use]
    pub fn others(&self) -> Vec<Value> {
        self.kept().others.iter().cloned().collect()
    }

    /// The sequence number of a line.
    pub(super) fn written(&self) -> broadcast::Receiver<Option<String>> {
        self.0.written.subscribe()
    }

    fn keep(&self, line: Value) {
        let order = line.pointer("/fields/order").and_then(Value::as_str).map(str::to_owned);
        {
            let mut kept = self.kept();
            let lines = kept.lines_of(order.as_deref());
            if lines.len() == MOST_LINES {
                lines.pop_front();
            }
            lines.push_back(line);
        }
        // It does not matter if no page listens.
        let _ = self.0.written.send(order);
    }

    fn kept(&self) -> parking_lot::MutexGuard<'_, Kept> {
        self.0.kept.lock()
    }
}

impl Kept {
    fn lines_of(&mut self, order: Option<&str>) -> &mut VecDeque<Value> {
        let Some(order) = order else { return &mut self.others };
        if !self.of_orders.contains_key(order) {
            self.orders.push_back(order.to_owned());
            if self.orders.len() > MOST_ORDERS
                && let Some(oldest) = self.orders.pop_front()
            {
                self.of_orders.remove(&oldest);
            }
        }
        self.of_orders.entry(order.to_owned()).or_default()
    }
}

fn line_of(
    level: Value,
    target: Value,
    message: Value,
    fields: Map<String, Value>,
    from: Option<String>,
) -> Value {
    json!({
        "at": super::shown::milliseconds(SystemTime::now()),
        "level": level, "target": target, "message": message, "fields": fields, "from": from,
    })
}

struct Lines(OrderLog);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let (level, target) = (event.metadata().level().to_string(), event.metadata().target());
        self.0.keep(line_of(level.into(), target.into(), message, fields.0, None));
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl fmt::Debug for OrderLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderLog")
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn lines_are_kept_by_their_order_and_the_oldest_go() {
        let log = OrderLog::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log.layer()), || {
            tracing::info!(target: "order", order = %"a", attempt = 1_u64, "accepted");
            tracing::info!(target: "order", "of no order");
            tracing::info!(target: "hyper", order = "a", "a dependency's");
            tracing::debug!(target: "order", order = "a", "too fine");
            for number in 0..MOST_LINES + 5 {
                tracing::info!(target: "order", order = "b", number, "line");
            }
        });
        let of_a = log.of("a");
        assert_eq!(of_a.len(), 1, "{of_a:?}");
        assert_eq!((&of_a[0]["message"], &of_a[0]["fields"]["attempt"]), (&json!("accepted"), &json!(1)));
        assert_eq!(log.others().len(), 1);
        let of_b = log.of("b");
        assert_eq!((of_b.len(), &of_b[0]["fields"]["number"]), (MOST_LINES, &json!(5)));
    }

    #[test]
    fn a_process_s_line_is_read_and_what_is_no_line_is_passed_over() {
        let log = OrderLog::default();
        log.take_json(
            r#"[TokenizeWorkerFunction 7] {"timestamp":"t","level":"INFO","fields":{"message":"tokenized","order":"a"},"target":"tokenize_worker"}"#,
        );
        log.take_json("[TokenizeWorkerFunction 7] thread panicked");
        log.take_json("nothing");
        let lines = log.of("a");
        assert_eq!((lines.len(), log.others().len()), (1, 0));
        assert_eq!(lines[0]["from"], "TokenizeWorkerFunction 7");
    }
}
