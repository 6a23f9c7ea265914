//! What one pass holds in memory: ends of chains from the log, and what the chains say of audit items. When it becomes too
//! much, the pass keeps half of it, and leaves the other half to a later pass.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
};

use order::witness::{Chain, Entry, Hash, Head, What, is_counter};

use super::finding::{AuditFinding, ItemKey};

/// A part of everything: the keys whose hash has this remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    number: u64,
    of: u64,
}

impl Part {
    pub(super) const WHOLE: Self = Self { number: 0, of: 1 };

    fn has(self, key: &impl std::hash::Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() % self.of == self.number
    }

    /// The part after it; none: it is the last.
    pub(super) fn next(self) -> Option<Self> {
        let number = self.number + 1;
        (number < self.of).then_some(Self { number, ..self })
    }
}

/// An end of a chain, by the log.
#[derive(Debug)]
struct HeldHead {
    hash: Hash,
    /// The log has another hash of it, too.
    is_double: bool,
    /// The link in the chain is another.
    is_other: bool,
}

/// An audit item, by the chains and the table.
#[derive(Debug, Default)]
struct HeldItem {
    /// Its digest when it was added.
    added: Option<Hash>,
    was_altered: bool,
    was_removed: bool,
    /// Whether it is in the table as it was added. None: it is not there.
    is_as_added: Option<bool>,
}

pub(super) struct Held {
    part: Part,
    most: usize,
    heads: HashMap<(Chain, u64), HeldHead>,
    items: HashMap<ItemKey, HeldItem>,
}

impl Held {
    pub(super) fn new(part: Part, most: usize) -> Self {
        Self { part, most, heads: HashMap::new(), items: HashMap::new() }
    }

    /// The part that it holds. In the first pass it becomes smaller.
    pub(super) fn part(&self) -> Part {
        self.part
    }

    /// Whether this is the first pass, in which everything is told that is not about one key.
    pub(super) fn is_first(&self) -> bool {
        self.part.number == 0
    }

    /// Whether a key is in its part.
    pub(super) fn has(&self, key: &ItemKey) -> bool {
        self.part.has(key)
    }

    /// The log has this end of a chain.
    pub(super) fn logged(&mut self, chain: Chain, head: Head) {
        let key = (chain, head.number);
        if !self.part.has(&key) {
            return;
        }
        let held = HeldHead { hash: head.hash, is_double: false, is_other: false };
        let known = self.heads.entry(key).or_insert(held);
        known.is_double |= known.hash != head.hash;
        self.make_room();
    }

    /// The chain has this link.
    pub(super) fn link(&mut self, chain: Chain, head: Head) {
        if let Some(known) = self.heads.get_mut(&(chain, head.number)) {
            known.is_other = known.hash != head.hash;
        }
    }

    /// A link has this entry.
    pub(super) fn entry(&mut self, entry: &Entry) {
        let key = ItemKey { principal: entry.principal.clone(), at: entry.at.clone() };
        let may_go = entry.what == What::Expired && is_counter(&key.at);
        if may_go || !self.part.has(&key) {
            return;
        }
        let item = self.items.entry(key).or_default();
        match entry.what {
            // The same batch may be delivered again.
            What::Added => item.was_altered |= *item.added.get_or_insert(entry.digest) != entry.digest,
            What::Changed => item.was_altered = true,
            What::Removed | What::Expired => item.was_removed = true,
        }
        self.make_room();
    }

    /// The table has this item. False: no chain has it.
    pub(super) fn see(&mut self, key: &ItemKey, digest: Hash) -> bool {
        let Some(item) = self.items.get_mut(key) else { return false };
        item.is_as_added = Some(item.added == Some(digest));
        true
    }

    /// Later passes have parts of the same size.
    fn make_room(&mut self) {
        while self.is_first() && self.heads.len() + self.items.len() > self.most.max(1) {
            self.part.of *= 2;
            let part = self.part;
            self.heads.retain(|key, _| part.has(key));
            self.items.retain(|key, _| part.has(key));
        }
    }

    /// What does not fit, once everything was compared; in the order of the keys.
    pub(super) fn findings(self) -> impl Iterator<Item = AuditFinding> {
        let mut heads: Vec<_> =
            self.heads.into_iter().filter(|(_, head)| head.is_double || head.is_other).collect();
        heads.sort_unstable_by_key(|(key, _)| *key);
        let mut items: Vec<_> = self.items.into_iter().collect();
        items.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let heads = heads.into_iter().map(|((chain, number), head)| {
            if head.is_double {
                AuditFinding::TwoHashes { chain, number }
            } else {
                AuditFinding::ForgedLink { chain, number: Some(number) }
            }
        });
        heads.chain(items.into_iter().filter_map(|(key, item)| item.finding(key)))
    }
}

impl HeldItem {
    fn finding(&self, key: ItemKey) -> Option<AuditFinding> {
        if is_counter(&key.at) {
            return match (self.was_altered, self.was_removed) {
                (true, _) => Some(AuditFinding::CounterAltered(key)),
                (false, true) => Some(AuditFinding::CounterRemoved(key)),
                (false, false) => None,
            };
        }
        match self.is_as_added {
            None => Some(AuditFinding::Removed(key)),
            Some(_) if self.was_removed => Some(AuditFinding::Removed(key)),
            Some(is_as_added) if self.was_altered || !is_as_added => Some(AuditFinding::Altered(key)),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hash(byte: u8) -> Hash {
        Hash::of_bytes(&[byte; 32]).unwrap()
    }

    fn entry(at: &str, what: What, digest: u8) -> Entry {
        Entry { principal: "ann".to_owned(), at: at.to_owned(), what, digest: hash(digest) }
    }

    fn key(at: &str) -> ItemKey {
        ItemKey { principal: "ann".to_owned(), at: at.to_owned() }
    }

    /// The word of the one finding about an item with this history, which is in the table with this digest, or not.
    fn found(at: &str, history: &[(What, u8)], stored: Option<u8>) -> Option<&'static str> {
        let mut held = Held::new(Part::WHOLE, 100);
        history.iter().for_each(|(what, digest)| held.entry(&entry(at, *what, *digest)));
        if let Some(digest) = stored {
            held.see(&key(at), hash(digest));
        }
        let mut findings = held.findings();
        let word = findings.next().map(|finding| finding.word());
        assert_eq!(findings.next(), None);
        word
    }

    #[test]
    fn an_item_is_as_it_was_added_or_there_is_a_finding() {
        use What::{Added, Changed, Expired, Removed};
        for (history, stored, word) in [
            (&[(Added, 1)][..], Some(1), None),
            (&[(Added, 1), (Added, 1)], Some(1), None),
            (&[(Added, 1)], Some(2), Some("ALTERED")),
            (&[(Added, 1)], None, Some("REMOVED")),
            // Put back, it is what it was: it was another meanwhile.
            (&[(Added, 1), (Changed, 2), (Changed, 1)], Some(1), Some("ALTERED")),
            (&[(Added, 1), (Removed, 1), (Added, 1)], Some(1), Some("REMOVED")),
            (&[(Added, 1), (Added, 2)], Some(1), Some("ALTERED")),
            // From before the witness.
            (&[(Changed, 2)], Some(2), Some("ALTERED")),
            (&[(Removed, 1)], None, Some("REMOVED")),
            // TTL takes counters only.
            (&[(Added, 1), (Expired, 1)], Some(1), Some("REMOVED")),
        ] {
            assert_eq!(found("2026#1", history, stored), word, "{history:?} {stored:?}");
        }
    }

    #[test]
    fn a_counter_may_expire_and_nothing_else() {
        let of = |what| found("minute#1", &[(what, 1)], None);
        assert_eq!(of(What::Expired), None);
        assert_eq!(of(What::Changed), Some("COUNTER_ALTERED"));
        assert_eq!(of(What::Removed), Some("COUNTER_REMOVED"));
    }

    #[test]
    fn a_link_is_the_one_that_the_log_has() {
        let chain = Chain::of("ann");
        let head = |number, byte| Head { number, hash: hash(byte) };
        let found = |logged: &[Head], link: Head| {
            let mut held = Held::new(Part::WHOLE, 100);
            logged.iter().for_each(|head| held.logged(chain, *head));
            held.link(chain, link);
            held.findings().map(|finding| finding.word()).collect::<Vec<_>>()
        };
        assert_eq!(found(&[head(1, 1)], head(1, 1)), [""; 0]);
        assert_eq!(found(&[head(1, 1), head(1, 1)], head(1, 1)), [""; 0]);
        assert_eq!(found(&[head(1, 1)], head(1, 2)), ["FORGED_LINK"]);
        assert_eq!(found(&[head(1, 1)], head(2, 2)), [""; 0]);
        assert_eq!(found(&[head(1, 1), head(1, 2)], head(1, 1)), ["TWO_HASHES"]);
    }

    /// However few may be held, every key is compared in one pass, and no pass holds more.
    #[test]
    fn the_parts_of_all_passes_are_everything_once() {
        let (most, all) = (10, 500);
        let (mut part, mut passes, mut removed) = (Part::WHOLE, 0, BTreeSet::new());
        loop {
            let mut held = Held::new(part, most);
            for number in 0..all {
                held.entry(&entry(&format!("2026#{number}"), What::Added, 1));
                assert!(part.number > 0 || held.items.len() <= most);
            }
            part = held.part();
            for finding in held.findings() {
                assert!(removed.insert(finding.item().unwrap().clone()), "{finding:?}");
            }
            passes += 1;
            let Some(next) = part.next() else { break };
            part = next;
        }
        assert_eq!(removed.len(), all);
        assert!(passes >= all / most, "{passes}");
    }
}
