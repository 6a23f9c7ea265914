//! How the detector classifies one character.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A decimal digit of any script: its value.
    Digit(u8),
    /// A letter, or a number that is no decimal digit.
    Letter,
    /// Any other character that is visible or takes space.
    Mark(char),
    /// A character that shows nothing.
    Invisible,
}

/// The prolonged sound mark: a letter to Unicode, a dash to people who write a number in Japanese.
const PROLONGED_SOUND: char = '\u{30fc}';

/// Fillers of Hangul: letters to Unicode, but they show nothing (the other two are these after NFKC).
const FILLERS: [char; 2] = ['\u{115f}', '\u{1160}'];

impl Symbol {
    pub(super) fn of(c: char) -> Self {
        match c {
            '0'..='9' => return Self::Digit(c as u8 - b'0'),
            'a'..='z' | 'A'..='Z' => return Self::Letter,
            ' '..='~' | PROLONGED_SOUND => return Self::Mark(c),
            _ if FILLERS.contains(&c) => return Self::Invisible,
            _ if is_line_break(c) || c == '\t' => return Self::Mark(c),
            _ => {}
        }
        match (c.general_category(), c.general_category_group()) {
            (GeneralCategory::DecimalNumber, _) => Self::Digit(digit_value(c)),
            (_, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number) => Self::Letter,
            (
                GeneralCategory::Format
                | GeneralCategory::Control
                | GeneralCategory::NonspacingMark
                | GeneralCategory::EnclosingMark,
                _,
            ) => Self::Invisible,
            _ => Self::Mark(c),
        }
    }
}

/// Unicode encodes decimal digits in whole runs of ten from zero to nine (Unicode Standard, 4.6), so a digit's
/// value is its distance from the start of its run, modulo ten.
fn digit_value(c: char) -> u8 {
    let before = (1..=u32::from(c))
        .map_while(|back| char::from_u32(u32::from(c) - back))
        .take_while(|c| c.general_category() == GeneralCategory::DecimalNumber)
        .count();
    (before % 10) as u8
}

/// The line breaks of the Unicode Standard (5.8).
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_space(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
}

/// A dash, or the minus sign.
pub(super) fn is_dash(c: char) -> bool {
    c.general_category() == GeneralCategory::DashPunctuation || c == '\u{2212}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for zero in ['0', '٠', '۰', '०', '০', '๐', '０', '\u{1D7CE}', '\u{1D7D8}', '\u{1E950}'] {
            for value in 0..10_u8 {
                let digit = char::from_u32(u32::from(zero) + u32::from(value)).unwrap();
                assert_eq!(Symbol::of(digit), Symbol::Digit(value), "{digit}");
            }
        }
    }

    #[test]
    fn what_shows_nothing_is_skipped_and_what_takes_room_is_a_mark() {
        for c in [
            '\u{200b}', '\u{ad}', '\u{feff}', '\u{301}', '\u{20e3}', '\u{fe0f}', '\0', '\u{1160}', '\u{115f}',
        ] {
            assert_eq!(Symbol::of(c), Symbol::Invisible, "{c:?}");
        }
        for c in [
            ' ', '-', '.', '/', '\t', '\n', '\r', '\u{85}', '\u{2028}', '・', 'ー', '⁃', '˗', '−', '€', '😀',
            '\u{1680}',
        ] {
            assert_eq!(Symbol::of(c), Symbol::Mark(c), "{c:?}");
        }
        for c in ['a', 'Z', 'é', 'λ', '李', 'ア', 'Ⅷ'] {
            assert_eq!(Symbol::of(c), Symbol::Letter, "{c:?}");
        }
    }
}
