//! Positions in a shard.

use std::{cmp::Ordering, fmt};

/// A record's sequence number: 1 to 40 decimal digits, compared as a number, kept as it was written.
///
/// 40 digits fit no integer type, and "9" comes before "10".
#[derive(Debug, Clone)]
pub struct SequenceNumber(Box<str>);

impl SequenceNumber {
    /// Reads one; `None` for anything but 1 to 40 ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self(text.into()))
    }

    /// As the stream wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn magnitude(&self) -> (usize, &str) {
        let digits = self.0.trim_start_matches('0');
        (digits.len(), digits)
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude())
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SequenceNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SequenceNumber {}

/// A position in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At the oldest record still there.
    TrimHorizon,
    /// Behind this record.
    After(SequenceNumber),
}

const TRIM_HORIZON: &str = "TRIM_HORIZON";

impl Position {
    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            TRIM_HORIZON => Some(Self::TrimHorizon),
            number => SequenceNumber::parse(number).map(Self::After),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrimHorizon => TRIM_HORIZON,
            Self::After(sequence) => sequence.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    #[test]
    fn sequence_numbers_compare_as_numbers() {
        assert!(number("9") < number("10"));
        assert!(number("0009") < number("10"));
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("007").as_str(), "007");
    }

    #[test]
    fn sequence_numbers_of_40_digits_compare_to_the_last_digit() {
        let lower = "9".repeat(39) + "8";
        let higher = "9".repeat(40);
        assert!(number(&lower) < number(&higher));
    }

    #[test]
    fn a_position_can_be_written_down_and_read_again() {
        for position in [Position::TrimHorizon, Position::After(number("100000000000000000001"))] {
            assert_eq!(Position::parse(&position.to_string()), Some(position));
        }
        assert_eq!(Position::parse("LATEST"), None);
    }

    #[test]
    fn what_is_not_1_to_40_digits_is_no_sequence_number() {
        for text in ["", "-1", "1a", "٣", "1.0", &"1".repeat(41)] {
            assert!(SequenceNumber::parse(text).is_none(), "{text}");
        }
    }
}
