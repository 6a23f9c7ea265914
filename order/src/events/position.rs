//! The place of an event among all events of its order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// DynamoDB's longest sequence number:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html>
const DIGITS: usize = 40;

/// A text that grows with every change of the state of an order, and compares as text: when the order was accepted, the
/// table, and the stream's sequence number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position(String);

/// Not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the position of an event")]
pub struct ParsePositionError;

/// Where the order is. An order that is across does not come back, so this comes before the sequence number, which
/// each table's stream counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Quarantine,
    Across,
}

impl Position {
    /// None: the sequence number is not one that DynamoDB gives.
    pub(super) fn new(accepted_at: Timestamp, place: Place, sequence_number: &str) -> Option<Self> {
        let is_number = (1..=DIGITS).contains(&sequence_number.len())
            && sequence_number.bytes().all(|byte| byte.is_ascii_digit());
        let place = match place {
            Place::Quarantine => 0,
            Place::Across => 1,
        };
        is_number.then(|| Self(format!("{accepted_at}#{place}#{sequence_number:0>DIGITS$}")))
    }
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let mut parts = text.splitn(3, '#');
        let parsed = (|| {
            let accepted_at = parts.next()?.parse().ok()?;
            let place = match parts.next()? {
                "0" => Place::Quarantine,
                "1" => Place::Across,
                _ => return None,
            };
            Self::new(accepted_at, place, parts.next()?)
        })();
        // One spelling each, or they would not compare as text.
        parsed.filter(|position| position.0 == text).ok_or(ParsePositionError)
    }
}

impl TryFrom<String> for Position {
    type Error = ParsePositionError;

    fn try_from(text: String) -> Result<Self, ParsePositionError> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(accepted_at: &str, place: Place, number: &str) -> Position {
        Position::new(accepted_at.parse().unwrap(), place, number).unwrap()
    }

    #[test]
    fn a_position_is_the_acceptance_the_table_and_the_padded_number() {
        assert_eq!(
            position("2026-11-21T18:59:33.120Z", Place::Across, "4421584500000000017450439091").to_string(),
            "2026-11-21T18:59:33.120Z#1#0000000000004421584500000000017450439091"
        );
        let longest = "9".repeat(40);
        assert!(
            position("2026-11-21T18:59:33Z", Place::Quarantine, &longest).to_string().ends_with(&longest)
        );
    }

    #[test]
    fn as_texts_they_are_in_the_order_of_what_happened() {
        let (first, second) = ("2026-11-21T18:59:33.120Z", "2026-11-21T18:59:33.121Z");
        let in_order = [
            position(first, Place::Quarantine, "9"),
            position(first, Place::Quarantine, "10"),
            position(first, Place::Across, "1"),
            position(first, Place::Across, "2"),
            position(second, Place::Quarantine, "3"),
            position(second, Place::Across, "100000000000000000000"),
        ];
        let texts: Vec<_> = in_order.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted() && in_order.is_sorted(), "{texts:?}");
    }

    #[test]
    fn only_numbers_of_a_stream_make_a_position() {
        let at = "2026-11-21T18:59:33.120Z".parse().unwrap();
        for number in ["", "x", "-1", "1.5", "٣", &"1".repeat(41)] {
            assert_eq!(Position::new(at, Place::Quarantine, number), None, "{number}");
        }
    }

    #[test]
    fn a_position_is_read_back_in_its_one_spelling_only() {
        for place in [Place::Quarantine, Place::Across] {
            let text = position("2026-11-21T18:59:33.120Z", place, "7").to_string();
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        let text = position("2026-11-21T18:59:33.120Z", Place::Across, "7").to_string();
        for wrong in [
            text.replace("#1#", "#2#"),
            text.replace(".120Z", ".12Z"),
            text.replace("000000000", "00000000"),
            text.replace("2026", "x"),
            format!("{text} "),
            "2026-11-21T18:59:33.120Z#1".to_owned(),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<Position>(), Err(ParsePositionError), "{wrong}");
        }
    }
}
