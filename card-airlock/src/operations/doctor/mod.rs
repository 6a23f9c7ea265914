//! Is a deployed stack what the template promises? One file has one check: it reads what is there, and judges it. What it
//! cannot read is told as not checked, and never as sound.

mod ages;
mod alarms;
mod code;
mod difference;
mod document;
mod finding;
mod keys;
mod logs;
mod mapping;
mod processor;
mod promised;
mod protection;
mod recovery;
mod reveal;
#[cfg(test)]
mod shipped;
mod subject;
mod tls;
mod trail;

use futures::{FutureExt, future::BoxFuture};
use order::Timestamp;

pub use difference::{PolicyDifference, StatementDifference};
pub use document::document;
pub use finding::{Finding, Outcome};
use promised::Promised;
pub use promised::PromisedError;
use subject::Subject;

use super::access::StackAccess;

/// A check: its name, and how it is run.
struct Check {
    name: &'static str,
    run: for<'a> fn(&'a Subject<'a>) -> BoxFuture<'a, Outcome>,
}

/// All checks, in the order in which they are told.
const CHECKS: &[Check] = &[
    Check { name: "keys", run: |subject| keys::check(subject).boxed() },
    Check { name: "tables", run: |subject| protection::check(subject).boxed() },
    Check { name: "recovery", run: |subject| recovery::check(subject).boxed() },
    Check { name: "stream", run: |subject| mapping::check(subject).boxed() },
    Check { name: "functions", run: |subject| code::check(subject).boxed() },
    Check { name: "tls", run: |subject| tls::check(subject).boxed() },
    Check { name: "alarms", run: |subject| alarms::check(subject).boxed() },
    Check { name: "logs", run: |subject| logs::check(subject).boxed() },
    Check { name: "trail", run: |subject| trail::check(subject).boxed() },
    Check { name: "ages", run: |subject| ages::check(subject).boxed() },
    Check { name: "reveal", run: |subject| reveal::check(subject).boxed() },
    Check { name: "processor", run: |subject| processor::check(subject).boxed() },
];

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub name: &'static str,
    /// What it found.
    pub outcome: Outcome,
}

/// Runs all checks.
///
/// # Errors
/// [`PromisedError`] when it cannot be told what the stack should be.
pub async fn examine(access: &StackAccess, now: Timestamp) -> Result<Vec<Checked>, PromisedError> {
    let promised = Promised::of(access).await?;
    let subject = Subject { access, promised: &promised, now };
    let checks =
        CHECKS.iter().map(async |check| Checked { name: check.name, outcome: (check.run)(&subject).await });
    Ok(futures::future::join_all(checks).await)
}

/// The key policy that the template promises, as `put-key-policy` takes it.
///
/// # Errors
/// [`PromisedError`], also when there is no such key.
pub async fn promised_key_policy(access: &StackAccess, key: &str) -> Result<String, PromisedError> {
    let promised = Promised::of(access).await?;
    let policy = promised.key_policy(key)?;
    Ok(serde_json::to_string_pretty(policy).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_check_is_listed_twice() {
        let names: BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
    }
}
