//! The digits of a text: its runs, and what is between them.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    symbol::{Symbol, is_dash, is_line_break, is_space},
    uuids,
};

/// The most marks that join two runs.
pub(super) const MOST_MARKS: usize = 3;

/// A text's digits, in runs.
pub(super) struct Runs {
    /// The digits may be a card: they are wiped, and the buffer never grows, so no copy is left.
    digits: Zeroizing<Vec<u8>>,
    runs: Vec<Run>,
}

/// A maximal sequence of digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    start: usize,
    /// How many digits it has.
    pub(super) length: usize,
    /// What is between it and the run before it.
    pub(super) before: Gap,
    /// Whether a letter touches its start.
    pub(super) after_letter: bool,
    /// Whether a `+` is directly before it, which means a phone number.
    pub(super) after_plus: bool,
}

/// What is between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// One to three marks; what follows the last is `None`.
    Marks([Option<char>; MOST_MARKS]),
    /// A letter, a UUID, more marks, or no run before.
    Apart,
}

impl Gap {
    /// Whether it is exactly one space, dash or line break.
    pub(super) fn is_narrow(self) -> bool {
        matches!(self, Self::Marks([Some(mark), None, _]) if is_space(mark) || is_dash(mark) || is_line_break(mark))
    }
}

impl Runs {
    pub(super) fn read(text: &str, plus_is_space: bool) -> Self {
        // No character gives more digits than it has bytes.
        let mut reader = Reader::new(text.len(), plus_is_space);
        for part in uuids::parts(text) {
            if part.is_ascii() {
                part.chars().for_each(|c| reader.take(c));
            } else {
                part.nfkc().for_each(|c| reader.take(c));
            }
            reader.end_part();
        }
        reader.found
    }

    pub(super) fn all(&self) -> &[Run] {
        &self.runs
    }

    /// The digit values of this many digits from a run's start, also from the runs after it.
    pub(super) fn digits(&self, from: &Run, count: usize) -> &[u8] {
        self.digits.get(from.start..from.start + count).unwrap_or_default()
    }
}

struct Reader {
    found: Runs,
    plus_is_space: bool,
    in_run: bool,
    gap: Gap,
    last: Option<Symbol>,
}

impl Reader {
    fn new(most_digits: usize, plus_is_space: bool) -> Self {
        let digits = Zeroizing::new(Vec::with_capacity(most_digits));
        let found = Runs { digits, runs: Vec::new() };
        Self { found, plus_is_space, in_run: false, gap: Gap::Apart, last: None }
    }

    fn take(&mut self, c: char) {
        let symbol = match Symbol::of(c) {
            Symbol::Mark('+') if self.plus_is_space => Symbol::Mark(' '),
            symbol => symbol,
        };
        match symbol {
            Symbol::Invisible => return,
            Symbol::Digit(value) => self.digit(value),
            Symbol::Letter => (self.in_run, self.gap) = (false, Gap::Apart),
            Symbol::Mark(mark) => self.mark(mark),
        }
        self.last = Some(symbol);
    }

    fn digit(&mut self, value: u8) {
        let start = self.found.digits.len();
        self.found.digits.push(value);
        match self.found.runs.last_mut() {
            Some(run) if self.in_run => run.length += 1,
            _ => self.found.runs.push(Run {
                start,
                length: 1,
                before: self.gap,
                after_letter: self.last == Some(Symbol::Letter),
                after_plus: self.last == Some(Symbol::Mark('+')),
            }),
        }
        self.in_run = true;
    }

    fn mark(&mut self, mark: char) {
        if self.in_run {
            (self.in_run, self.gap) = (false, Gap::Marks([None; MOST_MARKS]));
        }
        let Gap::Marks(marks) = &mut self.gap else { return };
        // Carriage return and line feed are one line break.
        if mark == '\n'
            && let Some(slot) = marks.iter_mut().rev().find(|slot| slot.is_some())
            && *slot == Some('\r')
        {
            *slot = Some(mark);
            return;
        }
        match marks.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(mark),
            None => self.gap = Gap::Apart,
        }
    }

    /// The next run is separate from the runs before.
    fn end_part(&mut self) {
        (self.in_run, self.gap) = (false, Gap::Apart);
    }
}
