//! Moves orders from the stream of the quarantine table to the vault and the clean table. It can only pass cards on.

mod batch;
mod change;
mod crossing;
mod settings;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_lambda_events::{
    dynamodb::Event,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use clock::Clock;
use order::{Airlock, DeadLetterQueue, OrderTable, QuarantineTable};
use vault::Tokenizer;

pub use settings::Settings;

/// The function behind the stream.
#[derive(Debug)]
pub struct TokenizeWorker {
    tokenizer: Tokenizer,
    airlock: Airlock,
    quarantine: QuarantineTable,
    dead_letters: DeadLetterQueue,
    clock: Clock,
}

impl TokenizeWorker {
    /// Clients are made once and reused by every batch.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        let quarantine = QuarantineTable::new(config, settings.quarantine_table);
        let orders = OrderTable::new(config, settings.order_table);
        Self {
            tokenizer: Tokenizer::new(config, settings.tokenizer, clock.clone()),
            airlock: Airlock::new(config, quarantine.clone(), orders),
            quarantine,
            dead_letters: DeadLetterQueue::new(config, settings.dead_letter_queue_url),
            clock,
        }
    }

    /// Processes one batch. Reports the first record that is not done; the records after it are delivered again,
    /// which changes nothing if they are done. <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
    pub async fn handle(&self, event: Event, deadline: SystemTime) -> DynamoDbEventResponse {
        let sequence_numbers: Vec<_> =
            event.records.iter().map(|record| record.change.sequence_number.clone()).collect();
        let mut response = DynamoDbEventResponse::default();
        if let Some(index) = self.first_undone(event.records, deadline).await {
            // A record without a number gives an empty identifier. This fails the whole batch, as intended.
            let number = sequence_numbers.into_iter().nth(index).flatten().unwrap_or_default();
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
        }
        response
    }
}
