//! The whole pipeline on one machine.

pub mod aws;
pub mod function;
pub mod template;
