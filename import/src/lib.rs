//! Takes the orders of another table, whose rows have card numbers in the clear, through the quarantine: like an order that
//! a client sends, each is sealed before anything is written of it. Afterwards it takes the numbers out of that table.

mod answer;
mod cursor;
mod error;
mod importing;
mod lookup;
mod owners;
mod pass;
mod reading;
mod reason;
mod refusal;
mod request;
mod row;
mod sample;
mod scrubbing;
mod settings;
mod source;
mod stored;
mod summary;

use std::time::SystemTime;

use aws_config::SdkConfig;
use clock::Clock;
use order::{OrderTable, QuarantineTable, Timestamp};
use vault::{ImportKey, Sealer};

use crate::{owners::Owners, sample::Sample, source::Source};

pub use answer::Answer;
pub use error::ImportError;
pub use reason::Reason;
pub use refusal::Refusal;
pub use request::{Action, Cursor, MOST_ROWS, Request};
pub use settings::{Columns, OwnerRule, SampleSettings, Settings};
pub use summary::{Outcome, OwnerBy, RowResult, Summary};

/// The function that an operator invokes, chunk after chunk.
#[derive(Debug)]
pub struct Import {
    settings: Settings,
    source: Source,
    owners: Owners,
    /// The source is the AWS sample's.
    sample: Option<Sample>,
    key: ImportKey,
    sealer: Sealer,
    quarantine: QuarantineTable,
    orders: OrderTable,
    clock: Clock,
}

impl Import {
    /// Clients are made once and reused.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self {
            source: Source::new(config, settings.table.clone(), settings.columns.clone()),
            owners: Owners::new(config, settings.owner.clone()),
            sample: settings.sample.as_ref().map(|sample| Sample::new(config, sample, clock.clone())),
            key: ImportKey::new(config, settings.import_key_arn.clone(), settings.table.clone()),
            sealer: Sealer::new(
                config,
                settings.quarantine_key_arn.clone(),
                settings.data_key_policy,
                clock.clone(),
            ),
            quarantine: QuarantineTable::new(config, settings.quarantine_table.clone()),
            orders: OrderTable::new(config, settings.order_table.clone()),
            settings,
            clock,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }

    /// Works on one chunk, until the deadline at most.
    ///
    /// # Errors
    /// [`ImportError`] where the same chunk may succeed later; what was done until then is done. What no second try can
    /// change is an answer.
    pub async fn handle(&self, request: Request, deadline: SystemTime) -> Result<Answer, ImportError> {
        match pass::go(self, &request, deadline).await {
            Ok(summary) => {
                let (rows, counts) = (summary.rows, &summary.outcomes);
                tracing::info!(action = ?request.action, rows, ?counts, "went over the source");
                Ok(Answer::Done(summary))
            }
            Err(error) => {
                let Some(refused) = error.refusal() else { return Err(error) };
                tracing::error!(action = ?request.action, %error, "refused");
                Ok(Answer::Refused { refused })
            }
        }
    }
}
