//! Data keys in memory, within limits: each is used for a limited number of cards and a limited time. If many callers
//! want a key at the same time, KMS is asked once (otherwise an empty cache would send many requests to KMS).

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use clock::Clock;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use crate::keyring::KeyringError;

/// The limits of one data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataKeyPolicy {
    /// The most cards that one data key seals (and that one opened key opens).
    pub max_cards: NonZeroU32,
    /// The longest that a data key stays in memory for further use.
    pub max_age: Duration,
}

impl Default for DataKeyPolicy {
    /// 100 cards or 5 minutes.
    fn default() -> Self {
        Self { max_cards: NonZeroU32::MIN.saturating_add(99), max_age: Duration::from_secs(300) }
    }
}

/// Keys by name, fetched when one is missing or at its limit.
pub(crate) struct KeyCache<K, V, E = KeyringError> {
    policy: DataKeyPolicy,
    capacity: usize,
    clock: Clock,
    entries: Mutex<HashMap<K, Entry<V, E>>>,
}

type Fetch<V, E> = BoxFuture<'static, Result<V, E>>;
type Flight<V, E> = Shared<BoxFuture<'static, Result<Arc<V>, E>>>;

struct Entry<V, E> {
    flight: Flight<V, E>,
    born: SystemTime,
    uses: u32,
}

impl<V, E: Clone> Entry<V, E> {
    /// All callers that waited for the key have given up, so the request does not continue.
    fn is_abandoned(&self) -> bool {
        self.flight.peek().is_none() && self.flight.strong_count() == Some(1)
    }
}

impl<K: Hash + Eq + Clone, V: Send + Sync + 'static, E: Clone + Send + Sync + 'static> KeyCache<K, V, E> {
    /// A cache of at most `capacity` keys.
    pub(crate) fn new(policy: DataKeyPolicy, capacity: usize, clock: Clock) -> Self {
        Self { policy, capacity, clock, entries: Mutex::default() }
    }

    /// One use of the key of that name. If this fails, all waiting callers get the error, and the next caller asks again.
    pub(crate) async fn one_use(&self, name: K, fetch: impl FnOnce() -> Fetch<V, E>) -> Result<Arc<V>, E> {
        let flight = self.join(&name, fetch);
        let outcome = flight.clone().await;
        if outcome.is_err() {
            self.forget(&name, &flight);
        }
        outcome
    }

    fn join(&self, name: &K, fetch: impl FnOnce() -> Fetch<V, E>) -> Flight<V, E> {
        let now = self.clock.now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(name)
            && entry.uses < self.policy.max_cards.get()
            && self.is_young(entry, now)
            && !entry.is_abandoned()
        {
            entry.uses += 1;
            let flight = entry.flight.clone();
            // A key that was used for the last time is not kept.
            if entry.uses == self.policy.max_cards.get() {
                entries.remove(name);
            }
            return flight;
        }
        entries.retain(|_, entry| self.is_young(entry, now));
        if entries.len() >= self.capacity
            && let Some(oldest) =
                entries.iter().min_by_key(|(_, entry)| entry.born).map(|(name, _)| name.clone())
        {
            entries.remove(&oldest);
        }
        let flight = fetch().map(|outcome| outcome.map(Arc::new)).boxed().shared();
        if self.policy.max_cards > NonZeroU32::MIN {
            entries.insert(name.clone(), Entry { flight: flight.clone(), born: now, uses: 1 });
        }
        flight
    }

    /// Age counts from the request for the key; if the clock went back, no key is used any more.
    fn is_young(&self, entry: &Entry<V, E>, now: SystemTime) -> bool {
        now.duration_since(entry.born).is_ok_and(|age| age < self.policy.max_age)
    }

    fn forget(&self, name: &K, flight: &Flight<V, E>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.get(name).is_some_and(|entry| entry.flight.ptr_eq(flight)) {
            entries.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use clock::TestClock;
    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    struct Bench {
        cache: KeyCache<u8, u32>,
        time: TestClock,
        fetches: Arc<AtomicU32>,
        /// KMS answers once this is closed.
        gate: Arc<Semaphore>,
    }

    impl Bench {
        fn new(max_cards: u32) -> Self {
            let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
            let policy = DataKeyPolicy {
                max_cards: NonZeroU32::new(max_cards).unwrap(),
                max_age: Duration::from_secs(300),
            };
            let gate = Arc::new(Semaphore::new(0));
            gate.close();
            Self { cache: KeyCache::new(policy, 3, time.clock()), time, fetches: Arc::default(), gate }
        }

        /// All ask before KMS answers any.
        async fn at_once(
            &mut self,
            callers: usize,
            outcome: Result<(), KeyringError>,
        ) -> Vec<Result<u32, KeyringError>> {
            self.gate = Arc::new(Semaphore::new(0));
            let all = join_all((0..callers).map(|_| self.one_use_of(0, outcome)));
            futures::join!(all, async {
                // Polled after the callers, each of which waits at the gate by now.
                self.gate.close();
            })
            .0
        }

        async fn one_use(&self, name: u8) -> Result<u32, KeyringError> {
            self.one_use_of(name, Ok(())).await
        }

        async fn one_use_of(&self, name: u8, outcome: Result<(), KeyringError>) -> Result<u32, KeyringError> {
            let (fetches, gate) = (self.fetches.clone(), self.gate.clone());
            let fetch = move || {
                let number = fetches.fetch_add(1, Ordering::SeqCst);
                async move {
                    let _closed = gate.acquire().await;
                    outcome.map(|()| number)
                }
                .boxed()
            };
            self.cache.one_use(name, fetch).await.map(|key| *key)
        }
    }

    #[tokio::test]
    async fn three_thousand_callers_at_once_ask_kms_thirty_times_and_no_key_serves_more_than_a_hundred() {
        let mut bench = Bench::new(100);
        let keys = bench.at_once(3_000, Ok(())).await;
        let mut served = HashMap::new();
        for key in keys {
            *served.entry(key.unwrap()).or_insert(0) += 1;
        }
        assert_eq!(bench.fetches.load(Ordering::SeqCst), 30);
        assert!(served.values().all(|uses| *uses == 100), "{served:?}");
    }

    #[tokio::test]
    async fn a_key_is_replaced_when_it_is_old_or_the_clock_went_back() {
        let bench = Bench::new(100);
        assert_eq!(bench.one_use(0).await, Ok(0));
        bench.time.advance(Duration::from_secs(299));
        assert_eq!(bench.one_use(0).await, Ok(0));
        bench.time.advance(Duration::from_secs(1));
        assert_eq!(bench.one_use(0).await, Ok(1));
        bench.time.set(bench.time.now() - Duration::from_secs(1));
        assert_eq!(bench.one_use(0).await, Ok(2));
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_wait_and_then_forgotten() {
        let mut bench = Bench::new(100);
        let waiting = bench.at_once(50, Err(KeyringError::Unavailable)).await;
        assert!(waiting.iter().all(|outcome| *outcome == Err(KeyringError::Unavailable)));
        assert_eq!(bench.fetches.load(Ordering::SeqCst), 1);
        assert_eq!(bench.one_use(0).await, Ok(1));
    }

    #[tokio::test]
    async fn a_key_that_has_served_its_cards_is_gone_from_memory() {
        let bench = Bench::new(2);
        let flight = || bench.cache.entries.lock().unwrap().get(&0).map(|entry| entry.flight.downgrade());
        bench.one_use(0).await.unwrap();
        let kept = flight().flatten().unwrap();
        assert!(kept.upgrade().is_some());
        bench.one_use(0).await.unwrap();
        assert!(kept.upgrade().is_none());

        let one_card_each = Bench::new(1);
        one_card_each.one_use(0).await.unwrap();
        assert!(one_card_each.cache.entries.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_oldest_key_goes_when_the_cache_is_full() {
        let bench = Bench::new(100);
        for name in 0..4 {
            bench.one_use(name).await.unwrap();
            bench.time.advance(Duration::from_secs(1));
        }
        assert_eq!(bench.one_use(3).await, Ok(3));
        assert_eq!(bench.one_use(1).await, Ok(1));
        assert_eq!(bench.one_use(0).await, Ok(4));
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_does_not_take_the_key_from_the_others() {
        let mut bench = Bench::new(100);
        bench.gate = Arc::new(Semaphore::new(0));
        let (mut first, mut second) = (Box::pin(bench.one_use(0)), Box::pin(bench.one_use(0)));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        bench.gate.close();
        assert_eq!(second.await, Ok(0));
        assert_eq!(bench.fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_request_that_everybody_has_given_up_on_is_made_anew() {
        let mut bench = Bench::new(100);
        bench.gate = Arc::new(Semaphore::new(0));
        let mut first = Box::pin(bench.one_use(0));
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        bench.gate.close();
        assert_eq!(bench.one_use(0).await, Ok(1));
    }
}
