//! A file of orders, taken through the pipeline: submitted, followed to the end, paid.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use super::{
    error::DemoError,
    lines::{Line, Lines},
    summary::{Outcome, Summary},
};
use crate::api_client::{Answer, ApiClient};

/// Orders under way at once.
const AT_ONCE: usize = 16;
/// The longest wait between two looks at a status, whatever `Retry-After` says.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// When an order should long have crossed, however many are before it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Takes every order of the file (`-`: standard input) through, and prints what became of them.
pub(super) async fn run(api: &ApiClient<'_>, path: &Path, out: &mut dyn Write) -> Result<(), DemoError> {
    let (source, size): (Box<dyn Read + Send>, Option<u64>) = if path == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(DemoError::Orders)?;
        let size = file.metadata().map_err(DemoError::Orders)?.len();
        (Box::new(file), Some(size))
    };
    let bar = progress_bar(size);
    let begun = Instant::now();
    let summary = take_through(api, source, &bar).await;
    bar.finish_and_clear();
    let summary = summary?;
    summary.print(out)?;
    writeln!(out, "in {:.1} s", begun.elapsed().as_secs_f64())?;
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

/// Reads in a thread of its own, a few lines ahead, and never more.
async fn take_through(
    api: &ApiClient<'_>,
    source: Box<dyn Read + Send>,
    bar: &ProgressBar,
) -> Result<Summary, DemoError> {
    let (sender, mut receiver) = mpsc::channel(AT_ONCE);
    thread::spawn(move || read_into(source, &sender));
    let lines = stream::poll_fn(|context| receiver.poll_recv(context));
    let mut outcomes = lines
        .map(|line| async move {
            let Line { number, bytes, text } = line?;
            let outcome = match text {
                Some(text) if text.as_ref().trim_ascii().is_empty() => None,
                Some(text) if serde_json::from_slice::<IgnoredAny>(text.as_ref()).is_err() => {
                    Some(Outcome::Refused("NOT_JSON".to_owned()))
                }
                // The body is wiped when the last holder of it, the HTTP client, lets go.
                Some(text) => Some(take_one_through(api, Bytes::from_owner(text)).await),
                None => Some(Outcome::Refused("TOO_LONG".to_owned())),
            };
            Ok((number, bytes, outcome))
        })
        .buffer_unordered(AT_ONCE);
    let mut summary = Summary::default();
    while let Some(done) = outcomes.next().await {
        let (number, bytes, outcome) = done.map_err(DemoError::Orders)?;
        if let Some(outcome) = outcome {
            summary.count(number, outcome);
        }
        bar.inc(bytes);
        bar.set_message(format!("{} tokenized", summary.tokenized()));
    }
    Ok(summary)
}

fn read_into(source: impl Read, sender: &mpsc::Sender<io::Result<Line>>) {
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next().transpose() {
        let failed = line.is_err();
        if sender.blocking_send(line).is_err() || failed {
            return;
        }
    }
}

async fn take_one_through(api: &ApiClient<'_>, body: Bytes) -> Outcome {
    let accepted = match api.submit(body).await {
        Ok(answer) if matches!(answer.status, 200 | 202) => answer,
        Ok(answer) => return Outcome::Refused(reason(&answer)),
        Err(_) => return Outcome::Refused("NO_ANSWER".to_owned()),
    };
    let order = accepted.text("CustomerOrder").to_owned();
    if let Err(reason) = follow(api, accepted, &order).await {
        return Outcome::NotTokenized(reason);
    }
    match api.pay(&order).await {
        Ok(answer) if answer.status == 200 => Outcome::Paid,
        Ok(answer) => Outcome::NotPaid(reason(&answer)),
        Err(_) => Outcome::NotPaid("NO_ANSWER".to_owned()),
    }
}

/// Asks until the order has its token; otherwise says where it ended.
async fn follow(api: &ApiClient<'_>, accepted: Answer, order: &str) -> Result<(), String> {
    let location = accepted.location.clone();
    let begun = Instant::now();
    let mut answer = accepted;
    loop {
        match (answer.status, answer.text("Status")) {
            (200, "TOKENIZED") => return Ok(()),
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
