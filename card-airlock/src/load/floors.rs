//! Compares the handlers with a bare client of the same services that does the same, in turns, in one run. Everything
//! is in this process, so that only the handlers' own work makes the difference:
//!
//! - accepting beside one projected GetItem and one conditional PutItem of the same row;
//! - tokenizing, by the stream's batches, beside one GenerateDataKey an order and TransactWriteItems of the same shape,
//!   for as many orders each, and for one.

use std::{
    io::{self, Write},
    time::{Duration, Instant, SystemTime},
};

use card_airlock_lambda::Function;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    args::LoadArgs,
    bare::{Floor, TOGETHER, all_of, setting},
    crossing::tokenize,
    drive::body,
    error::LoadError,
};
use crate::{
    stack::{NO_LIMIT, Stack, StackOptions},
    style::{FAINT, HEADING},
};

const INGEST: &str = "IngestFunction";

/// Rates per second, ratios of ours to the floor; each a round's, and the ratios' medians.
#[derive(Debug, Serialize)]
struct Floors {
    orders_per_round: u32,
    concurrency: u16,
    accept_to_floor: f64,
    /// To a bare client that shares transactions as ours does.
    tokenize_to_floor: f64,
    /// To a bare client with a transaction for each order.
    tokenize_to_floor_alone: f64,
    rounds: Vec<Round>,
}

#[derive(Debug, Serialize)]
struct Round {
    accept_per_s: f64,
    accept_floor_per_s: f64,
    tokenize_per_s: f64,
    tokenize_floor_per_s: f64,
    tokenize_floor_alone_per_s: f64,
}

/// Runs the rounds and prints the results.
pub(super) async fn run(args: &LoadArgs, out: &mut dyn Write) -> Result<(), LoadError> {
    let options = StackOptions {
        self_driven: false,
        parameters: [("DetokenizePerMinute".to_owned(), NO_LIMIT.to_owned())].into(),
        ..StackOptions::on_free_ports(crate::sign_in::ephemeral()?)
    };
    let mut stack = Stack::start(options).await?;
    let floors = measure(args, &mut stack).await;
    stack.shutdown().await;
    let floors = floors?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&floors)?)?;
    } else {
        floors.print(out)?;
    }
    Ok(())
}

async fn measure(args: &LoadArgs, stack: &mut Stack) -> Result<Floors, LoadError> {
    let ours = Ours::of(stack, args)?;
    // Warms every client, and makes the rows that the floor copies.
    ours.accept("warm", args.concurrency.into()).await?;
    let floor = Floor::copy_of(stack, args.concurrency).await?;
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        let name = format!("round-{round}");
        // The second one finds fuller tables, so they take turns.
        let (accept, accept_floor) = if round % 2 == 0 {
            let ours = ours.accept(&name, args.orders).await?;
            (ours, floor.accept(&name, args.orders).await?)
        } else {
            let floor = floor.accept(&name, args.orders).await?;
            (ours.accept(&name, args.orders).await?, floor)
        };
        let alone = format!("{name}-alone");
        floor.accept(&alone, args.orders).await?;
        let (tokenized, tokenize_floor, tokenize_alone) = if round % 2 == 0 {
            let ours = tokenize(stack, args.orders).await?;
            let floor_alone = floor.tokenize(&alone, args.orders, 1).await?;
            (ours, floor.tokenize(&name, args.orders, TOGETHER).await?, floor_alone)
        } else {
            let floors = floor.tokenize(&name, args.orders, TOGETHER).await?;
            let floor_alone = floor.tokenize(&alone, args.orders, 1).await?;
            (tokenize(stack, args.orders).await?, floors, floor_alone)
        };
        let per_second = |took: Duration| f64::from(args.orders) / took.as_secs_f64();
        rounds.push(Round {
            accept_per_s: per_second(accept),
            accept_floor_per_s: per_second(accept_floor),
            tokenize_per_s: per_second(tokenized),
            tokenize_floor_per_s: per_second(tokenize_floor),
            tokenize_floor_alone_per_s: per_second(tokenize_alone),
        });
    }
    Ok(Floors {
        orders_per_round: args.orders,
        concurrency: args.concurrency,
        accept_to_floor: median(rounds.iter().map(|round| round.accept_per_s / round.accept_floor_per_s)),
        tokenize_to_floor: median(
            rounds.iter().map(|round| round.tokenize_per_s / round.tokenize_floor_per_s),
        ),
        tokenize_to_floor_alone: median(
            rounds.iter().map(|round| round.tokenize_per_s / round.tokenize_floor_alone_per_s),
        ),
        rounds,
    })
}

/// The ingest handler, called by this many clients at once.
struct Ours {
    ingest: Function,
    client_id: String,
    at_once: usize,
}

impl Ours {
    fn of(stack: &Stack, args: &LoadArgs) -> Result<Self, LoadError> {
        let ingest = stack.function(INGEST).cloned().ok_or(LoadError::Floor(INGEST))?;
        Ok(Self {
            ingest,
            client_id: setting(stack, INGEST, "USER_POOL_CLIENT_ID")?,
            at_once: args.concurrency.into(),
        })
    }

    async fn accept(&self, name: &str, orders: u32) -> Result<Duration, LoadError> {
        let begun = Instant::now();
        let all = (0..orders).map(|number| self.accept_one(format!("{name}-{number}")));
        all_of(self.at_once, all).await?;
        Ok(begun.elapsed())
    }

    async fn accept_one(&self, order: String) -> Result<(), LoadError> {
        let event = self.event(&order).to_string().into_bytes();
        let answer = self.ingest.invoke(event, SystemTime::now() + Duration::from_secs(29)).await;
        let answer: Value = serde_json::from_slice(&answer.map_err(|_| LoadError::Floor(INGEST))?)?;
        if answer.get("statusCode") == Some(&json!(202)) { Ok(()) } else { Err(LoadError::Floor(INGEST)) }
    }

    /// The event in the gateway's form.
    fn event(&self, order: &str) -> Value {
        json!({
            "resource": "/order", "path": "/order", "httpMethod": "POST",
            "headers": { "content-type": "application/json" },
            "multiValueHeaders": { "content-type": ["application/json"] },
            "requestContext": {
                "httpMethod": "POST", "path": "/dev/order", "resourcePath": "/order", "stage": "dev",
                "requestId": Uuid::new_v4(),
                "authorizer": { "claims": { "sub": "floors", "token_use": "id", "aud": self.client_id } },
            },
            "body": String::from_utf8_lossy(&body(order)),
            "isBase64Encoded": false,
        })
    }
}

/// The middle one; of an even number the upper.
pub(super) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Floors {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { orders_per_round, concurrency, rounds, .. } = self;
        writeln!(
            out,
            "{HEADING}{} rounds of {orders_per_round} orders, {concurrency} at once; per second{HEADING:#}",
            rounds.len()
        )?;
        let accept = |round: &Round| (round.accept_per_s, round.accept_floor_per_s);
        let tokenize = |round: &Round| (round.tokenize_per_s, round.tokenize_floor_per_s);
        self.print_rates("accept", self.accept_to_floor, accept, out)?;
        let alone = |round: &Round| (round.tokenize_per_s, round.tokenize_floor_alone_per_s);
        self.print_rates("tokenize", self.tokenize_to_floor, tokenize, out)?;
        self.print_rates(
            "tokenize (floor: one order a transaction)",
            self.tokenize_to_floor_alone,
            alone,
            out,
        )?;
        writeln!(
            out,
            "\n{FAINT}handlers and bare clients in this process, with the same embedded services{FAINT:#}"
        )
    }

    fn print_rates(
        &self,
        name: &str,
        ratio: f64,
        rates: impl Fn(&Round) -> (f64, f64),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(out, "\n{name}\n{:<10} {:>10} {:>10} {:>8}", "round", "ours", "floor", "ratio")?;
        for (number, (ours, floor)) in (1..).zip(self.rounds.iter().map(rates)) {
            writeln!(out, "{number:<10} {ours:>10.1} {floor:>10.1} {:>8.2}", ours / floor)?;
        }
        writeln!(out, "{:<32} {HEADING}{ratio:>8.2}{HEADING:#}", "median")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0].into_iter()), 4.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
