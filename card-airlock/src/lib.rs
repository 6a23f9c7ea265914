//! The whole pipeline on one machine.

mod api_client;
pub mod aws;
mod checkpoints;
pub mod cli;
pub mod console;
pub mod data;
pub mod demo;
mod deployed;
pub mod deployment;
mod documents;
mod events_to;
pub mod front;
pub mod functions;
mod key_policies;
pub mod listen;
pub mod load;
pub mod operations;
mod operator;
mod order_lines;
mod policies;
mod previous_key;
#[cfg(test)]
mod put_event;
mod replay_function;
pub mod sandbox;
pub mod seed;
pub mod sign_in;
pub mod stack;
mod stream;
mod style;
