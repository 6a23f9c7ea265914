//! Operations in any order, one at a time, and a plain model of what may come of them.
//!
//! `PROPTEST_CASES=1000 cargo test -p tests simulation` tries others, and more of them. What a failure shrinks to becomes
//! a test with a name, in `scenarios`.

pub(crate) mod at_rest;
pub(crate) mod client;
pub(crate) mod details;
mod driver;
pub(crate) mod events;
mod model;
mod operations;
pub(crate) mod processors;
mod scenarios;
pub(crate) mod world;

use card_airlock::sandbox::Dialect;
use driver::Simulation;
use proptest::{
    prelude::ProptestConfig,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};

/// By each processor.
const CASES: u32 = 12;

#[test]
fn promise_2_and_3_and_6_hold_whatever_happens_in_whatever_order() {
    hold(Dialect::Airlock);
}

#[test]
fn promise_2_and_3_and_6_hold_whatever_happens_in_whatever_order_at_stripe() {
    hold(Dialect::Stripe);
}

#[test]
fn promise_2_and_3_and_6_hold_whatever_happens_in_whatever_order_at_adyen() {
    hold(Dialect::Adyen);
}

#[test]
fn promise_2_and_3_and_6_hold_whatever_happens_in_whatever_order_at_checkout_com() {
    hold(Dialect::Checkout);
}

fn hold(dialect: Dialect) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(CASES),
        // Always the same cases, unless more are asked for.
        rng_seed: if asked.is_none() { RngSeed::Fixed(1) } else { ProptestConfig::default().rng_seed },
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&operations::operations(dialect), |operations| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Simulation::run(dialect, &operations));
        Ok::<_, TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
