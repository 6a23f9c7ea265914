//! Puts an event on the bus for each change of the state of a clean order.

mod settings;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_lambda_events::{
    dynamodb::{Event as Batch, EventRecord},
    streams::DynamoDbEventResponse,
};
use clock::Clock;
use order::{DeadLetterQueue, Event, EventBus, Notifier};
use platform::{
    deadline::{MARGIN, within},
    stream,
};

pub use settings::Settings;

/// The function behind the stream of the clean table.
#[derive(Debug)]
pub struct Notify {
    notifier: Notifier,
    clock: Clock,
}

impl Notify {
    /// Clients are made once and reused by every batch.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        let bus = EventBus::new(config, settings.event_bus);
        let refused = DeadLetterQueue::new(config, settings.event_dead_letter_queue_url);
        Self { notifier: Notifier::new(bus, refused), clock }
    }

    /// Processes one batch. Reports the first record whose events are neither on the bus nor in the queue.
    pub async fn handle(&self, batch: Batch, deadline: SystemTime) -> DynamoDbEventResponse {
        let sequence_numbers = stream::sequence_numbers(&batch.records);
        let told = batch.records.into_iter().enumerate();
        let events: Vec<(usize, Event)> = told
            .flat_map(|(index, record)| events_of(record).into_iter().map(move |event| (index, event)))
            .collect();
        stream::answer(sequence_numbers, self.first_untold(events, deadline).await)
    }

    async fn first_untold(&self, events: Vec<(usize, Event)>, deadline: SystemTime) -> Option<usize> {
        for some in events.chunks(EventBus::MOST) {
            let (places, events): (Vec<_>, Vec<_>) = some.iter().cloned().unzip();
            let told = within(deadline, &self.clock, MARGIN, self.notifier.notify(&events)).await;
            // The rest waits for the next delivery too: the bus will hardly take it now.
            if !matches!(told, Some(Ok(()))) {
                return places.first().copied();
            }
        }
        None
    }
}

/// A row that was deleted has no new image, and gives none.
fn events_of(record: EventRecord) -> Vec<Event> {
    let recorded = stream::recorded_at(&record.change);
    Event::of_clean_order(&record.change.old_image.into(), &record.change.new_image.into(), &recorded)
}
