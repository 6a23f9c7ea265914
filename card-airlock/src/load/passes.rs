//! Measures the two passes that an operator makes: an import of a table with card numbers, and re-wrapping. As processes:
//! rows in a second and in a second of CPU, memory, calls. Or beside a bare client that makes the same calls, in turns, in
//! this process.

use std::{
    io::{self, Write},
    time::{Duration, Instant, SystemTime},
};

use card_airlock_lambda::{Function, Lines, ProcessOptions};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    args::LoadArgs,
    bare_passes::BarePasses,
    error::LoadError,
    floors::median,
    gauge::{Gauge, Use, count},
    pass::{PASSES, Pass},
    pass_rows::{OWN, PassRows, parameters},
    report::print_use,
};
use crate::{
    stack::{Stack, StackOptions},
    style::HEADING,
};

/// What one pass needed, as a process.
#[derive(Debug, Serialize)]
struct Measured {
    pass: Pass,
    rows: u32,
    rows_per_s: f64,
    /// `null` if the system does not say it.
    rows_per_cpu_s: Option<f64>,
    peak_memory_mib: Option<f64>,
    /// For one row.
    per_row: Use,
}

/// A pass beside the bare client, in rows per second; the ratios' median.
#[derive(Debug, Serialize)]
struct Compared {
    pass: Pass,
    rows: u32,
    to_floor: f64,
    rounds: Vec<Round>,
}

#[derive(Debug, Serialize)]
struct Round {
    per_s: f64,
    floor_per_s: f64,
}

/// Runs what the arguments ask for, and prints the results.
pub(super) async fn run(args: &LoadArgs, out: &mut dyn Write) -> Result<(), LoadError> {
    let processes = if args.floors {
        None
    } else {
        let beside = ProcessOptions::beside_this_program().map_err(LoadError::Program)?;
        Some(ProcessOptions { at_once: 1, lines: Lines::new(|_| {}), ..beside })
    };
    let options = StackOptions {
        self_driven: false,
        processes,
        parameters: parameters(),
        ..StackOptions::on_free_ports(crate::sign_in::ephemeral()?)
    };
    let stack = Stack::start(options).await?;
    let printed = if args.floors {
        let compared = compare(args, &stack).await;
        stack.shutdown().await;
        print(args, &compared?, Compared::print, out)
    } else {
        stack.aws().meter_units();
        let measured = measure(args, &stack).await;
        stack.shutdown().await;
        print(args, &measured?, Measured::print, out)
    };
    Ok(printed?)
}

async fn measure(args: &LoadArgs, stack: &Stack) -> Result<Vec<Measured>, LoadError> {
    let rows = PassRows::of(stack, OWN).await?;
    let mut all = Vec::new();
    for pass in PASSES {
        rows.put(pass, args.orders).await?;
        let before = Gauge::read(stack);
        let took = go_over(stack, pass, args.orders).await?;
        let per_row = Gauge::read(stack).since(&before, count(args.orders.into()));
        all.push(Measured {
            pass,
            rows: args.orders,
            rows_per_s: per_second(args.orders, took),
            rows_per_cpu_s: per_row.cpu_ms().map(|milliseconds| 1_000.0 / milliseconds),
            peak_memory_mib: per_row
                .functions
                .iter()
                .filter_map(|function| function.peak_memory_mib)
                .reduce(f64::max),
            per_row,
        });
    }
    Ok(all)
}

async fn compare(args: &LoadArgs, stack: &Stack) -> Result<Vec<Compared>, LoadError> {
    let (rows, bare) = (PassRows::of(stack, OWN).await?, BarePasses::of(stack).await?);
    let mut all = Vec::new();
    for pass in PASSES {
        // Warms both, and makes what the bare client copies.
        rows.put(pass, 100).await?;
        go_over(stack, pass, 100).await?;
        rows.remove(pass).await?;
        let mut rounds = Vec::new();
        for round in 0..args.rounds {
            let ours = async || {
                rows.put(pass, args.orders).await?;
                let took = go_over(stack, pass, args.orders).await?;
                rows.remove(pass).await?;
                Ok::<_, LoadError>(took)
            };
            // The second one finds fuller tables, so they take turns.
            let (ours, floor) = if round % 2 == 0 {
                let ours = ours().await?;
                (ours, bare.go_over(pass, args.orders).await?)
            } else {
                let floor = bare.go_over(pass, args.orders).await?;
                (ours().await?, floor)
            };
            rounds.push(Round {
                per_s: per_second(args.orders, ours),
                floor_per_s: per_second(args.orders, floor),
            });
        }
        let to_floor = median(rounds.iter().map(|round| round.per_s / round.floor_per_s));
        all.push(Compared { pass, rows: args.orders, to_floor, rounds });
    }
    Ok(all)
}

fn per_second(rows: u32, took: Duration) -> f64 {
    f64::from(rows) / took.as_secs_f64()
}

/// A pass, chunk after chunk, as the operator's program asks for it. Every row must be moved.
async fn go_over(stack: &Stack, pass: Pass, rows: u32) -> Result<Duration, LoadError> {
    let failed = LoadError::Floor(pass.function());
    let Some(function) = stack.function(pass.function()) else { return Err(failed) };
    let (begun, mut moved, mut cursor) = (Instant::now(), 0, Value::Null);
    loop {
        let request = json!({ "action": pass.action(), "cursor": cursor });
        let Some(summary) = chunk(function, &request).await else { return Err(failed) };
        moved += ["/outcomes/imported", "/rewrapped"]
            .iter()
            .filter_map(|at| summary.pointer(at)?.as_u64())
            .sum::<u64>();
        match summary.get("cursor") {
            Some(next) if !next.is_null() => cursor = next.clone(),
            _ if moved == u64::from(rows) => return Ok(begun.elapsed()),
            _ => return Err(failed),
        }
    }
}

async fn chunk(function: &Function, request: &Value) -> Option<Value> {
    let deadline = SystemTime::now() + Duration::from_mins(15);
    let answer = function.invoke(request.to_string().into_bytes(), deadline).await.ok()?;
    serde_json::from_slice(&answer).ok()
}

fn print<T: Serialize>(
    args: &LoadArgs,
    all: &[T],
    print: impl Fn(&T, &mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if args.json {
        return writeln!(out, "{}", serde_json::to_string_pretty(all)?);
    }
    all.iter().try_for_each(|one| print(one, out))
}

impl Measured {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let or_unknown = |number: Option<f64>| {
            number.map_or_else(|| "unknown".to_owned(), |number| format!("{number:.1}"))
        };
        writeln!(out, "{HEADING}{}, {} rows{HEADING:#}", self.pass.action(), self.rows)?;
        writeln!(out, "{:<24} {:>10.1}", "rows per second", self.rows_per_s)?;
        writeln!(out, "{:<24} {:>10}", "rows per CPU-second", or_unknown(self.rows_per_cpu_s))?;
        writeln!(out, "{:<24} {:>10}", "most memory, MiB", or_unknown(self.peak_memory_mib))?;
        print_use("A row", &self.per_row.functions, &self.per_row.calls, &[], out)?;
        writeln!(out)
    }
}

impl Compared {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.pass.action();
        writeln!(out, "{HEADING}{name}, {} rows; rows per second{HEADING:#}", self.rows)?;
        writeln!(out, "{:<10} {:>10} {:>10} {:>8}", "round", "ours", "floor", "ratio")?;
        for (number, Round { per_s, floor_per_s }) in (1..).zip(&self.rounds) {
            writeln!(out, "{number:<10} {per_s:>10.1} {floor_per_s:>10.1} {:>8.2}", per_s / floor_per_s)?;
        }
        writeln!(out, "{:<32} {HEADING}{:>8.2}{HEADING:#}\n", "median", self.to_floor)
    }
}
