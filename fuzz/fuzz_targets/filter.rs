//! Filters of an event source mapping: the first line is a pattern, the rest a record.
#![no_main]

use card_airlock_event_source::FilterCriteria;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, record) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(criteria) = FilterCriteria::from_patterns([pattern]) else { return };
    if let Ok(record) = serde_json::from_str(record) {
        let matches = criteria.matches(&record);
        assert_eq!(criteria.matches(&record), matches, "the same record, the same answer");
    }
});
