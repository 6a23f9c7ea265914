//! The payment processor: the seam to it, and the two that there are.

mod bearer;
mod body;
mod http;
mod sandbox;
mod seam;
mod settings;

use std::sync::Arc;

use aws_config::SdkConfig;
use clock::Clock;

pub use http::HttpProcessor;
pub use sandbox::Sandbox;
pub use seam::{ClientNotBuiltError, PaymentRequest, Processor, ProcessorError};
pub use settings::{ProcessorSettings, ProcessorUrl};

/// The processor that the settings name. `config` reaches Secrets Manager; `clock` tells how old a secret is.
///
/// # Errors
/// [`ClientNotBuiltError`].
pub fn connect(
    config: &SdkConfig,
    settings: &ProcessorSettings,
    clock: Clock,
) -> Result<Arc<dyn Processor>, ClientNotBuiltError> {
    Ok(match &settings.url {
        ProcessorUrl::Sandbox => Arc::new(Sandbox),
        ProcessorUrl::Http(url) => Arc::new(HttpProcessor::new(config, url.clone(), settings, clock)?),
    })
}
