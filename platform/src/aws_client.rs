//! The configuration of a function's AWS clients.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::settings::{Lookup, SettingError, text};

/// The roots of Amazon Trust Services, which sign for AWS's endpoints: <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Lambda sets the region.
    #[error(transparent)]
    Region(#[from] SettingError),
    /// The file that `AWS_CA_BUNDLE` names cannot be read, or holds no certificates.
    #[error("the certificates in the file of AWS_CA_BUNDLE cannot be read")]
    Certificates,
    /// TLS cannot be set up.
    #[error("the HTTPS client cannot be made")]
    Tls,
}

/// The AWS configuration of a deployed function, from what Lambda puts into its environment: region and credentials.
/// No other source of them is asked. All clients share one pool of connections.
///
/// `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, `AWS_MAX_ATTEMPTS` and `AWS_CA_BUNDLE` are
/// read, but no other setting of the SDK, and no proxy:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>.
///
/// # Errors
/// [`ConfigError`] when there is no region, or no trusted certificate.
pub fn sdk_config(lookup: Lookup<'_>) -> Result<SdkConfig, ConfigError> {
    // As everywhere, an empty variable counts as missing.
    let text_of = |name| lookup(name).filter(|value| !value.is_empty());
    let is_true = |name| text_of(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let attempts =
        text_of("AWS_MAX_ATTEMPTS").and_then(|value| value.parse().ok()).filter(|attempts| *attempts > 0);
    let retry = match attempts {
        Some(attempts) => RetryConfig::standard().with_max_attempts(attempts),
        None => RetryConfig::standard(),
    };
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(text(lookup, "AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .http_client(http_client(text_of("AWS_CA_BUNDLE"))?)
        .retry_config(retry)
        .timeout_config(timeouts())
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(text_of("AWS_ENDPOINT_URL"));
    Ok(config.build())
}

/// Enough time for two tries of a call that hangs. A request with several such calls is answered 503 before its
/// deadline.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build()
}

/// Trusts Amazon's roots and no other authority; five certificates are also read faster than the system's 140. If
/// other authorities sign AWS's endpoints, `bundle` is the file of certificates to trust instead.
fn http_client(bundle: Option<String>) -> Result<SharedHttpClient, ConfigError> {
    let roots = bundle
        .map_or_else(|| Ok(AMAZON_ROOTS.to_vec()), std::fs::read)
        .map_err(|_| ConfigError::Certificates)?;
    // The SDK would panic at the first call.
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&roots).collect();
    certificates.ok().filter(|all| !all.is_empty()).ok_or(ConfigError::Certificates)?;
    let trusted = TrustStore::empty().with_pem_certificate(roots);
    let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|_| ConfigError::Tls)?;
    // As the SDK's own default: AWS-LC, with its post-quantum key exchange.
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, net::TcpListener};

    use aws_sdk_dynamodb::{Client, config::Credentials, error::SdkError};
    use hex::encode;
    use sha2::{Digest, Sha256};

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<SdkConfig, ConfigError> {
        let region = [("AWS_REGION", "us-east-1")];
        sdk_config(&|name| {
            let mut all = variables.iter().chain(&region);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// As <https://www.amazontrust.com/repository/> publishes them.
    #[test]
    fn the_roots_are_amazons() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS).map(Result::unwrap).collect();
        let fingerprints: Vec<_> = roots.iter().map(|root| encode(Sha256::digest(root))).collect();
        assert_eq!(
            fingerprints,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
    }

    /// The build has read `.cargo/config.toml`, which says why.
    #[test]
    fn no_connection_waits_until_the_cpu_has_given_randomness() {
        assert_eq!(option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY"), Some("1"));
    }

    /// Roots that the SDK cannot read are a panic at the first call.
    #[tokio::test]
    async fn the_sdk_reads_the_roots() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = format!("https://{closed}");
        let config = config(&[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "1")]).unwrap();
        let config = aws_sdk_dynamodb::config::Builder::from(&config).allow_no_auth().build();
        let error = Client::from_conf(config).list_tables().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    }

    /// An operator needs to distinguish these errors, because each has another remedy.
    #[tokio::test]
    async fn a_call_that_gets_no_answer_says_in_the_log_what_it_met() {
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = listener().local_addr().unwrap();
        let (silent, hanging_up) = (listener(), listener());
        let silent_at = silent.local_addr().unwrap();
        let hanging_up_at = hanging_up.local_addr().unwrap();
        std::thread::spawn(move || hanging_up.incoming().for_each(drop));
        let no_tls = not_tls();
        for (endpoint, met) in [
            (format!("https://{closed}"), "connection refused"),
            (format!("https://{no_tls}"), "no TLS connection"),
            (format!("http://{hanging_up_at}"), "connection failed"),
            (format!("http://{silent_at}"), "timeout"),
        ] {
            let config = config(&[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "1")]).unwrap();
            let soon = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(300)).build();
            let config = aws_sdk_dynamodb::config::Builder::from(&config).timeout_config(soon);
            let call = async |config: aws_sdk_dynamodb::config::Builder| {
                let error = Client::from_conf(config.build()).list_tables().send().await.unwrap_err();
                vault::failure_code(&error).to_owned()
            };
            assert_eq!(call(config.clone()).await, "request failed", "no credentials");
            let credentials = Credentials::new("id", "key", None, None, "test");
            assert_eq!(call(config.credentials_provider(credentials)).await, met, "{endpoint}");
        }
        drop(silent);
    }

    /// A server that answers a TLS handshake with plain text.
    fn not_tls() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }
        });
        address
    }

    #[test]
    fn other_roots_come_from_a_file_that_holds_some() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let with = |path: &str| config(&[("AWS_CA_BUNDLE", path)]).map(drop);
        assert_eq!(with(&file("good", AMAZON_ROOTS)), Ok(()));
        assert_eq!(with(""), Ok(()));
        for bad in [file("empty", b""), file("broken", &AMAZON_ROOTS[..900]), "/no/such/file".to_owned()] {
            assert_eq!(with(&bad), Err(ConfigError::Certificates), "{bad}");
        }
    }

    #[test]
    fn a_call_that_hangs_is_tried_twice_and_four_of_them_leave_time_for_an_answer() {
        let timeouts = timeouts();
        let connecting = timeouts.connect_timeout().unwrap();
        let [one_try, all] =
            [timeouts.operation_attempt_timeout(), timeouts.operation_timeout()].map(Option::unwrap);
        assert!(connecting < one_try && one_try * 2 < all, "{timeouts:?}");
        // API Gateway waits no longer than 29 seconds, and the answer itself takes one.
        assert!(all * 4 <= Duration::from_secs(29 - 1), "{timeouts:?}");
    }

    #[test]
    fn what_lambda_does_not_say_is_not_guessed() {
        assert!(matches!(sdk_config(&|_| None), Err(ConfigError::Region(_))));
        let attempts = |value| {
            let config = config(&[("AWS_MAX_ATTEMPTS", value)]).unwrap();
            config.retry_config().unwrap().max_attempts()
        };
        assert_eq!(["", "0", "x", "5"].map(attempts), [3, 3, 3, 5]);
        let endpoints = [("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_ENDPOINT_URL", "")];
        let config = config(&endpoints).unwrap();
        assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(true), Some(false)));
        assert_eq!(config.endpoint_url(), None);
    }
}
