//! The embedded database: in memory with the stack's clock, or in a file with the machine's. Dynoxide gives a file no clock.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use clock::Clock;
use dynoxide::{Database, DynoxideError, storage::Storage, storage_backend};
use rusqlite::{Connection, params};

/// Every write to a table with a stream asks for the highest sequence number, and every reader for those after one:
/// without an index dynoxide looks at all records there are, and each thousand orders make it slower.
const STREAM_INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS stream_last ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS stream_next
        ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));";

/// What dynoxide adds to a stored sequence number in its public form.
const SEQUENCE_OFFSET: u128 = 100_000_000_000_000_000_000;

/// An empty database in memory, with those indexes. It takes them over from a file, which alone can be given some.
pub(crate) fn in_memory(clock: Clock) -> dynoxide::Result<Database> {
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join("indexed.db");
    add_indexes(&file)?;
    let database = Database::memory_with_clock(Arc::new(DynamoClock(clock)))?;
    database.restore_from(text(&file)?)?;
    Ok(database)
}

/// Makes a database file, or what is missing of one.
pub(crate) fn make(file: &Path) -> Result<(), ()> {
    add_indexes(file).map_err(drop)
}

/// The database of a file.
pub(crate) fn in_file(file: &Path) -> dynoxide::Result<Database> {
    Database::new(text(file)?)
}

/// Removes the records of a table's stream up to a public sequence number that were written before a time, in seconds
/// since 1970: dynoxide itself never removes one.
pub(crate) fn forget_records(file: &Path, table: &str, up_to: &str, before: u64) -> Result<(), ()> {
    let up_to = up_to.parse::<u128>().ok().and_then(|number| number.checked_sub(SEQUENCE_OFFSET));
    let up_to = up_to.and_then(|number| i64::try_from(number).ok()).ok_or(())?;
    let before = i64::try_from(before).map_err(drop)?;
    let connection = Connection::open(file).map_err(drop)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(drop)?;
    let delete = "DELETE FROM _stream_records
        WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 AND created_at < ?3";
    connection.execute(delete, params![table, up_to, before]).map(drop).map_err(drop)
}

fn add_indexes(file: &Path) -> dynoxide::Result<()> {
    Storage::new(text(file)?)?.conn().execute_batch(STREAM_INDEXES)?;
    Ok(())
}

fn text(path: &Path) -> dynoxide::Result<&str> {
    path.to_str().ok_or_else(|| failed("the path is not in UTF-8"))
}

fn failed(why: impl ToString) -> DynoxideError {
    DynoxideError::InternalServerError(why.to_string())
}

/// Our clock, as dynoxide asks for the time.
struct DynamoClock(Clock);

impl DynamoClock {
    fn since_epoch(&self) -> Duration {
        self.0.now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl storage_backend::Clock for DynamoClock {
    fn now_unix_secs(&self) -> u64 {
        self.since_epoch().as_secs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.since_epoch().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use dynoxide::actions::{
        get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest, put_item::PutItemRequest,
    };
    use serde_json::{Value, json};

    use super::*;

    /// The sequence numbers of the records of `Tab`.
    fn sequences(database: &Database, stream: &str) -> Vec<String> {
        let from = GetShardIteratorRequest {
            stream_arn: stream.to_owned(),
            shard_id: dynoxide::streams::shard_id("Tab"),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        };
        let shard_iterator = database.get_shard_iterator(from).unwrap().shard_iterator.unwrap();
        let read = database.get_records(GetRecordsRequest { shard_iterator, limit: None }).unwrap();
        read.records.into_iter().map(|record| record.dynamodb.sequence_number).collect()
    }

    #[test]
    fn records_that_were_read_and_are_old_are_removed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.db");
        make(&file).unwrap();
        let database = in_file(&file).unwrap();
        let table = json!({
            "TableName": "Tab",
            "AttributeDefinitions": [{ "AttributeName": "Id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "Id", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        });
        let made = database.create_table(serde_json::from_value(table).unwrap()).unwrap();
        let made: Value = serde_json::to_value(made).unwrap();
        let stream = made["TableDescription"]["LatestStreamArn"].as_str().unwrap().to_owned();
        for id in ["a", "b", "c"] {
            let put = json!({ "TableName": "Tab", "Item": { "Id": { "S": id } } });
            let put: PutItemRequest = serde_json::from_value(put).unwrap();
            database.put_item(put).unwrap();
        }
        let [_, second, third] = sequences(&database, &stream).try_into().unwrap();
        let later = u64::MAX / 2;
        forget_records(&file, "Tab", &third, 1).unwrap();
        assert_eq!(sequences(&database, &stream).len(), 3, "they are not old");
        forget_records(&file, "Another", &third, later).unwrap();
        assert_eq!(sequences(&database, &stream).len(), 3, "they are another table's");
        forget_records(&file, "Tab", &second, later).unwrap();
        assert_eq!(sequences(&database, &stream), std::slice::from_ref(&third), "what was not read stays");
        assert!(forget_records(&file, "Tab", "no number", later).is_err());
    }
}
