//! How far a shard is done.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use crate::sequence::{Position, SequenceNumber};
use parking_lot::Mutex;

/// The checkpoints of shards. It lives longer than the mapping: a mapping that is started again with it continues where
/// the last one was done, and unfinished records come again. By default it is in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints(Arc<Inner>);

type WriteDown = Box<dyn Fn(&str, &Position) + Send + Sync>;

#[derive(Default)]
struct Inner {
    positions: Mutex<BTreeMap<String, Position>>,
    /// What writes a new one down.
    keep: Option<WriteDown>,
}

impl Checkpoints {
    /// Checkpoints that outlive the process: those of before, and what writes down each new one with its shard. It has
    /// returned before the next action of the mapping.
    pub fn kept(
        positions: BTreeMap<String, Position>,
        keep: impl Fn(&str, &Position) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { positions: Mutex::new(positions), keep: Some(Box::new(keep)) }))
    }

    /// The position behind the last record of this shard before which everything is done.
    #[must_use]
    pub fn position(&self, shard: &str) -> Option<Position> {
        self.0.positions.lock().get(shard).cloned()
    }

    pub(crate) fn set(&self, shard: &str, position: Position) {
        let mut positions = self.0.positions.lock();
        if let Some(keep) = self.0.keep.as_ref().filter(|_| positions.get(shard) != Some(&position)) {
            keep(shard, &position);
        }
        positions.insert(shard.to_owned(), position);
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checkpoints").field(&self.positions).finish()
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
    fn each_new_checkpoint_is_written_down_once() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let known = BTreeMap::from([("shard".to_owned(), Position::TrimHorizon)]);
        let log = Arc::clone(&written);
        let checkpoints = Checkpoints::kept(known, move |shard, position| {
            log.lock().push(format!("{shard} {position}"));
        });
        assert_eq!(checkpoints.position("shard"), Some(Position::TrimHorizon));
        for text in ["8", "8", "9"] {
            checkpoints.set("shard", Position::After(SequenceNumber::parse(text).unwrap()));
        }
        assert_eq!(*written.lock(), ["shard 8", "shard 9"]);
    }

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
