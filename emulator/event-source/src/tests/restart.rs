//! Checkpoints over restarts, and streams that lost their oldest records.

use card_airlock_lambda::FunctionError;

use super::*;

#[tokio::test]
async fn a_restarted_mapping_delivers_again_what_was_not_checkpointed() {
    let mut world = World::new();
    world.settings.batch_size = 2;
    world.write(1..=6);
    world.behave(|numbers| if numbers.contains(&3) { Err(FunctionError::Unhandled) } else { Ok(vec![]) });
    let mut stopped = world.mapping();
    world.steps_until(&mut stopped, |_, _| world.invocations().len() == 2).await;
    drop(stopped);
    world.behave(|_| Ok(vec![]));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[1, 2], [3, 4], [3, 4], [5, 6]]);
}

#[tokio::test]
async fn a_restart_amid_a_partial_response_goes_on_at_the_reported_number() {
    let mut world = World::new();
    world.settings.report_batch_item_failures = true;
    world.write(1..=4);
    world.behave(|_| failures([3]));
    let mut stopped = world.mapping();
    world.steps_until(&mut stopped, |_, _| !world.invocations().is_empty()).await;
    drop(stopped);
    world.behave(|_| Ok(vec![]));
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [vec![1, 2, 3, 4], vec![3, 4]]);
}

#[tokio::test]
async fn a_restart_before_the_destination_took_a_message_tries_the_records_again() {
    let mut world = World::new();
    world.settings.maximum_retry_attempts = Some(0);
    world.write([1]);
    world.behave(|_| Err(FunctionError::Unhandled));
    *world.queue_failures.lock().unwrap() = usize::MAX;
    let mut stopped = world.mapping();
    world.steps_until(&mut stopped, |did, _| did == Did::DestinationFailed).await;
    drop(stopped);
    *world.queue_failures.lock().unwrap() = 0;
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[1], [1]]);
    assert_eq!(world.messages().len(), 1);
}

#[tokio::test]
async fn a_lane_that_is_done_does_not_move_the_checkpoint_past_another() {
    let mut world = World::new();
    world.settings.parallelization_factor = 10;
    world.write(1..=20);
    world.behave(|numbers| if numbers.contains(&1) { Err(FunctionError::Unhandled) } else { Ok(vec![]) });
    let mut stopped = world.mapping();
    world.steps_until(&mut stopped, |_, _| world.invocations().concat().contains(&20)).await;
    drop(stopped);
    world.invocations.lock().unwrap().clear();
    world.behave(|_| Ok(vec![]));
    world.settle(&mut world.mapping()).await;
    let mut again = world.invocations().concat();
    again.sort_unstable();
    assert_eq!(again, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_step_dropped_during_an_invocation_loses_nothing() {
    let world = World::new();
    world.write([1]);
    let mut mapping = world.mapping();
    mapping.step().await;
    let function = mapping.function.clone();
    mapping.function = Function::new(|_: Vec<u8>, _| std::future::pending());
    assert!(futures::FutureExt::now_or_never(mapping.step()).is_none());
    mapping.function = function;
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [[1]]);
}

#[tokio::test]
async fn a_trimmed_position_goes_on_at_the_trim_horizon() {
    let world = World::new();
    world.write(1..=2);
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    world.write(3..=8);
    {
        let mut stream = world.stream.lock().unwrap();
        stream.horizon = 5;
        stream.records.retain(|(number, _)| *number > 5);
    }
    let did = world.settle(&mut mapping).await;
    assert!(did.contains(&Did::Trimmed));
    assert_eq!(world.invocations(), [vec![1, 2], vec![6, 7, 8]]);
    assert_eq!(mapping.stats().snapshot().trims, 1);
}

#[tokio::test]
async fn a_checkpoint_trimmed_while_stopped_goes_on_at_the_trim_horizon() {
    let world = World::new();
    world.write(1..=2);
    world.settle(&mut world.mapping()).await;
    {
        let mut stream = world.stream.lock().unwrap();
        stream.horizon = 5;
        stream.records.clear();
    }
    world.write(6..=7);
    world.settle(&mut world.mapping()).await;
    assert_eq!(world.invocations(), [[1, 2], [6, 7]]);
}

#[tokio::test]
async fn what_is_still_there_at_the_trim_horizon_is_not_delivered_again() {
    let world = World::new();
    world.write(1..=3);
    let mut mapping = world.mapping();
    world.settle(&mut mapping).await;
    for mapping in [&mut mapping, &mut world.mapping()] {
        world.stream.lock().unwrap().trimmed_once = true;
        let did = world.settle(mapping).await;
        assert!(did.contains(&Did::Trimmed));
    }
    assert_eq!(world.invocations(), [[1, 2, 3]]);
}
