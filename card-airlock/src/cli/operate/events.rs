//! `card-airlock events`: what a running `up` put on its event bus. On AWS a queue is subscribed (docs/events.md).

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::Args;
use order::{OrderId, OrderTable, Timestamp, Upkeep};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use super::{
    outcome::{NOTHING_LEFT, OperateError, stored_order},
    shown,
};
use crate::{
    operations::{Place, Right, StackAccess},
    style::{BAD, FAINT, GOOD},
};

/// The output of the template that tells where the API is; the console is beside it.
const API: &str = "PaymentMethodApiURL";
/// Longer than the console waits for an event.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug, Args)]
pub(in crate::cli) struct EventsArgs {
    /// The running `up`, by its AWS endpoint's port on 127.0.0.1.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Print later events, too, as they come, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// Only the events of this order.
    #[arg(long, value_name = "ID", value_parser = stored_order)]
    order: Option<OrderId>,
    /// Print each event as EventBridge writes it, an object a line.
    #[arg(long)]
    json: bool,
}

/// A page of the console's list.
#[derive(Deserialize)]
struct Page {
    events: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
    envelope: Value,
}

pub(super) async fn run(args: EventsArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access =
        StackAccess::open(Place::Up { aws_url: format!("http://127.0.0.1:{}", args.aws_port) }).await?;
    let api = access.names().outputs.get(API).and_then(|api| Url::parse(api).ok());
    let mut console = api.ok_or(OperateError::NoConsole)?;
    console.set_path("/console/bus");
    let client = Client::builder().timeout(PATIENCE).build().map_err(|_| OperateError::NoConsole)?;
    let (mut last, mut waits, mut has_told) = (0, false, false);
    loop {
        let page = ask(&client, &console, last, waits).await?;
        let is_all = page.events.is_empty();
        for Numbered { number, envelope: event } in page.events {
            last = number;
            if args
                .order
                .as_ref()
                .is_none_or(|order| text(&event, "/detail/CustomerOrder") == Some(order.as_str()))
            {
                print(&event, args.json, out)?;
                has_told = true;
            }
        }
        out.flush()?;
        // Once, when all that is there was looked at.
        if let Some(order) = args.order.as_ref().filter(|_| is_all && !has_told) {
            tell_nothing(&access, order, args.follow).await?;
            has_told = true;
        }
        if is_all && !args.follow {
            return Ok(NOTHING_LEFT);
        }
        waits = is_all;
    }
}

/// The bus has nothing of this order. Who waits for it may be early; who does not has perhaps mistyped its id.
async fn tell_nothing(access: &StackAccess, order: &OrderId, follows: bool) -> Result<(), OperateError> {
    let is_known = is_known(access, order).await?;
    if !is_known && !follows {
        return Err(OperateError::NoSuchOrder);
    }
    let known = if is_known { "The bus has no event of this order" } else { "Nobody knows this order" };
    let since = if is_known { " since `up` was started" } else { "" };
    let then = if follows { " yet: this waits for one" } else { "" };
    writeln!(anstream::stderr(), "{known}{since}{then}.")?;
    Ok(())
}

/// Whether a table has the order.
async fn is_known(access: &StackAccess, order: &OrderId) -> Result<bool, OperateError> {
    let (config, names) = (access.config(Right::Read), access.names());
    let upkeep = Upkeep::new(&config, names.physical("OrderQuarantineTable")?.to_owned());
    if upkeep.row(order.as_str()).await?.is_some() {
        return Ok(true);
    }
    let orders = OrderTable::new(&config, names.physical("CustomerOrderTable")?.to_owned());
    Ok(orders.overview(order).await?.is_some())
}

async fn ask(client: &Client, console: &Url, last: u64, waits: bool) -> Result<Page, OperateError> {
    let mut url = console.clone();
    url.set_query(Some(&format!("after={last}&wait={waits}")));
    let answer = client.get(url).send().await.map_err(|_| OperateError::NoConsole)?;
    let body = answer.bytes().await.map_err(|_| OperateError::NoConsole)?;
    serde_json::from_slice(&body).map_err(|_| OperateError::NoConsole)
}

fn print(event: &Value, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if as_json {
        return writeln!(out, "{event}");
    }
    let at = text(event, "/detail/At").or_else(|| text(event, "/time"));
    let at = at.and_then(|at| at.parse::<Timestamp>().ok()).map(shown::time).unwrap_or_default();
    let kind = plain(text(event, "/detail-type"));
    let reason = plain(text(event, "/detail/Reason"));
    let style = if kind.ends_with("failed") || kind.ends_with("expired") || kind.ends_with("not_replaced") {
        BAD
    } else {
        GOOD
    };
    let order = text(event, "/detail/CustomerOrder").and_then(OrderId::stored);
    let order = shown::order(order.as_ref());
    let reason = if reason.is_empty() { reason } else { format!("{reason}  ") };
    let before = format!("{at:<19}  {kind:<17}  {reason}");
    let break_it = if before.len() + order.len() > shown::COLUMNS { "\n    " } else { "" };
    writeln!(out, "{FAINT}{at:<19}{FAINT:#}  {style}{kind:<17}{style:#}  {reason}{break_it}{order}")
}

fn text<'a>(event: &'a Value, at: &str) -> Option<&'a str> {
    event.pointer(at)?.as_str()
}

/// A word of an event, which anybody may have put on the bus.
fn plain(word: Option<&str>) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    word.unwrap_or_default().chars().filter(is_plain).take(40).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(detail_type: &str, detail: Value) -> String {
        let event = json!({ "detail-type": detail_type, "time": "2026-11-29T01:00:00Z", "detail": detail });
        let mut out = anstream::StripStream::new(Vec::new());
        print(&event, false, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn an_event_is_a_line_with_its_time_kind_reason_and_order() {
        let at = "2026-11-29T01:00:01.250Z";
        assert_eq!(
            line("order.tokenized", json!({ "CustomerOrder": "A-1", "At": at })),
            "2026-11-29 01:00:01  order.tokenized    A-1\n"
        );
        assert_eq!(
            line("order.failed", json!({ "CustomerOrder": "A-1", "Reason": "ENVELOPE_REFUSED" })),
            "2026-11-29 01:00:00  order.failed       ENVELOPE_REFUSED  A-1\n"
        );
        let long = line("payment.submitted", json!({ "CustomerOrder": "x".repeat(64), "At": at }));
        assert_eq!(long.lines().count(), 2);
        assert!(long.lines().all(|line| line.len() <= 80), "{long}");
    }

    #[test]
    fn what_somebody_else_puts_on_the_bus_does_no_harm_to_a_terminal() {
        let odd = line("a\u{1b}[2Jb", json!({ "CustomerOrder": "4111111111111111", "Reason": "\n\r" }));
        assert_eq!(odd, "2026-11-29 01:00:00  a2Jb               (an id that is not shown)\n");
        assert_eq!(line("", json!(1)), "2026-11-29 01:00:00                     (an id that is not shown)\n");
    }
}
