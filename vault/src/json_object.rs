//! A JSON object, split into its members without a copy that stays in memory, and without serde's own errors, which
//! quote what they read.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::json_text::JsonText;

/// The members of a JSON object, in the order they came, each value as it was written. A name may be there twice.
pub struct JsonObject<'a>(Vec<(JsonText<'a>, &'a RawValue)>);

impl<'a> JsonObject<'a> {
    /// Splits an object; `None`: the text is something else.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Splits an object that has only the given members, each at most once; `None`: the text is something else.
    pub(crate) fn of_members(text: &'a str, members: &[&str]) -> Option<Self> {
        let object = Self::parse(text)?;
        let is_one_of_them = |(index, name): (usize, &str)| {
            members.contains(&name) && object.names().take(index).all(|earlier| earlier != name)
        };
        let is_whole = object.names().enumerate().all(is_one_of_them);
        is_whole.then_some(object)
    }

    /// The names, in the order they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// A member's value as it was written; the first one, if there are two of that name.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(member, _)| **member == *name).map(|(_, value)| value.get())
    }

    /// A member that is a string; `None`: it is missing, or something else.
    pub(crate) fn text(&self, name: &str) -> Option<JsonText<'a>> {
        JsonText::parse(self.raw(name)?)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = JsonObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                    let name = JsonText::parse(name.get()).ok_or_else(|| M::Error::custom("no name"))?;
                    members.push((name, value));
                }
                Ok(JsonObject(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl fmt::Debug for JsonObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonObject({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_given_members_has_no_other_and_none_twice() {
        for (text, is_whole) in [
            (r#"{"a":1,"b":"2"}"#, true),
            ("{}", true),
            (r#"{"a":1,"c":2}"#, false),
            (r#"{"a":1,"b":2,"a":1}"#, false),
            (r#"{"a":1,"\u0061":1}"#, false),
            (r#"[{"a":1}]"#, false),
            (r#"{"a":1}{"#, false),
        ] {
            assert_eq!(JsonObject::of_members(text, &["a", "b"]).is_some(), is_whole, "{text}");
        }
        let object = JsonObject::parse(r#"{"a": {"x":[1]} ,"b":"\u0034","b":null}"#).unwrap();
        assert_eq!(object.names().collect::<Vec<_>>(), ["a", "b", "b"]);
        assert_eq!((object.raw("a"), object.raw("c")), (Some(r#"{"x":[1]}"#), None));
        assert_eq!(object.text("b").as_deref(), Some("4"));
        assert!(object.text("a").is_none());
    }
}
