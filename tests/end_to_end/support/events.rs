//! The events of a world, each held to its schema in `docs/events/`.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use card_airlock_services::{AwsEndpoint, BusEvent};
use jsonschema::Validator;
use order::EventKind;
use serde_json::{Value, json};
use strum::VariantArray;

/// A validator of each kind of event.
static SCHEMAS: LazyLock<BTreeMap<&'static str, Validator>> = LazyLock::new(|| {
    let schema = |kind: &EventKind| {
        let path = format!("{}/../docs/events/{}.json", env!("CARGO_MANIFEST_DIR"), kind.word());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let schema: Value = serde_json::from_str(&text).unwrap();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        (kind.word(), options.build(&schema).unwrap())
    };
    EventKind::VARIANTS.iter().map(schema).collect()
});

/// An event as a subscriber gets it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) kind: String,
    pub(crate) detail: Value,
}

impl Told {
    /// The event is held to the schema of its kind.
    pub(crate) fn of(envelope: &Value) -> Self {
        let kind = envelope["detail-type"].as_str().unwrap_or_default().to_owned();
        let schema =
            SCHEMAS.get(kind.as_str()).unwrap_or_else(|| panic!("there is no such event: {envelope}"));
        if let Err(error) = schema.validate(envelope) {
            panic!("{envelope}: {error}");
        }
        Self { kind, detail: envelope["detail"].clone() }
    }

    /// A member of the detail.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.detail[name].as_str().unwrap_or_default()
    }
}

/// The events on the bus, oldest first.
pub(crate) fn on_the_bus(aws: &AwsEndpoint) -> Vec<Told> {
    aws.events().iter().map(|event: &Arc<BusEvent>| Told::of(&event.envelope)).collect()
}

/// The events that the bus refused, as it is to be put again.
pub(crate) fn refused(aws: &AwsEndpoint) -> Vec<Told> {
    refused_in(&aws.snapshot().unwrap())
}

/// The same in a snapshot.
pub(crate) fn refused_in(snapshot: &Value) -> Vec<Told> {
    let sent = messages(snapshot, "EventDeadLetterQueue");
    let told = sent.iter().map(|event| {
        let mut names: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["Detail", "DetailType", "Source", "Time"], "{event}");
        Told::of(&json!({
            "source": event["Source"], "detail-type": event["DetailType"], "time": event["Time"],
            "detail": event["Detail"],
        }))
    });
    told.collect()
}

/// Every message that was ever sent to a queue of the template.
pub(crate) fn messages(snapshot: &Value, queue: &str) -> Vec<Value> {
    let queues = snapshot["queues"].as_object().unwrap();
    let of_queue = queues.iter().filter(|(name, _)| name.rsplit('-').next() == Some(queue));
    let sent = of_queue.flat_map(|(_, sent)| sent.as_array().unwrap());
    sent.map(|sent| serde_json::from_str(sent["MessageBody"].as_str().unwrap()).unwrap()).collect()
}

/// Whoever drops a world has caused no event that its schema does not know.
pub(crate) struct Watched(pub(crate) AwsEndpoint);

impl Drop for Watched {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            on_the_bus(&self.0);
            refused(&self.0);
        }
    }
}
