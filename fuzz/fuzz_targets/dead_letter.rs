//! Messages of the dead-letter queue: what we write, we read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use order::DeadLetter;

fuzz_target!(|body: &str| {
    if let Ok(letter) = serde_json::from_str::<DeadLetter>(body) {
        let again = serde_json::to_string(&letter).expect("a letter can be written");
        assert_eq!(serde_json::from_str::<DeadLetter>(&again).expect("what we write, we read"), letter);
    }
});
