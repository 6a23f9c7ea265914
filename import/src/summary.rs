//! What the function answers: a result for each row, and counts. No card is in it.

use std::collections::BTreeMap;

use order::OrderId;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    reason::Reason,
    request::{Action, Cursor},
    row::Key,
};

/// Lambda takes an answer of 6 MB: these, and a page of the longest keys (1.9 MB).
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_BYTES: usize = 4_000_000;
/// A result without its key: order id, outcome and reason, and the names of all.
const RESULT_BYTES: usize = 256;
/// What JSON makes of a character, at most (`\u0001`).
const LONGEST_ESCAPE: usize = 6;

/// What became of the rows of a page.
pub(crate) struct PageDone {
    pub(crate) results: Vec<RowResult>,
    /// How many rows were read, told or not.
    pub(crate) rows: u64,
    /// After which key the next page begins; none: this is the last one.
    pub(crate) next: Option<Key>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Outcome {
    /// A dry run: it would be done.
    Good,
    /// Its card is sealed in the quarantine now.
    Imported,
    /// It is imported, or scrubbed, already; or, of a row of the AWS sample's vault, an order names it.
    There,
    /// It has no owner, and was left as it is.
    WithoutOwner,
    /// It breaks a rule, and was left as it is.
    Bad,
    /// The token is in the number's place now.
    Scrubbed,
    /// A row of the AWS sample's vault that no order names.
    Orphan,
    /// Its order is not across yet.
    Waiting,
    /// It may not be scrubbed, or was changed meanwhile, and was left as it is.
    Left,
}

/// What became of a row, and why it was left.
pub(crate) type Verdict = (Outcome, Option<Reason>);

pub(crate) const THERE: Verdict = (Outcome::There, None);

/// It breaks a rule.
pub(crate) fn bad(reason: Reason) -> Verdict {
    (Outcome::Bad, Some(reason))
}

/// It breaks no rule, and stays as it is.
pub(crate) fn left(reason: Reason) -> Verdict {
    (Outcome::Left, Some(reason))
}

/// What said whose an order is: the parameter that has it, or names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnerBy {
    #[serde(rename = "ImportOwnerAttribute")]
    Attribute,
    #[serde(rename = "ImportOwnerTable")]
    Table,
    #[serde(rename = "ImportOwner")]
    All,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// The row's key: its partition key, and its sort key if there is one. None in the place of a part that looks like a
    /// card number, or that has the row's own number in it.
    pub key: Vec<Option<String>>,
    /// Its order id, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Of a row that is or would be imported: what said whose it is.
    #[serde(default, rename = "ownerBy", skip_serializing_if = "Option::is_none")]
    pub owner_by: Option<OwnerBy>,
}

/// What a chunk found and did; added up, what a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What was done with each row.
    pub action: Action,
    /// Rows that were looked at.
    pub rows: u64,
    /// How many rows had which outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How many rows were left for which reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// What became of each row of the chunk, in the order in which they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<RowResult>,
    /// Where the next chunk begins; none: the pass is over.
    pub cursor: Option<Cursor>,
    /// How many bytes the results have in the answer, about.
    #[serde(skip)]
    length: usize,
}

impl Summary {
    /// Of nothing yet.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self {
            action,
            rows: 0,
            outcomes: BTreeMap::new(),
            reasons: BTreeMap::new(),
            results: Vec::new(),
            cursor: None,
            length: 0,
        }
    }

    /// Adds the counts of the next chunk of the same pass, and gives the results of its rows.
    pub fn add(&mut self, next: Self) -> Vec<RowResult> {
        self.rows += next.rows;
        for (outcome, rows) in next.outcomes {
            *self.outcomes.entry(outcome).or_default() += rows;
        }
        for (reason, rows) in next.reasons {
            *self.reasons.entry(reason).or_default() += rows;
        }
        self.cursor = next.cursor;
        next.results
    }

    /// How many rows had an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// Whether the answer has no room for another page.
    pub(crate) fn is_long(&self) -> bool {
        self.length > MOST_BYTES
    }

    pub(crate) fn tell(&mut self, result: RowResult) {
        self.rows += 1;
        let length = |part: &Option<String>| part.as_ref().map_or(0, |text| text.len() * LONGEST_ESCAPE);
        self.length += RESULT_BYTES + result.key.iter().map(length).sum::<usize>();
        *self.outcomes.entry(result.outcome).or_default() += 1;
        if let Some(reason) = result.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        self.results.push(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_add_up_to_a_pass_without_its_rows() {
        let result =
            |outcome, reason| RowResult { key: vec![None], order: None, outcome, reason, owner_by: None };
        let chunk = |results: Vec<RowResult>| {
            let mut chunk = Summary::new(Action::Import);
            results.into_iter().for_each(|result| chunk.tell(result));
            chunk
        };
        let bad = || result(Outcome::Bad, Some(Reason::NumberLength));
        let mut pass = Summary::new(Action::Import);
        pass.cursor = Some(Cursor("a".to_owned()));
        assert_eq!(pass.add(chunk(vec![result(Outcome::Imported, None), bad()])).len(), 2);
        assert_eq!(pass.add(chunk(vec![bad()])), [bad()]);
        assert_eq!((pass.rows, pass.count(Outcome::Imported), pass.count(Outcome::Bad)), (3, 1, 2));
        assert_eq!((pass.count(Outcome::Left), pass.reasons[&Reason::NumberLength]), (0, 2));
        assert!(pass.results.is_empty() && pass.cursor.is_none());
    }

    #[test]
    fn an_answer_has_room_until_it_is_longer_than_it_may_be() {
        let of = |length| Summary { length, ..Summary::new(Action::Check) };
        assert!(!of(MOST_BYTES).is_long() && of(MOST_BYTES + 1).is_long());
    }

    #[test]
    fn an_answer_ends_before_it_is_too_long_for_lambda() {
        let id = "i".repeat(64);
        let result = || RowResult {
            key: [2048, 1024].map(|length| Some("\u{1}".repeat(length))).into(),
            order: OrderId::accept(&id).ok(),
            outcome: Outcome::WithoutOwner,
            reason: Some(Reason::NumberIsAnotherToken),
            owner_by: Some(OwnerBy::Attribute),
        };
        let mut chunk = Summary::new(Action::Import);
        let mut pages = 0;
        while !chunk.is_long() {
            (0..100).for_each(|_| chunk.tell(result()));
            pages += 1;
        }
        let length = serde_json::to_vec(&chunk).unwrap().len();
        assert!(pages > 1 && length < 6 * 1024 * 1024, "{pages} {length}");
        let mut short = Summary::new(Action::Import);
        let row = || RowResult { key: vec![Some("1".to_owned())], ..result() };
        (0..1_000).for_each(|_| short.tell(row()));
        assert!(!short.is_long() && serde_json::to_vec(&short).unwrap().len() < 256 * 1_000 + 1_000);
    }
}
