//! Services in the protocols other than JSON, and what is refused in each.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod cloudformation;
mod cognito;
mod declared;
mod events;
mod kept;
mod lambda;
mod refusals;
mod wire;
