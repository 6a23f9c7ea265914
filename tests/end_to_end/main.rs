//! End-to-end tests, by promise: each talks HTTP to the API and the real AWS SDK to the endpoint, in a world of
//! its own on free ports.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test's helpers fail the test by panicking, and tell what they did"
)]

mod amounts;
mod another_card;
mod api;
mod billing;
mod brands;
mod card_keys;
mod cost;
mod custom_profile;
mod detokenization;
mod drill;
mod encrypted_cards;
mod error_codes;
mod events;
mod forgetting;
mod front_page;
mod importing;
mod key_drill;
mod late_cards;
mod leaks;
mod life;
mod matrix;
mod metrics;
mod openapi;
mod order_ids;
mod outages;
mod processor;
mod profile_claims;
mod profiles;
mod promise_1;
mod promise_2;
mod promise_3;
mod promise_4;
mod promise_5;
mod promise_6;
mod promise_6_keys;
mod promise_7;
mod reads;
mod recovery;
mod replaying;
mod rewrapping;
mod role_drill;
mod sample_flaws;
mod sample_vault;
mod shared_transaction;
mod simulation;
mod stored_text;
mod support;
mod taking_up;
mod witness;
