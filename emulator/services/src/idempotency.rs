//! A transaction's `ClientRequestToken`: a repeat within ten minutes gets the same answer, and is not done again.
//! Dynoxide can do this, but it reads all tokens of the last ten minutes with each transaction, so it gets
//! slower with more of them.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use std::{
    collections::{HashMap, VecDeque},
    hash::{Hash, Hasher},
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest;
use axum::body::Bytes;
use clock::Clock;
use http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    answer::{Answer, Fault},
    keep::{Changes, KeepError, Part},
    request::Request,
};

const MEMBER: &str = "ClientRequestToken";
/// Of a token; one that is longer or empty goes on to the database, which refuses it.
const MAX_CHARS: usize = 36;
/// How long a token is remembered after its transaction was done.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// The tokens of the transactions that are in progress, or were done in the last ten minutes.
pub(crate) struct Transactions {
    clock: Clock,
    known: Mutex<Known>,
    kept: Part,
}

/// A token whose transaction was done.
#[derive(Serialize, Deserialize)]
struct Done {
    items: String,
    at: SystemTime,
}

#[derive(Default)]
struct Known {
    states: HashMap<String, State>,
    /// Those that are done, in the order in which they were.
    done: VecDeque<(SystemTime, String)>,
}

struct State {
    /// The digest of what the transaction was to do.
    items: String,
    is_done: bool,
}

/// How a request is handled.
pub(crate) enum Claim<'a> {
    /// It has no token, or is no transaction: a repetition does it again.
    Unclaimed,
    /// It is to be done, and the claim gets the result. Its token is no longer in the request.
    First(UnderWay<'a>),
    /// It is answered already.
    Answered(Result<Answer, Fault>),
}

/// A token that was claimed. Dropped unsettled, it can be claimed again.
pub(crate) struct UnderWay<'a> {
    transactions: &'a Transactions,
    token: String,
}

impl Transactions {
    /// With the tokens that are kept.
    pub(crate) fn new(clock: Clock, kept: Part) -> Result<Self, KeepError> {
        let mut done: Vec<(String, Done)> = kept.all()?.into_iter().collect();
        done.sort_by_key(|(_, done)| done.at);
        let mut known = Known::default();
        for (token, Done { items, at }) in done {
            known.states.insert(token.clone(), State { items, is_done: true });
            known.done.push_back((at, token));
        }
        Ok(Self { clock, known: Mutex::new(known), kept })
    }

    pub(crate) fn claim(&self, request: &mut Request) -> Claim<'_> {
        let token = request.text(MEMBER).filter(|token| (1..=MAX_CHARS).contains(&token.len()));
        let (Some(token), "TransactWriteItems") = (token.map(str::to_owned), &*request.operation) else {
            return Claim::Unclaimed;
        };
        let items = hash(request.json.get("TransactItems"));
        let mut known = self.known();
        self.forget_old(&mut known);
        match known.states.get(&token) {
            Some(state) if state.items != items => Claim::Answered(Err(Fault::OTHER_PARAMETERS)),
            Some(State { is_done: false, .. }) => Claim::Answered(Err(Fault::IN_PROGRESS)),
            Some(State { is_done: true, .. }) => Claim::Answered(Ok(done_already())),
            None => {
                known.states.insert(token.clone(), State { items, is_done: false });
                drop(known);
                request.remove(MEMBER);
                Claim::First(UnderWay { transactions: self, token })
            }
        }
    }

    fn forget_old(&self, known: &mut Known) {
        let mut changes = Changes::default();
        for token in known.forget(self.clock.now()) {
            changes.remove(&token);
        }
        self.kept.write(changes);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }
}

impl UnderWay<'_> {
    /// What was not done can be asked for again. So can what was done but not answered by the database itself, which a
    /// loopback connection does not do to us.
    pub(crate) fn settle(self, answer: &Result<Answer, Fault>) {
        if answer.as_ref().is_ok_and(|answer| answer.status.is_success()) {
            let Transactions { clock, kept, .. } = self.transactions;
            let at = clock.now();
            let mut known = self.transactions.known();
            if let Some(state) = known.states.get_mut(&self.token) {
                state.is_done = true;
                kept.put(&self.token, &Done { items: state.items.clone(), at });
                known.done.push_back((at, self.token.clone()));
            }
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut known = self.transactions.known();
        if known.states.get(&self.token).is_some_and(|state| !state.is_done) {
            known.states.remove(&self.token);
        }
    }
}

impl Known {
    /// The tokens that are too old, which it does not know any more.
    fn forget(&mut self, now: SystemTime) -> Vec<String> {
        let is_old = |done: &SystemTime| now.duration_since(*done).is_ok_and(|age| age >= REMEMBERED);
        let mut forgotten = Vec::new();
        while let Some((_, token)) = self.done.pop_front_if(|(done, _)| is_old(done)) {
            self.states.remove(&token);
            forgotten.push(token);
        }
        forgotten
    }
}

/// All that the database answers for a transaction that was done, except its units: a repeat writes nothing. (AWS
/// charges it as a read.)
fn done_already() -> Answer {
    Answer::new(StatusCode::OK, Bytes::from_static(b"{}"))
}

fn hash(items: Option<&Value>) -> String {
    let mut hasher = Sha256(digest::Context::new(&digest::SHA256));
    items.hash(&mut hasher);
    hex::encode(hasher.0.finish())
}

/// A hash that is the same in another process, of another build too. The members of an object have no order in it.
struct Sha256(digest::Context);

impl Hasher for Sha256 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of 256 bits no 64 are asked for.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;
    use serde_json::json;

    use super::*;
    use crate::{
        keep::{Keep, Store},
        service::Service,
    };

    /// Transactions at a second that the test sets.
    fn world() -> (Transactions, TestClock) {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        (Transactions::new(time.clock(), Store::default().part("transactions")).unwrap(), time)
    }

    fn claim<'a>(transactions: &'a Transactions, token: &str, table: &str) -> Claim<'a> {
        let body = json!({ MEMBER: token, "TransactItems": [{ "Put": { "TableName": table } }] });
        let mut request = Request::own(Service::DynamoDb, "TransactWriteItems", body);
        let claim = transactions.claim(&mut request);
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            sent.get(MEMBER).is_none(),
            matches!(claim, Claim::First(_)),
            "only a claimed token is taken out"
        );
        claim
    }

    fn first(claim: Claim<'_>) -> UnderWay<'_> {
        let Claim::First(under_way) = claim else { panic!("it was claimed before") };
        under_way
    }

    fn refusal(claim: Claim<'_>) -> Fault {
        let Claim::Answered(Err(fault)) = claim else { panic!("it was not refused") };
        fault
    }

    #[test]
    fn a_token_is_remembered_for_ten_minutes_after_its_transaction_was_done() {
        let (transactions, time) = world();
        let under_way = first(claim(&transactions, "a", "Orders"));
        time.advance(Duration::from_secs(100));
        under_way.settle(&Ok(done_already()));
        time.advance(Duration::from_secs(599));
        assert!(matches!(claim(&transactions, "a", "Orders"), Claim::Answered(Ok(_))));
        time.advance(Duration::from_secs(1));
        let _again = first(claim(&transactions, "a", "Orders"));
        let known = transactions.known();
        assert_eq!((known.states.len(), known.done.len()), (1, 0), "nothing is kept of what was forgotten");
    }

    #[test]
    fn a_token_whose_transaction_is_under_way_is_refused() {
        let (transactions, _) = world();
        let under_way = first(claim(&transactions, "a", "Orders"));
        assert_eq!(refusal(claim(&transactions, "a", "Orders")), Fault::IN_PROGRESS);
        under_way.settle(&Ok(done_already()));
        assert!(matches!(claim(&transactions, "a", "Orders"), Claim::Answered(Ok(_))));
    }

    #[test]
    fn a_token_serves_no_other_transaction() {
        let (transactions, _) = world();
        let under_way = first(claim(&transactions, "a", "Orders"));
        assert_eq!(refusal(claim(&transactions, "a", "Vault")), Fault::OTHER_PARAMETERS);
        under_way.settle(&Ok(done_already()));
        assert_eq!(refusal(claim(&transactions, "a", "Vault")), Fault::OTHER_PARAMETERS);
        first(claim(&transactions, "b", "Vault"));
    }

    #[test]
    fn what_was_not_done_can_be_asked_for_again() {
        let (transactions, _) = world();
        for failure in [Err(Fault::UNAVAILABLE), Ok(Fault::NOT_JSON.answer())] {
            let under_way = first(claim(&transactions, "a", "Orders"));
            under_way.settle(&failure);
        }
        drop(first(claim(&transactions, "a", "Orders")));
        first(claim(&transactions, "a", "Orders"));
    }

    #[test]
    fn a_token_that_is_none_is_left_to_the_database() {
        let (transactions, _) = world();
        for token in [String::new(), "a".repeat(37)] {
            assert!(matches!(claim(&transactions, &token, "Orders"), Claim::Unclaimed));
        }
        first(claim(&transactions, &"a".repeat(36), "Orders"));
    }

    #[test]
    fn a_token_is_remembered_beyond_the_process_for_its_ten_minutes() {
        let folder = tempfile::tempdir().unwrap();
        Keep::make(folder.path()).unwrap();
        let part = || Keep::open(folder.path()).unwrap().store().part("transactions");
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        let before = Transactions::new(time.clock(), part()).unwrap();
        first(claim(&before, "a", "Orders")).settle(&Ok(done_already()));
        let _under_way = first(claim(&before, "b", "Orders"));
        drop(first(claim(&before, "c", "Orders")));

        let after = Transactions::new(time.clock(), part()).unwrap();
        assert!(matches!(claim(&after, "a", "Orders"), Claim::Answered(Ok(_))));
        assert_eq!(refusal(claim(&after, "a", "Vault")), Fault::OTHER_PARAMETERS);
        first(claim(&after, "b", "Orders"));
        time.advance(Duration::from_secs(600));
        first(claim(&after, "a", "Orders"));
        assert!(part().all::<Done>().unwrap().is_empty(), "nothing is kept of what was forgotten");
    }
}
