//! Bears witness to every change of the audit, in chains that paybill cannot reach.

mod head_log;
mod settings;

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_config::SdkConfig;
use aws_lambda_events::{
    dynamodb::{Event as Batch, EventRecord},
    streams::DynamoDbEventResponse,
};
use clock::Clock;
use futures::future::join_all;
use order::witness::{Chain, Change, Entry, LoggedHead, MOST_ENTRIES, WitnessTable};
use platform::{
    deadline::{MARGIN, within},
    metrics::Metric,
    stream,
};

pub use head_log::HeadLog;
pub use settings::Settings;

/// The function behind the stream of the audit table.
#[derive(Debug)]
pub struct Witness {
    chains: WitnessTable,
    log: HeadLog,
    clock: Clock,
}

impl Witness {
    /// Clients are made once and reused by every batch.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, log: HeadLog, clock: Clock) -> Self {
        Self { chains: WitnessTable::new(config, settings.witness_table), log, clock }
    }

    /// Processes one batch. Reports the first record that is in no chain; what is delivered again is in a chain twice,
    /// which is allowed.
    pub async fn handle(&self, batch: Batch, deadline: SystemTime) -> DynamoDbEventResponse {
        let sequence_numbers = stream::sequence_numbers(&batch.records);
        let mut by_chain: BTreeMap<Chain, Vec<(usize, Entry)>> = BTreeMap::new();
        for (index, record) in batch.records.into_iter().enumerate() {
            let Some(change) = change_of(record) else { continue };
            let chain = Chain::of(&change.entry.principal);
            // Before anything is written: the alarm does not wait for the table.
            if change.is_forbidden {
                let what: &'static str = change.entry.what.into();
                tracing::error!(chain = chain.name(), what, "a row of the audit was altered");
                Metric::AuditAltered.record();
            }
            by_chain.entry(chain).or_default().push((index, change.entry));
        }
        let chains = by_chain.into_iter().map(|(chain, entries)| self.first_left(chain, entries, deadline));
        stream::answer(sequence_numbers, join_all(chains).await.into_iter().flatten().min())
    }

    /// Appends the entries of one chain; the place in the batch of the first that is not in it.
    async fn first_left(
        &self,
        chain: Chain,
        entries: Vec<(usize, Entry)>,
        deadline: SystemTime,
    ) -> Option<usize> {
        for some in entries.chunks(MOST_ENTRIES) {
            let (places, entries): (Vec<_>, Vec<_>) = some.iter().cloned().unzip();
            let append = self.chains.append(chain, &entries, self.clock.now().into());
            let Some(Ok(head)) = within(deadline, &self.clock, MARGIN, append).await else {
                return places.first().copied();
            };
            // No function of ours can edit the log: this line shows a link that is exchanged later.
            self.log.write(LoggedHead { chain, head });
            Metric::WitnessHead(chain.name(), head.number).record();
        }
        None
    }
}

fn change_of(record: EventRecord) -> Option<Change> {
    let by_ttl =
        record.user_identity.is_some_and(|identity| identity.principal_id == "dynamodb.amazonaws.com");
    let created = SystemTime::from(record.change.approximate_creation_date_time);
    let removed_by_ttl = by_ttl.then(|| created.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    Change::of(&record.change.old_image.into(), &record.change.new_image.into(), removed_by_ttl)
}
