//! How a stack is, in numbers. What cannot be read is told as such, and keeps nothing else from being told.

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use order::{DeadLetterQueue, OrderTable, Timestamp, Upkeep};

use super::{
    access::{Right, StackAccess},
    call::CallError,
    payments::{OpenPayments, Openness},
    quarantine::QuarantineTally,
    stream_mapping,
};

/// The stack's envelope keys.
pub(super) const KEYS: [&str; 3] = ["QuarantineKey", "VaultKey", "CardKeyKey"];

/// The functions that read another stream than the worker does, and what stops while nothing is handed to them.
const OTHER_READERS: [(&str, &str); 2] = [("NotifyFunction", "events"), ("WitnessFunction", "the witness")];

/// What was read, or why it could not be.
pub type Reading<T> = Result<T, String>;

/// How many messages are in a queue, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Messages(pub u64);

/// An envelope key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its logical id.
    pub key: &'static str,
    /// KMS's word, such as `Enabled`.
    pub state: Reading<String>,
}

/// The stream mapping of a function beside the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingState {
    /// The function's logical id.
    pub function: &'static str,
    /// What stops while it is off.
    pub what: &'static str,
    /// Lambda's word, such as `Enabled`.
    pub state: Reading<String>,
}

impl MappingState {
    /// Whether nothing is handed to the function.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state.as_ref().is_ok_and(|state| !stream_mapping::is_on(state))
    }
}

/// Payments without an outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentTally {
    /// Nobody knows what became of them.
    pub unknown: u64,
    /// Their claims have run out.
    pub interrupted: u64,
    /// A request submits them now.
    pub under_way: u64,
    /// Their attributes do not fit together.
    pub unreadable: u64,
    /// When the oldest of the unknown and interrupted ones began.
    pub oldest: Option<Timestamp>,
}

/// How a stack is.
#[derive(Debug, Clone)]
pub struct StackStatus {
    /// When it was looked at.
    pub at: Timestamp,
    pub quarantine: Reading<QuarantineTally>,
    pub dead_letters: Reading<Messages>,
    /// The events that the bus refused.
    pub refused_events: Reading<Messages>,
    /// Of the clean orders.
    pub payments: Reading<PaymentTally>,
    /// The alarms that are on, by their logical ids.
    pub alarms: Reading<Vec<String>>,
    /// Lambda's word for the worker's stream mapping, such as `Enabled`: while it is off, no order comes across.
    pub mapping: Reading<String>,
    /// The other functions' mappings.
    pub other_mappings: Vec<MappingState>,
    pub keys: Vec<KeyState>,
}

impl StackStatus {
    /// Whether something could not be read without which nobody can tell whether a person is needed. Alarms only repeat
    /// what the rest shows.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let rows = self.quarantine.is_err() || self.payments.is_err();
        let queues = self.dead_letters.is_err() || self.refused_events.is_err();
        let mappings = self.mapping.is_err() || self.other_mappings.iter().any(|other| other.state.is_err());
        rows || queues || mappings || self.keys.iter().any(|key| key.state.is_err())
    }

    /// Whether a person has something to do: what the stack does by itself is not counted.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        let parked =
            self.quarantine.as_ref().is_ok_and(|tally| tally.parked_rows() > 0 || tally.suspected > 0);
        let payments = self
            .payments
            .as_ref()
            .is_ok_and(|tally| tally.unknown + tally.interrupted + tally.unreadable > 0);
        let letters = waits(&self.dead_letters) || waits(&self.refused_events);
        let alarms = self.alarms.as_ref().is_ok_and(|alarms| !alarms.is_empty());
        let keys = self.keys.iter().any(|key| key.state.as_ref().is_ok_and(|state| state != "Enabled"));
        parked || payments || letters || alarms || self.is_any_mapping_off() || keys
    }

    /// Whether no order comes across, because nothing hands it to the worker.
    #[must_use]
    pub fn is_mapping_off(&self) -> bool {
        self.mapping.as_ref().is_ok_and(|state| !stream_mapping::is_on(state))
    }

    fn is_any_mapping_off(&self) -> bool {
        self.is_mapping_off() || self.other_mappings.iter().any(MappingState::is_off)
    }

    /// The commands of this program that show what a person has to look after.
    #[must_use]
    pub fn to_look_at(&self) -> Vec<&'static str> {
        let quarantine = self.quarantine.as_ref();
        let payments = self.payments.as_ref();
        let keys = self.keys.iter().any(|key| key.state.as_ref().is_ok_and(|state| state != "Enabled"));
        let letters = waits(&self.dead_letters);
        let parked = quarantine.is_ok_and(|tally| tally.parked_rows() > 0);
        let all = [
            (self.is_any_mapping_off() || keys || self.is_incomplete(), "doctor"),
            (quarantine.is_ok_and(|tally| tally.suspected > 0), "orders --state given-up"),
            (parked, "orders --state parked"),
            (letters || parked, "replay --dry-run"),
            (waits(&self.refused_events), "replay --events --dry-run"),
            (
                payments.is_ok_and(|tally| tally.unknown + tally.interrupted + tally.unreadable > 0),
                "payments",
            ),
        ];
        all.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, command)| command).collect()
    }
}

fn waits(queue: &Reading<Messages>) -> bool {
    queue.as_ref().is_ok_and(|messages| messages.0 > 0)
}

/// Looks at everything. `progress` is told what is read, and how many rows of it.
pub async fn read_status(
    access: &StackAccess,
    payments: Option<Reading<PaymentTally>>,
    at: Timestamp,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> StackStatus {
    let quarantine = quarantine(access, at, progress).await;
    let payments = match payments {
        Some(payments) => payments,
        None => payment_tally(access, at, progress).await,
    };
    let mapping = async {
        let worker = stream_mapping::state(access, stream_mapping::WORKER).await.map_err(told);
        (worker, other_mappings(access).await)
    };
    let queues =
        futures::future::join(messages(access, "DeadLetterQueue"), messages(access, "EventDeadLetterQueue"));
    let ((dead_letters, refused_events), alarms, (mapping, other_mappings), keys) =
        futures::future::join4(queues, alarms(access), mapping, keys(access)).await;
    StackStatus {
        at,
        quarantine,
        dead_letters,
        refused_events,
        payments,
        alarms,
        mapping,
        other_mappings,
        keys,
    }
}

async fn quarantine(
    access: &StackAccess,
    at: Timestamp,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Reading<QuarantineTally> {
    let table = access.names().physical("OrderQuarantineTable").map_err(told)?;
    let upkeep = Upkeep::new(&access.config(Right::Read), table.to_owned());
    QuarantineTally::of(&upkeep, at, &|rows| progress("rows of the quarantine", rows)).await.map_err(told)
}

async fn payment_tally(
    access: &StackAccess,
    at: Timestamp,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Reading<PaymentTally> {
    let table = access.names().physical("CustomerOrderTable").map_err(told)?;
    let orders = OrderTable::new(&access.config(Right::Read), table.to_owned());
    let (mut open, mut tally) = (OpenPayments::of(&orders, at), PaymentTally::default());
    while let Some(page) = open.next().await.map_err(told)? {
        for payment in page {
            let (counter, is_stuck) = match payment.openness {
                Openness::Unknown => (&mut tally.unknown, true),
                Openness::Interrupted => (&mut tally.interrupted, true),
                Openness::UnderWay => (&mut tally.under_way, false),
                Openness::Unreadable => (&mut tally.unreadable, false),
            };
            *counter += 1;
            if let Some(began) = payment.payment().filter(|_| is_stuck).map(|payment| payment.started_at) {
                tally.oldest = Some(tally.oldest.map_or(began, |oldest| oldest.min(began)));
            }
        }
        progress("clean orders", open.scanned);
    }
    Ok(tally)
}

async fn messages(access: &StackAccess, queue: &str) -> Reading<Messages> {
    let url = access.names().physical(queue).map_err(told)?;
    let queue = DeadLetterQueue::new(&access.config(Right::Read), url.to_owned());
    queue.count().await.map(Messages).map_err(told)
}

async fn alarms(access: &StackAccess) -> Reading<Vec<String>> {
    let prefix = format!("{}-", access.names().stack_name);
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&access.config(Right::Read));
    let pages = cloudwatch
        .describe_alarms()
        .alarm_name_prefix(&prefix)
        .alarm_types(AlarmType::MetricAlarm)
        .state_value(StateValue::Alarm)
        .into_paginator()
        .send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = pages.map_err(CallError::of("CloudWatch", "DescribeAlarms")).map_err(told)?;
    let names = pages.iter().flat_map(|page| page.metric_alarms()).filter_map(|alarm| alarm.alarm_name());
    Ok(names.map(|name| access.names().logical(name).unwrap_or(name).to_owned()).collect())
}

async fn other_mappings(access: &StackAccess) -> Vec<MappingState> {
    let mut states = Vec::new();
    for (function, what) in OTHER_READERS {
        let state = stream_mapping::state(access, function).await.map_err(told);
        states.push(MappingState { function, what, state });
    }
    states
}

async fn keys(access: &StackAccess) -> Vec<KeyState> {
    let kms = aws_sdk_kms::Client::new(&access.config(Right::Read));
    let mut states = Vec::new();
    for key in KEYS {
        let state = async {
            let id = access.names().physical(key).map_err(told)?;
            let described = kms.describe_key().key_id(id).send().await;
            let described = described.map_err(CallError::of("KMS", "DescribeKey")).map_err(told)?;
            let state = described.key_metadata().and_then(|metadata| metadata.key_state());
            Ok(state.map_or("unknown", |state| state.as_str()).to_owned())
        };
        states.push(KeyState { key, state: state.await });
    }
    states
}

fn told(error: impl ToString) -> String {
    error.to_string()
}
