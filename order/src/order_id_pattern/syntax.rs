//! The parts of a pattern, as its text is read.

use std::ops::Range;

use vault::{PatternClass, PatternPart};

use super::ParseOrderIdPatternError;

/// A number of characters of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) class: Class,
    pub(super) least: usize,
    pub(super) most: usize,
}

/// What one character may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Literal(char),
    Digit,
    Upper,
    Lower,
    Letter,
}

impl Part {
    /// Where this part can end when it starts there.
    pub(super) fn ends(self, text: &[char], start: usize) -> impl Iterator<Item = usize> {
        let rest = text.get(start..).unwrap_or_default();
        let most = rest.iter().take(self.most).take_while(|c| self.class.has(**c)).count();
        (self.least..=most).map(move |count| start + count)
    }

    /// The part as the detector sees it.
    pub(super) fn to_judge(self) -> PatternPart {
        let class = match self.class {
            Class::Literal(c) => PatternClass::Literal(c),
            Class::Digit => PatternClass::Digit,
            Class::Upper | Class::Lower | Class::Letter => PatternClass::Letter,
        };
        PatternPart { class, least: self.least, most: self.most }
    }
}

impl Class {
    fn has(self, c: char) -> bool {
        match self {
            Self::Literal(literal) => c == literal,
            Self::Digit => c.is_ascii_digit(),
            Self::Upper => c.is_ascii_uppercase(),
            Self::Lower => c.is_ascii_lowercase(),
            Self::Letter => c.is_ascii_alphabetic(),
        }
    }
}

/// The parts of a pattern, and the place in its text of each.
pub(super) fn read(text: &str) -> Result<(Vec<Part>, Vec<Range<usize>>), ParseOrderIdPatternError> {
    let mut rest = text.strip_prefix('^').unwrap_or(text);
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let end = text.len() - usize::from(text.ends_with('$'));
    let (mut parts, mut places) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let start = end - rest.len();
        let syntax = || ParseOrderIdPatternError::Syntax(rest.to_owned());
        let (class, behind) = class(rest).ok_or_else(syntax)?;
        let (least, most, behind) = match behind.strip_prefix('{') {
            None => (1, 1, behind),
            Some(counted) => {
                let (count, behind) = counted.split_once('}').ok_or_else(syntax)?;
                let (least, most) = count.split_once(',').unwrap_or((count, count));
                let (least, most) = (number(least).ok_or_else(syntax)?, number(most).ok_or_else(syntax)?);
                if most < least {
                    return Err(ParseOrderIdPatternError::Count(format!("{{{count}}}")));
                }
                (least, most, behind)
            }
        };
        parts.push(Part { class, least, most });
        places.push(start..end - behind.len());
        rest = behind;
    }
    Ok((parts, places))
}

fn class(text: &str) -> Option<(Class, &str)> {
    const CLASSES: [(&str, Class); 7] = [
        ("\\d", Class::Digit),
        ("[0-9]", Class::Digit),
        ("[A-Z]", Class::Upper),
        ("[a-z]", Class::Lower),
        ("[A-Za-z]", Class::Letter),
        ("[a-zA-Z]", Class::Letter),
        ("\\.", Class::Literal('.')),
    ];
    let named = CLASSES.iter().find_map(|(name, class)| Some((*class, text.strip_prefix(name)?)));
    named.or_else(|| {
        let literal = text.chars().next().filter(|c| c.is_ascii_alphanumeric() || "-_~".contains(*c))?;
        Some((Class::Literal(literal), text.get(1..)?))
    })
}

/// A count in plain digits, of at most what an id can have.
fn number(text: &str) -> Option<usize> {
    let is_plain = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
