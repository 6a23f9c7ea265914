//! Reads and checks the whole file, before anything of it is placed.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

use card_airlock_gateway::WipedBuffer;
use ingest::OrderRules;
use order::OrderId;
use platform::api::Problem;

use super::error::SeedError;
use crate::{
    deployment,
    order_lines::{Line, Lines},
};

/// The orders of a file, which the API would take.
pub struct Seed {
    pub(super) orders: Vec<SeedOrder>,
}

/// The body of one order. It is wiped when it is dropped.
pub(super) struct SeedOrder {
    pub(super) line: u64,
    pub(super) body: WipedBuffer,
}

/// What these parameters of the template ask of every order.
pub(crate) fn rules(parameters: &BTreeMap<String, String>) -> Result<OrderRules, SeedError> {
    let template = deployment::with_parameters(parameters)?;
    let is_on = |name| template.parameter(name) == Some("true");
    let pattern = template.parameter("OrderIdPattern").unwrap_or_default();
    Ok(OrderRules {
        order_ids: pattern.parse().map_err(|_| SeedError::OrderIdPattern)?,
        encrypted_card_only: is_on("EncryptedCardOnly"),
        card_expiry_required: is_on("CardExpiryRequired"),
    })
}

impl Seed {
    /// Reads a file of orders: the body of a `POST /order` per line. Empty lines are skipped, and so is a line that is the
    /// same as an earlier one.
    ///
    /// # Errors
    /// [`SeedError`] with the number of the first line that the API would refuse.
    pub fn read(path: &Path, rules: &OrderRules, now: SystemTime) -> Result<Self, SeedError> {
        let failed = |source| SeedError::File { path: path.to_owned(), source };
        let mut lines = Lines::new(File::open(path).map_err(failed)?).map_err(failed)?;
        Self::of(&mut lines, rules, now, failed)
    }

    fn of<R: Read>(
        lines: &mut Lines<R>,
        rules: &OrderRules,
        now: SystemTime,
        failed: impl Fn(io::Error) -> SeedError,
    ) -> Result<Self, SeedError> {
        let mut orders: Vec<SeedOrder> = Vec::new();
        let mut places: HashMap<OrderId, usize> = HashMap::new();
        while let Some(Line { number: line, text, .. }) = lines.next().map_err(&failed)? {
            let refused = |code, message| SeedError::Line { line, code, message };
            let too_large = Problem::BODY_TOO_LARGE;
            let body = text.ok_or_else(|| refused(too_large.code, too_large.message))?;
            if body.as_ref().trim_ascii().is_empty() {
                continue;
            }
            let id = match str::from_utf8(body.as_ref()) {
                Ok(text) => ingest::check_order(text, rules, now),
                Err(_) => return Err(refused("NOT_UTF8", "it is not in UTF-8")),
            };
            let id = id.map_err(|problem| refused(problem.code, problem.message))?;
            match places.get(&id).and_then(|place| orders.get(*place)) {
                None => {
                    places.insert(id, orders.len());
                    orders.push(SeedOrder { line, body });
                }
                Some(first) if first.body.as_ref() == body.as_ref() => {}
                Some(first) => return Err(SeedError::Twice { line, first: first.line }),
            }
        }
        Ok(Self { orders })
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed").field("orders", &self.orders.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "4242424242424242";

    fn order(id: &str, card: &str) -> String {
        format!(r#"{{"CustomerOrder":"{id}","CustomerName":"Ann","CreditCard":"{card}","Address":"Here 1"}}"#)
    }

    fn read_with(text: &str, parameters: &[(&str, &str)]) -> Result<Seed, SeedError> {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let rules = rules(&parameters.collect::<BTreeMap<_, _>>()).unwrap();
        let mut lines = Lines::new(text.as_bytes()).unwrap();
        let failed = |source| SeedError::File { path: "f".into(), source };
        Seed::of(&mut lines, &rules, SystemTime::now(), failed)
    }

    fn lines(text: &str) -> Vec<u64> {
        read_with(text, &[]).unwrap().orders.iter().map(|order| order.line).collect()
    }

    /// The error's text, in which nothing of the file is.
    fn refusal(text: &str, parameters: &[(&str, &str)]) -> String {
        let error = read_with(text, parameters).unwrap_err();
        let told = format!("{error} {error:?}");
        for secret in [CARD, "Ann", "4242424242424241", "stray"] {
            assert!(!told.contains(secret), "{told}");
        }
        error.to_string()
    }

    #[test]
    fn orders_are_read_with_the_numbers_of_their_lines() {
        assert_eq!(lines(""), [] as [u64; 0]);
        let priced = r#"{"CustomerOrder":"c","CustomerName":"Ann","CreditCard":"4242424242424242","Address":"x","Amount":5,"Currency":"EUR"}"#;
        let text = format!("\u{feff}{}\n\n  \n{}\r\n{priced}", order("a", CARD), order("b", CARD));
        assert_eq!(lines(&text), [1, 4, 5]);
    }

    #[test]
    fn a_line_that_the_api_would_refuse_is_named_by_its_number() {
        let good = order("a", CARD);
        for (line, code) in [
            ("stray".to_owned(), "BODY_MALFORMED"),
            (order("b", "4242424242424241"), "CARD_INVALID"),
            (order(CARD, CARD), "ORDER_ID_CARD_SHAPED"),
            (r#"{"CustomerOrder":"b","CustomerName":"Ann","Address":"x"}"#.to_owned(), "CARD_MISSING"),
            (format!("{}{}", " ".repeat(70_000), order("b", CARD)), "BODY_TOO_LARGE"),
        ] {
            let told = refusal(&format!("{good}\n{line}\n"), &[]);
            assert!(told.starts_with("line 2 is refused, and no order was placed: "), "{told}");
            assert!(told.ends_with(&format!("({code})")), "{code}: {told}");
        }
    }

    #[test]
    fn the_parameters_of_the_stack_decide_what_an_order_must_be() {
        let good = order("ABC-1", CARD);
        for (parameter, value, code) in [
            ("CardExpiryRequired", "true", "EXPIRY_MISSING"),
            ("EncryptedCardOnly", "true", "ENCRYPTED_CARD_ONLY"),
        ] {
            let told = refusal(&good, &[(parameter, value)]);
            assert!(told.contains("line 1") && told.contains(code), "{told}");
        }
    }

    #[test]
    fn one_order_id_has_one_order() {
        let (a, b) = (order("a", CARD), order("b", CARD));
        assert_eq!(lines(&format!("{a}\n{b}\n{a}\n")), [1, 2], "the same line is the same order");
        let told = refusal(&format!("{a}\n{b}\n{}", order("a", "5555555555554444")), &[]);
        assert!(told.starts_with("line 3 has the order id of line 1"), "{told}");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let rules = rules(&BTreeMap::new()).unwrap();
        let mut lines = Lines::new(&b"\xff\n"[..]).unwrap();
        let failed = |source| SeedError::File { path: "f".into(), source };
        let error = Seed::of(&mut lines, &rules, SystemTime::now(), failed).unwrap_err();
        assert!(error.to_string().contains("NOT_UTF8"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_its_name() {
        let rules = rules(&BTreeMap::new()).unwrap();
        let error = Seed::read(Path::new("/no/orders.jsonl"), &rules, SystemTime::now()).unwrap_err();
        assert!(error.to_string().contains("/no/orders.jsonl"), "{error}");
    }
}
