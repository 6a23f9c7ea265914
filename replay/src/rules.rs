//! The rules of the sweep: what is to be done with a row.

use order::{Arming, FailureReason, KeptRow, QuarantineStatus, Timestamp};

use crate::Settings;

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is parked or expired, and stays so.
    Leave,
    /// It is in the stream or in the worker.
    InWork,
    /// It waits for a payment.
    Wait,
    /// Lambda gave it up: the take-up decides when it is armed again.
    TakeUp,
    Rearm(Arming<'static>),
    Park(FailureReason),
    Expire,
    /// Its order's card was forgotten, and the answer to its owner said that no card is left.
    Forget,
    /// A card that waited for a payment until its deadline.
    EndReplacement,
}

/// What the rules need besides the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Rows armed up to then were given up; none: Lambda has given up nothing.
    pub(crate) horizon: Option<Timestamp>,
    /// Whether the order's card was forgotten for the owner of the row.
    pub(crate) is_forgotten: bool,
    pub(crate) now: Timestamp,
}

/// The rules, in their order. A card is removed if its order's card was forgotten, whatever the status of the row. After
/// its deadline each row expires. A row that no worker would accept is parked. One that waits for a payment waits. One
/// that Lambda gave up is taken up. One above every position is armed again when Lambda can no longer be retrying it.
pub(crate) fn decide(row: &KeptRow, facts: Facts, settings: &Settings) -> Action {
    let Facts { horizon, is_forgotten, now } = facts;
    let is_overdue = row.deadline.is_some_and(|deadline| deadline <= now.epoch_seconds());
    match row.status {
        Some(QuarantineStatus::Expired) => Action::Leave,
        _ if is_forgotten => Action::Forget,
        Some(QuarantineStatus::Pending) if is_overdue && row.arm_after.is_some() => Action::EndReplacement,
        _ if is_overdue => Action::Expire,
        Some(QuarantineStatus::Failed) => Action::Leave,
        Some(QuarantineStatus::Pending) if is_whole(row) => decide_pending(row, horizon, now, settings),
        Some(QuarantineStatus::Pending) | None => Action::Park(FailureReason::Malformed),
    }
}

fn is_whole(row: &KeptRow) -> bool {
    row.order.is_some()
        && row.acceptance.is_some()
        && row.deadline.is_some()
        && row.attempt.is_some()
        && row.armed_at.is_some()
}

fn decide_pending(row: &KeptRow, horizon: Option<Timestamp>, now: Timestamp, settings: &Settings) -> Action {
    match (row.arm_after, row.armed_at) {
        (Some(time), _) if time > now => Action::Wait,
        (Some(_), _) => Action::Rearm(Arming::Waited),
        (None, Some(armed)) if horizon.is_some_and(|horizon| armed <= horizon) => Action::TakeUp,
        (None, Some(armed)) if armed.after(settings.rearm_after) > now => Action::InWork,
        (None, _) if is_exhausted(row, now, settings) => Action::Park(FailureReason::AttemptsExhausted),
        (None, _) => Action::Rearm(Arming::Lost),
    }
}

/// Whether a row was tried for so long that it is parked instead of armed again.
pub(crate) fn is_exhausted(row: &KeptRow, now: Timestamp, settings: &Settings) -> bool {
    row.first_armed_at().is_some_and(|first| first.after(settings.exhausted_after) <= now)
}

/// Whether the event of a row may be among the records that Lambda gave up: it ended, and was armed no later than the
/// newest position. When it ended is not known, but that was after it was armed.
pub(crate) fn may_be_untold(row: &KeptRow, horizon: Timestamp) -> bool {
    let has_ended = matches!(row.status, Some(QuarantineStatus::Failed | QuarantineStatus::Expired));
    has_ended && row.armed_at.is_none_or(|armed| armed <= horizon)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{collections::HashMap, time::Duration};

    use aws_sdk_dynamodb::types::AttributeValue;
    use order::{OrderId, RowVersion};

    use super::*;

    const ARMED: u64 = 1_000_000;
    const HOUR: u64 = 60 * 60;
    const DEADLINE: u64 = ARMED + 72 * HOUR;

    /// A row of this status, accepted and armed at second 1,000,000.
    pub(crate) fn row(status: Option<QuarantineStatus>) -> KeptRow {
        KeptRow {
            key: AttributeValue::S("1".into()),
            version: RowVersion::of(&HashMap::new()),
            order: OrderId::stored("1"),
            owner: None,
            acceptance: Some(uuid::Uuid::nil()),
            status,
            reason: None,
            attempt: Some(1),
            accepted_at: Some(at(ARMED)),
            armed_at: Some(at(ARMED)),
            first_armed_at: None,
            arm_after: None,
            taken_up: 0,
            beside: Vec::new(),
            alone: 0,
            suspected: 0,
            deadline: Some(DEADLINE),
        }
    }

    fn pending() -> KeptRow {
        row(Some(QuarantineStatus::Pending))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(seconds)
    }

    fn settings() -> Settings {
        Settings {
            quarantine_table: String::new(),
            order_table: String::new(),
            dead_letter_queue_url: String::new(),
            rearm_after: Duration::from_secs(75 * 60),
            exhausted_after: Duration::from_secs(48 * HOUR),
        }
    }

    fn action_below(row: &KeptRow, horizon: Option<u64>, seconds: u64) -> Action {
        let facts = Facts { horizon: horizon.map(at), is_forgotten: false, now: at(seconds) };
        decide(row, facts, &settings())
    }

    fn action(row: &KeptRow, seconds: u64) -> Action {
        action_below(row, None, seconds)
    }

    #[test]
    fn a_row_above_every_position_is_left_until_lambda_can_no_longer_be_retrying_it() {
        for horizon in [None, Some(ARMED - 1)] {
            let action = |seconds| action_below(&pending(), horizon, seconds);
            assert_eq!(action(ARMED), Action::InWork);
            assert_eq!(action(ARMED + 75 * 60 - 1), Action::InWork);
            assert_eq!(action(ARMED + 75 * 60), Action::Rearm(Arming::Lost));
            assert_eq!(action(ARMED + 48 * HOUR - 1), Action::Rearm(Arming::Lost));
        }
    }

    #[test]
    fn a_row_at_or_below_a_position_was_given_up_however_long_ago() {
        for seconds in [ARMED, ARMED + 75 * 60, ARMED + 48 * HOUR, DEADLINE - 1] {
            for horizon in [ARMED, ARMED + 1] {
                assert_eq!(action_below(&pending(), Some(horizon), seconds), Action::TakeUp);
            }
        }
    }

    #[test]
    fn a_lost_row_is_parked_two_days_after_it_was_armed_first() {
        let parked = Action::Park(FailureReason::AttemptsExhausted);
        assert_eq!(action(&pending(), ARMED + 48 * HOUR), parked);
        let first = |seconds| KeptRow { first_armed_at: Some(at(seconds)), attempt: Some(999), ..pending() };
        assert_eq!(action(&first(ARMED - 46 * HOUR), ARMED + 2 * HOUR), parked);
        assert_eq!(action(&first(ARMED - 46 * HOUR), ARMED + 2 * HOUR - 1), Action::Rearm(Arming::Lost));
        assert_eq!(action(&first(ARMED - 60 * HOUR), ARMED), Action::InWork, "it is not to be armed now");
    }

    #[test]
    fn a_row_that_waits_for_a_payment_is_neither_given_up_nor_lost_nor_out_of_time() {
        let waiting = |until| KeptRow { arm_after: Some(at(until)), ..pending() };
        let horizon = Some(ARMED + 60);
        assert_eq!(action_below(&waiting(ARMED + 120), horizon, ARMED + 119), Action::Wait);
        assert_eq!(action_below(&waiting(ARMED + 120), horizon, ARMED + 120), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), ARMED + 49 * HOUR), Action::Wait);
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), ARMED + 51 * HOUR), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), DEADLINE - 1), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), DEADLINE), Action::EndReplacement);
    }

    #[test]
    fn past_its_deadline_a_row_expires_whatever_it_is() {
        for status in [Some(QuarantineStatus::Pending), Some(QuarantineStatus::Failed), None] {
            assert_eq!(action_below(&row(status), Some(ARMED), DEADLINE), Action::Expire, "{status:?}");
        }
        assert_eq!(action(&row(Some(QuarantineStatus::Expired)), DEADLINE), Action::Leave);
    }

    #[test]
    fn a_card_of_a_forgotten_order_goes_whatever_its_row_is_waiting_for() {
        let forgotten = |row: &KeptRow, seconds| {
            let facts = Facts { horizon: Some(at(ARMED)), is_forgotten: true, now: at(seconds) };
            decide(row, facts, &settings())
        };
        let failed = |reason| KeptRow { reason: Some(reason), ..row(Some(QuarantineStatus::Failed)) };
        for held in [
            pending(),
            KeptRow { arm_after: Some(at(DEADLINE)), ..pending() },
            KeptRow { attempt: None, ..pending() },
            failed(FailureReason::EnvelopeRefused),
            failed(FailureReason::CardNotReplaced),
            failed(FailureReason::CardRefused),
            row(None),
        ] {
            for seconds in [ARMED, ARMED + 48 * HOUR, DEADLINE] {
                assert_eq!(forgotten(&held, seconds), Action::Forget, "{held:?}");
            }
        }
        let expired = row(Some(QuarantineStatus::Expired));
        assert_eq!(forgotten(&expired, DEADLINE), Action::Leave, "it has no card");
    }

    #[test]
    fn a_failed_row_waits_for_a_replay() {
        let failed = row(Some(QuarantineStatus::Failed));
        assert_eq!(action_below(&failed, Some(ARMED), DEADLINE - 1), Action::Leave);
    }

    #[test]
    fn a_row_that_no_worker_would_take_up_is_parked_at_once() {
        let malformed = Action::Park(FailureReason::Malformed);
        assert_eq!(action(&row(None), ARMED), malformed);
        for broken in [
            KeptRow { order: None, ..pending() },
            KeptRow { acceptance: None, ..pending() },
            KeptRow { attempt: None, ..pending() },
            KeptRow { armed_at: None, ..pending() },
            KeptRow { deadline: None, ..pending() },
        ] {
            assert_eq!(action(&broken, ARMED), malformed, "{broken:?}");
            assert_eq!(action_below(&broken, Some(ARMED), ARMED), malformed, "{broken:?}");
        }
    }

    #[test]
    fn only_rows_that_ended_at_or_below_the_position_may_be_untold() {
        let armed = |status, armed: Option<u64>| KeptRow { armed_at: armed.map(at), ..row(status) };
        for status in [QuarantineStatus::Failed, QuarantineStatus::Expired].map(Some) {
            assert!(may_be_untold(&armed(status, Some(ARMED)), at(ARMED)), "{status:?}");
            assert!(!may_be_untold(&armed(status, Some(ARMED + 1)), at(ARMED)), "{status:?}");
            assert!(may_be_untold(&armed(status, None), at(ARMED)), "{status:?}");
        }
        for status in [Some(QuarantineStatus::Pending), None] {
            assert!(!may_be_untold(&armed(status, Some(ARMED)), at(ARMED)), "{status:?}");
        }
    }
}
