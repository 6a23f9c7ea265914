//! What the function is asked. It names no table and no attribute: those are the template's parameters.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The most rows of a chunk, so that the answer, which has a result for each, is not too long for Lambda (6 MB).
pub const MOST_ROWS: u32 = 1_000;

/// A chunk of a pass over the source. A field that is not known is refused: it may be what keeps a run from changing
/// anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What is done with each row.
    pub action: Action,
    /// Where the chunk begins: the `cursor` of the answer before. None: at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// After so many rows the chunk ends; [`MOST_ROWS`] at most, and if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<NonZeroU32>,
    /// The most rows in a second. None: as fast as the services answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<NonZeroU32>,
}

/// What is done with each row of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Tells what an import would do. Changes nothing.
    Check,
    /// Seals each card into the quarantine, and marks its row.
    Import,
    /// Tells which numbers a scrub would take out. Changes nothing.
    CheckScrub,
    /// Puts the token in the place of a number whose order is across.
    Scrub,
    /// Lists the rows of the AWS sample's vault that no order names. Changes nothing.
    Orphans,
}

impl Action {
    /// Whether it depends on which orders of the AWS sample name a token.
    pub(crate) fn needs_pairing(self) -> bool {
        matches!(self, Self::Check | Self::Import | Self::Orphans)
    }
}

/// A place in a pass, sealed. Only this function makes one and reads it, for the same action under the same parameters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub(crate) String);

impl std::fmt::Debug for Cursor {
    /// Who sends a request may put anything here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursor")
    }
}

impl Request {
    pub(crate) fn most_rows(&self) -> u32 {
        self.limit.map_or(MOST_ROWS, |limit| limit.get().min(MOST_ROWS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_and_without_its_options() {
        let read = |text: &str| serde_json::from_str::<Request>(text).ok();
        for (word, action) in [
            ("check", Action::Check),
            ("import", Action::Import),
            ("checkScrub", Action::CheckScrub),
            ("scrub", Action::Scrub),
            ("orphans", Action::Orphans),
        ] {
            let plain = Request { action, cursor: None, limit: None, rate: None };
            assert_eq!(read(&format!(r#"{{"action":"{word}"}}"#)), Some(plain));
        }
        let whole = r#"{"action":"import","cursor":"abc","limit":7,"rate":9}"#;
        let read_back = read(whole).unwrap();
        assert_eq!(serde_json::to_string(&read_back).unwrap(), whole);
        assert!(!format!("{read_back:?}").contains("abc"));
        for wrong in [
            "{}",
            r#"{"action":"other"}"#,
            r#"{"action":"import","dryRun":true}"#,
            r#"{"action":"import","table":"Orders"}"#,
            r#"{"action":"import","limit":0}"#,
            r#"{"action":"import","rate":0}"#,
            r#"{"action":"check","action":"import"}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_scrub_does_not_wait_until_the_tokens_of_all_orders_are_read() {
        assert_eq!([Action::CheckScrub, Action::Scrub].map(Action::needs_pairing), [false, false]);
    }

    #[test]
    fn a_chunk_has_no_more_rows_than_an_answer_can_tell() {
        let most = |limit: Option<u32>| {
            let limit = limit.and_then(NonZeroU32::new);
            Request { action: Action::Check, cursor: None, limit, rate: None }.most_rows()
        };
        assert_eq!([None, Some(1), Some(1_000), Some(1_001)].map(most), [1_000, 1, 1_000, 1_000]);
    }
}
