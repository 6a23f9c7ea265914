//! How records reach the function.

use card_airlock_lambda::FunctionError;

use super::*;

#[tokio::test]
async fn records_are_delivered_in_batches_of_at_most_the_batch_size() {
    let mut world = World::new();
    world.settings.batch_size = 4;
    world.write(1..=10);
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]]);
    let stats = mapping.stats().snapshot();
    assert_eq!((stats.read, stats.delivered, stats.invocations), (10, 10, 3));
}

#[tokio::test]
async fn the_event_is_a_list_of_records_with_the_streams_arn_and_the_deadline_is_the_timeout() {
    let world = World::new();
    world.write([1]);
    let seen = Arc::new(Mutex::new(None));
    let keep = seen.clone();
    let mut mapping = world.mapping();
    mapping.function = Function::new(move |event: Vec<u8>, deadline| {
        *keep.lock().unwrap() = Some((event, deadline));
        async { Ok(vec![]) }
    });
    let before = world.now();
    world.settle(&mut mapping).await;
    let (event, deadline) = seen.lock().unwrap().take().unwrap();
    let event: Value = serde_json::from_slice(&event).unwrap();
    assert_eq!(event["Records"][0]["eventSourceARN"], "arn:stream");
    assert_eq!(event["Records"][0]["eventName"], "INSERT");
    assert_eq!(deadline, before + Duration::from_secs(30));
}

#[tokio::test]
async fn with_a_window_a_batch_waits_until_it_is_full_or_the_window_has_passed() {
    let mut world = World::new();
    world.settings.batch_size = 3;
    world.settings.maximum_batching_window = Duration::from_secs(10);
    world.write([1, 2]);
    let mut mapping = world.mapping();
    mapping.step().await;
    world.pass(9);
    assert!(matches!(mapping.step().await.did, Did::Polled { read: 0, .. }));
    assert!(world.invocations().is_empty());
    world.write([3]);
    world.pass(0);
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [vec![1, 2, 3]], "full before its time");

    world.write([4]);
    let written = world.now();
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations()[1], [4]);
    assert!(world.now() >= written + Duration::from_secs(10));
}

#[tokio::test]
async fn a_batch_is_sent_when_its_payload_is_full() {
    let mut world = World::new();
    world.settings.maximum_batching_window = Duration::from_secs(300);
    world.write(10..=14);
    let one = serde_json::to_vec(&world.stream.lock().unwrap().records[0].1).unwrap().len();
    // Each record grows by its eventSourceARN; two fit, three do not.
    world.settings.payload_limit = 3 * one;
    let began = world.now();
    let mut mapping = world.mapping();
    mapping.step().await;
    mapping.step().await;
    mapping.step().await;
    assert_eq!(world.invocations(), [[10, 11], [12, 13]]);
    assert_eq!(world.now(), began, "without waiting for the window");
}

#[tokio::test]
async fn filtered_records_are_passed_over_and_the_checkpoint_advances() {
    let mut world = World::new();
    world.settings.filter_criteria =
        FilterCriteria::from_patterns([r#"{"dynamodb":{"Keys":{"Id":{"N":["2","4"]}}}}"#]).unwrap();
    world.write(1..=5);
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [[2, 4]]);
    assert_eq!(mapping.stats().snapshot().filtered, 3);
    let last = Position::After(SequenceNumber::parse("5").unwrap());
    assert_eq!(world.checkpoints.position("shard-1"), Some(last));
}

#[tokio::test]
async fn lanes_keep_the_records_of_an_item_in_order_and_do_not_wait_for_each_other() {
    let mut world = World::new();
    world.settings.parallelization_factor = 10;
    world.settings.maximum_retry_attempts = Some(2);
    for number in 1..=60 {
        world.write_item(number, number % 6);
    }
    world.behave(|numbers| {
        // Item 0 cannot be processed.
        if numbers.iter().any(|number| number % 6 == 0) { Err(FunctionError::Unhandled) } else { Ok(vec![]) }
    });
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    let mut delivered: Vec<u64> = Vec::new();
    let invocations = world.invocations();
    for batch in &invocations {
        let items: std::collections::BTreeSet<_> = batch.iter().map(|number| number % 6).collect();
        if !items.contains(&0) {
            delivered.extend(batch);
        }
    }
    assert!(invocations.len() > 2, "more than one lane");
    for item in 1..6 {
        let of_item: Vec<_> = delivered.iter().filter(|number| *number % 6 == item).collect();
        assert!(of_item.is_sorted(), "{of_item:?}");
    }
    let first_failure = invocations.iter().position(|batch| batch.contains(&6)).unwrap();
    let retry = invocations.iter().rposition(|batch| batch.contains(&6)).unwrap();
    assert!(
        invocations[first_failure..retry].iter().any(|batch| !batch.contains(&6)) || first_failure == 0,
        "other lanes go on meanwhile"
    );
}

#[tokio::test]
async fn latest_begins_behind_the_newest_record_also_after_a_restart_without_records() {
    let mut world = World::new();
    world.settings.starting_position = StartingPosition::Latest;
    world.write([1, 2]);
    world.settle(&mut world.mapping()).await;
    assert!(world.invocations().is_empty());
    world.write([3]);
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[3]]);
}

#[tokio::test]
async fn an_idle_mapping_polls_again_after_the_idle_poll() {
    let world = World::new();
    let mut mapping = world.mapping();
    let step = mapping.step().await;
    assert_eq!(
        step,
        Step { did: Did::Polled { read: 0, matched: 0 }, next: world.now() + Duration::from_millis(25) }
    );
    assert_eq!(mapping.step().await.did, Did::Nothing);
    assert_eq!(world.stream.lock().unwrap().reads, 1);
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_is_read_again_later_and_later() {
    let world = World::new();
    world.write([1]);
    world.stream.lock().unwrap().down = true;
    let mut mapping = world.mapping();
    let first = mapping.step().await;
    assert_eq!((first.did, first.next), (Did::PollFailed, world.now() + Duration::from_millis(100)));
    world.time.set(first.next);
    let second = mapping.step().await;
    assert_eq!((second.did, second.next), (Did::PollFailed, world.now() + Duration::from_millis(200)));
    world.stream.lock().unwrap().down = false;
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [[1]]);
}

#[tokio::test(start_paused = true)]
async fn running_delivers_until_shut_down_and_finishes_the_invocation_under_way() {
    let world = World::new();
    world.write([1]);
    let mut mapping = world.mapping();
    let (began, wait) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (in_began, in_wait) = (began.clone(), wait.clone());
    mapping.function = Function::new(move |_: Vec<u8>, _| {
        let (began, wait) = (in_began.clone(), in_wait.clone());
        async move {
            began.notify_one();
            wait.notified().await;
            Ok(vec![])
        }
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        mapping.run(async { stopped.await.unwrap() }).await;
        mapping.stats().snapshot().delivered
    });
    began.notified().await;
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    assert!(!running.is_finished());
    wait.notify_one();
    assert_eq!(running.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn running_cancels_a_function_beyond_its_timeout_and_retries() {
    let world = World::new();
    world.write([1]);
    let mut mapping = world.mapping();
    let calls = Arc::new(Mutex::new(0));
    let (count, done) = (calls.clone(), Arc::new(tokio::sync::Notify::new()));
    let answered = done.clone();
    mapping.function = Function::new(move |_: Vec<u8>, _| {
        *count.lock().unwrap() += 1;
        let (call, answered) = (*count.lock().unwrap(), answered.clone());
        async move {
            if call == 1 {
                std::future::pending::<()>().await;
            }
            answered.notify_one();
            Ok(vec![])
        }
    });
    // The clock of the mapping is not tokio's: it follows here, so that the wait before the retry passes.
    let started = tokio::time::Instant::now();
    let origin = world.now();
    mapping.clock = clock::Clock::from_fn(move || origin + started.elapsed());
    let reader = mapping.stats();
    mapping.run(async move { done.notified().await }).await;
    assert_eq!(*calls.lock().unwrap(), 2);
    assert_eq!((reader.snapshot().retries, reader.snapshot().delivered), (1, 1));
    assert!(started.elapsed() >= Duration::from_secs(30));
}
