//! The secret that authenticates this service at the processor: from Secrets Manager, kept in memory for some time.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clock::Clock;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::profile::AuthScheme;

/// How long a secret is used before it is read again: a rotated one is used after this time at the latest.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// One secret, and how it is sent.
pub(super) struct Secret {
    secrets: Client,
    arn: String,
    scheme: AuthScheme,
    header: HeaderName,
    clock: Clock,
    held: Mutex<Option<(SecretString, SystemTime)>>,
}

/// The secret cannot be read. The log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SecretUnavailableError;

impl Secret {
    pub(super) fn new(config: &SdkConfig, arn: String, scheme: AuthScheme, clock: Clock) -> Self {
        let header = match &scheme {
            AuthScheme::Bearer | AuthScheme::Basic => AUTHORIZATION,
            // The profile was checked: the name is one.
            AuthScheme::Header(name) => name.parse().unwrap_or(AUTHORIZATION),
        };
        Self { secrets: Client::new(config), arn, scheme, header, clock, held: Mutex::default() }
    }

    /// The header that authenticates a request. If many requests need it at once, only one of them asks Secrets
    /// Manager.
    pub(super) async fn header(&self) -> Result<(HeaderName, HeaderValue), SecretUnavailableError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some((secret, _)) = held.as_ref().filter(|(_, since)| is_fresh(*since, now)) {
            return Ok((self.header.clone(), value(&self.scheme, secret)?));
        }
        *held = None;
        let secret = self.read().await?;
        let value = value(&self.scheme, &secret)?;
        *held = Some((secret, now));
        Ok((self.header.clone(), value))
    }

    /// The processor does not accept the secret: the next payment reads it again.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }

    async fn read(&self) -> Result<SecretString, SecretUnavailableError> {
        let read = self.secrets.get_secret_value().secret_id(&self.arn).send().await.map_err(|error| {
            tracing::error!(code = vault::failure_code(&error), "the processor's secret cannot be read");
            SecretUnavailableError
        })?;
        let text = Zeroizing::new(read.secret_string.ok_or_else(|| {
            tracing::error!("the processor's secret is not text: store it as SecretString");
            SecretUnavailableError
        })?);
        Ok(SecretString::from(text.trim().to_owned()))
    }
}

/// If the clock goes back, the secret counts as old.
fn is_fresh(since: SystemTime, now: SystemTime) -> bool {
    now.duration_since(since).is_ok_and(|age| age < KEPT)
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the secret goes to the processor, and is wiped after")]
fn value(scheme: &AuthScheme, secret: &SecretString) -> Result<HeaderValue, SecretUnavailableError> {
    let secret = secret.expose_secret().as_bytes();
    let word: &[u8] = match scheme {
        AuthScheme::Bearer => b"Bearer ",
        AuthScheme::Basic => b"Basic ",
        AuthScheme::Header(_) => b"",
    };
    // Space for all of it: base64 needs four characters for three bytes.
    let mut text = Zeroizing::new(Vec::with_capacity(word.len() + secret.len().div_ceil(3) * 4));
    text.extend_from_slice(word);
    if *scheme == AuthScheme::Basic {
        let mut encoded = Zeroizing::new(vec![0; secret.len().div_ceil(3) * 4]);
        let length = BASE64_STANDARD.encode_slice(secret, &mut encoded).unwrap_or_default();
        text.extend_from_slice(encoded.get(..length).unwrap_or_default());
    } else {
        text.extend_from_slice(secret);
    }
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(|_| {
        tracing::error!(
            "the processor's secret has characters that a header cannot have: correct it in Secrets Manager"
        );
        SecretUnavailableError
    })?;
    header.set_sensitive(true);
    Ok(header)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("arn", &self.arn).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_again_after_five_minutes_and_when_the_clock_has_gone_back() {
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        assert!(is_fresh(since, since));
        assert!(is_fresh(since, since + Duration::from_millis(5 * 60 * 1_000 - 1)));
        assert!(!is_fresh(since, since + Duration::from_secs(5 * 60)));
        assert!(!is_fresh(since, since - Duration::from_millis(1)));
    }

    #[test]
    fn a_secret_is_sent_as_its_scheme_says_and_is_not_shown() {
        let secret = SecretString::from("shop:open sesame".to_owned());
        for (scheme, expected) in [
            (AuthScheme::Bearer, "Bearer shop:open sesame"),
            (AuthScheme::Basic, "Basic c2hvcDpvcGVuIHNlc2FtZQ=="),
            (AuthScheme::Header("x-api-key".to_owned()), "shop:open sesame"),
        ] {
            let sent = value(&scheme, &secret).unwrap();
            assert_eq!(sent.to_str().unwrap(), expected);
            assert!(sent.is_sensitive(), "who prints the request would print it");
        }
    }
}
