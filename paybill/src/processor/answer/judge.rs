//! The rules of a step, applied to an answer: the first one that matches decides, and none means unknown.

use std::collections::BTreeMap;

use order::{DeclineCode, DeclineKind, PaymentObject, ProcessorReference};
use reqwest::Response;
use vault::Last4;

use super::{
    bounded,
    json::{AmbiguousMemberError, Json},
    kept,
};
use crate::processor::profile::{CodeSource, Pointer, Rule, RuleOutcome};

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The step is done, and these are the values that later steps use.
    Next(BTreeMap<String, PaymentObject>),
    Submitted {
        reference: Option<ProcessorReference>,
    },
    Declined {
        code: DeclineCode,
        kind: DeclineKind,
        reference: Option<ProcessorReference>,
    },
    Refused,
    InProgress,
    Unknown,
}

/// What an answer means, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// Counted from 1; none: no rule matched.
    pub(crate) rule: Option<usize>,
}

impl Judged {
    const UNKNOWN: Self = Self { verdict: Verdict::Unknown, rule: None };
}

/// Decides what an answer means. The body is read only if a rule needs it.
pub(crate) async fn judge(
    rules: &[Rule],
    take: &[(String, Pointer)],
    last4: Last4,
    response: &mut Response,
) -> Judged {
    let status = response.status().as_u16();
    let first = rules.iter().find(|rule| rule.is_for(status));
    let body = match first {
        None => return Judged::UNKNOWN,
        Some(rule) if rule.reads_body() => bounded::body(response).await,
        Some(_) => None,
    };
    judge_body(rules, take, last4, status, body.as_ref().map(|body| body.as_slice()))
}

/// Decides what a status with a body means. None: the body did not come completely.
pub(crate) fn judge_body(
    rules: &[Rule],
    take: &[(String, Pointer)],
    last4: Last4,
    status: u16,
    body: Option<&[u8]>,
) -> Judged {
    let json = body.and_then(Json::parse);
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.is_for(status)) {
        match matches(rule, json.as_ref()) {
            Ok(false) => {}
            Ok(true) => {
                let verdict = verdict(&rule.outcome, take, last4, json.as_ref());
                return Judged { verdict: verdict.unwrap_or(Verdict::Unknown), rule: Some(index + 1) };
            }
            // It is not known whether this rule matches, so no later rule can say what the answer means.
            Err(AmbiguousMemberError) => return Judged::UNKNOWN,
        }
    }
    Judged::UNKNOWN
}

fn matches(rule: &Rule, json: Option<&Json<'_>>) -> Result<bool, AmbiguousMemberError> {
    if rule.when.is_empty() {
        return Ok(true);
    }
    let json = json.ok_or(AmbiguousMemberError)?;
    for (pointer, test) in &rule.when {
        if !json.holds(pointer, test)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A rule's outcome with the values of the answer. None: a value is missing that a later step needs.
fn verdict(
    outcome: &RuleOutcome,
    take: &[(String, Pointer)],
    last4: Last4,
    json: Option<&Json<'_>>,
) -> Option<Verdict> {
    // A member that is there twice is not kept, but the outcome is.
    let word = |pointer: &Pointer| json.and_then(|json| json.word(pointer).ok().flatten());
    let reference = |pointer: &Option<Pointer>| {
        pointer.as_ref().and_then(word).and_then(|text| kept::reference(&text, last4))
    };
    Some(match outcome {
        RuleOutcome::Next => {
            let taken = |(name, pointer): &(String, Pointer)| {
                let value = word(pointer).and_then(|text| kept::object(&text, last4))?;
                Some((name.clone(), value))
            };
            Verdict::Next(take.iter().map(taken).collect::<Option<_>>()?)
        }
        RuleOutcome::Submitted { reference: at } => Verdict::Submitted { reference: reference(at) },
        RuleOutcome::Declined { code, kind, reference: at } => {
            let text = code.iter().find_map(|source| match source {
                CodeSource::At(pointer) => word(pointer).map(|text| kept::code(&text)),
                CodeSource::Constant(code) => Some(kept::code(code)),
            });
            Verdict::Declined {
                code: text.unwrap_or_else(|| kept::code("")),
                kind: *kind,
                reference: reference(at),
            }
        }
        RuleOutcome::Refused => Verdict::Refused,
        RuleOutcome::InProgress => Verdict::InProgress,
        RuleOutcome::Unknown => Verdict::Unknown,
    })
}
