//! The model that random runs are checked against: who was delivered when, and what the messages cover.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Keeps book of a run. Cloning shares it.
#[derive(Clone)]
pub(super) struct Check(Arc<Mutex<Book>>);

struct Book {
    /// The item of each record.
    items: BTreeMap<u64, u64>,
    /// The records in the order in which they were first processed successfully.
    delivered: Vec<u64>,
}

impl Check {
    pub(super) fn new(items: impl IntoIterator<Item = (u64, u64)>) -> Self {
        Self(Arc::new(Mutex::new(Book { items: items.into_iter().collect(), delivered: Vec::new() })))
    }

    /// Reads an answer as a person would: those before the lowest reported number were processed.
    pub(super) fn invoked(&self, numbers: &[u64], answer: &FunctionResult, report: bool) {
        let Ok(answer) = answer else { return };
        let lowest = match serde_json::from_slice::<Value>(answer) {
            Ok(answer) => answer["batchItemFailures"].as_array().and_then(|list| {
                list.iter().map(|item| item["itemIdentifier"].as_str().unwrap().parse::<u64>().unwrap()).min()
            }),
            Err(_) if report => return,
            Err(_) => None,
        };
        let mut book = self.0.lock().unwrap();
        for number in numbers.iter().take_while(|number| lowest.is_none_or(|lowest| **number < lowest)) {
            if !book.delivered.contains(number) {
                book.delivered.push(*number);
            }
        }
    }

    fn covered(messages: &[Value], number: u64) -> usize {
        let end = |message: &Value, name: &str| {
            message["DDBStreamBatchInfo"][name].as_str().unwrap().parse::<u64>().unwrap()
        };
        let covers = |message: &&Value| {
            (end(message, "startSequenceNumber")..=end(message, "endSequenceNumber")).contains(&number)
        };
        messages.iter().filter(covers).count()
    }

    pub(super) fn assert_nothing_lost(&self, messages: &[Value]) {
        let book = self.0.lock().unwrap();
        for number in book.items.keys() {
            let covered = Self::covered(messages, *number);
            assert!(book.delivered.contains(number) || covered > 0, "{number} is lost");
        }
    }

    /// With several lanes the range of one lane's batch spans records of the others.
    pub(super) fn assert_complete(&self, messages: &[Value], one_lane: bool) {
        self.assert_nothing_lost(messages);
        let book = self.0.lock().unwrap();
        let delivered: BTreeSet<_> = book.delivered.iter().collect();
        let sizes: u64 =
            messages.iter().map(|m| m["DDBStreamBatchInfo"]["batchSize"].as_u64().unwrap()).sum();
        assert_eq!(delivered.len() as u64 + sizes, book.items.len() as u64);
        for number in book.items.keys().filter(|_| one_lane) {
            let expected = usize::from(!delivered.contains(number));
            assert_eq!(Self::covered(messages, *number), expected, "{number}");
        }
    }

    pub(super) fn assert_items_in_order(&self) {
        let book = self.0.lock().unwrap();
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for number in &book.delivered {
            let before = last.insert(book.items[number], *number);
            assert!(before.is_none_or(|before| before < *number), "{number} came after {before:?}");
        }
    }
}
