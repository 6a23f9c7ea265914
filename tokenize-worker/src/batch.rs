//! A batch of the stream: many orders at once and several in one transaction, the records of one order in their order.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, SystemTime},
};

use aws_lambda_events::dynamodb::EventRecord;
use futures::{StreamExt, future::join_all, stream};
use order::{Airlock, Crossing, OrderId};
use platform::{
    deadline::{MARGIN, within},
    spans,
};
use tokio::{sync::Semaphore, time::timeout};
use tracing::{Instrument, Span};

use crate::{
    TokenizeWorker,
    change::Change,
    crossing::{Again, Step},
};

/// Orders whose cards are opened and sealed at once. Each waits for KMS most of its time.
const OPENED_AT_ONCE: usize = 16;

/// Orders in one transaction, three actions each. More orders would save little more.
const TOGETHER: usize = 10;
const _: () = assert!(TOGETHER <= Airlock::MOST_TOGETHER);

/// How long orders that are ready wait for others to share a transaction: a slow card does not delay the others.
const GATHERING: Duration = Duration::from_secs(1);

/// How long a shared transaction may take before its orders are written alone: one that hangs delays them no longer.
const SHARED: Duration = Duration::from_secs(2);

/// Orders, or transactions of several, that are carried across at once.
const CROSSING_AT_ONCE: usize = 16;

/// The records of one order, each with its place in the batch.
type Records = VecDeque<(usize, EventRecord)>;

/// An order whose first record is prepared as far as possible without writing.
struct Begun {
    index: usize,
    step: Result<Step, Again>,
    /// How a shared transaction ended for it.
    crossing: Option<Crossing>,
    rest: Records,
    about: Span,
}

impl TokenizeWorker {
    /// Processes the records; the place of the first that is not done. Stopping anywhere is safe: whatever was begun
    /// converges when it is delivered again.
    pub(crate) async fn first_undone(
        &self,
        records: Vec<EventRecord>,
        deadline: SystemTime,
    ) -> Option<usize> {
        let at_once = Semaphore::new(CROSSING_AT_ONCE);
        let begun = stream::iter(by_order(records))
            .map(|records| self.begin(records, deadline))
            .buffer_unordered(OPENED_AT_ONCE)
            .filter_map(std::future::ready);
        let undone: Vec<usize> = tokio_stream::StreamExt::chunks_timeout(begun, TOGETHER, GATHERING)
            .map(|orders| self.finish(orders, &at_once, deadline))
            // The semaphore is the limit. A limit here would delay the opening of cards while transactions take long.
            .buffer_unordered(usize::MAX)
            .flat_map(stream::iter)
            .collect()
            .await;
        undone.into_iter().min()
    }

    async fn begin(&self, mut records: Records, deadline: SystemTime) -> Option<Begun> {
        let (index, record) = records.pop_front()?;
        let about = spans::order(key(&record).and_then(OrderId::stored).as_ref());
        let step = self.before(deadline, self.open(Change::of(record))).instrument(about.clone()).await;
        Some(Begun { index, step, crossing: None, rest: records, about })
    }

    /// Carries orders across together, does what follows for each, and carries the rest across alone: an order that
    /// cannot cross does not delay the others. Returns each order's first record that is not done.
    async fn finish(&self, mut orders: Vec<Begun>, at_once: &Semaphore, deadline: SystemTime) -> Vec<usize> {
        // Once more without those that failed.
        if self.together(&mut orders, at_once, deadline).await {
            self.together(&mut orders, at_once, deadline).await;
        }
        let finished = orders.into_iter().map(|order| self.finish_one(order, at_once, deadline));
        join_all(finished).await.into_iter().flatten().collect()
    }

    /// One transaction for those that are ready and had none yet. Returns whether it showed for some why they cannot
    /// cross, and changed nothing for others.
    async fn together(&self, orders: &mut [Begun], at_once: &Semaphore, deadline: SystemTime) -> bool {
        let (places, ready): (Vec<_>, Vec<_>) = orders
            .iter()
            .enumerate()
            .filter(|(_, order)| order.crossing.is_none())
            .filter_map(|(place, order)| Some((place, order.step.as_ref().ok()?.crossing()?)))
            .unzip();
        if ready.len() < 2 {
            return false;
        }
        let crossing = async {
            let _turn = at_once.acquire().await;
            timeout(SHARED, self.cross_together(&ready)).await.map_err(|_| Again)
        };
        let Ok(crossings) = self.before(deadline, crossing).await else { return false };
        let known = crossings.iter().flatten().count();
        let is_again = (1..crossings.len()).contains(&known);
        for (place, crossing) in places.into_iter().zip(crossings) {
            if let Some(order) = orders.get_mut(place) {
                order.crossing = crossing;
            }
        }
        is_again
    }

    async fn finish_one(&self, order: Begun, at_once: &Semaphore, deadline: SystemTime) -> Option<usize> {
        let Begun { index, step, crossing, rest, about } = order;
        let first = async {
            let step = step?;
            let _turn = at_once.acquire().await;
            match step.crossing().zip(crossing) {
                Some((ready, crossing)) => self.settle(ready, crossing).await,
                None => self.take(step).await,
            }
        };
        let done = self.before(deadline, first).instrument(about.clone()).await;
        if done.is_err() {
            return Some(index);
        }
        for (index, record) in rest {
            let record = async {
                let step = self.open(Change::of(record)).await?;
                let _turn = at_once.acquire().await;
                self.take(step).await
            };
            if self.before(deadline, record).instrument(about.clone()).await.is_err() {
                return Some(index);
            }
        }
        None
    }

    /// Does the work unless the time for it is over.
    pub(crate) async fn before<T>(
        &self,
        deadline: SystemTime,
        work: impl Future<Output = Result<T, Again>>,
    ) -> Result<T, Again> {
        within(deadline, &self.clock, MARGIN, work).await.unwrap_or(Err(Again))
    }
}

/// Records by order, in the order of the batch, each with its place in it.
fn by_order(records: Vec<EventRecord>) -> Vec<Records> {
    let mut groups: Vec<Records> = Vec::new();
    let mut group_of: HashMap<String, usize> = HashMap::new();
    for (index, record) in records.into_iter().enumerate() {
        let key = key(&record).unwrap_or_default().to_owned();
        let group = *group_of.entry(key).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push_back((index, record)),
            None => groups.push(VecDeque::from([(index, record)])),
        }
    }
    groups
}

fn key(record: &EventRecord) -> Option<&str> {
    match record.change.keys.get("CustomerOrder") {
        Some(serde_dynamo::AttributeValue::S(id)) => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_of_one_order_stay_together_in_their_order() {
        let record = |id: &str, number: usize| -> EventRecord {
            serde_json::from_value(json!({
                "awsRegion": "us-east-1", "eventID": "1", "eventName": "INSERT",
                "dynamodb": { "SizeBytes": 1, "SequenceNumber": number.to_string(), "Keys": {"CustomerOrder": {"S": id}} },
            }))
            .unwrap()
        };
        let groups =
            by_order(vec![record("a", 1), record("b", 2), record("a", 3), record("c", 4), record("a", 5)]);
        let places: Vec<Vec<usize>> =
            groups.iter().map(|group| group.iter().map(|(index, _)| *index).collect()).collect();
        assert_eq!(places, [vec![0, 2, 4], vec![1], vec![3]]);
    }
}
