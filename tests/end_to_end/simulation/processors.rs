//! Where payments are sent, how a processor fails them, and what each processor lets anybody know of a payment.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use card_airlock::sandbox::{Charge, Dialect, Failure, Sandbox};
use serde_json::Value;

use super::at_rest::{AtRest, text};

/// A claim stands for a minute.
const CLAIM: Duration = Duration::from_secs(60);
/// `PROCESSOR_IDEMPOTENCY_HOURS` of the template.
const KEYS_KEPT: Duration = Duration::from_secs(23 * 60 * 60);

/// Where payments are sent: paybill's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// As the stack was started.
    Own,
    /// The same processor, under another account or address.
    Altered,
    /// Another processor, with its profile.
    To(Dialect),
}

impl Route {
    /// The format in which payments are charged, where the stack's own settings charge in the format `own`.
    pub(super) fn dialect(self, own: Dialect) -> Dialect {
        match self {
            Self::Own | Self::Altered => own,
            Self::To(dialect) => dialect,
        }
    }

    /// What is different in paybill's environment.
    pub(super) fn settings(self, own: Dialect, sandbox: &Sandbox) -> BTreeMap<String, String> {
        let settings = match (self, own) {
            (Self::Own, _) => vec![],
            // These send no account.
            (Self::Altered, Dialect::Airlock | Dialect::Stripe) => {
                vec![("PROCESSOR_ACCOUNT", "another".to_owned())]
            }
            (Self::Altered, Dialect::Adyen | Dialect::Checkout) => {
                vec![("PROCESSOR_URL", format!("{}/", sandbox.url_of(own)))]
            }
            (Self::To(dialect), _) => vec![
                ("PROCESSOR_PROFILE", dialect.profile().to_owned()),
                ("PROCESSOR_URL", sandbox.url_of(dialect)),
                ("PROCESSOR_ACCOUNT", dialect.account().to_owned()),
            ],
        };
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// How the processor fails a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// No connection is taken, so nothing is sent.
    NotReached,
    /// The request that charges goes wrong.
    Charge(Failure),
    /// The first request before it goes wrong, where the format has such.
    Before(Failure),
}

/// Under which circumstances a payment was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) route: Route,
    pub(super) dialect: Dialect,
    pub(super) failing: Option<Failing>,
    /// Whether a request has met that failure.
    pub(super) has_failed: bool,
    /// Whether the processor says the outcome of a payment.
    pub(super) answers_lookups: bool,
    /// Whether a call of the functions' own may fail.
    pub(super) may_fault: bool,
    pub(super) now: SystemTime,
}

/// How a payment must end when nothing fails any more and somebody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Charged or declined.
    Settled,
    /// Nobody knows yet: the same key gets the same error for a day.
    Open,
    /// Nobody can know.
    Unknown,
}

/// What became of the payments at the processors.
#[derive(Default)]
pub(super) struct Processors {
    /// By payment, where it was sent.
    sent: BTreeMap<String, Route>,
    /// The payments for whose charge Stripe may have saved an error.
    failed: BTreeSet<String>,
}

impl Processors {
    /// Where payments were sent that have no outcome: the places where it can be looked up.
    pub(super) fn routes_of(&self, rows: &BTreeMap<String, Value>) -> BTreeSet<Route> {
        let open = rows.values().filter(|row| is_open(row));
        open.filter_map(|row| self.sent.get(text(row, "PaymentId")).copied()).collect()
    }

    /// Takes note of a request for a payment, and checks what it did to the order's row: `before` and `after` it.
    pub(super) fn asked(
        &mut self,
        now: Circumstances,
        before: Option<&Value>,
        after: Option<&Value>,
        charges: [&[Charge]; 2],
    ) {
        let Some(after) = after else { return };
        let payment = text(after, "PaymentId").to_owned();
        if !payment.is_empty() {
            self.sent.entry(payment.clone()).or_insert(now.route);
            if now.has_failed && now.failing == Some(Failing::Charge(Failure::Error)) {
                self.failed.insert(payment.clone());
            }
        }
        let [earlier, all] = charges;
        for charge in &all[earlier.len()..] {
            assert_eq!(charge.dialect, now.dialect, "charged elsewhere: {charge:?}");
            let sent = self.sent.get(&charge.payment_id.to_string());
            assert_eq!(sent, Some(&now.route), "sent to another place than the first time: {charge:?}");
        }
        let charge = all.iter().find(|charge| charge.payment_id.to_string() == payment);
        let statuses = [before.map_or("", |row| text(row, "PaymentStatus")), text(after, "PaymentStatus")];
        match statuses {
            ["UNKNOWN", "UNKNOWN"] => {}
            ["UNKNOWN", _] => {
                assert!(self.can_be_known(now, &payment, charge), "settled by nothing: {now:?} {after}");
            }
            [_, "UNKNOWN"] => {
                let before = before.unwrap();
                assert!(
                    self.is_given_up_rightly(now, before, charge),
                    "given up: {now:?} {before} {charge:?}"
                );
            }
            _ => {}
        }
    }

    /// What must hold at any time: Stripe charges only what is written down, and Checkout.com is asked once for each
    /// payment.
    pub(super) fn check(rest: &AtRest, charges: &[Charge]) {
        for charge in charges {
            match charge.dialect {
                Dialect::Checkout => assert_eq!(charge.requests, 1, "{charge:?}"),
                Dialect::Stripe => {
                    let row = &rest.clean[charge.order.as_str()];
                    let is_current = text(row, "PaymentId") == charge.payment_id.to_string();
                    let object = Some(text(row, "PaymentObject"));
                    assert!(!is_current || charge.reference.as_deref() == object, "{charge:?} {row}");
                }
                Dialect::Airlock | Dialect::Adyen => {}
            }
        }
    }

    /// Whether the processor says the outcome of a payment.
    fn can_be_known(&self, now: Circumstances, payment: &str, charge: Option<&Charge>) -> bool {
        self.sent.get(payment) == Some(&now.route)
            && can_look_up(now.dialect)
            && now.answers_lookups
            && now.failing != Some(Failing::NotReached)
            && charge.is_some()
    }

    /// Whether nothing was left to do for an interrupted payment.
    fn is_given_up_rightly(&self, now: Circumstances, before: &Value, charge: Option<&Charge>) -> bool {
        let payment = text(before, "PaymentId");
        let is_interrupted =
            text(before, "PaymentStatus") == "SUBMITTING" && time(before, "ClaimedUntil") <= now.now;
        let must_not_be_sent_again =
            now.dialect == Dialect::Checkout && (now.may_fault || !self.can_be_known(now, payment, charge));
        is_interrupted
            && (self.sent.get(payment) != Some(&now.route)
                || is_too_late(before, now.now)
                || must_not_be_sent_again)
    }

    /// How the payment of a row ends when the processor answers everything.
    pub(super) fn end_of(&self, now: Circumstances, row: &Value, charge: Option<&Charge>) -> End {
        let payment = text(row, "PaymentId");
        match text(row, "PaymentStatus") {
            "UNKNOWN" if self.can_be_known(now, payment, charge) => End::Settled,
            "UNKNOWN" => End::Unknown,
            "SUBMITTING" if self.sent.get(payment) != Some(&now.route) || is_too_late(row, now.now) => {
                End::Unknown
            }
            "SUBMITTING" if self.can_be_known(now, payment, charge) => End::Settled,
            "SUBMITTING" => match now.dialect {
                // The key still protects the charge.
                Dialect::Airlock | Dialect::Adyen => End::Settled,
                Dialect::Stripe if self.failed.contains(payment) => End::Open,
                Dialect::Stripe => End::Settled,
                // It is never sent a second time, and what is not found proves nothing.
                Dialect::Checkout => End::Unknown,
            },
            _ => End::Settled,
        }
    }
}

/// Whether a payment has no outcome that anybody knows.
pub(super) fn is_open(row: &Value) -> bool {
    ["SUBMITTING", "UNKNOWN"].contains(&text(row, "PaymentStatus"))
}

fn can_look_up(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Stripe | Dialect::Checkout => true,
        Dialect::Airlock | Dialect::Adyen => false,
    }
}

/// Whether a claim of now would outlast the time in which the processor knows the payment's key.
fn is_too_late(row: &Value, now: SystemTime) -> bool {
    now + CLAIM > time(row, "PaymentStartedAt") + KEYS_KEPT
}

fn time(row: &Value, name: &str) -> SystemTime {
    humantime::parse_rfc3339(text(row, name)).unwrap()
}
