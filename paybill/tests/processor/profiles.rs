//! What the profile decides: what its processor can do, which steps carry the card, and what its author is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clock::Clock;
use order::{Amount, Outcome};
use paybill::{Answered, ConnectError, HttpProcessor, ProcessorSettings, connect};

use super::{CARD, SECRET, aws, pay, processor, server::Server, settings};

/// The status and the rule that matched, or why there is no answer.
type Told = Result<(u16, Option<usize>), &'static str>;

#[tokio::test]
async fn a_processor_can_do_what_its_profile_says() {
    // 19.99 ariary: Stripe counts whole ones.
    let ariary = Amount { minor_units: 1999.try_into().unwrap(), currency: "MGA".parse().unwrap() };
    for (profile, can_look_up, can_charge) in
        [("airlock", false, true), ("stripe", true, false), ("adyen", false, true), ("checkout", true, true)]
    {
        let processor = processor(&ProcessorSettings {
            profile: profile.to_owned(),
            account: Some("Shop".to_owned()),
            secret_arn: Some(SECRET.to_owned()),
            ..settings("http://127.0.0.1:1/")
        });
        assert_eq!(processor.can_look_up(), can_look_up, "{profile}");
        assert_eq!(processor.can_charge(ariary), can_charge, "{profile}");
    }
}

#[tokio::test]
async fn a_processor_is_connected_only_where_the_settings_suit_its_profile() {
    let refused = |profile: &str, query: &str, hours: u8, account: Option<&str>, secret: Option<&str>| {
        let settings = ProcessorSettings {
            profile: profile.to_owned(),
            idempotency_hours: hours.try_into().unwrap(),
            account: account.map(str::to_owned),
            secret_arn: secret.map(str::to_owned),
            ..settings(&format!("http://127.0.0.1:1/{query}"))
        };
        connect(&aws("http://127.0.0.1:1"), &settings, Clock::system()).err()
    };
    let secret = Some(SECRET);
    assert_eq!(refused("stripe", "", 23, None, secret), None);
    // Stripe keeps a key for 24 hours: a repeat at their end would be another payment.
    let too_long = ConnectError::KeysKeptTooShort("stripe".to_owned(), 24);
    assert_eq!(refused("stripe", "", 24, None, secret), Some(too_long));
    assert_eq!(refused("stripe", "", 23, None, None), Some(ConnectError::NoSecret("stripe".to_owned())));
    assert_eq!(refused("adyen", "", 23, None, secret), Some(ConnectError::NoAccount("adyen".to_owned())));
    assert_eq!(refused("adyen", "", 23, Some("Shop"), secret), None);
    assert_eq!(refused("stripe", "?key=a", 23, None, secret), Some(ConnectError::UrlHasQuery));
    assert_eq!(refused("stripe", "#a", 23, None, secret), Some(ConnectError::UrlHasQuery));
}

#[tokio::test]
async fn where_a_payment_is_sent_is_kept_without_what_may_be_a_secret() {
    let processor = processor(&settings("http://127.0.0.1:1/charges?key=secret#more"));
    assert_eq!(processor.route().origin, "http://127.0.0.1:1/charges");
}

#[tokio::test]
async fn each_step_has_the_card_up_to_the_last_one_that_carries_it() {
    let server = Server::with_status(200, "{}").await;
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/processor/two_cards.toml").to_owned();
    let processor = processor(&ProcessorSettings { profile, ..settings(&server.url()) });
    assert_eq!(pay(&*processor).await, Ok(Outcome::Submitted));
    let [check, charge] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert!(check.starts_with("POST /charges/check ") && check.contains(CARD), "{check}");
    assert!(charge.starts_with("POST /charges/charge ") && charge.contains(CARD), "{charge}");
}

#[tokio::test]
async fn the_author_of_a_profile_is_told_which_rule_an_answer_met_or_why_there_is_none() {
    let (soon, late) = (Duration::from_millis(300), Duration::from_secs(30));
    for (status, rule) in [(200, Some(1)), (402, Some(2)), (404, Some(3)), (500, None)] {
        let server = Server::with_status(status, r#"{"DeclineCode":"do_not_honor"}"#).await;
        assert_eq!(told(&server, late).await, charge(Ok((status, rule))));
    }
    let hanging_up = Server::answering(|_| Some(String::new())).await;
    assert_eq!(told(&hanging_up, late).await, charge(Err("connection broken")));
    let silent = Server::answering(|_| None).await;
    assert_eq!(told(&silent, soon).await, charge(Err("timeout")));
}

fn charge(told: Told) -> Vec<(String, Told)> {
    vec![("charge".to_owned(), told)]
}

/// What is told of one payment: each request, and its answer.
async fn told(server: &Server, timeout: Duration) -> Vec<(String, Told)> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (aws, url) = (aws("http://127.0.0.1:1"), server.url());
    let settings = ProcessorSettings { timeout, ..settings(&url) };
    let processor = HttpProcessor::new(&aws, url.parse().unwrap(), &settings, Clock::system()).unwrap();
    let processor = processor.telling({
        let told = Arc::clone(&told);
        move |answered: &Answered<'_>| {
            told.lock().unwrap().push((answered.request.to_owned(), answered.answer));
        }
    });
    drop(pay(&processor).await);
    told.lock().unwrap().clone()
}
