//! Functions killed with SIGKILL at random points of a run.
//!
//! `CRASH_ROUNDS` and `CRASH_ORDERS` make it longer: `cargo build --workspace && CRASH_ROUNDS=20 CRASH_ORDERS=1000 cargo test -p card-airlock --test crashes -- --nocapture`,
//! with `promise_3` for the worker alone or `promise_6` for paybill alone.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test's helpers fail the test by panicking, tell what they measured, and compare made-up cards"
)]

mod events;
mod payments;
mod setting;
mod worker;
