//! Ten records, of which the seventh always fails: what the mapping does, step by step.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use card_airlock_event_source::{
    Checkpoints, Did, Mapping, Names, OnFailure, Position, SequenceNumber, Settings, SourceError,
    StartingPosition, StreamSource,
};
use card_airlock_lambda::{Function, FunctionError};
use clock::TestClock;
use futures::future::{BoxFuture, ready};
use serde_json::{Value, json};

const POISON: u64 = 7;

struct Records(Vec<Value>);

impl StreamSource for Records {
    fn read<'a>(
        &'a self,
        _shard: &'a str,
        from: &'a Position,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Value>, SourceError>> {
        let is_after = |record: &&Value| match from {
            Position::TrimHorizon => true,
            Position::After(last) => sequence(record).is_some_and(|number| number > *last),
        };
        let page = self.0.iter().filter(is_after).take(limit).cloned().collect();
        Box::pin(ready(Ok(page)))
    }

    fn latest<'a>(&'a self, _shard: &'a str) -> BoxFuture<'a, Result<Position, SourceError>> {
        let last = self.0.last().and_then(sequence);
        Box::pin(ready(Ok(last.map_or(Position::TrimHorizon, Position::After))))
    }
}

fn sequence(record: &Value) -> Option<SequenceNumber> {
    SequenceNumber::parse(record.pointer("/dynamodb/SequenceNumber")?.as_str()?)
}

fn record(number: u64, now: SystemTime) -> Value {
    let created = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    json!({ "eventName": "INSERT", "dynamodb": {
        "SequenceNumber": number.to_string(), "Keys": {"Id": {"N": number.to_string()}},
        "ApproximateCreationDateTime": created,
    }})
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let records = (1..=10).map(|number| record(number, time.now())).collect();
    let function = Function::new(|event: Vec<u8>, _| async move {
        let event: Value = serde_json::from_slice(&event).map_err(|_| FunctionError::Unhandled)?;
        let records = event.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_poison = |record: &Value| {
            let number = record.pointer("/dynamodb/SequenceNumber");
            number.and_then(Value::as_str) == Some(&POISON.to_string())
        };
        if records.iter().any(is_poison) { Err(FunctionError::Unhandled) } else { Ok(b"{}".to_vec()) }
    });
    let on_failure = OnFailure::new(|message| async move {
        println!("  to the destination: {}", message.get("DDBStreamBatchInfo").unwrap_or(&Value::Null));
        Ok(())
    });
    let mut settings = Settings::new(StartingPosition::TrimHorizon, Duration::from_secs(30));
    settings.bisect_batch_on_function_error = true;
    settings.maximum_retry_attempts = Some(2);
    let names = Names {
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:worker".to_owned(),
        stream_arn: "arn:aws:dynamodb:us-east-1:123456789012:table/Events/stream/1".to_owned(),
        shard_id: "shardId-1".to_owned(),
    };
    let source = Arc::new(Records(records));
    let mut mapping = Mapping::new(
        names,
        settings,
        source,
        function,
        Some(on_failure),
        time.clock(),
        Checkpoints::default(),
    );
    loop {
        let step = mapping.step().await;
        println!("{:?}", step.did);
        if matches!(step.did, Did::Polled { read: 0, .. }) && mapping.is_idle() {
            return;
        }
        time.advance(step.next.duration_since(time.now()).unwrap_or_default());
    }
}
