//! What a check finds.

use super::difference::PolicyDifference;

/// Something that is not as the template promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, with the name of what it is wrong with.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// The command that fixes it, or where one has to decide, what to do.
    pub fix: String,
    /// Of a policy: how it differs.
    pub policies: Option<Box<PolicyDifference>>,
}

/// What a check came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What could not be read, and why.
    pub not_checked: Vec<String>,
}

impl Outcome {
    /// Takes in what one reading has shown.
    pub(super) fn add(&mut self, what: &str, judged: Result<Vec<Finding>, impl ToString>) {
        match judged {
            Ok(findings) => self.findings.extend(findings),
            Err(why) => self.not_checked.push(format!("{what}: {}", why.to_string())),
        }
    }

    /// Of one reading.
    pub(super) fn of(what: &str, judged: Result<Vec<Finding>, impl ToString>) -> Self {
        let mut outcome = Self::default();
        outcome.add(what, judged);
        outcome
    }
}
