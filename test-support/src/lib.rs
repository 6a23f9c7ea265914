//! What the tests of several crates need, once: names of tables, a Runtime API that hands out given events, an HTTP client
//! without the machine's settings, and patience. Only tests depend on it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail the test by panicking")]

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod patience;
pub mod runtime_api;
pub mod tables;

#[cfg(feature = "http")]
pub use crate::{
    http::{http_client, http_client_within},
    patience::{LIMIT, eventually},
};
