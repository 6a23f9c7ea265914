//! `up --seed FILE`: orders that are placed at the start, each through `POST /order`.

mod error;
mod place;
mod read;

pub use error::SeedError;
pub(crate) use place::{BILLING_GROUP, Placed};
pub use read::Seed;
pub(crate) use read::rules;
