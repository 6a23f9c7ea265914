//! Which tokens the sample's orders name. The sample never bound a token to its order, so a token that two orders name
//! belongs to neither for certain.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    time::{Duration, SystemTime},
};

use clock::Clock;
use platform::pace::Pace;
use vault::Token;

use super::Sample;
use crate::{Import, error::ImportError, request::Request, row::Key, source::Texts};

/// How long what was read counts. Who continues a pass on another day has the tokens read again.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// So many tokens are read in the time of a row: a token costs no request to KMS, and a small part of a read.
const FOR_A_ROW: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// The most tokens of a page.
const PAGE: u32 = 1_000;

/// The tokens of all orders, and whether more than one order names each, as far as they are read. Some 40 bytes for each
/// order.
#[derive(Debug)]
pub(crate) struct Pairing {
    is_shared: HashMap<Token, bool>,
    begun: SystemTime,
    /// After which row of the source to read on.
    after: Option<Key>,
    is_whole: bool,
}

impl Pairing {
    fn new(begun: SystemTime) -> Self {
        Self { is_shared: HashMap::new(), begun, after: None, is_whole: false }
    }

    fn add(&mut self, page: Texts) {
        for text in page.texts {
            // What is no token belongs to no row of the vault.
            if let Ok(token) = text.parse() {
                self.is_shared.entry(token).and_modify(|shared| *shared = true).or_insert(false);
            }
        }
        self.is_whole = page.next.is_none();
        self.after = page.next;
    }

    fn is_young(&self, clock: &Clock) -> bool {
        clock.now().duration_since(self.begun).is_ok_and(|age| age < KEPT)
    }
}

impl Import {
    /// Reads the tokens of all orders, at ten times the request's rate, and says whether that is done; if there is no time
    /// left, the next chunk reads on. A pass that begins reads all of them again.
    pub(crate) async fn read_pairing(
        &self,
        sample: &Sample,
        request: &Request,
        is_over: impl Fn() -> bool,
    ) -> Result<bool, ImportError> {
        let mut kept = sample.pairing.lock().await;
        let begins = request.cursor.is_none();
        let mut pairing = kept
            .take()
            .filter(|pairing| !begins && pairing.is_young(&self.clock))
            .unwrap_or_else(|| Pairing::new(self.clock.now()));
        let rate = request.rate.map(|rate| rate.saturating_mul(FOR_A_ROW));
        let (pace, limit) = (Pace::new(rate, &self.clock), rate.map_or(PAGE, |rate| rate.get().min(PAGE)));
        let mut rows = 0;
        while !pairing.is_whole {
            let page = self.source.texts(&sample.token_attribute, pairing.after.as_ref(), limit).await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    *kept = Some(pairing);
                    return Err(error);
                }
            };
            rows += page.rows;
            pairing.add(page);
            pace.keep(rows).await;
            if is_over() {
                break;
            }
        }
        let is_whole = pairing.is_whole;
        *kept = Some(pairing);
        Ok(is_whole)
    }

    /// Whether more than one order of the source names a token.
    pub(crate) async fn is_shared(&self, sample: &Sample, token: Token) -> bool {
        self.paired(sample, token).await == Some(true)
    }

    /// Whether no order of the source names a token.
    pub(crate) async fn is_orphan(&self, sample: &Sample, token: Token) -> bool {
        self.paired(sample, token).await.is_none()
    }

    async fn paired(&self, sample: &Sample, token: Token) -> Option<bool> {
        sample.pairing.lock().await.as_ref()?.is_shared.get(&token).copied()
    }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;

    use super::*;

    #[test]
    fn tokens_count_for_less_than_a_day() {
        let begun = SystemTime::UNIX_EPOCH;
        let (pairing, time, end) =
            (Pairing::new(begun), TestClock::stopped_at(begun), begun + Duration::from_hours(24));
        for (now, is_young) in [(begun, true), (end - Duration::from_nanos(1), true), (end, false)] {
            time.set(now);
            assert_eq!(pairing.is_young(&time.clock()), is_young, "{now:?}");
        }
    }

    #[test]
    fn a_token_is_shared_from_the_second_order_on() {
        let token = |last: &str| format!("5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c0{last}");
        let mut pairing = Pairing::new(SystemTime::UNIX_EPOCH);
        let mut texts: Vec<_> = ["1", "2", "1", "1", "3"].map(token).into();
        texts.push("4111111111111111".to_owned());
        pairing.add(Texts { texts, rows: 6, next: None });
        assert!(pairing.is_whole && pairing.is_shared.len() == 3);
        let is_shared = |last| pairing.is_shared.get(&token(last).parse::<Token>().unwrap()).copied();
        let shared = ["1", "2", "3", "4"].map(is_shared);
        assert_eq!(shared, [Some(true), Some(false), Some(false), None]);
    }
}
