//! What the function is asked.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use vault::{ParseTokenError, Token};

/// A chunk of a pass over the vault. A field that is not known is refused: it may be what keeps a run from changing
/// anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What is done with each row.
    pub action: Action,
    /// Where the chunk begins: the `cursor` of the answer before. None: at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// After about so many rows the chunk ends. None: when the function's time is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<NonZeroU32>,
    /// The most rows in a second. None: as fast as the services answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<NonZeroU32>,
    /// Re-wraps also rows that say that their data key is under the present key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// What is done with each row of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Counts rows by what they say of their key. Changes nothing, and asks KMS nothing.
    Count,
    /// Moves data keys to the present key.
    Rewrap,
    /// Asks KMS of each row whether the previous key wrapped its data key. Changes nothing.
    Verify,
}

/// A place in a pass. Only this function makes one and reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct Cursor(pub(crate) Token);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_and_without_its_options() {
        let read = |text: &str| serde_json::from_str::<Request>(text).ok();
        let plain = |action| Request { action, cursor: None, limit: None, rate: None, all: false };
        for (word, action) in
            [("count", Action::Count), ("rewrap", Action::Rewrap), ("verify", Action::Verify)]
        {
            assert_eq!(read(&format!(r#"{{"action":"{word}"}}"#)), Some(plain(action)));
        }
        let whole = r#"{"action":"rewrap","cursor":"11111111-2222-4333-8444-aaaaaaaaaaaa","limit":7,"rate":9,"all":true}"#;
        let read_back = read(whole).unwrap();
        assert_eq!(
            (read_back.limit.unwrap().get(), read_back.rate.unwrap().get(), read_back.all),
            (7, 9, true)
        );
        assert_eq!(serde_json::to_string(&read_back).unwrap(), whole);
        for wrong in [
            "{}",
            r#"{"action":"other"}"#,
            r#"{"action":"rewrap","dryRun":true}"#,
            r#"{"action":"rewrap","limit":0}"#,
            r#"{"action":"rewrap","rate":0}"#,
            r#"{"action":"rewrap","cursor":"4111111111111111"}"#,
            r#"{"action":"count","action":"rewrap"}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
