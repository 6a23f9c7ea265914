//! A stream, a function and a queue of the tests' own, and a clock they set.

mod check;
mod delivery;
mod failure;
mod random;
mod restart;
mod switching;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use card_airlock_lambda::{Function, FunctionResult};
use clock::TestClock;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;

const START: u64 = 1_700_000_000;

/// How a function answers to the numbers it is invoked with.
type Behaviour = Box<dyn FnMut(&[u64]) -> FunctionResult + Send>;

#[derive(Default)]
struct Stream {
    records: Vec<(u64, Value)>,
    horizon: u64,
    down: bool,
    /// The next read finds its position trimmed, whatever it is.
    trimmed_once: bool,
    reads: usize,
}

/// All that a mapping touches, and what it did with it.
struct World {
    time: TestClock,
    stream: Arc<Mutex<Stream>>,
    /// The numbers of each invocation.
    invocations: Arc<Mutex<Vec<Vec<u64>>>>,
    behaviour: Arc<Mutex<Behaviour>>,
    messages: Arc<Mutex<Vec<Value>>>,
    queue_failures: Arc<Mutex<usize>>,
    checkpoints: Checkpoints,
    settings: Settings,
}

impl World {
    fn new() -> Self {
        Self {
            time: TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(START)),
            stream: Arc::default(),
            invocations: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(|_| Ok(b"null".to_vec())))),
            messages: Arc::default(),
            queue_failures: Arc::default(),
            checkpoints: Checkpoints::default(),
            settings: Settings::new(StartingPosition::TrimHorizon, Duration::from_secs(30)),
        }
    }

    /// A mapping over this world; a second one is a restart.
    fn mapping(&self) -> Mapping {
        let (invocations, behaviour) = (self.invocations.clone(), self.behaviour.clone());
        let function = Function::new(move |event: Vec<u8>, _| {
            let numbers = numbers(&event);
            invocations.lock().unwrap().push(numbers.clone());
            let answer = behaviour.lock().unwrap()(&numbers);
            async move { answer }
        });
        let (messages, failures) = (self.messages.clone(), self.queue_failures.clone());
        let queue = OnFailure::new(move |message| {
            let mut failures = failures.lock().unwrap();
            let taken = *failures == 0;
            *failures = failures.saturating_sub(1);
            if taken {
                messages.lock().unwrap().push(message);
            }
            async move { if taken { Ok(()) } else { Err(DestinationError) } }
        });
        let names = Names {
            function_arn: "arn:function".into(),
            stream_arn: "arn:stream".into(),
            shard_id: "shard-1".into(),
        };
        let source = Arc::new(Source(self.stream.clone()));
        Mapping::new(
            names,
            self.settings.clone(),
            source,
            function,
            Some(queue),
            self.time.clock(),
            self.checkpoints.clone(),
        )
    }

    fn behave(&self, behaviour: impl FnMut(&[u64]) -> FunctionResult + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// Writes records of these numbers, each of an item of its own.
    fn write(&self, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|number| self.write_item(number, number));
    }

    fn write_item(&self, number: u64, item: u64) {
        let created = self.now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let record = json!({
            "eventID": number.to_string(), "eventName": "INSERT", "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": {"ApproximateCreationDateTime": created, "Keys": {"Id": {"N": item.to_string()}},
                         "SequenceNumber": number.to_string(), "SizeBytes": 3, "StreamViewType": "NEW_IMAGE"}
        });
        self.stream.lock().unwrap().records.push((number, record));
    }

    fn now(&self) -> SystemTime {
        self.time.now()
    }

    fn pass(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds));
    }

    /// Steps, letting time pass as asked, until all that is in the stream is done. Tells what was done.
    async fn settle(&self, mapping: &mut Mapping) -> Vec<Did> {
        self.steps_until(mapping, |did, idle| idle && matches!(did, Did::Polled { read: 0, .. })).await
    }

    /// Steps, letting time pass as asked, up to the step that did what is looked for.
    async fn steps_until(
        &self,
        mapping: &mut Mapping,
        mut is_last: impl FnMut(Did, bool) -> bool,
    ) -> Vec<Did> {
        let mut done = Vec::new();
        for _ in 0..10_000 {
            let step = mapping.step().await;
            done.push(step.did);
            if is_last(step.did, mapping.is_idle()) {
                return done;
            }
            self.time.advance_to(step.next);
        }
        panic!("the mapping does not come to the step that is looked for");
    }

    fn invocations(&self) -> Vec<Vec<u64>> {
        self.invocations.lock().unwrap().clone()
    }

    fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap().clone()
    }

    /// The condition and the range of each message.
    fn discarded(&self) -> Vec<(String, u64, u64)> {
        let number = |message: &Value, name: &str| {
            message["DDBStreamBatchInfo"][name].as_str().unwrap().parse::<u64>().unwrap()
        };
        let entry = |message: &Value| {
            let condition = message["requestContext"]["condition"].as_str().unwrap().to_owned();
            (condition, number(message, "startSequenceNumber"), number(message, "endSequenceNumber"))
        };
        self.messages().iter().map(entry).collect()
    }
}

struct Source(Arc<Mutex<Stream>>);

impl StreamSource for Source {
    fn read<'a>(
        &'a self,
        _: &'a str,
        from: &'a Position,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Value>, SourceError>> {
        let mut stream = self.0.lock().unwrap();
        stream.reads += 1;
        let after = match from {
            Position::TrimHorizon => stream.horizon,
            Position::After(sequence) => sequence.as_str().parse().unwrap(),
        };
        let page = if stream.down {
            Err(SourceError::Unavailable)
        } else if after < stream.horizon || std::mem::take(&mut stream.trimmed_once) {
            Err(SourceError::Trimmed)
        } else {
            let wanted = stream.records.iter().filter(|(number, _)| *number > after);
            Ok(wanted.take(limit).map(|(_, record)| record.clone()).collect())
        };
        Box::pin(async move { page })
    }

    fn latest<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Position, SourceError>> {
        let newest = self.0.lock().unwrap().records.last().map(|(number, _)| *number);
        let after = |number: u64| Position::After(SequenceNumber::parse(&number.to_string()).unwrap());
        Box::pin(async move { Ok(newest.map_or(Position::TrimHorizon, after)) })
    }
}

fn numbers(event: &[u8]) -> Vec<u64> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap();
    event["Records"].as_array().unwrap().iter().map(number).collect()
}

/// A partial batch response with these numbers.
fn failures(numbers: impl IntoIterator<Item = u64>) -> FunctionResult {
    let items: Vec<_> =
        numbers.into_iter().map(|number| json!({"itemIdentifier": number.to_string()})).collect();
    Ok(json!({ "batchItemFailures": items }).to_string().into_bytes())
}
