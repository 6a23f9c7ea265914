//! What DynamoDB charges for a call, in request units: the database is asked for it with each call
//! (`ReturnConsumedCapacity`), as AWS can be, and the answer goes on without it.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>

use std::ops::{AddAssign, Sub};

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    calls::{Call, Service},
    request::Request,
};

/// The operations that read. All others that have units write.
const READS: [&str; 5] = ["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"];
/// The operations that can tell.
const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// Request units. A refused call has none here, though AWS charges for a condition that failed; nor has a transaction
/// that was repeated under its token, of which AWS charges the reads.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Write request units: one per KB written, twice that in a transaction.
    pub write: f64,
    /// Read request units: one per 4 KB read consistently, half that otherwise, twice that in a transaction.
    pub read: f64,
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.write += other.write;
        self.read += other.read;
    }
}

impl Sub for Units {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { write: self.write - other.write, read: self.read - other.read }
    }
}

/// The request, asking for its units.
pub(super) fn ask(mut request: Request) -> Request {
    let can_tell = READS.contains(&&*request.operation) || WRITES.contains(&&*request.operation);
    if request.service == Service::DynamoDb
        && can_tell
        && let Some(members) = request.json.as_object_mut()
    {
        members.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        request.body = Bytes::from(request.json.to_string());
    }
    request
}

/// The units that the answer tells, and the answer without them.
pub(super) fn take(call: &Call, answer: Answer) -> (Answer, Units) {
    let mut units = Units::default();
    if call.service != Service::DynamoDb {
        return (answer, units);
    }
    let Ok(Value::Object(mut members)) = serde_json::from_slice(&answer.body) else { return (answer, units) };
    let Some(consumed) = members.remove("ConsumedCapacity") else { return (answer, units) };
    // One table's, or a list of tables'.
    let all = consumed.as_array().map_or_else(|| std::slice::from_ref(&consumed), Vec::as_slice);
    let sum = all.iter().filter_map(|one| one.get("CapacityUnits")?.as_f64()).sum();
    if READS.contains(&&*call.operation) {
        units.read = sum;
    } else {
        units.write = sum;
    }
    let body = Bytes::from(Value::Object(members).to_string());
    (Answer { body, ..answer }, units)
}
