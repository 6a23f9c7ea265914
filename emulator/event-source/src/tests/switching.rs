//! A mapping that is turned off and on again.

use super::*;

#[tokio::test]
async fn a_mapping_that_is_off_reads_and_invokes_nothing_and_goes_on_where_it_stopped() {
    let world = World::new();
    let mut mapping = world.mapping();
    let switch = mapping.switch();
    world.write([1]);
    world.settle(&mut mapping).await;
    assert_eq!(switch.set(false), Ok(MappingState::Disabling));
    assert_eq!(mapping.step().await.did, Did::Nothing);
    assert_eq!(switch.state(), MappingState::Disabled);
    world.write([2]);
    let reads = world.stream.lock().unwrap().reads;
    for _ in 0..5 {
        world.pass(60);
        let step = mapping.step().await;
        assert_eq!(step.did, Did::Nothing);
        assert!(step.next > world.now(), "it does not ask for a step at once");
    }
    assert_eq!((world.stream.lock().unwrap().reads, world.invocations()), (reads, vec![vec![1]]));
    assert_eq!(switch.set(true), Ok(MappingState::Enabling));
    world.settle(&mut mapping).await;
    assert_eq!((switch.state(), world.invocations()), (MappingState::Enabled, vec![vec![1], vec![2]]));
}

#[tokio::test]
async fn the_action_under_way_is_finished_first_and_its_retry_waits() {
    let world = World::new();
    let mut mapping = world.mapping();
    let switch = mapping.switch();
    let during = switch.clone();
    world.behave(move |_| {
        assert_eq!(during.set(false), Ok(MappingState::Disabling));
        Err(card_airlock_lambda::FunctionError::Unhandled)
    });
    world.write([1]);
    world.steps_until(&mut mapping, |did, _| matches!(did, Did::Invoked { .. })).await;
    assert_eq!(switch.state(), MappingState::Disabling);
    world.pass(600);
    assert_eq!(mapping.step().await.did, Did::Nothing);
    assert_eq!(switch.state(), MappingState::Disabled);
    world.behave(|_| Ok(vec![]));
    switch.set(true).unwrap();
    world.settle(&mut mapping).await;
    assert_eq!(world.invocations(), [[1], [1]]);
}

#[test]
fn a_change_waits_for_the_one_before_and_no_change_is_none() {
    let switch = MappingSwitch::default();
    assert_eq!(switch.set(true), Ok(MappingState::Enabled));
    assert_eq!(switch.set(false), Ok(MappingState::Disabling));
    for is_on in [true, false] {
        assert_eq!(switch.set(is_on), Err(ChangeUnderWay));
    }
    assert!(!switch.settle());
    assert_eq!(switch.set(false), Ok(MappingState::Disabled));
    assert_eq!(switch.set(true), Ok(MappingState::Enabling));
    for is_on in [true, false] {
        assert_eq!(switch.set(is_on), Err(ChangeUnderWay));
    }
    assert!(switch.settle());
    assert_eq!(switch.state(), MappingState::Enabled);
}

#[tokio::test(start_paused = true)]
async fn a_running_mapping_follows_its_switch_at_once() {
    let mut world = World::new();
    world.time = TestClock::running();
    let mut mapping = world.mapping();
    let (switch, stop) = (mapping.switch(), Arc::new(tokio::sync::Notify::new()));
    let stopping = stop.clone();
    let running = tokio::spawn(async move { mapping.run(stopping.notified()).await });
    let until = async |wanted: MappingState| {
        while switch.state() != wanted {
            tokio::task::yield_now().await;
        }
    };
    switch.set(false).unwrap();
    until(MappingState::Disabled).await;
    // It sleeps now.
    tokio::time::sleep(Duration::from_millis(10)).await;
    let before = tokio::time::Instant::now();
    switch.set(true).unwrap();
    until(MappingState::Enabled).await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    stop.notify_one();
    running.await.unwrap();
}
