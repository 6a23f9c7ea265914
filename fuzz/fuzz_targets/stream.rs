//! Records of the quarantine's stream, as Lambda hands them to the worker: the row of an image is read or malformed.
#![no_main]

use std::collections::HashMap;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use libfuzzer_sys::fuzz_target;
use order::{QuarantineRow, RowVersion};

fuzz_target!(|record: &[u8]| {
    let Ok(record) = serde_json::from_slice::<EventRecord>(record) else { return };
    let item: HashMap<String, AttributeValue> = record.change.new_image.into();
    let _ = RowVersion::of(&item);
    if let Ok(row) = QuarantineRow::parse(item) {
        let _ = (row.place(), row.card());
    }
});
