//! The front as a client and a function see it: over a real socket.

mod cors;
mod leaks;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, SystemTime},
};

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use axum::http::{Method, StatusCode};
use card_airlock_lambda::{Function, FunctionError, MAX_EVENT_BYTES};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::issuer::{bad_tokens::bad_tokens, pool};

static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(|| Arc::new(Issuer::ephemeral(pool()).unwrap()));

fn error_answer(error: &GatewayError, request_id: uuid::Uuid) -> (StatusCode, Value) {
    (error.status(), json!({ "message": error.message(), "code": error.code(), "requestId": request_id }))
}

/// A front on a free port; stops when dropped or told to.
struct Front {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Front {
    async fn before(function: Function) -> Self {
        Self::with_timeout(function, Duration::from_secs(20)).await
    }

    async fn with_timeout(function: Function, timeout: Duration) -> Self {
        Self::start(function, timeout, None).await
    }

    async fn letting_in(origin: Option<&str>) -> Self {
        let cors = Cors {
            allow_origin: origin.map(str::to_owned),
            allow_headers: "Authorization,Content-Type".to_owned(),
            max_age: "600".to_owned(),
        };
        Self::start(answering(r#"{"statusCode":200}"#), Duration::from_secs(20), Some(cors)).await
    }

    async fn start(function: Function, timeout: Duration, cors: Option<Cors>) -> Self {
        let route = |method, path: &str, requires_sign_in| Route {
            method,
            path: path.to_owned(),
            function: function.clone(),
            timeout,
            requires_sign_in,
        };
        let api = RestApi {
            id: "api".to_owned(),
            stage: "dev".to_owned(),
            account_id: "123456789012".to_owned(),
            routes: vec![
                route(Method::POST, "/notes", true),
                route(Method::GET, "/notes/{Id}", true),
                route(Method::POST, "/open", false),
                route(Method::from_bytes(b"ANY").unwrap(), "/any", true),
            ],
            cors,
            error_answer,
            issuer: Arc::clone(&ISSUER),
            clock: clock::Clock::system(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(api, listener, async move {
            let _ = stopped.await;
        }));
        Self { address, stop, server }
    }

    async fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let token = ISSUER.token("ann", &["billing".to_owned(), "support".to_owned()]).unwrap();
        self.ask_with(head, &[&format!("Authorization: {token}")], body).await
    }

    async fn ask_with(&self, head: &str, headers: &[&str], body: &[u8]) -> Answer {
        let headers = headers.iter().map(|&header| header.to_owned()).collect();
        ask(self.address, head.to_owned(), headers, body.to_owned()).await
    }
}

/// One request on a connection of its own: nothing of a client library between the test and the bytes.
async fn ask(address: SocketAddr, head: String, headers: Vec<String>, body: Vec<u8>) -> Answer {
    let mut request = format!("{head} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        request += &format!("Host: {address}\r\n");
    }
    for header in headers {
        request += &format!("{header}\r\n");
    }
    request += "\r\n";
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    Answer(answer)
}

struct Answer(String);

impl Answer {
    fn status(&self) -> u16 {
        self.0[9..12].parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.0.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[track_caller]
    fn assert_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.status(), status, "{}", self.0);
        let body = self.json();
        assert_eq!((&body["code"], &body["message"]), (&json!(code), &json!(message)));
        let id = body["requestId"].as_str().unwrap();
        assert!(self.0.contains(&format!("x-amzn-requestid: {id}")), "{}", self.0);
        assert_eq!(body.as_object().unwrap().len(), 3);
    }
}

/// A function that keeps the events it gets and answers 200.
fn recorder() -> (Function, Arc<Mutex<Vec<Vec<u8>>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let function = Function::new(move |event, _| {
        kept.lock().unwrap().push(event);
        async { Ok(br#"{"statusCode":200,"body":"{}"}"#.to_vec()) }
    });
    (function, events)
}

fn answering(answer: &'static str) -> Function {
    Function::new(move |_, _| async move { Ok(answer.as_bytes().to_vec()) })
}

#[tokio::test]
async fn a_function_gets_the_event_that_a_rest_api_sends() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    let token = ISSUER.token("ann", &["billing".to_owned(), "support".to_owned()]).unwrap();
    let headers = [&*format!("Authorization: {token}"), "User-Agent: a test", "X-Two: a", "X-Two: b"];
    let answer = front.ask_with("GET /dev/notes/a%20b?x=1&x=2&y=%7E+z", &headers, b"").await;
    assert_eq!(answer.status(), 200);

    let json = events.lock().unwrap().pop().unwrap();
    serde_json::from_slice::<ApiGatewayProxyRequest>(&json).expect("the functions' own type takes it");
    let event: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(event["resource"], "/notes/{Id}");
    assert_eq!(event["path"], "/notes/a%20b");
    assert_eq!(event["httpMethod"], "GET");
    assert_eq!(event["pathParameters"], json!({ "Id": "a b" }));
    assert_eq!(event["queryStringParameters"], json!({ "x": "2", "y": "~ z" }));
    assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["1", "2"], "y": ["~ z"] }));
    assert_eq!(event["headers"]["x-two"], "b");
    assert_eq!(event["multiValueHeaders"]["x-two"], json!(["a", "b"]));
    assert_eq!(event["headers"]["x-forwarded-port"], json!(front.address.port().to_string()));
    assert_eq!(event["stageVariables"], Value::Null);
    assert_eq!(event["body"], Value::Null);
    assert_eq!(event["isBase64Encoded"], false);

    let context = &event["requestContext"];
    for (name, value) in [
        ("accountId", "123456789012"),
        ("httpMethod", "GET"),
        ("path", "/dev/notes/a%20b"),
        ("resourcePath", "/notes/{Id}"),
        ("protocol", "HTTP/1.1"),
        ("stage", "dev"),
    ] {
        assert_eq!(context[name], value, "{name}");
    }
    for name in ["apiId", "resourceId", "extendedRequestId", "requestTime"] {
        assert!(context[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert!(answer.0.contains(context["requestId"].as_str().unwrap()));
    assert!(context["requestTimeEpoch"].is_u64());
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["identity"]["userAgent"], "a test");
    let claims = context["authorizer"]["claims"].as_object().unwrap();
    assert_eq!(claims["cognito:groups"], "billing,support");
    assert!(claims.values().all(Value::is_string));
}

#[tokio::test]
async fn a_body_reaches_the_function_as_text() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    let sent = "{\"a\": \"\\u00e9 \u{e9} \\\"quoted\\\"\"}";
    for body in [sent.as_bytes(), b"not \xff text"] {
        assert_eq!(front.ask("POST /dev/notes", body).await.status(), 200);
    }
    let bodies: Vec<Value> = events
        .lock()
        .unwrap()
        .iter()
        .map(|event| serde_json::from_slice::<Value>(event).unwrap()["body"].clone())
        .collect();
    assert_eq!(bodies, [json!(sent), json!("not \u{fffd} text")]);
}

#[tokio::test]
async fn no_token_or_a_bad_one_is_401_and_the_function_is_not_asked() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    let expired = ISSUER.token_issued_at(SystemTime::UNIX_EPOCH, "ann", &[]).unwrap();
    for headers in
        [vec![], vec!["Authorization: nonsense".to_owned()], vec![format!("Authorization: {expired}")]]
    {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = front.ask_with("POST /dev/notes", &headers, b"{}").await;
        answer.assert_error(401, "UNAUTHORIZED", "Unauthorized");
    }
    assert!(events.lock().unwrap().is_empty());
    assert_eq!(front.ask_with("POST /dev/open", &[], b"{}").await.status(), 200, "a route without sign-in");
}

#[tokio::test]
async fn a_token_with_one_thing_wrong_is_401_and_the_function_is_not_asked() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    for (what, token) in bad_tokens(&ISSUER) {
        for header in [format!("Authorization: {token}"), format!("Authorization: Bearer {token}")] {
            let answer = front.ask_with("POST /dev/notes", &[&header], b"{}").await;
            assert_eq!(answer.status(), 401, "{what}");
            answer.assert_error(401, "UNAUTHORIZED", "Unauthorized");
        }
    }
    assert!(events.lock().unwrap().is_empty());
    assert_eq!(front.ask("POST /dev/notes", b"{}").await.status(), 200, "with nothing wrong");
}

#[tokio::test]
async fn an_unknown_route_method_or_stage_is_403_as_on_aws() {
    let front = Front::before(recorder().0).await;
    for head in
        ["GET /dev/notes", "POST /dev/none", "POST /notes", "GET /", "OPTIONS /dev/notes", "BREW /dev/notes"]
    {
        let answer = front.ask(head, b"").await;
        answer.assert_error(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
    }
}

#[tokio::test]
async fn a_request_by_a_foreign_name_is_refused() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    let token = format!("Authorization: {}", ISSUER.token("ann", &[]).unwrap());
    for host in ["Host: evil.example", "Host: 127.0.0.1.evil.example"] {
        let answer = front.ask_with("POST /dev/notes", &[&token, host], b"{}").await;
        answer.assert_error(403, "ACCESS_DENIED", "Forbidden");
    }
    let two =
        front.ask_with("POST /dev/notes", &[&token, "Host: localhost", "Host: evil.example"], b"{}").await;
    assert!([400, 403].contains(&two.status()));
    let target = front.ask_with("POST http://evil.example/dev/notes", &[&token], b"{}").await;
    assert_eq!(target.status(), 403);
    assert!(events.lock().unwrap().is_empty());
    assert_eq!(front.ask_with("POST /dev/notes", &[&token, "Host: localhost"], b"{}").await.status(), 200);
}

#[tokio::test]
async fn a_body_over_10_mb_is_413_and_so_is_one_whose_event_is_more_than_lambda_takes() {
    let (function, events) = recorder();
    let front = Front::before(function).await;
    let room_for_the_rest = 8 * 1024;
    assert_eq!(
        front.ask("POST /dev/notes", &vec![b'x'; MAX_EVENT_BYTES - room_for_the_rest]).await.status(),
        200
    );
    for size in [MAX_EVENT_BYTES, MAX_BODY_BYTES, MAX_BODY_BYTES + 1] {
        let refused = front.ask("POST /dev/notes", &vec![b'x'; size]).await;
        refused.assert_error(413, "REQUEST_TOO_LARGE", "Request Too Long");
    }
    assert_eq!(events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_function_that_fails_or_answers_nonsense_is_502() {
    let functions = [
        Function::new(|_, _| async { Err(FunctionError::Unhandled) }),
        Function::new(|_, _| async { panic!("as a handler might") }),
        answering("not json"),
        answering(r#"{"message":"no status"}"#),
    ];
    for function in functions {
        let front = Front::before(function).await;
        let answer = front.ask("POST /dev/notes", b"{}").await;
        answer.assert_error(502, "INTEGRATION_FAILURE", "Internal server error");
    }
}

#[tokio::test]
async fn a_function_that_times_out_is_504() {
    let functions = [
        Function::new(|_, _| std::future::pending()),
        Function::new(|_, _| async { Err(FunctionError::TimedOut) }),
    ];
    for function in functions {
        let front = Front::with_timeout(function, Duration::from_millis(20)).await;
        let answer = front.ask("POST /dev/notes", b"{}").await;
        answer.assert_error(504, "INTEGRATION_TIMEOUT", "Endpoint request timed out");
    }
}

#[tokio::test]
async fn a_functions_answer_comes_back_with_its_headers() {
    let front = Front::before(answering(
        r#"{"statusCode":202,"headers":{"Location":"/dev/notes/1","Retry-After":"1"},"body":"{\"a\":1}"}"#,
    ))
    .await;
    let answer = front.ask("POST /dev/notes", b"{}").await;
    assert_eq!((answer.status(), answer.json()), (202, json!({ "a": 1 })));
    assert!(answer.0.contains("location: /dev/notes/1\r\n"));
    assert!(answer.0.contains("retry-after: 1\r\n"));
    assert!(!answer.0.to_lowercase().contains("access-control"));
}

#[tokio::test]
async fn the_function_finishes_though_the_client_has_gone() {
    let (finished, has_finished) = oneshot::channel();
    let (started, has_started) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let once = Mutex::new(Some((started, may_go, finished)));
    let front = Front::before(Function::new(move |_, _| {
        let (started, may_go, finished) = once.lock().unwrap().take().unwrap();
        async move {
            started.send(()).unwrap();
            may_go.await.unwrap();
            finished.send(()).unwrap();
            Ok(Vec::new())
        }
    }))
    .await;
    let mut stream = TcpStream::connect(front.address).await.unwrap();
    let request = format!("POST /dev/open HTTP/1.1\r\nHost: {}\r\n\r\n", front.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    has_started.await.unwrap();
    drop(stream);
    go.send(()).unwrap();
    has_finished.await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_a_begun_request_finish_and_then_ends() {
    let (started, has_started) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let once = Mutex::new(Some((started, may_go)));
    let front = Front::before(Function::new(move |_, _| {
        let (started, may_go) = once.lock().unwrap().take().unwrap();
        async move {
            started.send(()).unwrap();
            may_go.await.unwrap();
            Ok(br#"{"statusCode":200}"#.to_vec())
        }
    }))
    .await;
    let Front { address, stop, server } = front;
    let asking = tokio::spawn(ask(address, "POST /dev/open".to_owned(), vec![], vec![]));
    has_started.await.unwrap();
    stop.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(asking.await.unwrap().status(), 200);
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_public_key_is_served_where_cognito_has_it() {
    let front = Front::before(recorder().0).await;
    let path = format!("GET {}", ISSUER.jwks_path());
    assert_eq!(front.ask_with(&path, &[], b"").await.json(), ISSUER.jwks());
}
