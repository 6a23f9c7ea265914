//! What every test uses: its own world, a client of its API, and a wait for conditions.

mod client;
mod contract;
mod driven;
mod encrypting;
mod events;
mod log;
mod metrics;
mod rows;
mod world;

pub(crate) use client::{Answer, Client, order, order_of};
pub(crate) use contract::OPENAPI;
pub(crate) use driven::{Driven, meanwhile, worker_fault};
pub(crate) use encrypting::{Encryptor, encrypted_order};
pub(crate) use events::{Told, Watched, messages, on_the_bus, refused, refused_in};
pub(crate) use log::Log;
pub(crate) use metrics::Metrics;
pub(crate) use rows::{AUDIT, Item, ORDERS, QUARANTINE, VAULT, WITNESS, flipped, names, text};
pub(crate) use test_support::{Fault, Relay, eventually};
pub(crate) use world::{PREVIOUS_KEY, World, issuer, overtaken, overtaken_after};
