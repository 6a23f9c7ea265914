//! Answers that no processor should give: each leads to the right outcome, or to none where nobody can know, and nothing of it
//! is logged.

use std::{sync::Arc, time::Duration};

use order::{Amount, DeclineKind, Outcome, Settlement};
use paybill::{ProcessorError, ProcessorSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::{
    CARD, Written, declined, processor,
    server::{read_request, response},
    settings, settle,
};

/// What an answer's body says beside the test; it must be in no log.
const MARK: &str = "m4rk-of-this-test";

/// Charges in the format of Adyen, where a 200 may be a decline, so that the body decides.
fn adyen(url: &str) -> ProcessorSettings {
    ProcessorSettings {
        profile: "adyen".to_owned(),
        account: Some("Shop".to_owned()),
        secret_arn: Some(super::SECRET.to_owned()),
        ..settings(url)
    }
}

fn dollars() -> Amount {
    Amount { minor_units: 1999.try_into().unwrap(), currency: "USD".parse().unwrap() }
}

/// One payment at a server that answers with these bytes, in pieces with a pause between them.
pub(crate) async fn answered(answer: &[&[u8]]) -> Result<Settlement, ProcessorError> {
    let (url, _served) = serving(answer.iter().map(|piece| piece.to_vec()).collect()).await;
    let secrets = super::Server::with_status(200, &super::secret("key")).await;
    let aws = super::aws(&format!("http://{}", secrets.address));
    let processor = paybill::connect(&aws, &adyen(&url), clock::Clock::system()).unwrap();
    settle(&*processor, Some(dollars())).await
}

async fn serving(pieces: Vec<Vec<u8>>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if read_request(&mut stream).await.is_err() {
            return;
        }
        for piece in pieces {
            if stream.write_all(&piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    (url, served)
}

/// A server whose one answer begins so, and does not end.
async fn endless(beginning: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(read_request(&mut stream).await);
        drop(stream.write_all(beginning).await);
        std::future::pending::<()>().await;
    });
    url
}

pub(crate) fn of_adyen(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Any\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn submitted(reference: Option<&str>) -> Result<Settlement, ProcessorError> {
    let reference = reference.map(|text| order::ProcessorReference::accept(text).unwrap());
    Ok(Settlement { reference, ..Settlement::of(Outcome::Submitted) })
}

fn refused(code: &str, reference: Option<&str>) -> Result<Settlement, ProcessorError> {
    let outcome = Outcome::Declined(order::DeclineCode::of(code));
    let reference = reference.map(|text| order::ProcessorReference::accept(text).unwrap());
    Ok(Settlement { outcome, kind: DeclineKind::Soft, reference })
}

const UNKNOWN: Result<Settlement, ProcessorError> = Err(ProcessorError::NoAnswer);

#[tokio::test]
async fn whatever_an_answer_is_it_has_its_outcome_and_nothing_of_it_is_logged() {
    let (written, _guard) = Written::begin();
    let paid = format!(r#"{{"resultCode":"Authorised","pspReference":"PSP1","note":"{MARK}"}}"#);
    let padded = |length: usize| format!("{paid}{}", " ".repeat(length - paid.len()));
    let utf16: Vec<u8> = paid.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = |inner: &str| format!(r#"{{"deep":{}{},{inner}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let cases: Vec<(&str, Vec<u8>, Result<Settlement, ProcessorError>)> = vec![
        ("right", of_adyen(200, "", paid.as_bytes()), submitted(Some("PSP1"))),
        ("empty", of_adyen(200, "", b""), UNKNOWN),
        ("truncated JSON", of_adyen(200, "", &paid.as_bytes()[..30]), UNKNOWN),
        (
            "HTML",
            of_adyen(200, "Content-Type: text/html\r\n", format!("<html>{MARK}</html>").as_bytes()),
            UNKNOWN,
        ),
        ("no object", of_adyen(200, "", b"[1,2]"), UNKNOWN),
        ("70 KiB", of_adyen(200, "", format!("{paid}{}", " ".repeat(70 * 1024)).as_bytes()), UNKNOWN),
        ("64 KiB", of_adyen(200, "", padded(64 * 1024).as_bytes()), submitted(Some("PSP1"))),
        ("a byte more", of_adyen(200, "", padded(64 * 1024 + 1).as_bytes()), UNKNOWN),
        ("deep JSON", of_adyen(200, "", deep(r#""resultCode":"Authorised""#).as_bytes()), submitted(None)),
        (
            "the deciding member twice",
            of_adyen(200, "", br#"{"resultCode":"Refused","resultCode":"Authorised"}"#),
            UNKNOWN,
        ),
        (
            "another member twice",
            of_adyen(200, "", br#"{"resultCode":"Authorised","a":1,"a":2}"#),
            submitted(None),
        ),
        (
            "the reference twice",
            of_adyen(200, "", br#"{"resultCode":"Authorised","pspReference":"A","pspReference":"B"}"#),
            submitted(None),
        ),
        (
            "the card as reference",
            of_adyen(200, "", format!(r#"{{"resultCode":"Authorised","pspReference":"{CARD}"}}"#).as_bytes()),
            submitted(None),
        ),
        (
            "the card as code",
            of_adyen(
                200,
                "",
                format!(r#"{{"resultCode":"Refused","refusalReasonCode":"{CARD}"}}"#).as_bytes(),
            ),
            refused("unreadable", None),
        ),
        ("no code at all", of_adyen(200, "", br#"{"resultCode":"Refused"}"#), refused("Refused", None)),
        (
            "a number as code",
            of_adyen(200, "", br#"{"resultCode":"Refused","refusalReasonCode":2}"#),
            refused("2", None),
        ),
        (
            "a decline's reference",
            of_adyen(200, "", br#"{"resultCode":"Refused","pspReference":"PSP3"}"#),
            refused("Refused", Some("PSP3")),
        ),
        ("gzip", of_adyen(200, "Content-Encoding: gzip\r\n", paid.as_bytes()), UNKNOWN),
        (
            "identity",
            of_adyen(200, "Content-Encoding: identity\r\n", paid.as_bytes()),
            submitted(Some("PSP1")),
        ),
        ("UTF-16", of_adyen(200, "Content-Type: application/json; charset=utf-16\r\n", &utf16), UNKNOWN),
        (
            "another charset's name",
            of_adyen(200, "Content-Type: text/plain; charset=latin1\r\n", paid.as_bytes()),
            submitted(Some("PSP1")),
        ),
        (
            "bytes that are no UTF-8",
            of_adyen(200, "", b"{\"resultCode\":\"Authorised\",\"x\":\"\xff\"}"),
            UNKNOWN,
        ),
        ("a mark of byte order", of_adyen(200, "", format!("\u{feff}{paid}").as_bytes()), UNKNOWN),
        ("two texts", of_adyen(200, "", format!("{paid}{paid}").as_bytes()), UNKNOWN),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), UNKNOWN),
        ("302", of_adyen(302, "Location: http://127.0.0.1:1/\r\n", paid.as_bytes()), UNKNOWN),
        ("500", of_adyen(500, "", paid.as_bytes()), UNKNOWN),
        ("999", of_adyen(999, "", paid.as_bytes()), UNKNOWN),
        ("no HTTP", format!("{MARK}\r\n\r\n").into_bytes(), UNKNOWN),
        (
            "100, then the answer",
            [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), of_adyen(200, "", paid.as_bytes())].concat(),
            submitted(Some("PSP1")),
        ),
        (
            "103, then the answer",
            [b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), of_adyen(200, "", paid.as_bytes())].concat(),
            submitted(Some("PSP1")),
        ),
        ("100 and nothing more", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), UNKNOWN),
        (
            "chunked, and cut off",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"res\r\n".to_vec(),
            UNKNOWN,
        ),
    ];
    for (name, answer, expected) in cases {
        assert_eq!(answered(&[&answer]).await, expected, "{name}");
    }
    let log = written.text();
    assert!(log.contains("the processor answered"), "{log}");
    for reference in ["PSP1", "PSP3"] {
        assert!(log.contains(reference), "an operator finds the payment by {reference}: {log}");
    }
    for secret in [CARD, MARK, "PSP2"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_waited_for_as_long_as_the_payment_lasts() {
    let paid = of_adyen(200, "", br#"{"resultCode":"Authorised"}"#);
    let pieces: Vec<&[u8]> = paid.chunks(1).collect();
    assert_eq!(answered(&pieces).await, submitted(None));
    // One that does not end is late, whatever came of it.
    let url = endless(b"HTTP/1.1 402 No\r\nContent-Length: 100\r\n\r\n{\"DeclineCode\":\"x\"}").await;
    let hurried = ProcessorSettings { timeout: Duration::from_millis(300), ..settings(&url) };
    assert_eq!(settle(&*processor(&hurried), None).await, UNKNOWN);
}

#[tokio::test]
async fn a_body_that_no_rule_reads_is_not_waited_for() {
    let url = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").await;
    // A payment may take 30 s.
    let processor = processor(&settings(&url));
    let answered = tokio::time::timeout(Duration::from_secs(10), settle(&*processor, None)).await;
    assert_eq!(answered, Ok(submitted(None)));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_anywhere_says_nothing_until_it_is_whole() {
    let decline = response(402, r#"{"DeclineCode":"do_not_honor"}"#).into_bytes();
    for end in 0..=decline.len() {
        let (url, _served) = serving(vec![decline[..end].to_vec()]).await;
        let outcome = settle(&*processor(&settings(&url)), None).await.map(|settlement| settlement.outcome);
        let expected =
            if end == decline.len() { declined("do_not_honor") } else { Err(ProcessorError::NoAnswer) };
        assert_eq!(outcome, expected, "after {end} of {} bytes", decline.len());
    }
}

#[tokio::test]
async fn a_request_that_is_cut_off_anywhere_may_have_charged() {
    let whole = {
        let server = super::Server::with_status(200, "").await;
        settle(&*processor(&settings(&server.url())), None).await.unwrap();
        server.seen()[0].len()
    };
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let processor = processor(&settings(&format!("http://{}/charges", listener.local_addr().unwrap())));
    for end in 0..=whole {
        let listener = Arc::clone(&listener);
        let cut = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; end];
            drop(stream.read_exact(&mut read).await);
        });
        assert_eq!(settle(&*processor, None).await, UNKNOWN, "after {end} of {whole} bytes");
        cut.await.unwrap();
    }
}
