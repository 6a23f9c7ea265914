//! The source table: its rows as they are read, and the two writes that change one.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{RequestId, transact_write_items::TransactWriteItemsError},
    primitives::Blob,
    types::{AttributeValue, TransactWriteItem, Update},
};
use order::{TableError, Written};
use serde::{Deserialize, Serialize};
use vault::{Mark, Plaintext, Token, action, failure_code, is_card_shaped};

use crate::{error::ImportError, settings::Columns};

/// The attribute that an import adds to a row.
const MARK: &str = "CardAirlockMark";
/// So many digits of a number make it a card's.
const TELLING_DIGITS: usize = 8;

type Item = HashMap<String, AttributeValue>;

/// The table that orders are taken out of.
#[derive(Debug)]
pub(crate) struct Source {
    dynamodb: Client,
    table: String,
    columns: Columns,
    projection: Projection,
}

/// Placeholders for all attributes that are read: theirs may be any names.
#[derive(Debug, Clone)]
struct Projection {
    expression: String,
    names: HashMap<String, String>,
}

/// A part of a row's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyPart {
    S(String),
    N(String),
    B(Vec<u8>),
}

/// A row's key: its partition key and its sort key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key(pub(crate) KeyPart, pub(crate) Option<KeyPart>);

/// A number of a row as it is stored.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) text: Plaintext<String>,
    is_number: bool,
}

/// A row of the source. Its number is a card number in the clear.
pub(crate) struct Row {
    pub(crate) key: Key,
    /// `Err`: it is there, and neither a text nor a number.
    pub(crate) number: Result<Option<Number>, NotTextError>,
    pub(crate) expiry: Option<Plaintext<String>>,
    pub(crate) mark: Option<AttributeValue>,
    others: HashMap<String, AttributeValue>,
}

/// It is neither a text nor a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotTextError;

/// Some rows of the source.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// After which key the next page begins; none: this is the last one.
    pub(crate) next: Option<Key>,
}

/// How scrubbing a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scrubbing {
    Done,
    /// The row or its order changed since they were read.
    Changed,
    /// DynamoDB refuses the write itself.
    Refused,
}

impl Source {
    pub(crate) fn new(config: &SdkConfig, table: String, columns: Columns) -> Self {
        let projection = Projection::of(&columns);
        Self { dynamodb: Client::new(config), table, columns, projection }
    }

    /// Reads up to so many rows, consistently. Numbers are taken out of the SDK's answer as they are.
    pub(crate) async fn page(&self, after: Option<&Key>, limit: u32) -> Result<Page, ImportError> {
        let Projection { expression, names } = self.projection.clone();
        let reply = self
            .dynamodb
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|key| self.item_of(key)))
            .send()
            .await
            .map_err(|error| ImportError::Source(classify("Scan source", &error)))?;
        let rows = reply.items.unwrap_or_default().into_iter().map(|item| self.row(item));
        let next = reply.last_evaluated_key.map(|key| self.key(&key)).transpose()?;
        Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
    }

    /// Gives a text attribute of each row, of as many as there are.
    pub(crate) async fn each_text(&self, name: &str, mut take: impl FnMut(&str)) -> Result<(), ImportError> {
        let mut from = None;
        loop {
            let scan = self.dynamodb.scan().table_name(&self.table).consistent_read(true);
            let scan = scan.projection_expression("#name").expression_attribute_names("#name", name);
            let reply = scan.set_exclusive_start_key(from).send().await;
            let reply = reply.map_err(|error| ImportError::Source(classify("Scan source", &error)))?;
            for item in reply.items.unwrap_or_default() {
                if let Some(AttributeValue::S(text)) = item.get(name) {
                    take(text);
                }
            }
            from = reply.last_evaluated_key;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    /// Marks a row whose number and mark are as they were read.
    pub(crate) async fn mark(&self, row: &Row, number: &Number, mark: &Mark) -> Result<Written, ImportError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.item_of(&row.key)))
            .update_expression("SET #mark = :mark")
            .condition_expression(format!("#number = :number AND {}", unchanged_mark(row)))
            .expression_attribute_names("#mark", MARK)
            .expression_attribute_names("#number", &self.columns.number)
            .expression_attribute_values(":mark", AttributeValue::B(Blob::new(mark.to_bytes())))
            .expression_attribute_values(":number", number.as_stored());
        let update = match &row.mark {
            Some(seen) => update.expression_attribute_values(":seen", seen.clone()),
            None => update,
        };
        match update.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) if failure_code(&error) == "ConditionalCheckFailedException" => Ok(Written::LostRace),
            Err(error) => Err(ImportError::Source(classify("UpdateItem source", &error))),
        }
    }

    /// Puts the token in the number's place, and removes the mark: one transaction, on condition that row and mark are
    /// as they were read, and of a check of the order.
    pub(crate) async fn scrub(
        &self,
        row: &Row,
        number: &Number,
        token: Token,
        check: TransactWriteItem,
    ) -> Result<Scrubbing, ImportError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(self.item_of(&row.key)))
            .update_expression("SET #number = :token REMOVE #mark")
            .condition_expression(format!("#number = :number AND {}", unchanged_mark(row)))
            .expression_attribute_names("#mark", MARK)
            .expression_attribute_names("#number", &self.columns.number)
            .expression_attribute_values(":token", AttributeValue::S(token.to_string()))
            .expression_attribute_values(":number", number.as_stored());
        let update = match &row.mark {
            Some(seen) => update.expression_attribute_values(":seen", seen.clone()),
            None => update,
        };
        let update = action(update.build()).map_err(TableError::from)?;
        let transaction = self.dynamodb.transact_write_items().transact_items(update).transact_items(check);
        match transaction.send().await {
            Ok(_) => Ok(Scrubbing::Done),
            Err(error) => match cancelled_by(&error) {
                Some("ConditionalCheckFailed") => Ok(Scrubbing::Changed),
                Some("ValidationError") => Ok(Scrubbing::Refused),
                _ => match classify("TransactWriteItems source", &error) {
                    TableError::Rejected => Ok(Scrubbing::Refused),
                    error => Err(ImportError::Source(error)),
                },
            },
        }
    }

    fn row(&self, mut item: Item) -> Result<Row, ImportError> {
        let columns = &self.columns;
        let mark = item.remove(MARK);
        let key = self.key(&item)?;
        let number = match item.remove(&columns.number) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => {
                Ok(Some(Number { text: Plaintext::new(text), is_number: false }))
            }
            Some(AttributeValue::N(text)) => Ok(Some(Number { text: Plaintext::new(text), is_number: true })),
            Some(_) => Err(NotTextError),
        };
        let expiry = columns.expiry.as_ref().and_then(|name| item.remove(name));
        let expiry = expiry.map(|value| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => Plaintext::new(text),
            // No date: it is refused as one that cannot be read.
            _ => Plaintext::new(String::new()),
        });
        Ok(Row { key, number, expiry, mark, others: item })
    }

    fn key(&self, item: &Item) -> Result<Key, ImportError> {
        let part = |name: &String| match item.get(name) {
            Some(AttributeValue::S(text)) => Ok(KeyPart::S(text.clone())),
            Some(AttributeValue::N(text)) => Ok(KeyPart::N(text.clone())),
            Some(AttributeValue::B(blob)) => Ok(KeyPart::B(blob.as_ref().to_vec())),
            _ => Err(ImportError::SourceKey),
        };
        let (of_partition, of_sort) =
            (part(&self.columns.key)?, self.columns.sort_key.as_ref().map(part).transpose()?);
        Ok(Key(of_partition, of_sort))
    }

    fn item_of(&self, key: &Key) -> Item {
        let value = |part: &KeyPart| match part {
            KeyPart::S(text) => AttributeValue::S(text.clone()),
            KeyPart::N(text) => AttributeValue::N(text.clone()),
            KeyPart::B(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        };
        let Key(of_partition, of_sort) = key;
        let mut item = HashMap::from([(self.columns.key.clone(), value(of_partition))]);
        if let Some((name, part)) = self.columns.sort_key.as_ref().zip(of_sort.as_ref()) {
            item.insert(name.clone(), value(part));
        }
        item
    }
}

impl Projection {
    fn of(columns: &Columns) -> Self {
        let Columns { key, sort_key, number, expiry, order, name, address, amount, currency, owner, token } =
            columns;
        let mut read: Vec<&str> = [key, number, order, name, address].map(String::as_str).into();
        read.extend(
            [sort_key, expiry, amount, currency, owner, token].into_iter().flatten().map(String::as_str),
        );
        read.push(MARK);
        // A projection must not name an attribute twice.
        read.sort_unstable();
        read.dedup();
        let names: Vec<_> = (0..read.len()).map(|at| format!("#a{at}")).collect();
        let expression = names.join(", ");
        Self { expression, names: names.into_iter().zip(read.into_iter().map(str::to_owned)).collect() }
    }
}

impl Key {
    /// Its bytes, for the mark: each part with its type and its length before it.
    pub(crate) fn bytes(&self) -> Plaintext<Vec<u8>> {
        let parts = || [Some(&self.0), self.1.as_ref()].into_iter().flatten();
        let length = parts().map(|part| part.bytes().len() + 9).sum();
        let mut bytes = Plaintext::new(Vec::with_capacity(length));
        for part in parts() {
            bytes.push(part.letter());
            bytes.extend_from_slice(&u64::try_from(part.bytes().len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part.bytes());
        }
        bytes
    }
}

impl KeyPart {
    fn letter(&self) -> u8 {
        match self {
            Self::S(_) => b'S',
            Self::N(_) => b'N',
            Self::B(_) => b'B',
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::S(text) | Self::N(text) => text.as_bytes(),
            Self::B(bytes) => bytes,
        }
    }
}

impl Number {
    /// As DynamoDB compares it. The SDK keeps this copy while it sends the request.
    fn as_stored(&self) -> AttributeValue {
        let text = self.text.as_str().to_owned();
        if self.is_number { AttributeValue::N(text) } else { AttributeValue::S(text) }
    }
}

impl Row {
    /// A text, or the digits of a number.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.others.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
            _ => None,
        }
    }

    /// The parts of the key as they may be shown. None: that part looks like a card number, holds the row's own number, or
    /// is binary; or both parts together do.
    pub(crate) fn shown_key(&self, columns: &Columns) -> Vec<Option<String>> {
        let of_partition = (&columns.key, Some(&self.key.0));
        let of_sort = columns.sort_key.as_ref().map(|name| (name, self.key.1.as_ref()));
        let parts = [Some(of_partition), of_sort].into_iter().flatten();
        let shown: Vec<_> = parts.map(|(name, part)| self.shown(name, part?, columns)).collect();
        let together: String = shown.iter().flatten().map(String::as_str).collect();
        if self.may_show(&together) { shown } else { vec![None; shown.len()] }
    }

    fn shown(&self, name: &str, part: &KeyPart, columns: &Columns) -> Option<String> {
        let (KeyPart::S(text) | KeyPart::N(text)) = part else { return None };
        let is_secret = name == columns.number || columns.expiry.as_deref() == Some(name);
        Some(text.clone()).filter(|text| !is_secret && self.may_show(text))
    }

    /// Whether a text of this row may be shown: it does not look like a card number, and the row's own number is not in it.
    pub(crate) fn may_show(&self, text: &str) -> bool {
        !self.has_own_number(text) && !is_card_shaped(text)
    }

    /// Whether the digits of the row's own number are among those of a text, whatever stands between them.
    pub(crate) fn has_own_number(&self, text: &str) -> bool {
        let Ok(Some(number)) = &self.number else { return false };
        let own = Plaintext::new(digits(&number.text));
        own.len() >= TELLING_DIGITS && Plaintext::new(digits(text)).contains(own.as_str())
    }
}

/// A text without what is no ASCII digit.
fn digits(text: &str) -> String {
    let mut digits = String::with_capacity(text.len());
    digits.extend(text.chars().filter(char::is_ascii_digit));
    digits
}

impl std::fmt::Debug for Key {
    /// It may be a card number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

fn unchanged_mark(row: &Row) -> &'static str {
    if row.mark.is_some() { "#mark = :seen" } else { "attribute_not_exists(#mark)" }
}

/// The first reason why a transaction was cancelled.
fn cancelled_by<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<&str> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let mut codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    codes.find(|code| *code != "None")
}

pub(crate) fn classify<E, R>(operation: &'static str, error: &SdkError<E, R>) -> TableError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(operation, code, request_id = error.request_id(), "the source refused or failed");
    if code == "ValidationException" { TableError::Rejected } else { TableError::Unavailable }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        let own = |name: &str| name.to_owned();
        Columns {
            key: own("Id"),
            sort_key: Some(own("Line")),
            number: own("Card"),
            expiry: Some(own("Until")),
            order: own("Order"),
            name: own("Name"),
            address: own("Address"),
            amount: None,
            currency: None,
            owner: None,
            token: None,
        }
    }

    fn source(columns: Columns) -> Source {
        let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        Source::new(&config, "Orders".to_owned(), columns)
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn item(pairs: &[(&str, AttributeValue)]) -> Item {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn shown(key: &str, number: &str) -> Option<String> {
        let row = item(&[("Id", s(key)), ("Line", AttributeValue::N("1".into())), ("Card", s(number))]);
        source(columns()).row(row).unwrap().shown_key(&columns()).remove(0)
    }

    #[test]
    fn promise_1_a_key_is_shown_only_if_no_card_and_not_the_rows_own_number_is_in_it() {
        let card = "4111111111111111";
        for key in ["A-1", "550e8400-e29b-41d4-a716-446655440000", "1", "ann@example.com"] {
            assert_eq!(shown(key, card).as_deref(), Some(key));
        }
        for key in [card, "4111-1111-1111-1111", "c:4111 1111 1111 1111", "٤١١١١١١١١١١١١١١١"]
        {
            assert_eq!(shown(key, "5555555555554444"), None, "{key}");
        }
        // A number inside of longer digits, or one that is none, is known by the row itself.
        for (key, number) in [
            ("99884111111111111111", card),
            ("99884111111111111111", "4111 1111 1111 1111"),
            ("no-4111111111111112", "4111111111111112"),
            ("12345678", "12345678"),
        ] {
            assert_eq!(shown(key, number), None, "{key}");
        }
        assert_eq!(shown("7", "7").as_deref(), Some("7"));
    }

    #[test]
    fn promise_1_a_card_that_is_split_over_the_parts_of_a_key_is_not_shown() {
        let shown = |key: &str, line: &str, number: &str| {
            let row = item(&[("Id", s(key)), ("Line", s(line)), ("Card", s(number))]);
            source(columns()).row(row).unwrap().shown_key(&columns())
        };
        for (key, line, number) in [
            ("41111111", "11111111", "4111111111111111"),
            ("41111111", "11111111", "5555555555554444"),
            ("555-555-5555", "5544-44", "5555555555554444"),
        ] {
            assert_eq!(shown(key, line, number), [None, None], "{key} {line}");
        }
        let kept = ["row-1001", "2"].map(|part| Some(part.to_owned()));
        assert_eq!(shown("row-1001", "2", "4111111111111111"), kept);
    }

    #[test]
    fn a_part_of_the_key_that_is_the_number_or_binary_is_never_shown() {
        let mut columns = columns();
        columns.number = "Line".to_owned();
        let source = source(columns.clone());
        let row = source.row(item(&[("Id", s("A")), ("Line", s("4"))])).unwrap();
        assert_eq!(row.shown_key(&columns), [Some("A".to_owned()), None]);
        let row = source.row(item(&[("Id", AttributeValue::B(Blob::new("4"))), ("Line", s("4"))])).unwrap();
        assert_eq!(row.shown_key(&columns), [None, None]);
    }

    #[test]
    fn a_row_with_another_key_is_refused() {
        for wrong in [
            item(&[("Id", s("A"))]),
            item(&[("Line", s("A"))]),
            item(&[("Id", s("A")), ("Line", AttributeValue::Bool(true))]),
        ] {
            assert!(matches!(source(columns()).row(wrong), Err(ImportError::SourceKey)));
        }
    }

    #[test]
    fn keys_of_other_bytes_have_other_bytes() {
        let keys = [
            Key(KeyPart::S("ab".into()), Some(KeyPart::S("c".into()))),
            Key(KeyPart::S("a".into()), Some(KeyPart::S("bc".into()))),
            Key(KeyPart::S("abc".into()), None),
            Key(KeyPart::N("1".into()), None),
            Key(KeyPart::S("1".into()), None),
            Key(KeyPart::B(b"1".into()), None),
        ];
        let mut bytes: Vec<_> = keys.iter().map(|key| key.bytes().to_vec()).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), keys.len());
        for key in keys {
            let read: Key = serde_json::from_slice(&serde_json::to_vec(&key).unwrap()).unwrap();
            assert!(read == key && format!("{read:?}") == "Key(..)");
        }
    }

    #[test]
    fn an_attribute_that_serves_twice_is_named_once() {
        let mut columns = columns();
        columns.order = "Id".to_owned();
        let Projection { expression, names } = Projection::of(&columns);
        assert_eq!(expression.split(", ").count(), names.len());
        assert_eq!(names.values().filter(|name| *name == "Id").count(), 1);
        assert_eq!(names.len(), 7);
        let source = source(columns.clone());
        let row = source.row(item(&[("Id", s("A")), ("Line", s("B")), ("Card", s("4"))])).unwrap();
        assert_eq!(row.text("Id"), Some("A"));
        assert_eq!((row.text("Card"), row.text("Name")), (None, None));
    }
}
