//! Moves orders from the stream of the quarantine table to the vault and the clean table. It can only pass cards on.

mod batch;
mod change;
mod crossing;
mod settings;
mod telling;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_lambda_events::{dynamodb::Event, streams::DynamoDbEventResponse};
use clock::Clock;
use order::{Airlock, DeadLetterQueue, EventBus, Notifier, OrderTable, QuarantineTable};
use platform::stream;
use vault::Tokenizer;

pub use settings::Settings;

/// The function behind the stream.
#[derive(Debug)]
pub struct TokenizeWorker {
    tokenizer: Tokenizer,
    airlock: Airlock,
    quarantine: QuarantineTable,
    dead_letters: DeadLetterQueue,
    notifier: Notifier,
    clock: Clock,
}

impl TokenizeWorker {
    /// Clients are made once and reused by every batch.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        let quarantine = QuarantineTable::new(config, settings.quarantine_table);
        let orders = OrderTable::new(config, settings.order_table);
        let bus = EventBus::new(config, settings.event_bus);
        let refused = DeadLetterQueue::new(config, settings.event_dead_letter_queue_url);
        Self {
            tokenizer: Tokenizer::new(config, settings.tokenizer, clock.clone()),
            airlock: Airlock::new(config, quarantine.clone(), orders),
            quarantine,
            dead_letters: DeadLetterQueue::new(config, settings.dead_letter_queue_url),
            notifier: Notifier::new(bus, refused),
            clock,
        }
    }

    /// Processes one batch. Reports the first record that is not done.
    pub async fn handle(&self, event: Event, deadline: SystemTime) -> DynamoDbEventResponse {
        let sequence_numbers = stream::sequence_numbers(&event.records);
        let ended = Self::ended(&event.records);
        let (undone, untold) =
            tokio::join!(self.first_undone(event.records, deadline), self.first_untold(ended, deadline));
        stream::answer(sequence_numbers, undone.into_iter().chain(untold).min())
    }
}
