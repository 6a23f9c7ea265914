//! The source table: its rows as they are read, and the two writes that change one.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{RequestId, transact_write_items::TransactWriteItemsError},
    primitives::Blob,
    types::{AttributeValue, TransactWriteItem, Update, builders::UpdateBuilder},
};
use order::TableError;
use vault::{Mark, Token, action, failure_code};

use crate::{
    error::ImportError,
    row::{Item, Key, MARK, Number, Row},
    settings::Columns,
};

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

/// Some rows of the source.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// After which key the next page begins; none: this is the last one.
    pub(crate) next: Option<Key>,
}

/// Some values of one attribute.
pub(crate) struct Texts {
    pub(crate) texts: Vec<String>,
    /// How many rows were read.
    pub(crate) rows: u64,
    /// After which key the next page begins; none: this is the last one.
    pub(crate) next: Option<Key>,
}

/// How a transaction ended that changes a row and something of this stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowWritten {
    Done,
    /// The row changed since it was read, or somebody is changing it.
    RowChanged,
    /// The other condition failed, and the row is as it was read.
    OtherChanged,
    /// DynamoDB refuses the change of the row itself: it would be too large, or an index takes no such value.
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
            .set_exclusive_start_key(after.map(|key| key.item(&self.columns)))
            .send()
            .await
            .map_err(|error| ImportError::Source(classify("Scan source", &error)))?;
        let rows = reply.items.unwrap_or_default().into_iter().map(|item| Row::read(item, &self.columns));
        let next = reply.last_evaluated_key.map(|key| Key::take(key, &self.columns)).transpose()?;
        Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
    }

    /// Reads a text attribute of up to so many rows, consistently.
    pub(crate) async fn texts(
        &self,
        name: &str,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Texts, ImportError> {
        let reply = self
            .dynamodb
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .projection_expression("#name")
            .expression_attribute_names("#name", name)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|key| key.item(&self.columns)))
            .send()
            .await
            .map_err(|error| ImportError::Source(classify("Scan source", &error)))?;
        let items = reply.items.unwrap_or_default();
        let rows = items.len() as u64;
        let text = |mut item: Item| match item.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let next = reply.last_evaluated_key.map(|key| Key::take(key, &self.columns)).transpose()?;
        Ok(Texts { texts: items.into_iter().filter_map(text).collect(), rows, next })
    }

    /// Marks a row, and does what the mark says: one transaction, on condition that the row's number and mark are as they
    /// were read. So a row that has a mark of its number was accepted, whenever an import is cut off.
    pub(crate) async fn mark(
        &self,
        row: &Row,
        number: &Number,
        mark: &Mark,
        accepting: TransactWriteItem,
    ) -> Result<RowWritten, ImportError> {
        let update = self.unchanged(row, number).update_expression("SET #mark = :mark");
        let update =
            update.expression_attribute_values(":mark", AttributeValue::B(Blob::new(mark.to_bytes())));
        self.write(update, accepting).await
    }

    /// Puts the token in the number's place, and removes the mark: one transaction, on condition that row and mark are
    /// as they were read, and of a check of the order.
    pub(crate) async fn scrub(
        &self,
        row: &Row,
        number: &Number,
        token: Token,
        check: TransactWriteItem,
    ) -> Result<RowWritten, ImportError> {
        let update = self.unchanged(row, number).update_expression("SET #number = :token REMOVE #mark");
        let update = update.expression_attribute_values(":token", AttributeValue::S(token.to_string()));
        self.write(update, check).await
    }

    /// An update of a row whose number and mark are as they were read.
    fn unchanged(&self, row: &Row, number: &Number) -> UpdateBuilder {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(row.key.item(&self.columns)))
            .expression_attribute_names("#mark", MARK)
            .expression_attribute_names("#number", &self.columns.number)
            .expression_attribute_values(":number", number.as_stored());
        match &row.mark {
            Some(seen) => update
                .condition_expression("#number = :number AND #mark = :seen")
                .expression_attribute_values(":seen", seen.clone()),
            None => update.condition_expression("#number = :number AND attribute_not_exists(#mark)"),
        }
    }

    async fn write(
        &self,
        update: UpdateBuilder,
        other: TransactWriteItem,
    ) -> Result<RowWritten, ImportError> {
        let update = action(update.build()).map_err(TableError::from)?;
        let transaction = self.dynamodb.transact_write_items().transact_items(update).transact_items(other);
        let Err(error) = transaction.send().await else { return Ok(RowWritten::Done) };
        if let Some(ended) = cancelled(&error) {
            return Ok(ended);
        }
        match classify("TransactWriteItems source", &error) {
            // What is sent beside the row is always valid.
            TableError::Rejected => Ok(RowWritten::Refused),
            error => Err(ImportError::Source(error)),
        }
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

/// What cancelled a transaction: the first action is the row's. None: it may succeed when it is tried again.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html>
fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<RowWritten> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let mut codes = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
    match (codes.next()?, codes.next()?) {
        ("ConditionalCheckFailed" | "TransactionConflict", _) => Some(RowWritten::RowChanged),
        ("ValidationError" | "ItemCollectionSizeLimitExceeded", _) => Some(RowWritten::Refused),
        ("None", "ConditionalCheckFailed") => Some(RowWritten::OtherChanged),
        _ => None,
    }
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
    use aws_sdk_dynamodb::{
        config::http::HttpResponse,
        error::ErrorMetadata,
        types::{CancellationReason, error::TransactionCanceledException},
    };

    use super::*;

    fn failed(error: TransactWriteItemsError) -> SdkError<TransactWriteItemsError, HttpResponse> {
        SdkError::service_error(error, HttpResponse::new(400.try_into().unwrap(), "".into()))
    }

    #[test]
    fn a_cancelled_write_says_of_the_row_first_what_was_in_the_way() {
        let reason = |code: &str| CancellationReason::builder().code(code).build();
        for (row, other, expected) in [
            ("ConditionalCheckFailed", "None", Some(RowWritten::RowChanged)),
            ("ConditionalCheckFailed", "ConditionalCheckFailed", Some(RowWritten::RowChanged)),
            ("TransactionConflict", "None", Some(RowWritten::RowChanged)),
            ("ValidationError", "None", Some(RowWritten::Refused)),
            ("ItemCollectionSizeLimitExceeded", "None", Some(RowWritten::Refused)),
            ("None", "ConditionalCheckFailed", Some(RowWritten::OtherChanged)),
            // What passes is tried again.
            ("None", "TransactionConflict", None),
            ("ThrottlingError", "None", None),
            ("ThrottlingError", "ConditionalCheckFailed", None),
            ("ProvisionedThroughputExceeded", "None", None),
            ("None", "ValidationError", None),
        ] {
            let exception = TransactionCanceledException::builder()
                .cancellation_reasons(reason(row))
                .cancellation_reasons(reason(other))
                .build();
            let error = failed(TransactWriteItemsError::TransactionCanceledException(exception));
            assert_eq!(cancelled(&error), expected, "{row} {other}");
        }
    }

    #[test]
    fn only_what_dynamodb_refuses_in_the_request_itself_is_permanent() {
        for (code, expected) in [
            ("ValidationException", TableError::Rejected),
            ("AccessDeniedException", TableError::Unavailable),
            ("ResourceNotFoundException", TableError::Unavailable),
            ("ProvisionedThroughputExceededException", TableError::Unavailable),
            ("InternalServerError", TableError::Unavailable),
            ("SomethingNewException", TableError::Unavailable),
        ] {
            let metadata = ErrorMetadata::builder().code(code).build();
            let error = failed(TransactWriteItemsError::generic(metadata));
            assert_eq!(cancelled(&error), None, "{code}");
            assert_eq!(classify("TransactWriteItems source", &error), expected, "{code}");
        }
    }

    #[test]
    fn an_attribute_that_serves_twice_is_named_once() {
        let own = |name: &str| name.to_owned();
        let columns = Columns {
            key: own("Id"),
            sort_key: Some(own("Line")),
            number: own("Card"),
            expiry: Some(own("Until")),
            order: own("Id"),
            name: own("Name"),
            address: own("Address"),
            amount: None,
            currency: None,
            owner: None,
            token: None,
        };
        let Projection { expression, names } = Projection::of(&columns);
        assert_eq!(expression.split(", ").count(), names.len());
        assert_eq!(names.values().filter(|name| *name == "Id").count(), 1);
        assert_eq!(names.len(), 7);
    }
}
