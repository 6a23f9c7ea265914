//! The payment processor: the interface to it, and its two implementations.

mod answer;
mod http;
mod preview;
pub mod profile;
mod request;
mod sandbox;
mod seam;
mod secret;
mod settings;

use std::sync::Arc;

use aws_config::SdkConfig;
use clock::Clock;

pub use http::{Answered, HttpProcessor};
pub use preview::{PreviewError, ShownRequest, preview};
use profile::ProfileError;
pub use sandbox::Sandbox;
pub use seam::{Exchange, PaymentRequest, PrepareError, Prepared, Processor, ProcessorError, Requires};
pub use settings::{ProcessorSettings, ProcessorUrl};

/// The processor cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The system's root certificates or the proxy's address cannot be read.
    #[error("the client of the payment processor cannot be made")]
    NoClient,
    /// The profile cannot be read, or is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The profile sends a secret, and none is named.
    #[error("the profile {0} needs a secret: PROCESSOR_SECRET_ARN names none (parameter ProcessorSecretArn)")]
    NoSecret(String),
    /// The profile sends an account, and none is named.
    #[error(
        "the profile {0} needs the merchant's account: PROCESSOR_ACCOUNT is empty (parameter ProcessorAccount)"
    )]
    NoAccount(String),
    /// The profile adds paths to the processor's address, which has a query.
    #[error("PROCESSOR_URL must have no query and no fragment, because the profile's paths follow it")]
    UrlHasQuery,
    /// A payment would be sent again after the processor has forgotten its key.
    #[error(
        "the profile {0} says that keys are kept for {1} hours: PROCESSOR_IDEMPOTENCY_HOURS must be less"
    )]
    KeysKeptTooShort(String, u8),
}

/// The processor that the settings name. `config` reaches Secrets Manager; `clock` gives the age of a secret.
///
/// # Errors
/// [`ConnectError`].
pub fn connect(
    config: &SdkConfig,
    settings: &ProcessorSettings,
    clock: Clock,
) -> Result<Arc<dyn Processor>, ConnectError> {
    Ok(match &settings.url {
        ProcessorUrl::Sandbox => Arc::new(Sandbox::default()),
        ProcessorUrl::Http(url) => Arc::new(HttpProcessor::new(config, url.clone(), settings, clock)?),
    })
}
