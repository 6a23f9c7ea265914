//! The results of a load, as JSON and as a table.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use card_airlock_services::Service;
use serde::Serialize;

use super::{
    audit::Found,
    drive::Run,
    gauge::{CallUse, FunctionUse, Use},
    prices::{self, Item},
};
use crate::style::{BAD, FAINT, GOOD, HEADING};

/// The report. "Per order" means the way of an order from the client to the vault; payments are separate.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Orders that were accepted.
    orders: u64,
    concurrency: usize,
    lost: u64,
    doubled: u64,
    /// Requests with an unexpected answer, by status and code.
    refused: BTreeMap<String, u64>,
    accept_per_s: f64,
    accept_p50_ms: f64,
    accept_p90_ms: f64,
    accept_p99_ms: f64,
    tokenize_per_s: f64,
    cross_p50_ms: f64,
    cross_p99_ms: f64,
    paybill_per_s: f64,
    paybill_p50_ms: f64,
    paybill_p99_ms: f64,
    kms_calls_per_order: f64,
    dynamodb_calls_per_order: f64,
    wru_per_order: f64,
    rru_per_order: f64,
    /// `null` if the system does not say it.
    cpu_ms_per_order: Option<f64>,
    peak_memory_mib: Option<f64>,
    usd_per_million_orders: f64,
    usd_per_million_payments: f64,
    usd_per_million_witnessed: f64,
    prices: &'static str,
    functions: Vec<FunctionUse>,
    calls: Vec<CallUse>,
    usd: Vec<Item>,
    payment: Payment,
    /// What the witness needs for a payment, which depends on how many it sees together.
    witness: Payment,
}

/// The same for a payment.
#[derive(Debug, Serialize)]
struct Payment {
    payments: u64,
    kms_calls: f64,
    dynamodb_calls: f64,
    wru: f64,
    rru: f64,
    cpu_ms: Option<f64>,
    functions: Vec<FunctionUse>,
    calls: Vec<CallUse>,
    usd: Vec<Item>,
}

/// All that was measured.
pub(super) struct Measured {
    pub(super) concurrency: usize,
    pub(super) accepted: Run,
    pub(super) paid: Run,
    pub(super) found: Found,
    pub(super) way_to_vault: Use,
    pub(super) payments: Use,
    pub(super) witness: Use,
}

impl Report {
    pub(super) fn of(measured: Measured) -> Self {
        let Measured { concurrency, accepted, paid, found, way_to_vault, payments, witness } = measured;
        let orders = accepted.done.len() as u64;
        let mut refused = accepted.refused.clone();
        for (reason, times) in &paid.refused {
            *refused.entry(reason.clone()).or_default() += times;
        }
        let usd = bill(&way_to_vault, 1.0);
        let paid_orders = paid.done.len() as u64;
        let (payment, witness) =
            (Payment::of(paid_orders, payments, 1.0), Payment::of(paid_orders, witness, 0.0));
        let sum = |items: &[Item]| items.iter().map(|item| item.usd_per_million_orders).sum();
        let all = way_to_vault.functions.iter().chain(&payment.functions).chain(&witness.functions);
        Self {
            orders,
            concurrency,
            lost: found.lost,
            doubled: found.doubled,
            refused,
            accept_per_s: accepted.per_second(),
            accept_p50_ms: accepted.times.percentile(50),
            accept_p90_ms: accepted.times.percentile(90),
            accept_p99_ms: accepted.times.percentile(99),
            tokenize_per_s: orders as f64 / found.took.as_secs_f64(),
            cross_p50_ms: found.crossing.percentile(50),
            cross_p99_ms: found.crossing.percentile(99),
            paybill_per_s: paid.per_second(),
            paybill_p50_ms: paid.times.percentile(50),
            paybill_p99_ms: paid.times.percentile(99),
            kms_calls_per_order: way_to_vault.calls_of(Service::Kms),
            dynamodb_calls_per_order: way_to_vault.calls_of(Service::DynamoDb),
            wru_per_order: way_to_vault.wru(),
            rru_per_order: way_to_vault.rru(),
            cpu_ms_per_order: way_to_vault.cpu_ms(),
            peak_memory_mib: all.filter_map(|function| function.peak_memory_mib).reduce(f64::max),
            usd_per_million_orders: sum(&usd),
            usd_per_million_payments: sum(&payment.usd),
            usd_per_million_witnessed: sum(&witness.usd),
            prices: prices::AS_OF,
            functions: way_to_vault.functions,
            calls: way_to_vault.calls,
            usd,
            payment,
            witness,
        }
    }

    /// Whether every request got the expected answer, and no order is lost or doubled.
    pub(super) fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.refused.is_empty()
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { orders, concurrency, .. } = self;
        writeln!(out, "{HEADING}{orders} orders, {concurrency} clients{HEADING:#}")?;
        for (name, number) in [("lost", self.lost), ("doubled", self.doubled)] {
            let style = if number == 0 { GOOD } else { BAD };
            writeln!(out, "{name:<10} {style}{number:>10}{style:#}")?;
        }
        for (reason, times) in &self.refused {
            writeln!(out, "{:<10} {BAD}{times:>10}{BAD:#}  {reason}", "refused")?;
        }
        writeln!(
            out,
            "\n{HEADING}{:<10} {:>10} {:>9} {:>9} {:>9}{HEADING:#}",
            "", "per s", "p50 ms", "p90 ms", "p99 ms"
        )?;
        let rates = [
            ("accept", self.accept_per_s, self.accept_p50_ms, Some(self.accept_p90_ms), self.accept_p99_ms),
            ("tokenize", self.tokenize_per_s, self.cross_p50_ms, None, self.cross_p99_ms),
            ("paybill", self.paybill_per_s, self.paybill_p50_ms, None, self.paybill_p99_ms),
        ];
        for (name, per_second, p50, p90, p99) in rates {
            let p90 = p90.map_or_else(String::new, |p90| format!("{p90:.1}"));
            writeln!(out, "{name:<10} {per_second:>10.1} {p50:>9.1} {p90:>9} {p99:>9.1}")?;
        }
        writeln!(
            out,
            "{FAINT}tokenize: from the first acceptance to the last token, times from acceptance to token{FAINT:#}"
        )?;
        print_use("An order, until it is in the vault", &self.functions, &self.calls, &self.usd, out)?;
        for (title, part) in [("A payment", &self.payment), ("A payment, to be witnessed", &self.witness)] {
            print_use(title, &part.functions, &part.calls, &part.usd, out)?;
        }
        writeln!(
            out,
            "{FAINT}list prices of {}. The durations are of this machine; calls and units are the same on any{FAINT:#}",
            self.prices
        )
    }
}

impl Payment {
    fn of(payments: u64, used: Use, requests: f64) -> Self {
        let usd = bill(&used, requests);
        Self {
            payments,
            kms_calls: used.calls_of(Service::Kms),
            dynamodb_calls: used.calls_of(Service::DynamoDb),
            wru: used.wru(),
            rru: used.rru(),
            cpu_ms: used.cpu_ms(),
            functions: used.functions,
            calls: used.calls,
            usd,
        }
    }
}

/// What Lambda, DynamoDB, KMS, EventBridge and the gateway in front, asked so often, take for one order. Reading a stream by
/// Lambda is free; storage, logs and traffic are not in it.
fn bill(used: &Use, requests: f64) -> Vec<Item> {
    vec![
        Item::new(&prices::API_REQUEST, requests),
        Item::new(&prices::INVOCATION, used.invocations()),
        Item::new(&prices::GB_SECOND, used.gb_seconds()),
        Item::new(&prices::WRITE_UNIT, used.wru()),
        Item::new(&prices::READ_UNIT, used.rru()),
        Item::new(&prices::KMS_REQUEST, used.calls_of(Service::Kms)),
        Item::new(&prices::EVENT, used.events()),
    ]
}

pub(super) fn print_use(
    title: &str,
    functions: &[FunctionUse],
    calls: &[CallUse],
    usd: &[Item],
    out: &mut dyn Write,
) -> io::Result<()> {
    let or_unknown =
        |number: Option<f64>| number.map_or_else(|| "unknown".to_owned(), |number| format!("{number:.2}"));
    writeln!(
        out,
        "\n{HEADING}{title:<54} {:>8} {:>8} {:>11} {:>10}{HEADING:#}",
        "invoked", "CPU ms", "billed ms", "peak MiB"
    )?;
    for used in functions {
        let FunctionUse { function, invocations, busy_ms, cpu_ms, peak_memory_mib, .. } = used;
        let (cpu, peak) = (or_unknown(*cpu_ms), or_unknown(*peak_memory_mib));
        writeln!(out, "  {function:<52} {invocations:>8.4} {cpu:>8} {busy_ms:>11.2} {peak:>10}")?;
    }
    writeln!(
        out,
        "{FAINT}  {:<52} {:>8} {:>8} {:>11} {:>10}{FAINT:#}",
        "", "calls", "refused", "write units", "read units"
    )?;
    for call in calls {
        let CallUse { function, service, operation, calls, refused, wru, rru, .. } = call;
        let name = format!("{function}: {service} {operation}");
        writeln!(out, "  {name:<52} {calls:>8.4} {refused:>8.4} {wru:>11.2} {rru:>10.2}")?;
    }
    for item in usd {
        let name = item.what();
        writeln!(
            out,
            "  {name:<52} {:>8.4} {:>8.2} USD per million",
            item.per_order, item.usd_per_million_orders
        )?;
    }
    if usd.is_empty() {
        return Ok(());
    }
    let total: f64 = usd.iter().map(|item| item.usd_per_million_orders).sum();
    writeln!(out, "  {:<52} {:>8} {HEADING}{total:>8.2} USD per million{HEADING:#}", "total", "")
}
