//! What a change of the audit table means for the witness, and the digest of an item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    encoding::{Hash, Parts},
    link::{Entry, What},
};

/// The beginning of a counter's range key.
const COUNTER: &str = "minute#";

type Row = HashMap<String, AttributeValue>;

/// The digest of an audit item: of every attribute that it has, in the order of their names.
#[must_use]
pub fn digest_of(item: &Row) -> Hash {
    let mut parts = Parts::of("audit item 1");
    map(&mut parts, item);
    parts.hash()
}

fn map(parts: &mut Parts, members: &Row) {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_unstable_by_key(|(name, _)| name.as_bytes());
    parts.count(members.len());
    for (name, member) in members {
        parts.text(name);
        value(parts, member);
    }
}

/// The type as DynamoDB names it, and the value. What no release writes is hashed too: a strange attribute is an
/// alteration like any other.
fn value(parts: &mut Parts, stored: &AttributeValue) {
    match stored {
        AttributeValue::S(text) => {
            parts.text("S");
            parts.text(text);
        }
        AttributeValue::N(number) => {
            parts.text("N");
            parts.text(number);
        }
        AttributeValue::B(bytes) => {
            parts.text("B");
            parts.bytes(bytes.as_ref());
        }
        AttributeValue::Bool(bool) => {
            parts.text("BOOL");
            parts.text(if *bool { "true" } else { "false" });
        }
        AttributeValue::M(members) => {
            parts.text("M");
            map(parts, members);
        }
        AttributeValue::L(members) => {
            parts.text("L");
            parts.count(members.len());
            members.iter().for_each(|member| value(parts, member));
        }
        AttributeValue::Ss(members) => set(parts, "SS", members.iter().map(String::as_bytes)),
        AttributeValue::Ns(members) => set(parts, "NS", members.iter().map(String::as_bytes)),
        AttributeValue::Bs(members) => set(parts, "BS", members.iter().map(AsRef::as_ref)),
        // NULL; DynamoDB has no other type.
        _ => parts.text("NULL"),
    }
}

/// DynamoDB gives the members of a set in no order.
fn set<'a>(parts: &mut Parts, kind: &str, members: impl Iterator<Item = &'a [u8]>) {
    let mut members: Vec<_> = members.collect();
    members.sort_unstable();
    parts.text(kind);
    parts.count(members.len());
    members.into_iter().for_each(|member| parts.bytes(member));
}

/// Whether a range key of the audit table is that of a counter of the limit, which is no audit item.
#[must_use]
pub fn is_counter(at: &str) -> bool {
    at.starts_with(COUNTER)
}

/// A change of the audit table that the witness writes down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it writes down.
    pub entry: Entry,
    /// Whether it is one that nobody may make.
    pub is_forbidden: bool,
}

impl Change {
    /// Reads a change from the row before and after it. Adding an item is allowed, and so is counting in a counter; TTL
    /// may remove a counter after its `ExpiresAt`. Everything else is forbidden.
    ///
    /// `removed_by_ttl` is the time, in epoch seconds, when DynamoDB's TTL removed the row; `None`: TTL did not.
    #[must_use]
    pub fn of(before: &Row, after: &Row, removed_by_ttl: Option<u64>) -> Option<Self> {
        let row = if after.is_empty() { before } else { after };
        let key = |name| row.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let at = key("At");
        let is_counter = is_counter(&at);
        let (what, is_forbidden) = match (before.is_empty(), after.is_empty()) {
            (true, true) => return None,
            (true, false) if is_counter => return None,
            (true, false) => (What::Added, false),
            (false, false) if is_counter && counts_on(before, after) => return None,
            (false, false) => (What::Changed, true),
            (false, true) => {
                let is_due = removed_by_ttl.zip(number(before, "ExpiresAt"));
                if is_counter && is_due.is_some_and(|(now, end)| now >= end) {
                    (What::Expired, false)
                } else {
                    (What::Removed, true)
                }
            }
        };
        let entry = Entry { principal: key("Principal"), at, what, digest: digest_of(row) };
        Some(Self { entry, is_forbidden })
    }
}

/// Whether a counter counts on: its uses grow, and nothing else changes.
fn counts_on(before: &Row, after: &Row) -> bool {
    let rest = |row: &Row| {
        let mut row = row.clone();
        row.remove("Uses");
        row
    };
    number(before, "Uses").zip(number(after, "Uses")).is_some_and(|(before, after)| before < after)
        && rest(before) == rest(after)
}

fn number(row: &Row, name: &str) -> Option<u64> {
    row.get(name)?.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "2026-11-21T18:59:33.120Z#550e8400-e29b-41d4-a716-446655440000";
    const MINUTE: &str = "minute#2026-11-21T18:59Z";

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(number: u64) -> AttributeValue {
        AttributeValue::N(number.to_string())
    }

    fn row(at: &str, more: &[(&str, AttributeValue)]) -> Row {
        let key = [("Principal", s("ann")), ("At", s(at))];
        let pairs = key.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone()));
        pairs.collect()
    }

    fn counter(uses: u64) -> Row {
        row(MINUTE, &[("Uses", n(uses)), ("ExpiresAt", n(1000))])
    }

    fn read(before: &Row, after: &Row, removed_by_ttl: Option<u64>) -> Option<(What, bool)> {
        Change::of(before, after, removed_by_ttl).map(|change| (change.entry.what, change.is_forbidden))
    }

    /// Made with hashlib, by docs/data-model.md alone.
    #[test]
    fn the_digest_of_an_item_is_this_one_for_ever() {
        let item = row(
            ITEM,
            &[
                ("CustomerOrder", s("A-1")),
                ("CreditCardToken", s("11111111-2222-4333-8444-aaaaaaaaaaaa")),
                ("Purpose", s("PAYMENT")),
                ("PaymentId", s("550e8400-e29b-41d4-a716-446655440000")),
            ],
        );
        assert_eq!(
            digest_of(&item).to_string(),
            "pnjcfcilampgnbghpdafbpcdnecdfjegcckohfnopdjibfgofaeppapfkdooapnk"
        );
    }

    #[test]
    fn whatever_differs_in_two_items_makes_two_digests() {
        use aws_sdk_dynamodb::primitives::Blob;
        let strings = |members: &[&str]| members.iter().map(|member| (*member).to_owned()).collect();
        let blobs = |members: &[&str]| members.iter().map(|member| Blob::new(*member)).collect();
        let map = |name: &str| AttributeValue::M([(name.to_owned(), s("1"))].into());
        let values = [
            s("1"),
            n(1),
            AttributeValue::B(Blob::new("1")),
            AttributeValue::Bool(true),
            AttributeValue::Bool(false),
            AttributeValue::Null(true),
            AttributeValue::L(vec![s("1"), s("2")]),
            AttributeValue::L(vec![s("2"), s("1")]),
            map("a"),
            map("b"),
            AttributeValue::Ss(strings(&["1", "2"])),
            AttributeValue::Ns(strings(&["1", "2"])),
            AttributeValue::Bs(blobs(&["1", "2"])),
            AttributeValue::Ss(strings(&["1", "3"])),
            s("2"),
        ];
        let mut digests: Vec<_> =
            values.iter().map(|value| digest_of(&row(ITEM, &[("Purpose", value.clone())]))).collect();
        digests.push(digest_of(&row(ITEM, &[("Other", s("1"))])));
        digests.push(digest_of(&row(ITEM, &[])));
        digests.push(digest_of(&row("other", &[])));
        let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
        let set = |members: &[&str]| digest_of(&row(ITEM, &[("Of", AttributeValue::Ss(strings(members)))]));
        assert_eq!(set(&["1", "2"]), set(&["2", "1"]), "a set has no order");
    }

    #[test]
    fn an_item_may_be_added_and_nothing_else() {
        let (none, item) = (Row::new(), row(ITEM, &[("Purpose", s("PAYMENT"))]));
        let other = row(ITEM, &[("Purpose", s("REVEAL"))]);
        assert_eq!(read(&none, &item, None), Some((What::Added, false)));
        assert_eq!(read(&item, &other, None), Some((What::Changed, true)));
        assert_eq!(read(&item, &none, None), Some((What::Removed, true)));
        // An item that somebody gave an end, or named like no item, is still none that TTL may take.
        let ending = row(ITEM, &[("ExpiresAt", n(1000))]);
        assert_eq!(read(&ending, &none, Some(1001)), Some((What::Removed, true)));
        assert_eq!(read(&none, &none, None), None);
    }

    #[test]
    fn an_entry_names_the_item_and_has_the_digest_of_what_is_there_or_was() {
        let (none, item) = (Row::new(), row(ITEM, &[("Purpose", s("PAYMENT"))]));
        let other = row(ITEM, &[("Purpose", s("REVEAL"))]);
        for (before, after, of) in [(&none, &item, &item), (&item, &other, &other), (&item, &none, &item)] {
            let entry = Change::of(before, after, None).unwrap().entry;
            assert_eq!((entry.principal.as_str(), entry.at.as_str()), ("ann", ITEM));
            assert_eq!(entry.digest, digest_of(of));
        }
    }

    #[test]
    fn a_counter_counts_on_and_ends_when_it_is_due_and_whatever_else_happens_to_it_is_forbidden() {
        let none = Row::new();
        assert_eq!(read(&none, &counter(1), None), None);
        assert_eq!(read(&counter(1), &counter(2), None), None);
        for after in [
            counter(0),
            counter(1),
            row(MINUTE, &[("Uses", n(2)), ("ExpiresAt", n(999))]),
            row(MINUTE, &[("Uses", n(2)), ("ExpiresAt", n(1000)), ("Other", n(1))]),
            row(MINUTE, &[("ExpiresAt", n(1000))]),
        ] {
            assert_eq!(read(&counter(1), &after, None), Some((What::Changed, true)), "{after:?}");
        }
        assert_eq!(read(&counter(1), &none, Some(1000)), Some((What::Expired, false)));
        assert_eq!(read(&counter(1), &none, Some(999)), Some((What::Removed, true)), "too soon");
        assert_eq!(read(&counter(1), &none, None), Some((What::Removed, true)), "by somebody");
        let endless = row(MINUTE, &[("Uses", n(1))]);
        assert_eq!(read(&endless, &none, Some(1000)), Some((What::Removed, true)));
    }
}
