//! HTTP clients for loopback.

use std::time::Duration;

use reqwest::Client;

/// A client that reads nothing of the machine's own settings: no proxy, and no certificates, which take long to read.
#[must_use]
pub fn http_client() -> Client {
    Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

/// The same, with a limit for each request.
#[must_use]
pub fn http_client_within(limit: Duration) -> Client {
    Client::builder().no_proxy().tls_certs_only([]).timeout(limit).build().unwrap()
}
