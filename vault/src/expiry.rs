//! The card's expiry date, sealed together with its number.

use std::{fmt, time::SystemTime};

use secrecy::{ExposeSecret, SecretBox};
use time::{Date, Month, OffsetDateTime, UtcOffset, macros::offset};

use crate::plaintext::Alive;

/// The time zone in which a day ends last.
const LAST_TIME_ZONE: UtcOffset = offset!(-12);

/// Month and year as printed on the card: `MM/YY`. Cardholder data, so never shown; wiped on drop.
pub struct CardExpiry {
    text: SecretBox<[u8; 5]>,
    _alive: Alive,
}

/// Not `MM/YY` with a month from 01 to 12. It says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a card expiry is MM/YY")]
pub struct ParseExpiryError;

impl CardExpiry {
    /// Reads `MM/YY`, with white space around it or none, whether or not it has passed: see [`CardExpiry::has_passed`].
    ///
    /// # Errors
    /// [`ParseExpiryError`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, ParseExpiryError> {
        let text = text.trim();
        match text.as_bytes() {
            [m1, m2, b'/', y1, y2]
                if [m1, m2, y1, y2].into_iter().all(u8::is_ascii_digit)
                    && matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2')) =>
            {
                let text =
                    SecretBox::init_with_mut(|stored: &mut [u8; 5]| stored.copy_from_slice(text.as_bytes()));
                Ok(Self { text, _alive: Alive::new() })
            }
            _ => Err(ParseExpiryError),
        }
    }

    /// Whether the month is over everywhere on earth. A card is valid to the end of its month, and the last time zone
    /// in which that month ends is UTC-12.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: only compared")]
    pub fn has_passed(&self, now: SystemTime) -> bool {
        let [m1, m2, _, y1, y2] = *self.text.expose_secret();
        let number = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
        let Ok(month) = Month::try_from(number(m1, m2)) else { return false };
        let year = 2000 + i32::from(number(y1, y2)) + i32::from(month == Month::December);
        let next_month = Date::from_calendar_date(year, month.next(), 1);
        next_month.is_ok_and(|day| OffsetDateTime::from(now) >= day.midnight().assume_offset(LAST_TIME_ZONE))
    }

    /// `MM/YY`. Every call needs an `#[expect]` with the reason for the exposure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the one door; its callers state their reasons")]
    pub fn expose(&self) -> &str {
        // Only ASCII is ever stored.
        std::str::from_utf8(self.text.expose_secret()).unwrap_or_default()
    }
}

impl fmt::Debug for CardExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardExpiry(**/**)")
    }
}

static_assertions::assert_not_impl_any!(CardExpiry: Clone, Copy, PartialEq, fmt::Display, AsRef<str>);

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_month_and_a_year_are_read_and_nothing_else() {
        for text in ["01/30", "12/99", "10/00", " 12/30\u{a0}\n"] {
            assert_eq!(CardExpiry::parse(text).unwrap().expose(), text.trim());
        }
        for text in
            ["", "1/30", "13/30", "00/30", "12-30", "12/2030", "1a/30", "é1/30", " 1/30", "12 /30", "12/ 30"]
        {
            assert!(CardExpiry::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_has_ended_in_the_last_time_zone() {
        for (expiry, end) in [
            ("11/26", datetime!(2026-12-01 12:00 UTC)),
            ("12/26", datetime!(2027-01-01 12:00 UTC)),
            ("02/28", datetime!(2028-03-01 12:00 UTC)),
            ("02/26", datetime!(2026-03-01 12:00 UTC)),
            ("01/00", datetime!(2000-02-01 12:00 UTC)),
            ("12/99", datetime!(2100-01-01 12:00 UTC)),
        ] {
            let expiry = CardExpiry::parse(expiry).unwrap();
            let end = SystemTime::from(end);
            assert!(expiry.has_passed(end), "{end:?}");
            assert!(!expiry.has_passed(end - Duration::from_millis(1)), "{end:?}");
        }
    }
}
