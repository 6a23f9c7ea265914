//! Orders of one id are sent one after the other, in the order of the file.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use serde::Deserialize;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// How many ids are kept before those that are done are removed.
const REMEMBERED: usize = 1_024;

/// Whose turn it is, by the hash of the id: an id may be a card number that somebody put into the wrong field, and two
/// ids of one hash only wait for each other.
#[derive(Debug, Default)]
pub(super) struct Turns {
    hasher: RandomState,
    last: HashMap<u64, oneshot::Receiver<()>>,
}

/// A place behind the last order of the same id.
#[derive(Debug)]
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    done: oneshot::Sender<()>,
}

impl Turns {
    /// The turn of the order in this body; none when it names no order.
    pub(super) fn of(&mut self, body: &[u8]) -> Option<Turn> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(rename = "CustomerOrder", borrow)]
            order: std::borrow::Cow<'a, str>,
        }
        let named: Named<'_> = serde_json::from_slice(body).ok()?;
        if self.last.len() >= REMEMBERED {
            self.last.retain(|_, done| done.try_recv() == Err(TryRecvError::Empty));
        }
        let (done, is_done) = oneshot::channel();
        let before = self.last.insert(self.hasher.hash_one(&*named.order), is_done);
        Some(Turn { before, done })
    }
}

impl Turn {
    /// Waits until the order before is done. The turn lasts until what this gives is dropped.
    pub(super) async fn come(self) -> oneshot::Sender<()> {
        if let Some(before) = self.before {
            // It is done when its sender is gone.
            let _ = before.await;
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn an_order_waits_for_the_one_of_the_same_id_before_it_and_for_no_other() {
        let mut turns = Turns::default();
        let first = turns.of(br#"{"CustomerOrder":"a"}"#).unwrap();
        let second = turns.of(br#"{"CustomerOrder":"\u0061","Address":"x"}"#).unwrap();
        let other = turns.of(br#"{"CustomerOrder":"b"}"#).unwrap();
        let first = first.come().now_or_never().expect("nothing is before the first");
        assert!(other.come().now_or_never().is_some());
        let mut second = Box::pin(second.come());
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert!(second.now_or_never().is_some());
    }

    #[test]
    fn a_body_without_an_id_has_no_turn_and_ids_that_are_done_are_forgotten() {
        let mut turns = Turns::default();
        assert!(turns.of(b"{}").is_none() && turns.of(b"[").is_none());
        for number in 0..10 * REMEMBERED {
            drop(turns.of(format!(r#"{{"CustomerOrder":"{number}"}}"#).as_bytes()));
        }
        assert!(turns.last.len() <= REMEMBERED);
    }
}
