//! How long a payment is one request's own.

use std::time::Duration;

use platform::api::Problem;

/// How long a claim stands, in seconds: longer than the function may run (its Timeout in the template), so that
/// a payment is never taken over from a request that may still submit it.
pub const CLAIM_SECONDS: u32 = 60;

pub(crate) const CLAIM: Duration = Duration::from_secs(CLAIM_SECONDS as u64);

/// Seconds after which a payment that is being submitted is worth asking for again.
pub(crate) const SHORTLY: u32 = 5;

// What the list of problems tells clients to wait.
const _: () = assert!(matches!(Problem::PAYMENT_IN_PROGRESS.retry_after, Some(SHORTLY)));
const _: () = assert!(matches!(Problem::PAYMENT_UNCONFIRMED.retry_after, Some(CLAIM_SECONDS)));
