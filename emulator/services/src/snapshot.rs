//! What the services hold at rest, read without a call: for the console, and for tests that look for what must not
//! be there.

use dynoxide::actions::{get_item::GetItemRequest, list_tables::ListTablesRequest, scan::ScanRequest};
use serde_json::{Map, Value, json};

use crate::{
    endpoint::AwsEndpoint,
    streams::{StreamError, StreamReader},
};

const PAGE: usize = 1000;

impl AwsEndpoint {
    /// `{"tables": {name: [item…]}, "streams": {table: [record…]}, "queues": {name: [send request…]}, "events": [event…]}`. Items are
    /// in DynamoDB's JSON, binary in base64; queues have everything that was ever sent (the latest 10,000), buses too.
    ///
    /// # Errors
    /// When the embedded database fails.
    pub fn snapshot(&self) -> Result<Value, StreamError> {
        let mut tables = Map::new();
        let mut streams = Map::new();
        let listed = self.0.dynamo.database.list_tables(ListTablesRequest::default());
        for table in listed.map_err(|_| StreamError::Database)?.table_names {
            tables.insert(table.clone(), Value::Array(self.rows(&table)?));
            let reader = self.0.dynamo.stream(&format!(":table/{table}/stream/"));
            match reader {
                Ok(reader) => streams.insert(table, Value::Array(records(&reader)?)),
                Err(StreamError::NoSuchStream) => None,
                Err(error) => return Err(error),
            };
        }
        let events: Vec<Value> = self.events().iter().map(|event| event.envelope.clone()).collect();
        Ok(json!({ "tables": tables, "streams": streams, "queues": self.queues(), "events": events }))
    }

    /// The row of `table` with these text key attributes, in DynamoDB's JSON; `None` when there is none.
    ///
    /// # Errors
    /// When there is no such table or the embedded database fails.
    pub fn row(&self, table: &str, key: &[(&str, &str)]) -> Result<Option<Value>, StreamError> {
        let key: Map<String, Value> =
            key.iter().map(|(name, value)| ((*name).to_owned(), json!({ "S": value }))).collect();
        let asked: GetItemRequest =
            serde_json::from_value(json!({ "TableName": table, "Key": key, "ConsistentRead": true }))
                .map_err(|_| StreamError::Database)?;
        let found = self.0.dynamo.database.get_item(asked).map_err(|_| StreamError::Database)?;
        let mut found = serde_json::to_value(found).map_err(|_| StreamError::Database)?;
        Ok(found.get_mut("Item").map(Value::take).filter(Value::is_object))
    }

    /// All rows of `table`, in DynamoDB's JSON.
    ///
    /// # Errors
    /// When there is no such table or the embedded database fails.
    pub fn rows(&self, table: &str) -> Result<Vec<Value>, StreamError> {
        let mut items = Vec::new();
        let mut exclusive_start_key = None;
        loop {
            let page =
                ScanRequest { table_name: table.to_owned(), exclusive_start_key, ..ScanRequest::default() };
            let page = self.0.dynamo.database.scan(page).map_err(|_| StreamError::Database)?;
            exclusive_start_key = page.last_evaluated_key.clone();
            let mut page = serde_json::to_value(page).map_err(|_| StreamError::Database)?;
            if let Some(Value::Array(page)) = page.get_mut("Items").map(Value::take) {
                items.extend(page);
            }
            if exclusive_start_key.is_none() {
                return Ok(items);
            }
        }
    }

    fn queues(&self) -> Map<String, Value> {
        let mut queues = Map::new();
        for message in self.0.sqs.sent() {
            let url = message.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            if let Value::Array(messages) = queues.entry(name).or_insert_with(|| json!([])) {
                messages.push(message);
            }
        }
        queues
    }
}

fn records(reader: &StreamReader) -> Result<Vec<Value>, StreamError> {
    let mut records: Vec<Value> = Vec::new();
    loop {
        let last = records.last().and_then(|record| record.pointer("/dynamodb/SequenceNumber"));
        let position = last.and_then(Value::as_str).map(str::to_owned);
        let page = reader.records_after(position.as_deref(), PAGE)?;
        if page.is_empty() {
            return Ok(records);
        }
        records.extend(page);
    }
}
