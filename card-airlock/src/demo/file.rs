//! Sends a file of orders through the pipeline: each order is placed, followed to its end, and paid.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    pin::pin,
    thread,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use futures::{Stream, StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use super::{
    error::DemoError,
    results::{LineResult, Results},
    summary::{Outcome, Summary},
    turns::Turns,
};
use crate::{
    api_client::{Answer, ApiClient},
    order_lines::{Line, Lines},
};

/// How many orders are sent at the same time.
const AT_ONCE: usize = 16;
/// The longest wait between two requests for a status, whatever `Retry-After` says.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// Longer than an order takes to cross, also with many orders before it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends every order of the file (`-`: standard input), and prints the outcomes.
pub(super) async fn run(
    api: &ApiClient<'_>,
    path: &Path,
    results: Results<'_>,
    out: &mut dyn Write,
) -> Result<(), DemoError> {
    let unreadable = |error| DemoError::Orders { path: path.to_owned(), error };
    let (source, size): (Box<dyn Read + Send>, Option<u64>) = if path == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        (Box::new(file), Some(size))
    };
    let mut writer = results.open()?;
    let bar = progress_bar(size);
    let begun = Instant::now();
    let mut summary = Summary::default();
    let mut ended = Ok(());
    {
        let mut orders = pin!(take_through(api, source, &bar));
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        loop {
            let result = tokio::select! {
                biased;
                // What was done is told; what is in progress ends with the pipeline.
                _ = &mut interrupt => {
                    ended = Err(DemoError::Interrupted);
                    break;
                }
                result = orders.next() => result,
            };
            match result {
                None => break,
                Some(Err(error)) => return Err(unreadable(error)),
                Some(Ok(result)) => {
                    writer.write(&result, out)?;
                    summary.count(result.line, result.outcome);
                    bar.set_message(format!("{} tokenized", summary.tokenized()));
                }
            }
        }
    }
    bar.finish_and_clear();
    writer.finish()?;
    if ended.is_ok() && summary.is_empty() {
        return Err(DemoError::NoOrders(path.to_owned()));
    }
    if results.json {
        serde_json::to_writer(&mut *out, &summary).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        summary.print(out)?;
        writeln!(out, "in {:.1} s", begun.elapsed().as_secs_f64())?;
    }
    ended?;
    if summary.is_complete() { Ok(()) } else { Err(DemoError::Incomplete) }
}

/// Drawn on standard error, and only when that is a terminal.
fn progress_bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:40} {percent:>3}%  {msg}  {elapsed}"),
        None => (ProgressBar::new_spinner(), "{spinner}  {msg}  {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The outcome of each order, in the order of the file. It reads in its own thread, only a few lines ahead.
fn take_through<'a>(
    api: &'a ApiClient<'_>,
    source: Box<dyn Read + Send>,
    bar: &'a ProgressBar,
) -> impl Stream<Item = io::Result<LineResult>> + 'a {
    let (sender, mut receiver) = mpsc::channel(AT_ONCE);
    thread::spawn(move || read_into(source, &sender));
    let mut turns = Turns::default();
    stream::poll_fn(move |context| receiver.poll_recv(context))
        .map(move |line| {
            // Orders of one id go through one after the other, as the file has them.
            let turn = line
                .as_ref()
                .ok()
                .and_then(|line| line.text.as_ref())
                .and_then(|text| turns.of(text.as_ref()));
            async move {
                let Line { number, bytes, text } = line?;
                let passage = match text {
                    Some(text) if text.as_ref().trim_ascii().is_empty() => None,
                    Some(text) if serde_json::from_slice::<IgnoredAny>(text.as_ref()).is_err() => {
                        Some(Passage::ended(Outcome::Refused("NOT_JSON".to_owned())))
                    }
                    Some(text) => {
                        let turn = match turn {
                            Some(turn) => Some(turn.come().await),
                            None => None,
                        };
                        // The body is wiped when the last holder of it, the HTTP client, lets go.
                        let passage = take_one_through(api, Bytes::from_owner(text)).await;
                        drop(turn);
                        Some(passage)
                    }
                    None => Some(Passage::ended(Outcome::Refused("TOO_LONG".to_owned()))),
                };
                bar.inc(bytes);
                Ok(passage.map(|passage| passage.of_line(number)))
            }
        })
        .buffered(AT_ONCE)
        .filter_map(|result| std::future::ready(result.transpose()))
}

fn read_into(source: impl Read, sender: &mpsc::Sender<io::Result<Line>>) {
    let mut lines = match Lines::new(source) {
        Ok(lines) => lines,
        Err(error) => return drop(sender.blocking_send(Err(error))),
    };
    while let Some(line) = lines.next().transpose() {
        let failed = line.is_err();
        if sender.blocking_send(line).is_err() || failed {
            return;
        }
    }
}

/// How far an order came, and the id of the order, its token and its mask.
struct Passage {
    order: Option<String>,
    token: Option<String>,
    card: Option<String>,
    outcome: Outcome,
}

impl Passage {
    fn ended(outcome: Outcome) -> Self {
        Self { order: None, token: None, card: None, outcome }
    }

    fn of_line(self, line: u64) -> LineResult {
        let Self { order, token, card, outcome } = self;
        LineResult { line, order, token, card, outcome }
    }
}

async fn take_one_through(api: &ApiClient<'_>, body: Bytes) -> Passage {
    let accepted = match api.submit(body).await {
        Ok(answer) if matches!(answer.status, 200 | 202) => answer,
        Ok(answer) => return Passage::ended(Outcome::Refused(reason(&answer))),
        Err(_) => return Passage::ended(Outcome::Refused("NO_ANSWER".to_owned())),
    };
    let order = accepted.text("CustomerOrder").to_owned();
    let tokenized = match follow(api, accepted, &order).await {
        Ok(tokenized) => tokenized,
        Err(reason) => {
            return Passage { order: Some(order), ..Passage::ended(Outcome::NotTokenized(reason)) };
        }
    };
    let outcome = match api.pay(&order).await {
        Ok(answer) if answer.status == 200 => Outcome::Paid,
        Ok(answer) => Outcome::NotPaid(reason(&answer)),
        Err(_) => Outcome::NotPaid("NO_ANSWER".to_owned()),
    };
    let text = |name: &str| Some(tokenized.text(name).to_owned()).filter(|text| !text.is_empty());
    Passage { order: Some(order), token: text("CreditCardToken"), card: text("CreditCard"), outcome }
}

/// Asks until the order has its token. Otherwise it returns where the order ended.
async fn follow(api: &ApiClient<'_>, accepted: Answer, order: &str) -> Result<Answer, String> {
    let location = accepted.location.clone();
    let begun = Instant::now();
    let mut answer = accepted;
    loop {
        match (answer.status, answer.text("Status")) {
            (200, "TOKENIZED") => return Ok(answer),
            (200 | 202, "PENDING") if begun.elapsed() < PATIENCE => {}
            (200, status) if !status.is_empty() => return Err(status.to_owned()),
            _ => return Err(reason(&answer)),
        }
        tokio::time::sleep(answer.wait(LONGEST_WAIT)).await;
        answer = api.status(location.as_deref(), order).await.map_err(|_| "NO_ANSWER".to_owned())?;
    }
}

/// The status and the project's own code for it: fixed words, nothing of the order.
fn reason(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text("code")).trim_end().to_owned()
}
