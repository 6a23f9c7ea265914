//! `PutEvents`. <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    bridge::EventBridge,
    entry::{Entry, Refusal},
    error::{EventsError, Outcome},
};
use crate::request::Request;

const MOST_ENTRIES: usize = 10;
/// All entries together; it was 256 KiB until 2026.
const MOST_BYTES: usize = 1024 * 1024;
/// AWS charges an event for each of these that it fills or begins.
const CHUNK_BYTES: usize = 64 * 1024;

/// Each entry is taken or refused by itself.
pub(super) fn put(events: &EventBridge, request: &Request) -> Outcome {
    let entries = read(request)?;
    let now = OffsetDateTime::from(events.clock.now());
    let results = entries.iter().enumerate().map(|(place, entry)| {
        let envelope = entry.envelope(&events.account, now)?;
        let bus = events.bus(entry.event_bus_name.as_deref()).map_err(|_| Refusal::NO_BUS)?;
        if request.refuses_entries && place.is_multiple_of(2) {
            return Err(Refusal::ON_PURPOSE);
        }
        let event = events.archive.add(&bus, envelope);
        events.send(&event);
        Ok(event)
    });
    let results: Vec<_> = results.collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let results = results.into_iter().map(|result| match result {
        Ok(event) => json!({ "EventId": event.envelope.get("id") }),
        Err(refusal) => refusal.result(),
    });
    Ok(json!({ "FailedEntryCount": failed, "Entries": results.collect::<Vec<_>>() }))
}

/// How many events AWS charges for what it took of a request, by its answer.
pub(crate) fn chunks(request: &Value, answer: &Value) -> f64 {
    let list = |of: &Value| of.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let entries = list(request).into_iter().zip(list(answer));
    let taken = entries.filter(|(_, result)| result.get("EventId").is_some());
    let sizes = taken.filter_map(|(entry, _)| Some(Entry::read(&entry).ok()?.size()));
    sizes.map(|size| f64::from(u32::try_from(size.div_ceil(CHUNK_BYTES)).unwrap_or(u32::MAX))).sum()
}

fn read(request: &Request) -> Result<Vec<Entry>, EventsError> {
    let entries = request.json.get("Entries").ok_or(EventsError::Entries)?;
    let entries = entries.as_array().ok_or(EventsError::Shape)?;
    if !(1..=MOST_ENTRIES).contains(&entries.len()) {
        return Err(EventsError::Entries);
    }
    let entries: Vec<Entry> = entries.iter().map(Entry::read).collect::<Result<_, _>>()?;
    if entries.iter().map(Entry::size).sum::<usize>() > MOST_BYTES {
        return Err(EventsError::TooLarge);
    }
    Ok(entries)
}
