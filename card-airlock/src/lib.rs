//! The whole pipeline on one machine.

pub mod api;
pub mod aws;
pub mod cli;
pub mod console;
pub mod demo;
pub mod functions;
mod host;
pub mod issuer;
pub mod listen;
pub mod load;
pub mod sandbox;
pub mod stack;
mod stream;
pub mod template;
mod wiped;
