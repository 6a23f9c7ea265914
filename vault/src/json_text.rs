//! A string of a JSON text, read without a copy that stays in memory.

use std::{fmt, ops::Deref, str::Chars};

use crate::plaintext::Plaintext;

/// A string's text: in the JSON itself or, when it is written with escapes, in its own buffer.
pub enum JsonText<'a> {
    /// In the text itself that was read.
    Plain(&'a str),
    /// In a buffer of its own, which is wiped.
    Unescaped(Plaintext<String>),
}

impl<'a> JsonText<'a> {
    /// Reads a JSON value as it was written; `None`: it is not a string.
    ///
    /// Half of a surrogate pair is legal in JSON, but it is not a character (RFC 8259, 8.2). It is read as U+FFFD, which
    /// no field accepts.
    #[must_use]
    pub fn parse(raw: &'a str) -> Option<Self> {
        let text = raw.strip_prefix('"')?.strip_suffix('"')?;
        if !text.contains('\\') {
            return Some(Self::Plain(text));
        }
        // Every escape is longer than the character that it stands for, so the buffer never grows.
        let mut buffer = Plaintext::new(String::with_capacity(text.len()));
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            buffer.push(if c == '\\' { escaped(&mut rest)? } else { c });
        }
        Some(Self::Unescaped(buffer))
    }
}

/// The character of an escape, after its backslash (RFC 8259, 7).
fn escaped(rest: &mut Chars<'_>) -> Option<char> {
    match rest.next()? {
        c @ ('"' | '\\' | '/') => Some(c),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let unit = code_unit(rest)?;
            let mut ahead = rest.clone();
            let pair = low_surrogate(&mut ahead).map(|low| [unit, low]);
            if let Some(Ok(c)) = pair.and_then(|pair| char::decode_utf16(pair).next())
                && char::from_u32(unit.into()).is_none()
            {
                *rest = ahead;
                return Some(c);
            }
            Some(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
        }
        _ => None,
    }
}

fn low_surrogate(rest: &mut Chars<'_>) -> Option<u16> {
    let is_escape = rest.next() == Some('\\') && rest.next() == Some('u');
    code_unit(rest).filter(|_| is_escape)
}

fn code_unit(rest: &mut Chars<'_>) -> Option<u16> {
    (0..4).try_fold(0, |unit, _| Some(unit * 16 + u16::try_from(rest.next()?.to_digit(16)?).ok()?))
}

impl Deref for JsonText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text,
        }
    }
}

impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonText(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_the_same_however_it_is_written() {
        for (raw, text) in [
            (r#""""#, ""),
            (r#""4111""#, "4111"),
            (r#""\u0034\u0031\u0031\u0031""#, "4111"),
            (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"),
            (r#""4111\u00a01111\u202f1111""#, "4111\u{a0}1111\u{202f}1111"),
            (r#""\ud83d\ude00\uD83D\uDE00""#, "😀😀"),
            (r#""\uffff\u0000""#, "\u{ffff}\0"),
        ] {
            assert_eq!(&*JsonText::parse(raw).unwrap(), text, "{raw}");
        }
    }

    #[test]
    fn half_of_a_pair_is_no_character() {
        for (raw, text) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\u0041\ude00""#, "A\u{fffd}"),
        ] {
            assert_eq!(&*JsonText::parse(raw).unwrap(), text, "{raw}");
        }
    }

    #[test]
    fn what_is_no_string_is_none() {
        for raw in ["1", "null", "{}", r#"["4111"]"#, r#"""#, r#""\x""#, r#""\u12"#, r#""\u12g4""#, r#""\""#]
        {
            assert!(JsonText::parse(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_text() {
        assert_eq!(format!("{:?}", JsonText::parse(r#""4111""#)), "Some(JsonText(..))");
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_serde_reads_it_in_a_buffer_that_did_not_grow(text in ".{0,40}", escaped in any::<bool>()) {
            let mut units = [0; 2];
            let written = match escaped {
                true => text.chars().flat_map(|c| c.encode_utf16(&mut units).to_vec())
                    .map(|unit| format!("\\u{unit:04x}")).collect(),
                false => serde_json::to_string(&text).unwrap().trim_matches('"').to_owned(),
            };
            // A quote at either end was removed with the outer quotes.
            prop_assume!(escaped || !text.starts_with('"') && !text.ends_with('"'));
            let raw = format!("\"{written}\"");
            let read = JsonText::parse(&raw).unwrap();
            prop_assert_eq!(&*read, text.as_str());
            if let JsonText::Unescaped(buffer) = &read {
                prop_assert_eq!(buffer.capacity(), written.len());
            }
        }
    }
}
