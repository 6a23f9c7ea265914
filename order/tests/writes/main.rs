//! Every write to the tables, against the local DynamoDB: what it leaves in the row, and that it changes nothing where
//! the row is another than its condition says, in any one thing; and every listing, by each thing that selects its rows.
//! `scripts/mutants clauses` takes each clause out of each expression, and one of these tests must fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

mod crossing;
mod forgetting;
mod importing;
mod listing;
mod payments;
mod quarantine;
mod refused;
mod replacing;
mod rewrapping;
mod rows;
mod settling;
mod witness;
mod world;
