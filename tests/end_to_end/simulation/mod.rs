//! Operations in any order, one at a time, and a plain model of what may come of them.
//!
//! `PROPTEST_CASES=1000 cargo test -p tests simulation` tries more of them. What a failure shrinks to becomes a test
//! with a name, in `scenarios`.

pub(crate) mod at_rest;
pub(crate) mod client;
pub(crate) mod details;
mod driver;
mod model;
mod operations;
mod scenarios;
pub(crate) mod world;

use driver::Simulation;
use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestRunner},
};

const CASES: u32 = 48;

#[test]
fn promise_2_and_3_and_6_hold_whatever_happens_in_whatever_order() {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(CASES),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&operations::operations(), |operations| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Simulation::run(&operations));
        Ok::<_, TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
