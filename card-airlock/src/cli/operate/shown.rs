//! How things are shown to a person: 80 columns, ids and times, no card.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use indicatif::{ProgressBar, ProgressStyle};
use order::{Amount, OrderId, Timestamp};

/// The most columns of a line.
pub(super) const COLUMNS: usize = 80;

/// The time of now.
pub(super) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// An order's id. One that reads as a card number is not written out.
pub(super) fn order(order: Option<&OrderId>) -> &str {
    order.and_then(OrderId::shown).unwrap_or("(an id that is not shown)")
}

/// A time to the second.
pub(super) fn time(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {}", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}

/// How long ago something was, in its largest unit.
pub(super) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return "-".to_owned() };
    let seconds = since.milliseconds_until(now) / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// An amount, such as `19.99 USD`.
pub(super) fn amount(amount: Amount) -> String {
    let (count, exponent) = (amount.minor_units.count().to_string(), usize::from(amount.currency.exponent()));
    if exponent == 0 {
        return format!("{count} {}", amount.currency);
    }
    let padded = format!("{count:0>width$}", width = exponent + 1);
    let (whole, part) = padded.split_at(padded.len() - exponent);
    format!("{whole}.{part} {}", amount.currency)
}

/// A line of what is before an id and the id, which goes on a line of its own where it does not fit.
pub(super) fn with_id(out: &mut dyn Write, before: &str, id: &str) -> io::Result<()> {
    if before.chars().count() + id.chars().count() > COLUMNS {
        writeln!(out, "{}\n    {id}", before.trim_end())
    } else {
        writeln!(out, "{before}{id}")
    }
}

/// A bar that tells on a terminal what is under way, and nothing elsewhere.
pub(super) fn spinner(message: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.set_message(message.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(seconds)
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit_that_says_enough() {
        for (seconds, told) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_199, "119 min"),
            (7_200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(age(Some(at(1_000)), at(1_000 + seconds)), told);
        }
        assert_eq!(age(Some(at(2)), at(1)), "0 s", "clocks differ");
        assert_eq!(age(None, at(1)), "-");
    }

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        let told = |count: u64, currency: &str| {
            amount(Amount { minor_units: count.try_into().unwrap(), currency: currency.parse().unwrap() })
        };
        assert_eq!(told(1_999, "USD"), "19.99 USD");
        assert_eq!(told(5, "EUR"), "0.05 EUR");
        assert_eq!(told(500, "JPY"), "500 JPY");
        assert_eq!(told(1, "KWD"), "0.001 KWD");
    }

    #[test]
    fn an_id_that_does_not_fit_goes_on_a_line_of_its_own() {
        let told = |id: &str| {
            let mut out = Vec::new();
            with_id(&mut out, "parked      2 h  ", id).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(told("A-1"), "parked      2 h  A-1\n");
        let long = "x".repeat(64);
        assert_eq!(told(&long), format!("parked      2 h\n    {long}\n"));
        assert!(told(&long).lines().all(|line| line.len() <= COLUMNS));
    }

    #[test]
    fn an_id_that_reads_as_a_card_number_is_not_shown() {
        assert_eq!(order(OrderId::stored("4111111111111111").as_ref()), "(an id that is not shown)");
        assert_eq!(order(OrderId::stored("A-1").as_ref()), "A-1");
    }
}
