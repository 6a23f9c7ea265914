//! Rows of the real library (fixtures.json), and rows that were written the same way and then altered.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::Value;

use super::{
    ImportRowError, SampleRow,
    sample::{self, Place},
    signature::{DESCRIPTION, SIGNATURE},
};
use crate::{
    data_key::DataKey,
    vault_row::{ACCOUNT, SEALED_CARD, TOKEN},
};

type Row = HashMap<String, AttributeValue>;

const PLACE: Place<'static> = Place {
    table: "CreditCardTokenizerTable",
    token: "5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c01",
    account: "123456789012",
};
const KEY: [u8; 32] = [7; 32];
const WRAPPED: &[u8] = b"a wrapped data key";

/// A row with its data key, and what the real library put into it.
struct Fixture {
    row: Row,
    context: HashMap<String, String>,
    data_key: DataKey,
    plaintext: Value,
}

fn fixtures() -> (String, Vec<Fixture>) {
    let all: Value = serde_json::from_str(include_str!("fixtures.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bytes = |value: &Value| BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
    let attribute = |value: &Value| match value.get("S") {
        Some(value) => AttributeValue::S(text(value)),
        None => AttributeValue::B(Blob::new(bytes(&value["B"]))),
    };
    let fixture = |row: &Value| Fixture {
        row: row["item"].as_object().unwrap().iter().map(|(n, v)| (n.clone(), attribute(v))).collect(),
        context: serde_json::from_value(row["kms_encryption_context"].clone()).unwrap(),
        data_key: DataKey::take(bytes(&row["kms_plaintext_data_key_b64"])).unwrap(),
        plaintext: row["plaintext_attribute"].clone(),
    };
    (text(&all["table"]), all["rows"].as_array().unwrap().iter().map(fixture).collect())
}

fn open_with(row: &Row, key: [u8; 32], table: &str) -> Result<String, ImportRowError> {
    let key = DataKey::take(key.to_vec()).unwrap();
    SampleRow::parse(row)?.verify(&key, table)?.open().map(|pan| pan.last4().to_string())
}

fn open(row: &Row) -> Result<String, ImportRowError> {
    open_with(row, KEY, PLACE.table)
}

fn row_of(serialized: &[u8]) -> Row {
    PLACE.row(&KEY, WRAPPED, serialized)
}

fn bytes_of<'a>(row: &'a Row, name: &str) -> &'a [u8] {
    row[name].as_b().unwrap().as_ref()
}

fn put(row: &mut Row, name: &str, bytes: Vec<u8>) {
    row.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
}

#[test]
fn every_row_of_the_real_library_opens_to_what_was_put_in() {
    let (table, fixtures) = fixtures();
    assert_eq!(fixtures.len(), 4);
    for Fixture { row, context, data_key, plaintext } in fixtures {
        let sample = SampleRow::parse(&row).unwrap();
        assert_eq!(sample.key_context(&table), context);
        let opened = sample.verify(&data_key, &table).unwrap().open().map(|pan| pan.last4().to_string());
        let expected = match plaintext.as_object().unwrap().iter().next().unwrap() {
            (kind, Value::String(text)) if kind == "S" && text.starts_with("0000-") => Ok("0000".to_owned()),
            (kind, Value::String(digits)) if kind == "N" => Ok(digits[digits.len() - 4..].to_owned()),
            (kind, _) if kind == "NULL" => Err(ImportRowError::NoCard),
            _ => Err(ImportRowError::NotACard),
        };
        assert_eq!(opened, expected, "{plaintext}");
    }
}

/// So the writer of these tests writes what the library writes.
#[test]
fn the_wrapped_key_of_every_row_of_the_real_library_is_read() {
    let (_, fixtures) = fixtures();
    for Fixture { row, .. } in fixtures {
        let wrapped = SampleRow::parse(&row).unwrap().data_key;
        let description = sample::description(&sample::pairs(wrapped.as_bytes()));
        assert_eq!(bytes_of(&row, DESCRIPTION), description);
    }
}

#[test]
fn what_the_api_of_the_sample_took_is_a_card_or_said_to_be_none() {
    let not_a_card = Err(ImportRowError::NotACard);
    for (serialized, expected) in [
        (sample::text("4111-1111-1111-1111"), Ok("1111")),
        (sample::text("4111 1111 1111 1111"), Ok("1111")),
        (sample::text(" 378282246310005\n"), Ok("0005")),
        (sample::number("6011000990139424"), Ok("9424")),
        // The client writes no exponent: zeros at the end stay.
        (sample::number("4000000000000010"), Ok("0010")),
        (sample::NULL.to_vec(), Err(ImportRowError::NoCard)),
        (sample::text(""), not_a_card),
        (sample::text("null"), not_a_card),
        (sample::text("4111111111111112"), not_a_card),
        (sample::text("4111 1111 1111 1111, 12/30"), not_a_card),
        (sample::number("4111111111111111.5"), not_a_card),
        (sample::number("-4111111111111111"), not_a_card),
        (sample::number("4.111111111111111E+15"), not_a_card),
        (vec![0, b'?', 1], not_a_card),
        (vec![0, b'L', 0, 0, 0, 0], not_a_card),
        (vec![0, b'M', 0, 0, 0, 0], not_a_card),
        (vec![0, b'b', 0, 0, 0, 1, 7], not_a_card),
        (vec![0, b'B', 0, 0, 0, 0], not_a_card),
        (vec![0, b'N', 0, 0, 0, 0], not_a_card),
        (vec![0, b'S', 0, 0, 0, 0], not_a_card),
    ] {
        let opened = open(&row_of(&serialized));
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "{serialized:?}");
    }
}

/// Who could tell these apart, row by row, would learn the text.
#[test]
fn all_that_is_wrong_behind_the_signature_is_one_error() {
    let card = sample::text("4111111111111111");
    let mut wrong: Vec<(String, Row)> = Vec::new();
    let longer = |more: &[u8]| [card.as_slice(), more].concat();
    let mut no_text = card.clone();
    no_text[6] = 0xff;
    for serialized in [
        vec![],
        vec![0],
        vec![0, 0, 0],
        vec![1, b's', 0, 0, 0, 0],
        vec![0, b'x', 0, 0, 0, 0],
        vec![0, b's'],
        vec![0, b's', 0, 0, 0],
        card[..21].to_vec(),
        longer(&[0]),
        no_text,
        [&[0, b's'], u32::MAX.to_be_bytes().as_slice()].concat(),
    ] {
        wrong.push((format!("{serialized:?}"), row_of(&serialized)));
    }
    let whole = row_of(&card);
    let candidate = bytes_of(&whole, SEALED_CARD).to_vec();
    for length in 0..candidate.len() {
        let mut row = whole.clone();
        put(&mut row, SEALED_CARD, candidate[..length].to_vec());
        wrong.push((format!("cut to {length}"), row));
    }
    // CBC adds each block to the text of the next one: so every last byte of the padding (10 before) comes about.
    for flip in 1..=u8::MAX {
        let mut row = whole.clone();
        let mut flipped = candidate.clone();
        let before_last = flipped.len() - 17;
        flipped[before_last] ^= flip;
        put(&mut row, SEALED_CARD, flipped);
        wrong.push((format!("padding {}", 10 ^ flip), row));
    }
    for (what, mut row) in wrong {
        PLACE.sign(&KEY, &mut row);
        assert_eq!(open(&row), Err(ImportRowError::Unreadable), "{what}");
        // Without the right signature there is nothing to learn at all.
        let mut signature = bytes_of(&row, SIGNATURE).to_vec();
        signature[0] ^= 1;
        put(&mut row, SIGNATURE, signature);
        assert_eq!(open(&row), Err(ImportRowError::SignatureWrong), "{what}");
    }
}

#[test]
fn promise_5_a_flipped_bit_of_the_signature_or_of_what_is_signed_is_refused() {
    let whole = row_of(&sample::text("4111111111111111"));
    assert_eq!(open(&whole).as_deref(), Ok("1111"));
    for name in [SIGNATURE, SEALED_CARD] {
        for bit in 0..bytes_of(&whole, name).len() * 8 {
            let mut row = whole.clone();
            let mut bytes = bytes_of(&row, name).to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            put(&mut row, name, bytes);
            assert_eq!(open(&row), Err(ImportRowError::SignatureWrong), "{name} {bit}");
        }
    }
    for length in (0..70).filter(|length| *length != 32) {
        let mut row = whole.clone();
        put(&mut row, SIGNATURE, [bytes_of(&whole, SIGNATURE), &[0; 38]].concat()[..length].to_vec());
        assert_eq!(open(&row), Err(ImportRowError::SignatureWrong), "{length}");
    }
}

#[test]
fn promise_5_another_token_table_or_key_does_not_verify_and_the_account_is_in_the_keys_context() {
    let whole = row_of(&sample::text("4111111111111111"));
    let mut moved = whole.clone();
    moved.insert(TOKEN.to_owned(), AttributeValue::S("5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c02".to_owned()));
    assert_eq!(open(&moved), Err(ImportRowError::SignatureWrong));
    for table in ["", "CreditCardTokenizerTable2", "creditcardtokenizertable"] {
        assert_eq!(open_with(&whole, KEY, table), Err(ImportRowError::SignatureWrong), "{table}");
    }
    assert_eq!(open_with(&whole, [8; 32], PLACE.table), Err(ImportRowError::SignatureWrong));
    // The client does not sign the account. KMS must not decrypt the data key for another one.
    let mut other = whole.clone();
    other.insert(ACCOUNT.to_owned(), AttributeValue::S("210987654321".to_owned()));
    assert_eq!(open(&other).as_deref(), Ok("1111"));
    let context = |row: &Row, table: &str| SampleRow::parse(row).unwrap().key_context(table);
    assert_eq!(context(&whole, PLACE.table), PLACE.key_context());
    assert_eq!(context(&other, PLACE.table), Place { account: "210987654321", ..PLACE }.key_context());
    assert_eq!(context(&whole, "T"), Place { table: "T", ..PLACE }.key_context());
}

#[test]
fn promise_5_an_attribute_that_was_added_to_a_row_is_not_signed() {
    let whole = row_of(&sample::text("4111111111111111"));
    for value in [
        AttributeValue::S("x".to_owned()),
        AttributeValue::B(Blob::new([1])),
        AttributeValue::N("1".to_owned()),
        AttributeValue::Bool(true),
        AttributeValue::Null(true),
        AttributeValue::L(Vec::new()),
    ] {
        for name in ["A", "ExpiresAt", "Z", "*amzn-ddb-map-sig", "hash_key"] {
            let mut row = whole.clone();
            row.insert(name.to_owned(), value.clone());
            assert_eq!(open(&row), Err(ImportRowError::SignatureWrong), "{name} {value:?}");
        }
    }
}

#[test]
fn a_row_without_an_attribute_or_with_one_of_another_type_is_none_of_the_samples() {
    let whole = row_of(&sample::text("4111111111111111"));
    for name in [TOKEN, ACCOUNT, SEALED_CARD, SIGNATURE, DESCRIPTION] {
        let mut row = whole.clone();
        row.remove(name);
        assert_eq!(open(&row), Err(ImportRowError::NotASampleRow), "{name}");
        let is_text = whole[name].is_s();
        for value in [
            AttributeValue::N("4111111111111111".to_owned()),
            AttributeValue::Null(true),
            if is_text { AttributeValue::B(Blob::new([1])) } else { AttributeValue::S("x".to_owned()) },
        ] {
            row.insert(name.to_owned(), value);
            assert_eq!(open(&row), Err(ImportRowError::NotASampleRow), "{name}");
        }
    }
    let mut row = whole.clone();
    row.insert(TOKEN.to_owned(), AttributeValue::S("4111111111111111".to_owned()));
    assert_eq!(open(&row), Err(ImportRowError::TokenMalformed));
    let mut row = whole;
    put(&mut row, DESCRIPTION, vec![0; 4]);
    assert_eq!(open(&row), Err(ImportRowError::DescriptionUnknown));
}

#[test]
fn every_reason_has_a_word_of_its_own_and_only_what_passes_is_retried() {
    use ImportRowError::*;
    for (error, reason, retryable) in [
        (NotASampleRow, "NOT_A_SAMPLE_ROW", false),
        (TokenMalformed, "TOKEN_MALFORMED", false),
        (DescriptionUnknown, "DESCRIPTION_UNKNOWN", false),
        (OtherKey, "OTHER_KEY", false),
        (KeyRefused, "KEY_REFUSED", false),
        (SignatureWrong, "SIGNATURE_WRONG", false),
        (Unreadable, "UNREADABLE", false),
        (NoCard, "NO_CARD", false),
        (NotACard, "NOT_A_CARD", false),
        (KmsUnavailable, "KMS_UNAVAILABLE", true),
        (KeyUnusable, "KEY_UNUSABLE", true),
        (NotSealed, "NOT_SEALED", true),
        (Incomplete, "INCOMPLETE", false),
    ] {
        assert_eq!((error.reason(), error.retryable()), (reason, retryable));
    }
    use crate::keyring::KeyringError;
    for (of_kms, error) in [
        (KeyringError::Unavailable, KmsUnavailable),
        (KeyringError::Unusable, KeyUnusable),
        (KeyringError::Refused, KeyRefused),
        (KeyringError::OtherKey, OtherKey),
    ] {
        assert_eq!(ImportRowError::from(of_kms), error);
        assert_eq!(error.retryable(), of_kms.retryable());
    }
}

/// What a row may have in an attribute.
fn any_value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        ".{0,40}".prop_map(AttributeValue::S),
        any::<Vec<u8>>().prop_map(|bytes| AttributeValue::B(Blob::new(bytes))),
        "[0-9]{1,20}".prop_map(AttributeValue::N),
        any::<bool>().prop_map(AttributeValue::Null),
    ]
}

proptest! {
    #[test]
    fn promise_1_no_row_makes_opening_panic_or_an_error_show_a_card(
        middle in "[1-9][0-9]{11,17}", changed in proptest::sample::subsequence(
            vec![TOKEN, ACCOUNT, SEALED_CARD, SIGNATURE, DESCRIPTION, "Another"], 0..6),
        values in proptest::collection::vec(any_value(), 6), card_in_place: bool,
    ) {
        let mut row = row_of(&sample::text(&middle));
        for (name, value) in changed.into_iter().zip(values) {
            let value = if card_in_place { AttributeValue::S(middle.clone()) } else { value };
            row.insert(name.to_owned(), value);
        }
        let parsed = SampleRow::parse(&row);
        let shown = format!("{parsed:?} {:?}", open(&row).map_err(|error| format!("{error} {error:?}")));
        for window in middle.as_bytes().windows(7) {
            prop_assert!(!shown.contains(std::str::from_utf8(window).unwrap()), "{}", shown);
        }
    }

    #[test]
    fn any_text_is_read_back_or_is_said_to_be_no_card(text in ".{0,60}|[0-9 -]{12,25}") {
        let expected = crate::Pan::parse(&text).map(|pan| pan.last4().to_string());
        prop_assert_eq!(open(&row_of(&sample::text(&text))), expected.map_err(|_| ImportRowError::NotACard));
    }
}
