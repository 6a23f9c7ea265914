//! The address of the payment processor, and how long paybill waits for it.

use std::{num::NonZeroU8, str::FromStr, time::Duration};

use platform::settings::{Lookup, SettingError, parsed, text};
use reqwest::Url;

/// The settings of the processor.
#[derive(Debug, Clone)]
pub struct ProcessorSettings {
    /// `PROCESSOR_URL`: the processor's address.
    pub url: ProcessorUrl,
    /// `PROCESSOR_PROFILE`: how the processor is charged: the name of a profile that comes with this program, or the
    /// path of a file.
    pub profile: String,
    /// `PROCESSOR_ACCOUNT`: the merchant's account at the processor, if the profile sends it.
    pub account: Option<String>,
    /// `STORED_CARD_AGREEMENT`: whether customers have agreed that a merchant charges their stored card.
    pub stored_card_agreement: bool,
    /// `PROCESSOR_IDEMPOTENCY_HOURS`: how long the processor recognizes a repeated payment by its id.
    pub idempotency_hours: NonZeroU8,
    /// `PROCESSOR_SECRET_ARN`: the secret whose text authenticates requests; none: the processor needs none.
    pub secret_arn: Option<String>,
    /// `PROCESSOR_PROXY`: the HTTP proxy on the way to the processor; and to no other server. It is not `HTTPS_PROXY`,
    /// because other clients in this process would use that too.
    pub proxy: Option<Url>,
    /// `PROCESSOR_CONNECT_SECONDS`: how long a connection may take, with TLS.
    pub connect_timeout: Duration,
    /// `PROCESSOR_TIMEOUT_SECONDS`: how long everything may take, from connecting to the answer's end.
    pub timeout: Duration,
}

/// Who charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorUrl {
    /// A processor that charges nobody, to try a deployment: [`super::Sandbox`].
    Sandbox,
    /// Where requests go: `https://`, or `http://` on this machine.
    Http(Url),
}

impl FromStr for ProcessorUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text == "sandbox" {
            return Ok(Self::Sandbox);
        }
        let url: Url = text.parse().map_err(|_| SettingError::Unreadable("PROCESSOR_URL"))?;
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if is_safe && !has_credentials {
            Ok(Self::Http(url))
        } else {
            Err(SettingError::Unreadable("PROCESSOR_URL"))
        }
    }
}

/// Only by its name, because the address of a name may change.
fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| ["127.0.0.1", "[::1]", "localhost"].contains(&host))
}

impl ProcessorSettings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let seconds = |name| Ok(Duration::from_secs(parsed(lookup, name)?));
        // It counts as missing: the template leaves out a parameter that is not given.
        let optional = |name| text(lookup, name).ok();
        let proxy = optional("PROCESSOR_PROXY").map(|proxy| proxy.parse());
        Ok(Self {
            url: parsed(lookup, "PROCESSOR_URL")?,
            profile: text(lookup, "PROCESSOR_PROFILE")?,
            account: optional("PROCESSOR_ACCOUNT"),
            stored_card_agreement: parsed(lookup, "STORED_CARD_AGREEMENT")?,
            idempotency_hours: parsed(lookup, "PROCESSOR_IDEMPOTENCY_HOURS")?,
            secret_arn: optional("PROCESSOR_SECRET_ARN"),
            proxy: proxy.transpose().map_err(|_| SettingError::Unreadable("PROCESSOR_PROXY"))?,
            connect_timeout: seconds("PROCESSOR_CONNECT_SECONDS")?,
            timeout: seconds("PROCESSOR_TIMEOUT_SECONDS")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_reached_by_tls_or_on_this_machine_only() {
        for url in [
            "https://pay.example/charges",
            "http://127.0.0.1:9000/",
            "http://localhost/pay",
            "http://[::1]:9000",
        ] {
            assert_eq!(url.parse(), Ok(ProcessorUrl::Http(url.parse().unwrap())), "{url}");
        }
        assert_eq!("sandbox".parse(), Ok(ProcessorUrl::Sandbox));
        for url in [
            "",
            "Sandbox",
            "pay.example",
            "http://pay.example/charges",
            "http://127.0.0.1.pay.example/",
            "http://localhost.pay.example/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "https://user:secret@pay.example/",
            "http://user@127.0.0.1/",
        ] {
            assert_eq!(url.parse::<ProcessorUrl>(), Err(SettingError::Unreadable("PROCESSOR_URL")), "{url}");
        }
    }

    #[test]
    fn what_is_optional_may_be_absent_or_empty() {
        let given = [
            ("PROCESSOR_URL", "https://pay.example"),
            ("PROCESSOR_PROFILE", "airlock"),
            ("STORED_CARD_AGREEMENT", "false"),
            ("PROCESSOR_IDEMPOTENCY_HOURS", "23"),
            ("PROCESSOR_CONNECT_SECONDS", "3"),
            ("PROCESSOR_TIMEOUT_SECONDS", "15"),
            ("PROCESSOR_PROXY", ""),
            ("PROCESSOR_ACCOUNT", ""),
        ];
        let lookup =
            |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let settings = ProcessorSettings::read(&lookup).unwrap();
        assert_eq!((settings.secret_arn, settings.proxy, settings.account), (None, None, None));
        assert_eq!(settings.timeout, Duration::from_secs(15));
    }
}
