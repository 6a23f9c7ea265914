//! What may happen, and how often.

use std::time::Duration;

use card_airlock::sandbox::{Dialect, Failure};
use card_airlock_services::FaultKind;
use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
};

use super::{
    details::OTHER_CARDS,
    processors::{Failing, Route},
};

/// Orders, customers and details are few, so that they meet.
pub(super) const ORDERS: [&str; 3] = ["order-a", "order-b", "order-c"];
pub(super) const USERS: [&str; 2] =
    ["0ada0ada-0000-4000-8000-00000000000a", "0e7e0e7e-0000-4000-8000-00000000000e"];
const ROLES: [&str; 7] = [
    "IngestRole",
    super::world::WORKER,
    "ReplayRole",
    "PaybillRole",
    "ForgetRole",
    "NotifyRole",
    "RewrapRole",
];

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    /// A customer's order is sent, once, whatever the answer is.
    Submit { order: usize, user: usize, details: usize, by: Sender },
    /// A customer, or a merchant in the customer's stead, pays, and the processor may fail.
    Pay {
        order: usize,
        user: usize,
        by_merchant: bool,
        key: Option<usize>,
        amount: Option<u64>,
        failure: Option<Failing>,
    },
    /// Payments are sent by other settings from now on.
    Route(Route),
    /// Whether the processor says the outcome of a payment from now on.
    Lookups(bool),
    /// A customer sends another card for an order.
    PutCard { order: usize, user: usize, card: usize },
    /// A customer wants the card of an order forgotten.
    Forget { order: usize, user: usize },
    /// The mapping does one thing, if one is due.
    Step,
    /// The mapping works until there is nothing left to do.
    Settle,
    /// Some stream records, of whatever age, reach a worker once more.
    Redeliver { from: usize, count: usize },
    /// The same, and the worker was deployed before the vault's key was replaced.
    RedeliverAsBefore { from: usize, count: usize },
    /// An operator has data keys moved to the vault's present key.
    Rewrap,
    /// A put of ingest's that was sent before arrives a second time, late.
    LatePut { record: usize },
    /// The n-th call of a role from now goes wrong.
    Fault { role: &'static str, kind: FaultKind, nth: u64 },
    /// KMS fails for the worker, until the faults are over.
    KmsDown,
    /// No fault is in force any more.
    FaultsOver,
    /// Time passes.
    Advance(Duration),
    /// DynamoDB removes what is beyond its time to live.
    Ttl,
    /// The schedule sweeps.
    Sweep,
    /// An operator replays, everything or one order only, for real or not.
    Replay { order: Option<usize>, dry_run: bool },
}

/// Who sends an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sender {
    Customer,
    /// The customer, with a price of their own.
    Haggler,
    /// A merchant for the customer, with a price in cents or without.
    Merchant(Option<u64>),
}

/// What merchants ask for.
pub(super) const PRICES: [u64; 2] = [500, 700];
/// What a customer would like to pay.
pub(super) const BARGAIN: u64 = 1;

/// The keys of customers' payments: few, so that they meet.
pub(super) const KEYS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// From a case of a few operations to one of some dozens. Some begin with an order whose payment was declined or came to
/// no outcome, which would seldom come about by chance.
pub(super) fn operations(dialect: Dialect) -> impl Strategy<Value = Vec<Op>> {
    let any = proptest::collection::vec(operation(dialect), 1..28);
    let begun = prop_oneof![
        2 => Just(vec![]),
        2 => Just(billed(3, None)),
        5 => select(&INTERRUPTING[..]).prop_map(|failure| billed(0, Some(Failing::Charge(failure)))),
    ];
    (begun, any).prop_map(|(begun, any)| begun.into_iter().chain(any).collect())
}

/// After these nobody knows what became of a payment, unless the processor tells.
const INTERRUPTING: [Failure; 3] = [Failure::AnswerLost, Failure::Error, Failure::ErrorCharged];

/// An order that a merchant tried to bill, while the processor tells nothing of its payments.
fn billed(details: usize, failure: Option<Failing>) -> Vec<Op> {
    let submit = Op::Submit { order: 0, user: 0, details, by: Sender::Customer };
    let pay = Op::Pay { order: 0, user: 0, by_merchant: true, key: Some(0), amount: Some(500), failure };
    vec![submit, Op::Settle, Op::Lookups(false), pay]
}

fn operation(dialect: Dialect) -> impl Strategy<Value = Op> {
    let order = || 0..ORDERS.len();
    let user = || prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    let details = || prop_oneof![3 => Just(0_usize), 1 => Just(1), 1 => Just(2), 2 => Just(3)];
    let key = || proptest::option::weighted(0.7, 0..KEYS.len());
    let amount = || proptest::option::weighted(0.5, select(&PRICES[..]));
    // Real processors charge nothing without a price, and only merchants say it.
    let merchants = if dialect == Dialect::Airlock { 3 } else { 12 };
    let by = move || {
        let prices = proptest::option::weighted(0.8, select(&PRICES[..])).prop_map(Sender::Merchant);
        prop_oneof![5 => Just(Sender::Customer), 1 => Just(Sender::Haggler), merchants => prices]
    };
    let payer = || {
        let customers = proptest::option::weighted(0.3, select(&[PRICES[0], BARGAIN][..]));
        prop_oneof![customers.prop_map(|amount| (false, amount)), amount().prop_map(|amount| (true, amount))]
    };
    prop_oneof![
        6 => (order(), user(), details(), by())
            .prop_map(|(order, user, details, by)| Op::Submit { order, user, details, by }),
        8 => (order(), user(), key(), payer(), failure()).prop_map(|(order, user, key, payer, failure)| {
            let (by_merchant, amount) = payer;
            Op::Pay { order, user, by_merchant, key, amount, failure }
        }),
        3 => (order(), user(), 0..OTHER_CARDS.len()).prop_map(|(order, user, card)| Op::PutCard { order, user, card }),
        2 => (order(), user()).prop_map(|(order, user)| Op::Forget { order, user }),
        2 => route().prop_map(Op::Route),
        1 => any::<bool>().prop_map(Op::Lookups),
        4 => Just(Op::Step),
        3 => Just(Op::Settle),
        3 => (any::<usize>(), 1..4_usize).prop_map(|(from, count)| Op::Redeliver { from, count }),
        2 => (any::<usize>(), 1..4_usize).prop_map(|(from, count)| Op::RedeliverAsBefore { from, count }),
        2 => Just(Op::Rewrap),
        2 => any::<usize>().prop_map(|record| Op::LatePut { record }),
        4 => (select(&ROLES[..]), kind(), 1..4_u64).prop_map(|(role, kind, nth)| Op::Fault { role, kind, nth }),
        1 => Just(Op::KmsDown),
        1 => Just(Op::FaultsOver),
        4 => minutes().prop_map(|minutes| Op::Advance(Duration::from_secs(minutes * 60))),
        1 => Just(Op::Ttl),
        3 => Just(Op::Sweep),
        2 => (proptest::option::weighted(0.3, order()), proptest::bool::weighted(0.2))
            .prop_map(|(order, dry_run)| Op::Replay { order, dry_run }),
    ]
}

/// Most payments are sent where they were sent before.
fn route() -> impl Strategy<Value = Route> {
    prop_oneof![3 => Just(Route::Own), 1 => Just(Route::Altered), 2 => select(&Dialect::ALL[..]).prop_map(Route::To)]
}

fn failure() -> impl Strategy<Value = Option<Failing>> {
    use Failure::{AnswerLost, Error, ErrorCharged, Refused};
    let failing = prop_oneof![
        1 => Just(Failing::NotReached),
        4 => select(&[AnswerLost, Error, ErrorCharged, Refused][..]).prop_map(Failing::Charge),
        1 => select(&[AnswerLost, Error, Refused][..]).prop_map(Failing::Before),
    ];
    proptest::option::weighted(0.5, failing)
}

fn kind() -> impl Strategy<Value = FaultKind> {
    select(vec![
        FaultKind::LostBefore,
        FaultKind::ReplyLost,
        FaultKind::Throttled,
        FaultKind::InternalError,
        FaultKind::Conflict,
        FaultKind::CancelledByThrottling,
        FaultKind::EntriesRefused,
    ])
}

/// Within the retries, beyond a record's age, beyond the sweep's patience, a day, the deadline, the time to live.
fn minutes() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => select(vec![1, 6, 20]),
        4 => select(vec![61, 76]),
        2 => select(vec![25 * 60, 73 * 60]),
        1 => Just(11 * 24 * 60),
    ]
}
