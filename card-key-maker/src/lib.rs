//! Makes the keys that clients encrypt cards to, and deletes private halves that are not needed any more.

mod settings;

use aws_config::SdkConfig;
use clock::Clock;
use platform::metrics::Metric;
use vault::{CardKeyMaker, CardKeysKept, MakeCardKeyError};

pub use settings::Settings;

/// The function that the schedule runs.
#[derive(Debug)]
pub struct Maker(CardKeyMaker);

impl Maker {
    /// Clients are made once and reused.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self(CardKeyMaker::new(config, settings.maker, clock))
    }

    /// Does what is due. When it ends without an error, there is a key that is accepted.
    ///
    /// # Errors
    /// [`MakeCardKeyError`]; what was written stays, and the next run does the rest.
    pub async fn run(&self) -> Result<(), MakeCardKeyError> {
        let CardKeysKept { made, deleted, accepted_for } = self.0.run().await?;
        if let Some(kid) = made {
            tracing::info!(%kid, "made a card key");
        }
        if deleted > 0 {
            tracing::info!(deleted, "deleted private halves of card keys");
        }
        Metric::CardKeyAcceptedFor(accepted_for.as_secs()).record();
        Ok(())
    }
}
