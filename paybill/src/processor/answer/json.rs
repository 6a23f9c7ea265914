//! A JSON text that is read in place: only the requested value is copied, and that copy is wiped.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use zeroize::Zeroizing;

use crate::processor::profile::{Constant, Pointer, Test};

/// An answer's body, which is one JSON text and nothing else.
pub(super) struct Json<'a>(&'a RawValue);

/// A member that decides is there twice, so the meaning of the answer depends on the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AmbiguousMemberError;

impl<'a> Json<'a> {
    /// The text. None: it is not JSON in UTF-8.
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    /// Whether the value at a pointer passes a test.
    ///
    /// # Errors
    /// [`AmbiguousMemberError`].
    pub(super) fn holds(&self, pointer: &Pointer, test: &Test) -> Result<bool, AmbiguousMemberError> {
        let found = self.find(pointer)?;
        let Some(value) = found else { return Ok(*test == Test::Exists(false)) };
        Ok(match test {
            Test::Exists(wanted) => *wanted,
            Test::IsText => value.starts_with('"'),
            Test::StartsWith(start) => text(value).is_some_and(|text| text.starts_with(start.as_str())),
            Test::OneOf(constants) => constants.iter().any(|constant| is(value, constant)),
        })
    }

    /// A text or a whole number at a pointer, as text.
    ///
    /// # Errors
    /// [`AmbiguousMemberError`].
    pub(super) fn word(&self, pointer: &Pointer) -> Result<Option<Zeroizing<String>>, AmbiguousMemberError> {
        let number = |value: &str| {
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| Zeroizing::new(value.to_owned()))
        };
        Ok(self.find(pointer)?.and_then(|value| text(value).or_else(|| number(value))))
    }

    /// The value at a pointer, in its JSON form.
    fn find(&self, pointer: &Pointer) -> Result<Option<&'a str>, AmbiguousMemberError> {
        let mut value = self.0;
        for token in pointer.tokens() {
            let found = match value.get().as_bytes().first() {
                Some(b'{') => member(value, &token)?,
                Some(b'[') => element(value, &token),
                _ => None,
            };
            match found {
                Some(found) => value = found,
                None => return Ok(None),
            }
        }
        Ok(Some(value.get()))
    }
}

fn is(value: &str, constant: &Constant) -> bool {
    match constant {
        Constant::Text(wanted) => text(value).is_some_and(|text| *text == *wanted),
        Constant::Integer(wanted) => value == wanted.to_string(),
        Constant::Bool(wanted) => value == wanted.to_string(),
    }
}

/// The member of that name.
fn member<'a>(object: &'a RawValue, name: &str) -> Result<Option<&'a RawValue>, AmbiguousMemberError> {
    struct Members<'n>(&'n str);

    impl<'de> Visitor<'de> for Members<'_> {
        type Value = (usize, Option<&'de RawValue>);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut found = (0, None);
            // Names in their JSON form, because reading a name with escapes copies it.
            while let Some(name) = members.next_key::<&RawValue>()? {
                if text(name.get()).is_some_and(|name| *name == *self.0) {
                    found = (found.0 + 1, Some(members.next_value()?));
                } else {
                    members.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    let found = Deserializer::from_str(object.get()).deserialize_map(Members(name));
    match found.unwrap_or_default() {
        (0 | 1, found) => Ok(found),
        _ => Err(AmbiguousMemberError),
    }
}

/// The element at that index.
fn element<'a>(array: &'a RawValue, index: &str) -> Option<&'a RawValue> {
    struct Elements(usize);

    impl<'de> Visitor<'de> for Elements {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            let mut index = 0;
            while let Some(element) = elements.next_element::<&RawValue>()? {
                if index == self.0 {
                    found = Some(element);
                }
                index += 1;
            }
            Ok(found)
        }
    }

    let index = index.parse().ok().filter(|_| index == "0" || !index.starts_with(['0', '+']))?;
    Deserializer::from_str(array.get()).deserialize_seq(Elements(index)).ok().flatten()
}

/// The text of a JSON string, in a buffer that is wiped and never grows. None: it is not a string.
fn text(value: &str) -> Option<Zeroizing<String>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Zeroizing::new(String::with_capacity(inner.len()));
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        let c = match c {
            '\\' => match rest.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => unicode(&mut rest)?,
                itself => itself,
            },
            c => c,
        };
        out.push(c);
    }
    Some(out)
}

/// What follows `\u`: four hex digits, and for a character beyond them a second escape.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let mut unit =
        || -> Option<u32> { (0..4).try_fold(0, |unit, _| Some(unit * 16 + rest.next()?.to_digit(16)?)) };
    let first = unit()?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first);
    }
    if (rest.next()?, rest.next()?) != ('\\', 'u') {
        return None;
    }
    let second: u32 = (0..4).try_fold(0, |unit, _| Some(unit * 16 + rest.next()?.to_digit(16)?))?;
    let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(text: &str) -> Pointer {
        text.to_owned().try_into().unwrap()
    }

    fn word(body: &str, at: &str) -> Result<Option<String>, AmbiguousMemberError> {
        let json = Json::parse(body.as_bytes()).unwrap();
        json.word(&pointer(at)).map(|word| word.map(|word| word.to_string()))
    }

    #[test]
    fn a_value_is_found_wherever_it_lies() {
        for (body, at, found) in [
            (r#"{"a":{"b":["x",{"c":"yes"}]}}"#, "/a/b/1/c", Some("yes")),
            (r#"{"a/b":"yes"}"#, "/a~1b", Some("yes")),
            (r#"{"\u0061":"yes"}"#, "/a", Some("yes")),
            (r#"{"a":"A\n\"\\\/é\u00e9\ud83d\ude00"}"#, "/a", Some("A\n\"\\/éé😀")),
            (r#"{"a":51}"#, "/a", Some("51")),
            (r#"{"a":-51}"#, "/a", None),
            (r#"{"a":5.1}"#, "/a", None),
            (r#"{"a":null}"#, "/a", None),
            (r#"{"a":{}}"#, "/a", None),
            (r#"{"a":"x"}"#, "/a/b", None),
            (r#"["x","y"]"#, "/1", Some("y")),
            (r#"["x","y"]"#, "/01", None),
            (r#"["x","y"]"#, "/2", None),
            (r#""x""#, "/a", None),
            (r#"{"a":"\ud800"}"#, "/a", None),
            (r#"{"a":"\udbff\udfff"}"#, "/a", Some("\u{10ffff}")),
            (r#"{"a":"\ud83d\ue000"}"#, "/a", None),
        ] {
            // serde_json itself refuses half of a pair.
            if let Some(json) = Json::parse(body.as_bytes()) {
                let word = json.word(&pointer(at)).unwrap().map(|word| word.to_string());
                assert_eq!(word.as_deref(), found, "{body} {at}");
            }
        }
    }

    #[test]
    fn a_test_compares_values_with_their_types() {
        let json = Json::parse(br#"{"t":"succeeded","n":10000,"b":true,"z":null,"c":"20005"}"#).unwrap();
        let one = |constant: Constant| Test::OneOf(vec![constant]);
        let text = |text: &str| Constant::Text(text.to_owned());
        for (at, test, holds) in [
            ("/t", one(text("succeeded")), true),
            ("/t", one(text("succeede")), false),
            ("/t", Test::OneOf(vec![text("a"), text("succeeded")]), true),
            ("/n", one(Constant::Integer(10000)), true),
            ("/n", one(text("10000")), false),
            ("/c", one(Constant::Integer(20005)), false),
            ("/b", one(Constant::Bool(true)), true),
            ("/b", one(Constant::Bool(false)), false),
            ("/b", one(text("true")), false),
            ("/c", Test::StartsWith("20".into()), true),
            ("/n", Test::StartsWith("10".into()), false),
            ("/z", Test::Exists(true), true),
            ("/missing", Test::Exists(true), false),
            ("/missing", Test::Exists(false), true),
            ("/t", Test::Exists(false), false),
            ("/t", Test::IsText, true),
            ("/n", Test::IsText, false),
            ("/missing", one(text("")), false),
        ] {
            assert_eq!(json.holds(&pointer(at), &test), Ok(holds), "{at} {test:?}");
        }
    }

    #[test]
    fn a_member_that_is_there_twice_is_ambiguous_only_where_it_is_asked_for() {
        let twice = r#"{"a":"x","b":{"c":1,"c":2},"a":"y"}"#;
        assert_eq!(word(twice, "/a"), Err(AmbiguousMemberError));
        assert_eq!(word(r#"{"a":"x","\u0061":"y"}"#, "/a"), Err(AmbiguousMemberError));
        assert_eq!(word(twice, "/b/c"), Err(AmbiguousMemberError));
        assert_eq!(word(r#"{"a":"x","b":1,"b":2}"#, "/a"), Ok(Some("x".into())));
    }

    #[test]
    fn what_is_no_json_text_is_none() {
        for body in [
            &b""[..],
            b"{",
            b"<html></html>",
            b"{}{}",
            b"{} x",
            b"\xff\xfe{\x00}\x00",
            b"\"\xe9\"",
            b"{a:1}",
            b"\x1f\x8b\x08",
        ] {
            assert!(Json::parse(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn a_deep_text_is_read_without_recursion() {
        let deep = format!(r#"{{"deep":{}{},"a":"yes"}}"#, "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(word(&deep, "/a"), Ok(Some("yes".into())));
    }
}
