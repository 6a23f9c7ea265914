//! Encrypted cards: what nobody encrypted does not open, and what was changed does not.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| vault::fuzzing::check_jwe(input));
