//! What becomes of records that the function cannot process.

use card_airlock_lambda::FunctionError;

use super::*;

const EXHAUSTED: &str = "RetryAttemptsExhausted";
const TOO_OLD: &str = "RecordAgeExceeded";

#[tokio::test]
async fn a_failed_batch_is_retried_as_often_as_set_then_its_position_is_sent_and_the_shard_goes_on() {
    let mut world = World::new();
    world.settings.batch_size = 2;
    world.settings.maximum_retry_attempts = Some(3);
    world.write(1..=4);
    world.behave(|numbers| if numbers.contains(&1) { Err(FunctionError::TimedOut) } else { Ok(vec![]) });
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [[1, 2], [1, 2], [1, 2], [1, 2], [3, 4]]);
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 1, 2)]);
    let stats = mapping.stats().snapshot();
    assert_eq!((stats.retries, stats.discarded, stats.delivered), (3, 2, 2));
}

#[tokio::test]
async fn retries_wait_longer_and_longer() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(4);
    world.settings.backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(3) };
    world.write([1]);
    let (time, times) = (world.time.clone(), Arc::new(Mutex::new(Vec::new())));
    let log = times.clone();
    world.behave(move |_| {
        log.lock().unwrap().push(time.now());
        Err(FunctionError::Unhandled)
    });
    world.settle(&mut world.mapping()).await;
    let times = times.lock().unwrap();
    let waits: Vec<_> =
        times.windows(2).map(|pair| pair[1].duration_since(pair[0]).unwrap().as_secs()).collect();
    assert_eq!(waits, [1, 2, 3, 3]);
}

#[tokio::test]
async fn a_message_has_the_body_that_lambda_sends() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(1);
    world.write([7]);
    world.pass(1);
    world.write([8]);
    world.behave(|_| Err(FunctionError::Unhandled));
    world.settle(&mut world.mapping()).await;
    let mut message = world.messages().remove(0);
    let id = message["requestContext"]["requestId"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    assert_eq!(
        message,
        json!({
            "requestContext": {"requestId": null, "functionArn": "arn:function",
                               "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 2},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2023-11-14T22:13:21.100Z",
            "DDBStreamBatchInfo": {
                "shardId": "shard-1", "startSequenceNumber": "7", "endSequenceNumber": "8",
                "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20Z",
                "approximateArrivalOfLastRecord": "2023-11-14T22:13:21Z",
                "batchSize": 2, "streamArn": "arn:stream"
            }
        })
    );
}

#[tokio::test]
async fn with_bisect_halves_are_tried_until_the_poison_stands_alone_and_only_it_takes_retries() {
    let mut world = World::new();
    world.settings.bisect_batch_on_function_error = true;
    world.settings.maximum_retry_attempts = Some(1);
    world.write(1..=4);
    world.behave(|numbers| if numbers.contains(&3) { Err(FunctionError::Unhandled) } else { Ok(vec![]) });
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [vec![1, 2, 3, 4], vec![1, 2], vec![3, 4], vec![3], vec![3], vec![4]]);
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 3, 3)]);
    assert_eq!(world.messages()[0]["requestContext"]["approximateInvokeCount"], 2);
}

#[tokio::test]
async fn reported_failures_bring_back_all_from_the_lowest_number_on() {
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.write(8..=12);
    let mut first = true;
    world.behave(move |_| if std::mem::take(&mut first) { failures([11, 10]) } else { Ok(vec![]) });
    let mut mapping = world.mapping();
    let did = world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [vec![8, 9, 10, 11, 12], vec![10, 11, 12]]);
    assert!(did.contains(&Did::Invoked { records: 5, outcome: Outcome::Partial { done: 2 } }));
    assert_eq!(mapping.stats().snapshot().delivered, 5);
}

#[tokio::test]
async fn what_is_left_after_reported_failures_has_all_its_retries() {
    // As recorded against AWS: 6 of a batch of 3 at 3 retries comes 1 + 4 times, the message counts 4.
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.settings.maximum_retry_attempts = Some(3);
    world.write(4..=6);
    world.behave(|_| failures([6]));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [vec![4, 5, 6], vec![6], vec![6], vec![6], vec![6]]);
    let message = &world.messages()[0];
    assert_eq!(message["requestContext"]["approximateInvokeCount"], 4);
    assert_eq!(message["responseContext"]["functionError"], Value::Null);
    assert_eq!(message["DDBStreamBatchInfo"]["batchSize"], 1);
}

#[tokio::test]
async fn a_report_of_the_first_record_is_a_retry_of_the_whole_batch_also_with_bisect() {
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.settings.bisect_batch_on_function_error = true;
    world.settings.maximum_retry_attempts = Some(1);
    world.write(1..=3);
    world.behave(|numbers| failures(numbers.first().copied()));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[1, 2, 3], [1, 2, 3]]);
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 1, 3)]);
}

#[tokio::test]
async fn with_both_a_report_splits_at_its_number_and_an_error_in_halves() {
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.settings.bisect_batch_on_function_error = true;
    world.write(1..=6);
    let mut call = 0;
    world.behave(move |_| {
        call += 1;
        match call {
            1 => failures([3]),
            2 => Err(FunctionError::Unhandled),
            _ => Ok(vec![]),
        }
    });
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [vec![1, 2, 3, 4, 5, 6], vec![3, 4, 5, 6], vec![3, 4], vec![5, 6]]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_fails_the_whole_batch() {
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.settings.maximum_retry_attempts = Some(0);
    world.write([1, 2]);
    world.behave(|_| Ok(br#"{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":""}]}"#.to_vec()));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 1, 2)]);
    assert_eq!(world.messages()[0]["responseContext"]["functionError"], Value::Null);
}

#[tokio::test]
async fn reported_failures_mean_nothing_unless_the_mapping_asks_for_them() {
    let world = World::new();
    world.write([1, 2]);
    world.behave(|_| failures([1]));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations().len(), 1);
    assert!(world.messages().is_empty());
}

#[tokio::test]
async fn throttled_invocations_take_no_retries() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(0);
    world.settings.bisect_batch_on_function_error = true;
    world.write([1, 2]);
    let mut refusals = 5;
    world.behave(move |_| {
        refusals -= 1;
        if refusals >= 0 { Err(FunctionError::Throttled) } else { Ok(vec![]) }
    });
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    assert!(world.messages().is_empty());
    let stats = mapping.stats().snapshot();
    assert_eq!((stats.throttled, stats.invocations, stats.delivered), (5, 1, 2));
}

#[tokio::test]
async fn a_batch_throttled_beyond_the_maximum_age_is_given_up_without_a_response() {
    let mut world = World::new();
    world.settings.maximum_record_age = Some(Duration::from_secs(60));
    world.write([1]);
    world.behave(|_| Err(FunctionError::Throttled));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.discarded(), [(TOO_OLD.to_owned(), 1, 1)]);
    assert_eq!(world.messages()[0]["requestContext"]["approximateInvokeCount"], 0);
    assert_eq!(world.messages()[0].get("responseContext"), None);
}

#[tokio::test]
async fn only_the_records_beyond_the_maximum_age_are_given_up() {
    let mut world = World::new();
    world.settings.maximum_record_age = Some(Duration::from_secs(60));
    world.write([1, 2]);
    world.pass(61);
    world.write([3]);
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[3]]);
    assert_eq!(world.discarded(), [(TOO_OLD.to_owned(), 1, 2)]);
}

#[tokio::test]
async fn without_limits_a_batch_is_retried_until_the_stream_would_have_dropped_it() {
    let world = World::new();
    world.write([1]);
    let written = world.now();
    world.behave(|_| Err(FunctionError::Unhandled));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.discarded(), [(TOO_OLD.to_owned(), 1, 1)]);
    assert!(world.now() > written + Duration::from_secs(24 * 60 * 60));
}

#[tokio::test]
async fn a_message_that_the_destination_does_not_take_is_sent_again_the_same() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(0);
    world.settings.batch_size = 1;
    world.write([1, 2]);
    world.behave(|numbers| if numbers == [1] { Err(FunctionError::Unhandled) } else { Ok(vec![]) });
    *world.queue_failures.lock().unwrap() = 3;
    let mut mapping = world.mapping();
    let did = world.settle(&mut mapping).await;
    assert_eq!(did.iter().filter(|did| **did == Did::DestinationFailed).count(), 3);
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 1, 1)]);
    assert_eq!(world.invocations(), [[1], [2]], "the function is not invoked again meanwhile");
    assert_eq!(mapping.stats().snapshot().destination_failures, 3);
}

#[tokio::test]
async fn the_waits_for_the_destination_begin_anew_and_do_not_change_the_condition() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(3);
    world.settings.maximum_record_age = Some(Duration::from_secs(60));
    world.write([1]);
    let written = world.now();
    world.behave(|_| Err(FunctionError::Unhandled));
    // 0.1 s, twice as long each time: more than the maximum age together.
    *world.queue_failures.lock().unwrap() = 10;
    let mut mapping = world.mapping();
    world.steps_until(&mut mapping, |did, _| did == Did::DestinationFailed).await;
    let idle = mapping.step().await;
    assert_eq!((idle.did, idle.next), (Did::Nothing, world.now() + Duration::from_millis(100)));
    world.settle(&mut mapping).await;
    assert_eq!(world.discarded(), [(EXHAUSTED.to_owned(), 1, 1)]);
    assert!(world.now() > written + Duration::from_secs(60));
}

#[tokio::test]
async fn a_function_that_panics_counts_as_failed() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(0);
    world.write([1]);
    let mut mapping = world.mapping();
    mapping.function = Function::new(|_: Vec<u8>, _| async { panic!("in the handler") });
    world.settle(&mut mapping).await;
    assert_eq!(world.messages()[0]["responseContext"]["functionError"], "Unhandled");
}
