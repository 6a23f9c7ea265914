//! Which cards a pattern of texts allows: computed from the pattern and the issuers' table, never by trying samples.
//!
//! The rules for one text are applied to all texts of the pattern at once. They are less exact, on the safe side: every
//! check digit counts as right, and the text around a grouping does not make it harmless.

use std::{collections::HashSet, ops::Range};

use super::{
    grouping::GROUPINGS,
    runs::{Gap, MOST_MARKS},
};
use crate::{
    brand::CardBrand,
    issuers::{ISSUERS, LONGEST_PREFIX, Line, line_of},
};

/// One part of a pattern: some characters of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternPart {
    pub class: PatternClass,
    /// The minimum number.
    pub least: usize,
    /// The maximum number.
    pub most: usize,
}

/// What a part of a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternClass {
    /// Itself.
    Literal(char),
    /// Any ASCII digit.
    Digit,
    Letter,
}

impl PatternClass {
    fn is_digit(self) -> bool {
        matches!(self, Self::Digit | Self::Literal('0'..='9'))
    }

    fn is_mark(self) -> bool {
        matches!(self, Self::Literal(c) if !c.is_ascii_alphanumeric())
    }
}

/// A card that texts of a pattern could hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PossibleCard {
    /// The parts of the pattern that its digits come from.
    pub parts: Range<usize>,
    /// The issuer that it would have.
    pub brand: CardBrand,
    /// How many digits it would have.
    pub length: usize,
}

/// The first card that whole texts of a pattern could contain.
#[must_use]
pub fn possible_card(parts: &[PatternPart]) -> Option<PossibleCard> {
    let mut search = Search { parts, seen: HashSet::new() };
    // Whether a text can get to this place with a last character that is not a digit.
    let mut may_begin = true;
    for (start, part) in parts.iter().enumerate() {
        if may_begin && part.class.is_digit() && part.most > 0 {
            let found = search.from(&Walk::default(), start);
            if let Some((end, line, length)) = found {
                return Some(PossibleCard { parts: start..end, brand: line.brand, length });
            }
        }
        may_begin = part.most > 0 && !part.class.is_digit() || part.least == 0 && may_begin;
    }
    None
}

/// One way through a pattern, from the start of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Walk {
    /// The lengths of the runs that ended.
    groups: Vec<usize>,
    /// The length of the run that has not ended.
    run: usize,
    /// The first digits; none: any digit.
    prefix: Vec<Option<u8>>,
    /// The string between the groups.
    joint: Option<String>,
    /// The marks after the last group so far.
    gap: String,
    /// The part after the last digit.
    end: usize,
}

struct Search<'a> {
    parts: &'a [PatternPart],
    /// The ways from which no card was found.
    seen: HashSet<(Walk, usize)>,
}

/// Where the digits of a card end, its line and its length.
type Found = (usize, &'static Line, usize);

impl Search<'_> {
    fn from(&mut self, walk: &Walk, place: usize) -> Option<Found> {
        if !self.seen.insert((walk.clone(), place)) {
            return None;
        }
        let Some(part) = self.parts.get(place).copied() else { return walk.with_run_ended().card() };
        let mut ways = part.least..=part.most;
        ways.find_map(|count| match count {
            0 => self.from(walk, place + 1),
            _ if part.class.is_digit() => {
                let next = walk.with_digits(part.class, count, place + 1)?;
                self.from(&next, place + 1)
            }
            _ if part.class.is_mark() => {
                let ended = walk.with_run_ended();
                if let Some(card) = ended.card().filter(|_| walk.run > 0) {
                    return Some(card);
                }
                let next = ended.with_marks(part.class, count)?;
                self.from(&next, place + 1)
            }
            _ => walk.with_run_ended().card().filter(|_| walk.run > 0),
        })
    }
}

impl Walk {
    /// With this many more digits; nothing when no card can continue like this.
    fn with_digits(&self, class: PatternClass, count: usize, end: usize) -> Option<Self> {
        let mut next = self.clone();
        if self.run == 0 && !self.groups.is_empty() {
            let joint = next.joint.get_or_insert_with(|| self.gap.clone());
            if *joint != self.gap {
                return None;
            }
            next.gap.clear();
        }
        next.run += count;
        next.end = end;
        let digit = match class {
            PatternClass::Literal(c) => c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()),
            _ => None,
        };
        let room = LONGEST_PREFIX - next.prefix.len();
        next.prefix.extend(std::iter::repeat_n(digit, count.min(room)));
        (next.groups.iter().sum::<usize>() + next.run <= LONGEST_CARD).then_some(next)
    }

    fn with_run_ended(&self) -> Self {
        let mut next = self.clone();
        if self.run > 0 {
            next.groups.push(std::mem::take(&mut next.run));
        }
        next
    }

    /// With marks after its last group; nothing when no grouping can continue like this.
    fn with_marks(&self, class: PatternClass, count: usize) -> Option<Self> {
        let PatternClass::Literal(mark) = class else { return None };
        let mut next = self.clone();
        next.gap.extend(std::iter::repeat_n(mark, count));
        let goes_on = GROUPINGS.iter().any(|grouping| grouping.starts_with(&next.groups));
        (goes_on && next.gap.chars().count() <= MOST_MARKS).then_some(next)
    }

    /// The card of its groups, if they may be one.
    fn card(&self) -> Option<Found> {
        let length = self.groups.iter().sum();
        let is_grouped = match &self.groups[..] {
            [_] => true,
            groups => GROUPINGS.contains(&groups) && (groups.len() > 2 || self.is_narrow()),
        };
        let line = is_grouped.then(|| possible_line(&self.prefix, length)).flatten()?;
        Some((self.end, line, length))
    }

    fn is_narrow(&self) -> bool {
        let mut marks = [None; MOST_MARKS];
        let joint = self.joint.iter().flat_map(|joint| joint.chars());
        marks.iter_mut().zip(joint).for_each(|(slot, mark)| *slot = Some(mark));
        Gap::Marks(marks).is_narrow()
    }
}

/// The most digits of a card number in the table.
const LONGEST_CARD: usize = 19;

/// The first line of the table that a number of this length may have, which begins so.
fn possible_line(prefix: &[Option<u8>], length: usize) -> Option<&'static Line> {
    let admits = |line: &&Line| line.lengths.contains(&length);
    ISSUERS.iter().filter(admits).find(|line| {
        (line.low..=line.high).any(|own| {
            let mut known: Vec<u8> = own.to_string().bytes().map(|byte| byte - b'0').collect();
            let fits =
                known.iter().zip(prefix).all(|(known, digit)| digit.is_none_or(|digit| digit == *known));
            fits && leads_to(line, &mut known, prefix)
        })
    })
}

/// Whether these digits go on, as the prefix says, in a way that no longer prefix of the table takes from the line.
fn leads_to(line: &Line, known: &mut Vec<u8>, prefix: &[Option<u8>]) -> bool {
    let Some(next) = prefix.get(known.len()) else {
        return line_of(ISSUERS, known.iter().copied()) == Some(line);
    };
    next.map_or(0..=9, |digit| digit..=digit).any(|digit| {
        known.push(digit);
        let leads = leads_to(line, known, prefix);
        known.pop();
        leads
    })
}
