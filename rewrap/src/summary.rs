//! What the function answers: counts, and no card.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vault::{KeyMaterial, Rewrapped, Wrapping};

use crate::request::{Action, Cursor};

/// The rows that do not say what wrapped their data key, or not in a known form.
const UNKNOWN: &str = "unknown";
/// The rows of all key material beyond [`MOST_MATERIALS`].
const OTHERS: &str = "others";
/// So many are told apart. More than that has no vault that only this project's functions write, and whoever else
/// writes it does not decide how long an answer is.
const MOST_MATERIALS: usize = 100;

/// What a chunk found and did; added up, what a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What was done with each row.
    pub action: Action,
    /// Rows that were looked at.
    pub rows: u64,
    /// Data keys that were moved to the present key.
    pub rewrapped: u64,
    /// Rows that say that their data key is under the present key already. They were left as they are.
    pub present: u64,
    /// Data keys that the previous key did not wrap, by KMS's word.
    pub of_another_key: u64,
    /// Rows that were forgotten, replaced or re-wrapped by somebody else meanwhile.
    pub changed_meanwhile: u64,
    /// Data keys that the previous key wrapped, and that were left as they are: to be re-wrapped.
    pub left: u64,
    /// Data keys that KMS refuses with their row's token: nobody can open them.
    pub refused: u64,
    /// Rows without a token, of another account, or without a data key.
    pub unreadable: u64,
    /// The rows by what they say of their key, before anything was changed.
    pub materials: BTreeMap<String, u64>,
    /// Where the next chunk begins; none: the pass is over.
    pub cursor: Option<Cursor>,
}

impl Summary {
    /// Of nothing yet.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self {
            action,
            rows: 0,
            rewrapped: 0,
            present: 0,
            of_another_key: 0,
            changed_meanwhile: 0,
            left: 0,
            refused: 0,
            unreadable: 0,
            materials: BTreeMap::new(),
            cursor: None,
        }
    }

    /// Adds the next chunk of the same pass.
    pub fn add(&mut self, next: Self) {
        self.rows += next.rows;
        self.rewrapped += next.rewrapped;
        self.present += next.present;
        self.of_another_key += next.of_another_key;
        self.changed_meanwhile += next.changed_meanwhile;
        self.left += next.left;
        self.refused += next.refused;
        self.unreadable += next.unreadable;
        for (material, rows) in next.materials {
            self.count_material(material, rows);
        }
        self.cursor = next.cursor;
    }

    pub(crate) fn count_row(&mut self, material: Option<&KeyMaterial>) {
        self.rows += 1;
        self.count_material(material.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string), 1);
    }

    pub(crate) fn count_unreadable(&mut self, rows: u64) {
        self.rows += rows;
        self.unreadable += rows;
    }

    pub(crate) fn count_rewrapped(&mut self, rewrapped: Rewrapped) {
        match rewrapped {
            Rewrapped::Moved => self.rewrapped += 1,
            Rewrapped::ChangedMeanwhile => self.changed_meanwhile += 1,
            Rewrapped::OfAnotherKey => self.of_another_key += 1,
            Rewrapped::Refused => self.refused += 1,
        }
    }

    pub(crate) fn count_wrapping(&mut self, wrapping: Wrapping) {
        match wrapping {
            Wrapping::Previous => self.left += 1,
            Wrapping::Another => self.of_another_key += 1,
            Wrapping::Refused => self.refused += 1,
        }
    }

    fn count_material(&mut self, material: String, rows: u64) {
        let is_told_apart = self.materials.contains_key(&material) || self.materials.len() < MOST_MATERIALS;
        let name = if is_told_apart { material } else { OTHERS.to_owned() };
        *self.materials.entry(name).or_default() += rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_that_a_verification_looks_at_counts_as_what_it_is() {
        let mut summary = Summary::new(Action::Verify);
        for wrapping in [Wrapping::Previous, Wrapping::Another, Wrapping::Another, Wrapping::Refused] {
            summary.count_wrapping(wrapping);
        }
        assert_eq!((summary.left, summary.of_another_key, summary.refused), (1, 2, 1));
    }

    #[test]
    fn chunks_add_up_to_a_pass() {
        let chunk = |n: u64, materials: &[(&str, u64)]| Summary {
            rows: n,
            rewrapped: 2 * n,
            present: 3 * n,
            of_another_key: 4 * n,
            changed_meanwhile: 5 * n,
            left: 6 * n,
            refused: 7 * n,
            unreadable: 8 * n,
            materials: materials.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect(),
            ..Summary::new(Action::Rewrap)
        };
        let cursor = "11111111-2222-4333-8444-aaaaaaaaaaaa".parse().ok();
        let mut pass = Summary { cursor, ..chunk(1, &[("a", 1), ("b", 2)]) };
        pass.add(chunk(10, &[("b", 10), ("c", 20)]));
        assert_eq!(pass, chunk(11, &[("a", 1), ("b", 12), ("c", 20)]));
    }

    #[test]
    fn whoever_writes_rows_does_not_decide_how_long_the_answer_is() {
        let mut pass = Summary::new(Action::Count);
        for number in 0..1000 {
            let mut chunk = Summary::new(Action::Count);
            chunk.count_material(number.to_string(), 1);
            pass.add(chunk);
        }
        assert_eq!(pass.materials.len(), MOST_MATERIALS + 1);
        assert_eq!(pass.materials[OTHERS], 900);
        pass.count_material("0".to_owned(), 1);
        assert_eq!((pass.materials["0"], pass.materials.values().sum::<u64>()), (2, 1001));
    }
}
