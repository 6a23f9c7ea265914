#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod condition;
mod decision;
mod iam;
mod pattern;
mod policies;
mod policy;
mod policy_error;
mod request;
#[cfg(test)]
mod tests;
mod trail;

pub use condition::Context;
pub use iam::{Denied, Iam};
pub use policies::Policies;
pub use policy::Element;
pub use policy_error::PolicyError;
pub use request::Request;
pub use trail::Denial;
