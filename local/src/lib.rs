//! The whole pipeline on one machine.

pub mod aws;
pub mod function;
pub mod template;
pub mod api;
pub mod function;
pub mod issuer;
mod wiped;
