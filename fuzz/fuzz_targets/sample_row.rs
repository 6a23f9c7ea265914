//! Rows of the AWS sample's vault: the material description, which nobody signs, is the sample's or it is refused.
#![no_main]

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use libfuzzer_sys::fuzz_target;
use vault::{ImportRowError, Importer};

fn judged(description: Vec<u8>) -> Result<vault::Token, ImportRowError> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let bytes = |bytes| AttributeValue::B(Blob::new(bytes));
    Importer::token_of(&HashMap::from([
        ("Hash_Key".to_owned(), text("5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c01")),
        ("Account_Id".to_owned(), text("123456789012")),
        ("CandidateString".to_owned(), bytes(vec![0; 48])),
        ("*amzn-ddb-map-sig*".to_owned(), bytes(vec![0; 32])),
        ("*amzn-ddb-map-desc*".to_owned(), bytes(description)),
    ]))
}

fuzz_target!(|description: &[u8]| {
    let refused = Err(ImportRowError::DescriptionUnknown);
    if judged(description.to_vec()).is_ok() {
        // Whatever is more, less or another version is no description any more.
        assert_eq!(judged([description, &[0]].concat()), refused);
        assert_eq!(judged([description, description].concat()), refused);
        assert_eq!(judged(description[..description.len() - 1].to_vec()), refused);
        assert_eq!(judged([&[0, 0, 0, 1], &description[4..]].concat()), refused);
    } else {
        assert_eq!(judged(description.to_vec()), refused);
    }
});
