//! The whole pipeline on one machine.

pub mod function;
