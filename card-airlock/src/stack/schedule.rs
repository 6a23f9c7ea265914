//! A schedule that the template declares.

use std::time::Duration;

use card_airlock_lambda::Function;
use card_airlock_template::Schedule;
use clock::Clock;

/// The function that its schedule invokes at once.
pub(super) const CARD_KEY_MAKER: &str = "CardKeyMakerFunction";

/// Invokes a function as often as its schedule says, until it is stopped. The maker of card keys is invoked at once: there
/// is a key as soon as the stack is there. A run that fails is logged: the next one does everything again.
pub(super) async fn run_schedule(
    schedule: Schedule,
    function: Function,
    timeout: Duration,
    clock: Clock,
    stopping: impl Future<Output = ()>,
) {
    let wait = if schedule.function == CARD_KEY_MAKER { Duration::ZERO } else { schedule.every };
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + wait, schedule.every);
    let mut stopping = std::pin::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            _ = ticks.tick() => {}
        }
        if function.invoke(schedule.input.clone().into_bytes(), clock.now() + timeout).await.is_err() {
            tracing::error!(
                function = schedule.function,
                "a scheduled invocation failed; the next one does its work"
            );
        }
    }
}
