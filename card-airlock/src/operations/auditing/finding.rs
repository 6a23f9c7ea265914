//! What does not fit together in the audit. Ids and times only.

use order::{Timestamp, witness::Chain};
use serde_json::{Value, json};
use uuid::Uuid;

use super::openings::Opening;

/// What is told in place of a text that may be a card number.
const NOT_SHOWN: &str = "(not shown)";
/// The greatest number of a link that is shown: a longer one may be a card number.
const LONGEST_NUMBER: u64 = 999_999_999_999;

/// The key of a row of the audit table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey {
    pub principal: String,
    pub at: String,
}

impl ItemKey {
    /// Whose it is, if it can be shown.
    #[must_use]
    pub fn shown_principal(&self) -> &str {
        if vault::is_card_shaped(&self.principal) { NOT_SHOWN } else { &self.principal }
    }

    /// Its range key, if it can be shown: a time and a UUID are no card number, whatever their digits are.
    #[must_use]
    pub fn shown_at(&self) -> &str {
        let is_key =
            |(time, id): (&str, &str)| time.parse::<Timestamp>().is_ok() && id.parse::<Uuid>().is_ok();
        let is_ours = self.at.split_once('#').is_some_and(is_key);
        if !is_ours && vault::is_card_shaped(&self.at) { NOT_SHOWN } else { &self.at }
    }
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditFinding {
    /// The item is not what the witness saw when it was added, or the witness saw it change.
    Altered(ItemKey),
    /// The item is gone, or the witness saw it go.
    Removed(ItemKey),
    /// No chain has the item.
    NeverWitnessed(ItemKey),
    /// The witness saw a counter of the limit change otherwise than by counting.
    CounterAltered(ItemKey),
    /// The witness saw a counter of the limit go before its time, or by somebody else than TTL.
    CounterRemoved(ItemKey),
    /// A row of a chain that no release writes, or whose hash is not the one in the log.
    ForgedLink {
        chain: Chain,
        /// None: it is none, or may not be shown.
        number: Option<u64>,
    },
    /// A link that does not name the hash of the link before it.
    DoesNotFollow { chain: Chain, number: u64 },
    /// A link has an entry that belongs into another chain.
    MisplacedEntry { chain: Chain, number: u64 },
    /// Links are missing in the middle of a chain, or at its beginning.
    Gap { chain: Chain, from: u64, to: u64 },
    /// The end of a chain is missing: the log has more.
    CutOff { chain: Chain, end: u64, logged: u64 },
    /// From this link to the end of its chain, nothing is in the log.
    NotLogged { chain: Chain, number: u64 },
    /// The log has two hashes of one link.
    TwoHashes { chain: Chain, number: u64 },
    /// A line of the log names an end of a chain, and cannot be read.
    UnreadableHead,
    /// The log group of the witness is not there.
    NoLog,
    /// CloudTrail has the opening of a card for which there is no item.
    OpenedWithoutItem(Opening),
}

impl AuditFinding {
    /// Its word, such as `NEVER_WITNESSED`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.into()
    }

    /// The audit item, if it is about one.
    #[must_use]
    pub fn item(&self) -> Option<&ItemKey> {
        match self {
            Self::Altered(key)
            | Self::Removed(key)
            | Self::NeverWitnessed(key)
            | Self::CounterAltered(key)
            | Self::CounterRemoved(key) => Some(key),
            _ => None,
        }
    }

    /// The chain and the links, if it is about some.
    #[must_use]
    pub fn links(&self) -> Option<String> {
        let number = |number: u64| {
            if number > LONGEST_NUMBER { NOT_SHOWN.to_owned() } else { number.to_string() }
        };
        let (chain, links) = match self {
            Self::ForgedLink { chain, number: of } => (chain, of.map_or(NOT_SHOWN.to_owned(), number)),
            Self::DoesNotFollow { chain, number: of }
            | Self::MisplacedEntry { chain, number: of }
            | Self::NotLogged { chain, number: of }
            | Self::TwoHashes { chain, number: of } => (chain, number(*of)),
            Self::Gap { chain, from, to } if from == to => (chain, number(*from)),
            Self::Gap { chain, from, to } => (chain, format!("{} to {}", number(*from), number(*to))),
            Self::CutOff { chain, end, logged } => {
                (chain, format!("{} to {}", number(end.saturating_add(1)), number(*logged)))
            }
            _ => return None,
        };
        Some(format!("chain {}, link {links}", chain.name()))
    }

    /// The same as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut members = vec![("finding", json!(self.word()))];
        if let Some(key) = self.item() {
            members.extend([("principal", json!(key.shown_principal())), ("at", json!(key.shown_at()))]);
        }
        members.extend(self.links().map(|links| ("links", json!(links))));
        if let Self::OpenedWithoutItem(Opening { token, at, event }) = self {
            let token = token.map(|token| token.to_string());
            members.extend([("token", json!(token)), ("at", json!(at)), ("event", json!(event))]);
        }
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-21T18:59:33.120Z#550e8400-e29b-41d4-a716-446655440000";

    fn key(principal: &str, at: &str) -> ItemKey {
        ItemKey { principal: principal.to_owned(), at: at.to_owned() }
    }

    #[test]
    fn a_key_that_may_be_a_card_number_is_not_shown() {
        let shown = |principal: &str, at: &str| {
            let key = key(principal, at);
            (key.shown_principal().to_owned(), key.shown_at().to_owned())
        };
        assert_eq!(shown("ann", AT), ("ann".to_owned(), AT.to_owned()));
        let hidden = (NOT_SHOWN.to_owned(), NOT_SHOWN.to_owned());
        assert_eq!(shown("4111111111111111", "4111 1111 1111 1111"), hidden);
        let beside = "2026-11-21T18:59:33.120Z#4111111111111111";
        assert_eq!(shown("ann", beside).1, NOT_SHOWN);
    }

    #[test]
    fn a_number_that_may_be_a_card_number_is_not_shown() {
        let chain = Chain::of("ann");
        let links = |number| AuditFinding::ForgedLink { chain, number }.links().unwrap();
        assert_eq!(links(Some(7)), "chain 10, link 7");
        assert_eq!(links(Some(4_111_111_111_111_111)), "chain 10, link (not shown)");
        assert_eq!(links(None), "chain 10, link (not shown)");
        let gap = |from, to| AuditFinding::Gap { chain, from, to }.links().unwrap();
        assert_eq!(gap(3, 3), "chain 10, link 3");
        assert_eq!(gap(3, 4), "chain 10, link 3 to 4");
        assert_eq!(gap(3, 4_111_111_111_111_111), "chain 10, link 3 to (not shown)");
        let cut = AuditFinding::CutOff { chain, end: 6, logged: 9 };
        assert_eq!(cut.links().unwrap(), "chain 10, link 7 to 9");
    }

    #[test]
    fn each_finding_says_in_json_what_it_is_about() {
        let altered = AuditFinding::Altered(key("ann", AT)).document();
        assert_eq!(altered, json!({ "finding": "ALTERED", "principal": "ann", "at": AT }));
        let chain = Chain::of("ann");
        let not_logged = AuditFinding::NotLogged { chain, number: 2 }.document();
        assert_eq!(not_logged, json!({ "finding": "NOT_LOGGED", "links": "chain 10, link 2" }));
        assert_eq!(AuditFinding::NoLog.document(), json!({ "finding": "NO_LOG" }));
    }
}
