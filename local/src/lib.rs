//! The whole pipeline on one machine.

pub mod function;
pub mod template;
