//! Which tokens the sample's orders name. The sample never bound a token to its order, so a token that two orders name
//! belongs to neither for certain.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use clock::Clock;
use vault::Token;

use super::Sample;
use crate::{Import, error::ImportError};

/// How long what was read counts. A pass that takes longer reads the tokens again.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// The tokens of all orders, and whether more than one order names each. Some 40 bytes for each order.
#[derive(Debug)]
pub(crate) struct Pairing {
    is_shared: HashMap<Token, bool>,
    read_at: SystemTime,
}

impl Pairing {
    /// What is no token belongs to no row of the vault.
    fn add(&mut self, text: &str) {
        if let Ok(token) = text.parse() {
            self.is_shared.entry(token).and_modify(|shared| *shared = true).or_insert(false);
        }
    }

    fn is_young(&self, clock: &Clock) -> bool {
        clock.now().duration_since(self.read_at).is_ok_and(|age| age < KEPT)
    }
}

impl Import {
    /// Reads the tokens of all orders again: a pass begins.
    pub(crate) async fn forget_pairing(&self, sample: &Sample) {
        *sample.pairing.lock().await = None;
    }

    /// Whether more than one order of the source names a token.
    pub(crate) async fn is_shared(&self, sample: &Sample, token: Token) -> Result<bool, ImportError> {
        Ok(self.paired(sample, token).await? == Some(true))
    }

    /// Whether no order of the source names a token.
    pub(crate) async fn is_orphan(&self, sample: &Sample, token: Token) -> Result<bool, ImportError> {
        Ok(self.paired(sample, token).await?.is_none())
    }

    async fn paired(&self, sample: &Sample, token: Token) -> Result<Option<bool>, ImportError> {
        let mut kept = sample.pairing.lock().await;
        if !kept.as_ref().is_some_and(|pairing| pairing.is_young(&self.clock)) {
            let read_at = self.clock.now();
            let mut pairing = Pairing { is_shared: HashMap::new(), read_at };
            self.source.each_text(&sample.token_attribute, |text| pairing.add(text)).await?;
            *kept = Some(pairing);
        }
        Ok(kept.as_ref().and_then(|pairing| pairing.is_shared.get(&token).copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shared_from_the_second_order_on() {
        let token = |last: &str| format!("5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c0{last}");
        let mut pairing = Pairing { is_shared: HashMap::new(), read_at: SystemTime::UNIX_EPOCH };
        ["1", "2", "1", "1", "3"].iter().for_each(|last| pairing.add(&token(last)));
        pairing.add("4111111111111111");
        assert_eq!(pairing.is_shared.len(), 3);
        let is_shared = |last| pairing.is_shared.get(&token(last).parse::<Token>().unwrap()).copied();
        let shared = ["1", "2", "3", "4"].map(is_shared);
        assert_eq!(shared, [Some(true), Some(false), Some(false), None]);
    }
}
