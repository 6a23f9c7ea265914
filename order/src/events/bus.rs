//! The event bus (EventBridge).

use aws_config::SdkConfig;
use aws_sdk_eventbridge::{
    Client,
    operation::RequestId,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use super::{Event, Source};

/// The bus did not answer, throttled the call or denied access: nothing is known of the events, and they are put again
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event bus is not available")]
pub struct BusError;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is on the bus.
    Taken,
    /// The bus refuses this event.
    Refused,
}

/// The event bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    eventbridge: Client,
    name: String,
}

impl EventBus {
    /// The most events of one call: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
    pub const MOST: usize = 10;

    /// The bus of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { eventbridge: Client::new(config), name }
    }

    /// Puts up to [`Self::MOST`] events on the bus. Returns for each, in their order, what became of it.
    ///
    /// # Errors
    /// [`BusError`]; the events may be on the bus all the same when no reply came.
    pub async fn put(&self, events: &[Event]) -> Result<Vec<Put>, BusError> {
        let entries = events.iter().map(|event| self.entry(event)).collect::<Result<Vec<_>, _>>()?;
        let error = match self.eventbridge.put_events().set_entries(Some(entries)).send().await {
            Ok(reply) => return each(events, reply.entries()),
            Err(error) => error,
        };
        let code = vault::failure_code(&error);
        tracing::warn!(
            operation = "PutEvents",
            code,
            request_id = error.request_id(),
            "EventBridge refused or failed"
        );
        match code {
            // It refuses the request itself, and always will.
            "ValidationException" => Ok(vec![Put::Refused; events.len()]),
            _ => Err(BusError),
        }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, BusError> {
        let source: &'static str = Source::CardAirlock.into();
        let seconds = i64::try_from(event.time.epoch_seconds()).map_err(|_| BusError)?;
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(source)
            .detail_type(event.kind.word())
            .time(DateTime::from_secs(seconds))
            .detail(serde_json::to_string(&event.detail).map_err(|_| BusError)?)
            .build())
    }
}

fn each(events: &[Event], entries: &[PutEventsResultEntry]) -> Result<Vec<Put>, BusError> {
    if entries.len() != events.len() {
        tracing::warn!(operation = "PutEvents", "EventBridge does not say what became of each event");
        return Err(BusError);
    }
    let put = |(event, entry): (&Event, &PutEventsResultEntry)| match entry.error_code() {
        None => Put::Taken,
        Some(code) => {
            tracing::error!(
                order = event.order_text(),
                kind = event.kind.word(),
                code,
                "the event bus refused an event"
            );
            Put::Refused
        }
    };
    Ok(events.iter().zip(entries).map(put).collect())
}
