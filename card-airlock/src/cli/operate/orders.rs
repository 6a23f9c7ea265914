//! `card-airlock orders`.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use order::{
    FailureReason, KeptRow, OrderId, OrderOverview, OrderTable, Payments, Progress, QuarantineStatus,
    Standing, Timestamp, Upkeep,
};
use serde_json::{Value, json};

use super::{
    outcome::{NOTHING_LEFT, OperateError},
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::{Right, StackAccess},
    style::FAINT,
};

/// Where an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum State {
    /// In quarantine, on its way.
    InWork,
    /// In quarantine, given up by Lambda; the sweep takes it up again.
    GivenUp,
    /// In quarantine: another card, which waits for a payment.
    Waiting,
    /// In quarantine, FAILED; a replay is needed.
    Parked,
    /// In quarantine, FAILED for good.
    Ended,
    /// In quarantine, its card gone.
    Expired,
    /// Across, and nobody has tried to pay.
    Unpaid,
    /// Across; a request submits its payment, or was interrupted.
    Submitting,
    /// Across and paid.
    Paid,
    /// Across; its last payment was declined.
    Declined,
    /// Across; nobody knows what became of its payment.
    Unknown,
    /// Its row cannot be read.
    Unreadable,
}

impl State {
    pub(super) fn of_row(row: &KeptRow, now: Timestamp) -> Self {
        match row.status {
            None => Self::Unreadable,
            Some(QuarantineStatus::Expired) => Self::Expired,
            Some(QuarantineStatus::Failed) if row.is_ended() => Self::Ended,
            Some(QuarantineStatus::Failed) => Self::Parked,
            Some(QuarantineStatus::Pending) => match row.progress(now) {
                Progress::InWork => Self::InWork,
                Progress::GivenUp { .. } => Self::GivenUp,
                Progress::Waiting { .. } => Self::Waiting,
            },
        }
    }

    pub(super) fn of_payments(payments: Option<&Payments>) -> Self {
        let Some(payments) = payments else { return Self::Unreadable };
        match payments.current.as_ref().map(|payment| &payment.standing) {
            None => Self::Unpaid,
            Some(Standing::Submitting { .. }) => Self::Submitting,
            Some(Standing::Submitted) => Self::Paid,
            Some(Standing::Declined) => Self::Declined,
            Some(Standing::Unknown) => Self::Unknown,
        }
    }

    /// Whether it is a state of orders in quarantine.
    fn is_in_quarantine(self) -> bool {
        !matches!(self, Self::Unpaid | Self::Submitting | Self::Paid | Self::Declined | Self::Unknown)
    }

    /// Whether it is a state of orders that are across.
    fn is_across(self) -> bool {
        !self.is_in_quarantine() || self == Self::Unreadable
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OrdersArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only orders in this state; may be given more than once.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<State>,
    /// With the state parked: only those that failed for this reason.
    #[arg(long, value_name = "CODE")]
    reason: Option<FailureReason>,
    /// Print so many at most.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max: u64,
    /// Print JSON, an order a line.
    #[arg(long)]
    json: bool,
}

/// What is printed, and how much of it is left.
struct List<'a> {
    args: &'a OrdersArgs,
    now: Timestamp,
    printed: u64,
    is_cut: bool,
}

pub(super) async fn run(args: OrdersArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let mut list = List { args: &args, now: shown::now(), printed: 0, is_cut: false };
    if !args.json {
        writeln!(out, "{FAINT}STATE       AGE      REASON              ORDER{FAINT:#}")?;
    }
    if args.states.is_empty() || args.states.iter().any(|state| state.is_in_quarantine()) {
        list.quarantine(&access, out).await?;
    }
    if args.states.iter().any(|state| state.is_across()) {
        list.clean(&access, out).await?;
    }
    if !args.json {
        let more = if list.is_cut { "; there are more, see --max" } else { "" };
        writeln!(out, "{FAINT}{} orders{more}{FAINT:#}", list.printed)?;
    }
    Ok(NOTHING_LEFT)
}

impl List<'_> {
    async fn quarantine(&mut self, access: &StackAccess, out: &mut dyn Write) -> Result<(), OperateError> {
        let table = access.names().physical("OrderQuarantineTable")?;
        let (upkeep, mut from) = (Upkeep::new(&access.config(Right::Read), table.to_owned()), None);
        loop {
            let page = upkeep.page(from).await?;
            for row in &page.rows {
                let state = State::of_row(row, self.now);
                let is_wanted = self.args.reason.is_none() || row.reason == self.args.reason;
                if is_wanted && self.wants(state) && self.takes_one_more() {
                    self.print(
                        state,
                        row.order.as_ref(),
                        row.accepted_at,
                        row.reason,
                        row_json(row, state),
                        out,
                    )?;
                }
            }
            from = page.next;
            if from.is_none() || self.is_cut {
                return Ok(());
            }
        }
    }

    async fn clean(&mut self, access: &StackAccess, out: &mut dyn Write) -> Result<(), OperateError> {
        let table = access.names().physical("CustomerOrderTable")?;
        let (orders, mut from) = (OrderTable::new(&access.config(Right::Read), table.to_owned()), None);
        loop {
            let page = orders.overviews(&[], from).await?;
            for order in &page.orders {
                let state = State::of_payments(order.payments.as_ref());
                if self.args.reason.is_none() && self.wants(state) && self.takes_one_more() {
                    let json = clean_json(order, state);
                    self.print(state, order.order.as_ref(), order.accepted_at, None, json, out)?;
                }
            }
            from = page.next;
            if from.is_none() || self.is_cut {
                return Ok(());
            }
        }
    }

    fn wants(&self, state: State) -> bool {
        self.args.states.is_empty() || self.args.states.contains(&state)
    }

    fn takes_one_more(&mut self) -> bool {
        self.is_cut |= self.printed >= self.args.max;
        self.printed += u64::from(!self.is_cut);
        !self.is_cut
    }

    fn print(
        &self,
        state: State,
        order: Option<&OrderId>,
        accepted_at: Option<Timestamp>,
        reason: Option<FailureReason>,
        json: Value,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.args.json {
            return writeln!(out, "{json}");
        }
        let (state, age) = (state.to_string(), shown::age(accepted_at, self.now));
        let before = format!("{state:<12}{age:<9}{:<20}", reason.map_or("", FailureReason::code));
        shown::with_id(out, &before, shown::order(order))
    }
}

/// A quarantine row, without anything of its card or its customer but who that is.
pub(super) fn row_json(row: &KeptRow, state: State) -> Value {
    json!({
        "order": row.order.as_ref().and_then(OrderId::shown),
        "state": state.to_string(),
        "status": row.status,
        "reason": row.reason,
        "lacking": row.lacking(),
        "owner": row.owner,
        "acceptanceId": row.acceptance,
        "acceptedAt": row.accepted_at,
        "armedAt": row.armed_at,
        "firstArmedAt": row.first_armed_at(),
        "armAfter": row.arm_after,
        "attempt": row.attempt,
        "takenUp": row.taken_up,
        "suspected": row.suspected,
        "deadline": row.deadline.map(Timestamp::of_epoch_seconds),
    })
}

/// A clean order, likewise.
pub(super) fn clean_json(order: &OrderOverview, state: State) -> Value {
    json!({
        "order": order.order.as_ref().and_then(OrderId::shown),
        "state": state.to_string(),
        "owner": order.owner,
        "acceptanceId": order.acceptance,
        "acceptedAt": order.accepted_at,
        "tokenizedAt": order.tokenized_at,
        "cardReplacedAt": order.card_replaced_at,
        "cardForgottenAt": order.card_forgotten_at,
        "amount": order.amount.map(shown::amount),
    })
}
