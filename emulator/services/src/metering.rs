//! Metering: the database is asked with each call what DynamoDB charges for it (`ReturnConsumedCapacity`), as AWS
//! can be, and the answer goes to the caller without it.

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::{answer::Answer, calls::Call, events::chunks, request::Request, service::Service, units::Units};

/// The operations that read. All others that have units write.
const READS: [&str; 5] = ["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"];
/// The operations that can say it.
const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// The request, asking for its units.
pub(crate) fn with_metering(mut request: Request) -> Request {
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

/// The events that AWS charges for, and the answer.
pub(crate) fn event_units(asked: &Value, answer: Answer) -> (Answer, Units) {
    let told = serde_json::from_slice(&answer.body).unwrap_or_default();
    let units = Units { events: chunks(asked, &told), ..Units::default() };
    (answer, units)
}

/// The units in the answer, and the answer without them.
pub(crate) fn take_units(call: &Call, answer: Answer) -> (Answer, Units) {
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
