//! A place in a JSON text: RFC 6901.

use std::fmt;

use serde::Deserialize;

/// A JSON pointer, such as `/error/code` or `/data/0/status`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pointer(String);

/// Not a JSON pointer.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a JSON pointer: it must begin with '/', and each '~' must be followed by 0 or 1")]
pub(crate) struct ParsePointerError(String);

impl Pointer {
    /// The names and indexes of the path, from the outermost.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = String> {
        self.0.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
    }
}

impl TryFrom<String> for Pointer {
    type Error = ParsePointerError;

    fn try_from(text: String) -> Result<Self, ParsePointerError> {
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if text.starts_with('/') && escapes { Ok(Self(text)) } else { Err(ParsePointerError(text)) }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_as_its_rfc_says() {
        let tokens = |text: &str| Pointer::try_from(text.to_owned()).unwrap().tokens().collect::<Vec<_>>();
        assert_eq!(tokens("/a/0/b"), ["a", "0", "b"]);
        assert_eq!(tokens("/a~1b/m~0n/~01"), ["a/b", "m~n", "~1"]);
        assert_eq!(tokens("/"), [""]);
        for text in ["", "a", "a/b", "/a~", "/a~2"] {
            assert!(Pointer::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
