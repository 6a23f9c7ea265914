//! What the tests of several crates need, once: names of tables, a Runtime API that hands out given events, a user of the
//! API, an HTTP client without the machine's settings, an AWS client that can lose clauses, rows of the AWS sample's vault,
//! and patience. Only tests depend on it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail the test by panicking"
)]

#[cfg(feature = "http")]
mod api_client;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod clauses;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "aws")]
mod local_aws;
#[cfg(feature = "http")]
mod patience;
#[cfg(feature = "http")]
mod relay;
pub mod runtime_api;
#[cfg(feature = "sample-vault")]
pub mod sample_vault;
pub mod tables;

#[cfg(feature = "http")]
pub use crate::{
    api_client::{Answer, Check, Client, order, order_of},
    http::{http_client, http_client_within},
    patience::{LIMIT, eventually},
    relay::{Fault, Relay},
};
#[cfg(feature = "aws")]
pub use crate::{aws::aws_config, local_aws::LocalAws};
