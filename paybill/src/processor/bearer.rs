//! The token that the processor knows this service by: out of Secrets Manager, kept in memory for a while.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use bytes::Bytes;
use clock::Clock;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// How long a token is used before it is read anew: a rotated one is taken up by then at the latest.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// The bearer token of one secret.
pub(super) struct Bearer {
    secrets: Client,
    arn: String,
    clock: Clock,
    held: Mutex<Option<(SecretString, SystemTime)>>,
}

/// There is no token to be had. Why is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoToken;

impl Bearer {
    pub(super) fn new(config: &SdkConfig, arn: String, clock: Clock) -> Self {
        Self { secrets: Client::new(config), arn, clock, held: Mutex::default() }
    }

    /// The value of `Authorization`. However many want it at once, Secrets Manager is asked by one of them.
    pub(super) async fn header(&self) -> Result<HeaderValue, NoToken> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        // A clock that goes back makes it old.
        let is_fresh = |since: SystemTime| now.duration_since(since).is_ok_and(|age| age < KEPT);
        if let Some((token, _)) = held.as_ref().filter(|(_, since)| is_fresh(*since)) {
            return authorization(token);
        }
        *held = None;
        let token = self.read().await?;
        let header = authorization(&token)?;
        *held = Some((token, now));
        Ok(header)
    }

    /// The processor does not take the token: the next payment reads the secret anew.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }

    async fn read(&self) -> Result<SecretString, NoToken> {
        let read = self.secrets.get_secret_value().secret_id(&self.arn).send().await.map_err(|error| {
            tracing::error!(code = vault::failure_code(&error), "the processor's secret cannot be read");
            NoToken
        })?;
        let text = Zeroizing::new(read.secret_string.ok_or_else(|| {
            tracing::error!("the processor's secret is no text");
            NoToken
        })?);
        Ok(SecretString::from(text.trim().to_owned()))
    }
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the token goes to the processor, and is wiped after")]
fn authorization(token: &SecretString) -> Result<HeaderValue, NoToken> {
    let token = token.expose_secret();
    let mut text = Zeroizing::new(Vec::with_capacity("Bearer ".len() + token.len()));
    text.extend_from_slice(b"Bearer ");
    text.extend_from_slice(token.as_bytes());
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(|_| {
        tracing::error!("the processor's secret cannot stand in a header");
        NoToken
    })?;
    header.set_sensitive(true);
    Ok(header)
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("arn", &self.arn).finish_non_exhaustive()
    }
}
