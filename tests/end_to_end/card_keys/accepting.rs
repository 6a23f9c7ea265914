//! What ingest takes for an accepted key.

use std::time::Duration;

use card_airlock_services::{FaultKind, Service, When};
use vault::{CardKeyError, CardKeyId};

use super::{DAY, Keys};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_accepted_while_it_lasts_and_is_looked_up_once_in_five_minutes() {
    let keys = Keys::new().await;
    let accepted = keys.accepted();
    let unknown: CardKeyId = "0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d".parse().unwrap();
    assert_eq!(accepted.check(unknown).await, Err(CardKeyError::NoKey));
    let made = keys.run().await.unwrap().made.unwrap();
    // A new key is known as soon as it is there.
    assert_eq!(accepted.check(made).await, Ok(()));
    assert_eq!(accepted.check(unknown).await, Err(CardKeyError::NotAccepted));
    let scans = || keys.asked("operator", "Scan");
    let before = scans();
    for _ in 0..10 {
        assert_eq!(accepted.check(made).await, Ok(()));
    }
    keys.0.advance(Duration::from_secs(299));
    assert_eq!(accepted.check(made).await, Ok(()));
    assert_eq!(scans(), before);
    keys.fails(Service::DynamoDb, "Scan", FaultKind::Throttled, When::Always);
    assert_eq!(accepted.check(made).await, Ok(()), "it is still known");
    keys.0.advance(Duration::from_secs(2));
    assert_eq!(accepted.check(made).await, Err(CardKeyError::Unavailable));
    assert_eq!(keys.accepted().check(made).await, Err(CardKeyError::Unavailable));
    keys.0.aws.faults().clear();
    assert_eq!(accepted.check(made).await, Ok(()));
    keys.0.advance(31 * DAY);
    assert_eq!(accepted.check(made).await, Err(CardKeyError::NoKey));
}
