//! Moves the vault's data keys from the previous KMS key to the present one, without opening a data key or a card.

mod pass;
mod request;
mod settings;
mod summary;

use std::time::SystemTime;

use aws_config::SdkConfig;
use clock::Clock;
use vault::{RewrapError, Rewrapper};

pub use request::{Action, Cursor, Request};
pub use settings::Settings;
pub use summary::Summary;

/// The function that an operator invokes, chunk after chunk.
#[derive(Debug)]
pub struct Rewrap {
    rewrapper: Rewrapper,
    clock: Clock,
}

impl Rewrap {
    /// Clients are made once and reused.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self { rewrapper: Rewrapper::new(config, settings.rewrapper), clock }
    }

    /// Works on one chunk, until the deadline at most.
    ///
    /// # Errors
    /// [`RewrapError`]; what was done until then is done, and the same chunk may be asked for again.
    pub async fn handle(&self, request: Request, deadline: SystemTime) -> Result<Summary, RewrapError> {
        let summary = pass::go(&self.rewrapper, &request, &self.clock, deadline).await?;
        let Summary { rows, rewrapped, left, refused, unreadable, .. } = &summary;
        tracing::info!(action = ?request.action, rows, rewrapped, left, refused, unreadable, "went over the vault");
        Ok(summary)
    }
}
