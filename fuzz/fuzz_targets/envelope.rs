//! Envelopes: what nobody sealed does not open, what was changed or moved does not open, and a card has one text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| vault::fuzzing::check_envelope(input));
