//! Times as they are stored and shown: RFC 3339 in UTC, to the millisecond.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

/// Not an RFC 3339 time in UTC since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct ParseTimestampError;

impl Timestamp {
    /// Whole seconds since 1970, as DynamoDB's TTL counts.
    #[must_use]
    pub fn epoch_seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// The time that many whole seconds after 1970. A time after the year 9999 becomes the end of that year, because
    /// RFC 3339 cannot write later ones.
    #[must_use]
    pub fn of_epoch_seconds(seconds: u64) -> Self {
        const END_OF_9999: u64 = 253_402_300_799;
        Self(seconds.min(END_OF_9999) * 1_000)
    }

    /// Milliseconds from this time to a later one; zero to an earlier one.
    #[must_use]
    pub fn milliseconds_until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// The time that much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(duration)))
    }
}

impl From<SystemTime> for Timestamp {
    /// Times before 1970 count as 1970.
    fn from(time: SystemTime) -> Self {
        Self(milliseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

impl From<Timestamp> for SystemTime {
    /// A time that the machine cannot hold becomes 1970.
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_millis(time.0)).unwrap_or(UNIX_EPOCH)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        humantime::parse_rfc3339(text).map(Self::from).map_err(|_| ParseTimestampError)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = ParseTimestampError;

    fn try_from(text: String) -> Result<Self, ParseTimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(self.0)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_back_to_the_millisecond() {
        let time = Timestamp::from(UNIX_EPOCH + Duration::new(1_763_751_573, 120_999_999));
        assert_eq!(time.to_string(), "2025-11-21T18:59:33.120Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(time.epoch_seconds(), 1_763_751_573);
        assert_eq!(Timestamp::of_epoch_seconds(1_763_751_573).to_string(), "2025-11-21T18:59:33.000Z");
        assert_eq!(Timestamp::of_epoch_seconds(u64::MAX).to_string(), "9999-12-31T23:59:59.000Z");
        assert_eq!("yesterday".parse::<Timestamp>(), Err(ParseTimestampError));
    }
}
