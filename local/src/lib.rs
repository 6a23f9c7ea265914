//! The whole pipeline on one machine.

pub mod aws;
pub mod function;
pub mod template;
pub mod api;
pub mod cli;
pub mod demo;
pub mod function;
pub mod issuer;
pub mod listen;
pub mod stack;
mod wiped;
