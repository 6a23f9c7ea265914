//! How far a shard is done.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::sequence::{Position, SequenceNumber};
use parking_lot::Mutex;

/// The checkpoints of shards, in memory. It lives longer than the mapping: a mapping that is started again with it
/// continues where the last one was done, and unfinished records come again. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints(Arc<Mutex<BTreeMap<String, Position>>>);

impl Checkpoints {
    /// The position behind the last record of this shard before which everything is done.
    #[must_use]
    pub fn position(&self, shard: &str) -> Option<Position> {
        self.0.lock().get(shard).cloned()
    }

    pub(crate) fn set(&self, shard: &str, position: Position) {
        self.0.lock().insert(shard.to_owned(), position);
    }
}

/// The records read and not yet checkpointed, in stream order. Lanes finish out of order; the checkpoint
/// moves only over records that are all done.
#[derive(Debug, Default)]
pub(crate) struct Progress(VecDeque<(SequenceNumber, bool)>);

impl Progress {
    pub(crate) fn outstanding(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn read(&mut self, sequence: SequenceNumber) {
        self.0.push_back((sequence, false));
    }

    pub(crate) fn done(&mut self, sequence: &SequenceNumber) {
        if let Ok(place) = self.0.binary_search_by(|(read, _)| read.cmp(sequence))
            && let Some((_, done)) = self.0.get_mut(place)
        {
            *done = true;
        }
    }

    /// Removes the records at the front that are done and returns the last of them.
    pub(crate) fn advance(&mut self) -> Option<SequenceNumber> {
        let mut last = None;
        while let Some((sequence, _)) = self.0.pop_front_if(|(_, done)| *done) {
            last = Some(sequence);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoint_never_passes_a_record_under_way() {
        let number = |text| SequenceNumber::parse(text).unwrap();
        let mut progress = Progress::default();
        for text in ["8", "9", "10"] {
            progress.read(number(text));
        }
        progress.done(&number("10"));
        assert_eq!(progress.advance(), None);
        progress.done(&number("8"));
        assert_eq!(progress.advance(), Some(number("8")));
        progress.done(&number("9"));
        assert_eq!(progress.advance(), Some(number("10")));
        assert_eq!(progress.outstanding(), 0);
    }
}
