//! How long a payment is one request's own.

use std::time::Duration;

/// How long a claim stands, in seconds: longer than the function may run (its Timeout in the template), so that
/// a payment is never taken over from a request that may still submit it.
pub const CLAIM_SECONDS: u32 = 60;

pub(crate) const CLAIM: Duration = Duration::from_secs(CLAIM_SECONDS as u64);
