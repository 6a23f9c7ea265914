//! The end of a chain as the log of the witness has it.

use serde::{Deserialize, Serialize};

use super::{
    encoding::Hash,
    link::{Chain, Head},
};

/// The end of a chain, as the witness writes it to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedHead {
    /// The chain.
    pub chain: Chain,
    /// The number and the hash of its last link.
    pub head: Head,
}

/// A line of the log, which is JSON.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "witnessHead")]
    head: Named,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    chain: String,
    number: u64,
    hash: String,
}

impl LoggedHead {
    /// What finds these lines among the others of the log, as a filter pattern of CloudWatch Logs.
    pub const FILTER: &str = r#"{ $.witnessHead.chain = "*" }"#;

    /// The line of the log.
    #[must_use]
    pub fn line(&self) -> String {
        let Head { number, hash } = self.head;
        let named = Named { chain: self.chain.name().to_owned(), number, hash: hash.to_string() };
        serde_json::to_string(&Line { head: named }).unwrap_or_default()
    }

    /// Reads a line that [`FILTER`](Self::FILTER) has found. `None`: no release writes such a line.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let Named { chain, number, hash } = serde_json::from_str::<Line>(line).ok()?.head;
        let head = Head { number, hash: Hash::of_letters(&hash)? };
        Some(Self { chain: Chain::named(&chain)?, head }).filter(|_| number > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &str = "alplfjplpekebdmnmgdglnbcddenecppihhdjdgfgfoggcilkmdnkhjmnchpiepa";

    fn line(chain: &str, number: &str, hash: &str) -> String {
        format!(r#"{{"witnessHead":{{"chain":"{chain}","number":{number},"hash":"{hash}"}}}}"#)
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let text = line("04", "17", LETTERS);
        let read = LoggedHead::of_line(&text).unwrap();
        assert_eq!((read.chain.name(), read.head.number), ("04", 17));
        assert_eq!(read.head.hash.to_string(), LETTERS);
        assert_eq!(read.line(), text);
        assert_eq!(LoggedHead::of_line(&format!("{text}\n")), Some(read), "as Lambda ends its lines");
    }

    #[test]
    fn a_line_that_no_release_writes_is_none() {
        for wrong in [
            String::new(),
            "{}".to_owned(),
            line("16", "17", LETTERS),
            line("4", "17", LETTERS),
            line("04", "0", LETTERS),
            line("04", "-1", LETTERS),
            line("04", "17", &LETTERS[1..]),
            line("04", "17", &LETTERS.replace('i', "q")),
            line("04", "17", &LETTERS.to_uppercase()),
            line("04", "17", LETTERS).replace("number", "numbers"),
        ] {
            assert_eq!(LoggedHead::of_line(&wrong), None, "{wrong}");
        }
    }
}
