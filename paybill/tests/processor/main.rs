//! The HTTP processor against servers of the test's own: what is sent, what each answer means, what gets out.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

mod bad_answers;
mod profiles;
mod published;
mod server;

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use clock::{Clock, TestClock};
use order::{Amount, DeclineCode, OrderId, Outcome, Payer, Settlement};
use paybill::{PaymentRequest, PrepareError, Processor, ProcessorError, ProcessorSettings, connect};
use platform::log_filter;
use serde_json::{Value, json};
use server::{Server, read_request, response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};
use uuid::Uuid;
use vault::{Card, CardExpiry, Pan};

const CARD: &str = "4242424242424242";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";

fn settings(url: &str) -> ProcessorSettings {
    ProcessorSettings {
        url: url.parse().unwrap(),
        profile: "airlock".to_owned(),
        account: None,
        stored_card_agreement: false,
        idempotency_hours: 23.try_into().unwrap(),
        secret_arn: None,
        proxy: None,
        connect_timeout: Duration::from_secs(20),
        timeout: Duration::from_secs(30),
    }
}

/// An SDK that finds Secrets Manager there.
fn aws(url: &str) -> SdkConfig {
    let credentials = Credentials::new("role", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build()
}

fn processor(settings: &ProcessorSettings) -> Arc<dyn Processor> {
    connect(&aws("http://127.0.0.1:1"), settings, Clock::system()).unwrap()
}

async fn pay(processor: &dyn Processor) -> Result<Outcome, ProcessorError> {
    settle(processor, None).await.map(|settlement| settlement.outcome)
}

async fn settle(processor: &dyn Processor, amount: Option<Amount>) -> Result<Settlement, ProcessorError> {
    let card = Card { pan: Pan::parse(CARD).unwrap(), expiry: Some(CardExpiry::parse("12/30").unwrap()) };
    let order = OrderId::accept("A-1").unwrap();
    let request = PaymentRequest {
        order: &order,
        customer_name: "Ann",
        amount,
        payer: Payer::Owner,
        object: None,
        card: Some(card),
    };
    let exchange = processor.exchange(Uuid::new_v4(), CARD.get(12..).unwrap().parse().unwrap());
    let prepared = processor.prepare(exchange, request).await.map_err(|error| match error {
        PrepareError::NotReached => ProcessorError::NotReached,
        PrepareError::Refused => ProcessorError::Refused,
        PrepareError::Declined(_) => ProcessorError::NoAnswer,
    })?;
    processor.charge(exchange, prepared).await
}

fn declined(code: &str) -> Result<Outcome, ProcessorError> {
    Ok(Outcome::Declined(DeclineCode::accept(code).unwrap()))
}

#[tokio::test]
async fn each_answer_means_what_is_documented() {
    use ProcessorError::{NoAnswer, Refused};
    let decline = r#"{"DeclineCode":"do_not_honor","More":1}"#;
    let mut table = vec![
        (402, decline.to_owned(), declined("do_not_honor")),
        (422, decline.to_owned(), declined("do_not_honor")),
        (402, String::new(), Err(NoAnswer)),
        (402, "{}".to_owned(), Err(NoAnswer)),
        (422, r#"{"DeclineCode":"two words"}"#.to_owned(), declined("unreadable")),
        (422, r#"{"DeclineCode":"card_000000000000"}"#.to_owned(), declined("unreadable")),
        (422, r#"{"DeclineCode":51}"#.to_owned(), Err(NoAnswer)),
        (402, format!("{decline}{}", " ".repeat(70_000)), Err(NoAnswer)),
    ];
    table.extend([200, 201, 202, 204, 299].map(|status| (status, String::new(), Ok(Outcome::Submitted))));
    table.extend([400, 401, 403, 404].map(|status| (status, decline.to_owned(), Err(Refused))));
    let unclear = [300, 304, 405, 408, 409, 410, 418, 425, 429, 500, 502, 503, 504, 599];
    table.extend(unclear.map(|status| (status, decline.to_owned(), Err(NoAnswer))));
    for (status, body, meaning) in table {
        let body = if status == 204 { "" } else { &body };
        let server = Server::with_status(status, body).await;
        assert_eq!(pay(&*processor(&settings(&server.url()))).await, meaning, "{status} {body:.60}");
        assert_eq!(server.seen().len(), 1, "{status}: asked once");
    }
}

#[tokio::test]
async fn a_request_is_as_documented() {
    // As an editor stores it.
    let secrets = Server::with_status(200, &secret("token-1\n")).await;
    let server = Server::with_status(200, "").await;
    let settings = ProcessorSettings { secret_arn: Some(SECRET.into()), ..settings(&server.url()) };
    let processor =
        connect(&aws(&format!("http://{}", secrets.address)), &settings, Clock::system()).unwrap();
    pay(&*processor).await.unwrap();
    let seen = server.seen().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /charges HTTP/1.1"));
    let header = |name: &str| {
        let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("{name} in {head}")).to_owned()
    };
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(header("idempotency-key"), body["PaymentId"].as_str().unwrap());
    assert_eq!(header("authorization"), "Bearer token-1");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!((&body["CreditCard"], &body["CardExpiry"]), (&json!(CARD), &json!("12/30")));
    assert!(!head.to_lowercase().contains("cookie"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::with_status(200, "").await;
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            elsewhere.url()
        );
        let server = Server::answering(move |_| Some(answer.clone())).await;
        assert_eq!(pay(&*processor(&settings(&server.url()))).await, Err(ProcessorError::NoAnswer));
        assert_eq!((server.seen().len(), elsewhere.seen().len()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_is_broken_or_does_not_come_leaves_the_payment_open() {
    let broken = [
        "",
        "HTTP/1.1 402 Declined\r\nContent-Length: 1000\r\n\r\n{\"DeclineCode\":\"x\"}",
        "HTTP/1.1 20",
        "no HTTP at all\r\n\r\n",
    ];
    for answer in broken {
        let server = Server::answering(|_| Some(answer.to_owned())).await;
        assert_eq!(
            pay(&*processor(&settings(&server.url()))).await,
            Err(ProcessorError::NoAnswer),
            "{answer}"
        );
        assert_eq!(server.seen().len(), 1, "never sent again by itself: {answer}");
    }
    let silent = Server::answering(|_| None).await;
    let settings = ProcessorSettings { timeout: Duration::from_millis(300), ..settings(&silent.url()) };
    assert_eq!(pay(&*processor(&settings)).await, Err(ProcessorError::NoAnswer));
    assert_eq!(silent.seen().len(), 1);
}

/// One that was kept may be dead when it is used again, and leave a payment unclear.
#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/charges", listener.local_addr().unwrap());
    let connections = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            // It would take more requests.
            tokio::spawn(async move {
                while read_request(&mut stream).await.is_ok() {
                    drop(stream.write_all(b"HTTP/1.1 200 Any\r\nContent-Length: 0\r\n\r\n").await);
                }
            });
        }
    });
    let processor = processor(&settings(&url));
    for _ in 0..3 {
        assert_eq!(pay(&*processor).await, Ok(Outcome::Submitted));
    }
    assert_eq!(*connections.lock().unwrap(), 3);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    // Bound, so that nobody else takes the port; nobody listens.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    assert_eq!(pay(&*processor(&settings(&url))).await, Err(ProcessorError::NotReached));
    // A server that does not speak TLS: the handshake fails, and the card is not sent in the clear.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    let greeting = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let mut sent = vec![0; 4096];
        let length = stream.read(&mut sent).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&sent[..length]).into_owned()
    });
    assert_eq!(pay(&*processor(&settings(&url))).await, Err(ProcessorError::NotReached));
    assert!(!greeting.await.unwrap().contains(CARD));
}

#[tokio::test]
async fn the_proxy_is_asked_for_the_processor_only_and_sees_no_card() {
    let secrets = Server::with_status(200, &secret("token-1")).await;
    let proxy = Server::with_status(502, "").await;
    let settings = ProcessorSettings {
        secret_arn: Some(SECRET.into()),
        proxy: Some(format!("http://{}", proxy.address).parse().unwrap()),
        ..settings("https://pay.example/charges")
    };
    let processor =
        connect(&aws(&format!("http://{}", secrets.address)), &settings, Clock::system()).unwrap();
    assert_eq!(pay(&*processor).await, Err(ProcessorError::NotReached));
    let [asked] = &proxy.seen()[..] else { panic!("{:?}", proxy.seen()) };
    assert!(asked.starts_with("CONNECT pay.example:443 HTTP/1.1"), "{asked}");
    assert!(!asked.contains(CARD) && !asked.contains("token-1"), "{asked}");
    assert_eq!(secrets.seen().len(), 1, "Secrets Manager is reached without the proxy");
    // A proxy that does not answer holds a payment up no longer than a connection may take.
    let silent = Server::answering(|_| None).await;
    let settings = ProcessorSettings {
        secret_arn: None,
        proxy: Some(format!("http://{}", silent.address).parse().unwrap()),
        connect_timeout: Duration::from_millis(300),
        ..settings
    };
    assert_eq!(pay(&*self::processor(&settings)).await, Err(ProcessorError::NotReached));
}

#[tokio::test]
async fn a_rotated_secret_heals_after_one_refusal() {
    let secrets = Server::answering(|number| Some(response(200, &secret(&format!("token-{number}"))))).await;
    // Takes every token but the first.
    let server = Server::answering(|number| Some(response(if number == 1 { 401 } else { 200 }, ""))).await;
    let settings = ProcessorSettings { secret_arn: Some(SECRET.into()), ..settings(&server.url()) };
    let processor =
        connect(&aws(&format!("http://{}", secrets.address)), &settings, Clock::system()).unwrap();
    assert_eq!(pay(&*processor).await, Err(ProcessorError::Refused));
    assert_eq!(server.seen().len(), 1, "the payment is not sent again by itself");
    for _ in 0..3 {
        assert_eq!(pay(&*processor).await, Ok(Outcome::Submitted));
    }
    assert!(server.seen()[1..].iter().all(|request| request.contains("Bearer token-2")));
    assert_eq!(secrets.seen().len(), 2);
}

#[tokio::test]
async fn the_secret_is_read_once_by_many_and_again_after_five_minutes() {
    let secrets = Server::answering(|number| Some(response(200, &secret(&format!("token-{number}"))))).await;
    let server = Server::with_status(200, "").await;
    let settings = ProcessorSettings { secret_arn: Some(SECRET.into()), ..settings(&server.url()) };
    let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH + Duration::from_secs(9));
    let processor = connect(&aws(&format!("http://{}", secrets.address)), &settings, time.clock()).unwrap();
    futures::future::join_all((0..10).map(|_| pay(&*processor))).await;
    assert_eq!((secrets.seen().len(), server.seen().len()), (1, 10));
    time.advance(Duration::from_secs(299));
    pay(&*processor).await.unwrap();
    assert_eq!(secrets.seen().len(), 1);
    time.advance(Duration::from_secs(1));
    pay(&*processor).await.unwrap();
    assert_eq!(secrets.seen().len(), 2);
    assert!(server.seen()[11].contains("Bearer token-2"));
}

#[tokio::test]
async fn without_its_secret_nothing_is_sent() {
    let refusal = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    let no_text = json!({ "ARN": SECRET, "Name": "processor", "SecretBinary": "AAAA" }).to_string();
    for (status, body) in
        [(400, refusal.to_owned()), (500, String::new()), (200, no_text), (200, secret("a\nb"))]
    {
        let secrets = Server::with_status(status, &body).await;
        let server = Server::with_status(200, "").await;
        let settings = ProcessorSettings { secret_arn: Some(SECRET.into()), ..settings(&server.url()) };
        let processor =
            connect(&aws(&format!("http://{}", secrets.address)), &settings, Clock::system()).unwrap();
        assert_eq!(pay(&*processor).await, Err(ProcessorError::NotReached), "{body}");
        assert!(server.seen().is_empty(), "{body}");
    }
}

#[tokio::test]
async fn promise_1_no_card_and_no_token_is_logged_at_any_level_or_in_any_debug_text() {
    let (written, _guard) = Written::begin();
    let mut said = String::new();
    // An answer that quotes all it got.
    let quoting = format!(r#"{{"DeclineCode":"{CARD}","Token":"s3cret-token"}}"#);
    for status in [200, 307, 400, 401, 402, 422, 500] {
        let secrets = Server::with_status(200, &secret("s3cret-token")).await;
        let server = Server::with_status(status, &quoting).await;
        let settings = ProcessorSettings { secret_arn: Some(SECRET.into()), ..settings(&server.url()) };
        let processor =
            connect(&aws(&format!("http://{}", secrets.address)), &settings, Clock::system()).unwrap();
        let outcome = pay(&*processor).await;
        said += &format!("{outcome:?} {processor:?} {settings:?}");
        said += &outcome.map_or_else(|error| error.to_string(), |_| String::new());
    }
    let written = written.text();
    assert!(written.contains("the processor answered"), "{written}");
    for secret in [CARD, "s3cret-token", "12/30"] {
        assert!(!written.contains(secret), "{secret} in {written}");
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

fn secret(token: &str) -> String {
    json!({ "ARN": SECRET, "Name": "processor", "SecretString": token, "VersionId": Uuid::new_v4() })
        .to_string()
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// All that is logged from now on by this thread, which the test's runtime runs on.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let written = Self::default();
        let lines = tracing_subscriber::fmt::layer().with_writer({
            let written = written.clone();
            move || written.clone()
        });
        let lines = tracing_subscriber::registry().with(lines.with_filter(log_filter(LevelFilter::TRACE)));
        (written, tracing::subscriber::set_default(lines))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
