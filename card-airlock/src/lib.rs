//! The whole pipeline on one machine.

pub mod aws;
pub mod cli;
pub mod console;
pub mod demo;
pub mod deployment;
pub mod front;
pub mod functions;
pub mod listen;
pub mod load;
mod policies;
pub mod sandbox;
pub mod sign_in;
pub mod stack;
mod stream;
