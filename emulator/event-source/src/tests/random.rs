//! Whatever the function does: nothing is lost, nothing out of order, nothing without bound.

use card_airlock_lambda::FunctionError;
use proptest::prelude::*;

use super::{check::Check, *};

/// What an invocation does beyond the poison.
#[derive(Debug, Clone)]
enum Reply {
    Success,
    Error,
    Timeout,
    Throttle,
    Garbage,
    /// Reports the record at this place and some later one.
    Report(prop::sample::Index),
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        4 => Just(Reply::Success),
        1 => Just(Reply::Error),
        1 => Just(Reply::Timeout),
        1 => Just(Reply::Throttle),
        1 => Just(Reply::Garbage),
        3 => any::<prop::sample::Index>().prop_map(Reply::Report),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    /// The item of each record.
    items: Vec<u64>,
    poison: Vec<bool>,
    replies: Vec<Reply>,
    batch_size: usize,
    lanes: usize,
    bisect: bool,
    report: bool,
    retries: u32,
    queue_failures: usize,
}

prop_compose! {
    fn case()(items in prop::collection::vec(0_u64..8, 1..60))(
        poison in prop::collection::vec(prop::bool::weighted(0.1), items.len()),
        items in Just(items),
        replies in prop::collection::vec(reply(), 0..40),
        batch_size in 1_usize..20,
        lanes in 1_usize..4,
        bisect in any::<bool>(),
        report in any::<bool>(),
        retries in 0_u32..4,
        queue_failures in 0_usize..3,
    ) -> Case {
        Case { items, poison, replies, batch_size, lanes, bisect, report, retries, queue_failures }
    }
}

fn world(case: &Case) -> (World, Check) {
    let mut world = World::new();
    world.settings.batch_size = case.batch_size;
    world.settings.parallelization_factor = case.lanes;
    world.settings.bisect_batch_on_function_error = case.bisect;
    world.settings.report_batch_item_failures = case.report;
    world.settings.maximum_retry_attempts = Some(case.retries);
    *world.queue_failures.lock().unwrap() = case.queue_failures;
    // Numbers of growing length, so that comparing them as text would show.
    for (place, item) in case.items.iter().enumerate() {
        world.write_item(place as u64 * 7 + 5, *item);
    }
    let check = Check::new(case.items.iter().enumerate().map(|(place, item)| (place as u64 * 7 + 5, *item)));
    let (poison, mut replies) = (case.poison.clone(), case.replies.clone().into_iter());
    let (report, log) = (case.report, check.clone());
    world.behave(move |numbers| {
        let bad = numbers.iter().position(|number| poison[(*number as usize - 5) / 7]);
        let answer = match (replies.next().unwrap_or(Reply::Success), bad) {
            (Reply::Error, _) => Err(FunctionError::Unhandled),
            (Reply::Timeout, _) => Err(FunctionError::TimedOut),
            (Reply::Throttle, _) => Err(FunctionError::Throttled),
            (Reply::Garbage, None) => Ok(b"{".to_vec()),
            (Reply::Report(index), None) if report => {
                failures([numbers[index.index(numbers.len())], numbers[numbers.len() - 1]])
            }
            (_, Some(place)) if report => failures([numbers[numbers.len() - 1], numbers[place]]),
            (_, Some(_)) => Err(FunctionError::Unhandled),
            (_, None) => Ok(b"{}".to_vec()),
        };
        log.invoked(numbers, &answer, report);
        answer
    });
    (world, check)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_delivered_or_covered_by_exactly_one_message_and_items_stay_in_order(case in case()) {
        let (world, check) = world(&case);
        let mut mapping = world.mapping();
        run(world.settle(&mut mapping));
        check.assert_complete(&world.messages(), case.lanes == 1);
        check.assert_items_in_order();
        let stats = mapping.stats().snapshot();
        prop_assert_eq!(stats.delivered + stats.discarded, case.items.len() as u64);
    }

    #[test]
    fn restarts_at_any_step_lose_nothing(case in case(), stops in prop::collection::vec(1_usize..15, 1..6)) {
        let (world, check) = world(&case);
        for steps in stops {
            let mut mapping = world.mapping();
            for _ in 0..steps {
                let step = run(mapping.step());
                world.time.advance_to(step.next);
            }
        }
        run(world.settle(&mut world.mapping()));
        check.assert_nothing_lost(&world.messages());
        // A slow lane holds the checkpoint back, so what another gave up can come again, behind its successors.
        if case.lanes == 1 {
            check.assert_items_in_order();
        }
    }

    #[test]
    fn one_poison_record_among_many_costs_a_bounded_number_of_invocations(
        count in 1_u64..500, place in any::<prop::sample::Index>(), report in any::<bool>(),
    ) {
        let mut world = World::new();
        world.settings.bisect_batch_on_function_error = true;
        world.settings.report_batch_item_failures = report;
        world.settings.maximum_retry_attempts = Some(5);
        world.write(1..=count);
        let poison = place.index(count as usize) as u64 + 1;
        world.behave(move |numbers| {
            if numbers.contains(&poison) { Err(FunctionError::Unhandled) } else { Ok(b"{}".to_vec()) }
        });
        run(world.settle(&mut world.mapping()));
        prop_assert_eq!(world.discarded(), vec![("RetryAttemptsExhausted".to_owned(), poison, poison)]);
        // Batches of 100 without poison, and for the poison: both halves at each of 7 levels, then 1 + 5.
        let bound = count.div_ceil(100) + 2 * 7 + 6;
        prop_assert!(world.invocations().len() as u64 <= bound, "{} of {bound}", world.invocations().len());
    }
}
