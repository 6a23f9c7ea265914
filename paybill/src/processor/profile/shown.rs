//! A profile's rules in words, for the people who write profiles.

use std::fmt;

use super::{
    Profile,
    pointer::Pointer,
    rule::{CodeSource, Rule, RuleOutcome, StatusRange, Test},
    template::Constant,
};

/// The rules of one request, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRules {
    /// The step's name, or `lookup`.
    pub request: String,
    /// One text for each rule, in their order.
    pub rules: Vec<ShownRule>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRule {
    /// Which answers it matches.
    pub answer: String,
    /// What they mean.
    pub outcome: String,
}

impl Profile {
    /// What the answers to each request mean, the lookup's last.
    #[must_use]
    pub fn shown_rules(&self) -> Vec<ShownRules> {
        let steps = self.steps.iter().map(|step| (step.name.as_str(), &step.rules));
        let lookup = self.lookup.iter().map(|lookup| ("lookup", &lookup.rules));
        let shown = |(request, rules): (&str, &Vec<Rule>)| ShownRules {
            request: request.to_owned(),
            rules: rules.iter().map(Rule::shown).collect(),
        };
        steps.chain(lookup).map(shown).collect()
    }
}

impl Rule {
    fn shown(&self) -> ShownRule {
        let status = joined(&self.status, " or ");
        let tests = self.when.iter().map(|(pointer, test)| format!(", {}", shown_test(pointer, test)));
        ShownRule { answer: tests.fold(status, |text, test| text + &test), outcome: self.outcome.to_string() }
    }
}

fn shown_test(pointer: &Pointer, test: &Test) -> String {
    match test {
        Test::OneOf(constants) => format!("{pointer} is {}", joined(constants, " or ")),
        Test::StartsWith(start) => format!("{pointer} begins with {start}"),
        Test::Exists(true) => format!("{pointer} is there"),
        Test::Exists(false) => format!("{pointer} is not there"),
        Test::IsText => format!("{pointer} is a text"),
    }
}

fn joined(values: &[impl fmt::Display], between: &str) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl fmt::Display for RuleOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = |reference: &Option<Pointer>| {
            reference.as_ref().map(|at| format!(", reference {at}")).unwrap_or_default()
        };
        match self {
            Self::Next => f.write_str("next step"),
            Self::Submitted { reference: at } => write!(f, "SUBMITTED{}", reference(at)),
            Self::Declined { code, kind, reference: at } => {
                write!(f, "DECLINED ({kind}), code {}{}", joined(code, " or else "), reference(at))
            }
            Self::Refused => f.write_str("refused: nothing was charged"),
            Self::InProgress => f.write_str("in progress: the same request may come again"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for CodeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(pointer) => pointer.fmt(f),
            Self::Constant(code) => f.write_str(code),
        }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) if first % 100 == 0 && last == first + 99 => write!(f, "{}xx", first / 100),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
        }
    }
}
