//! How a test's clients reach AWS on loopback.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

use crate::clauses;

/// A configuration for the endpoint at this URL, which reads nothing of the machine's own AWS setup, tries each call
/// once, and lets `scripts/mutants` take clauses out of what it sends.
pub fn aws_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "any", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(clauses::http_client())
        .retry_config(RetryConfig::disabled())
        .build()
}
