//! The console as a browser and as an intruder see it: over a real socket, before a running stack.

mod controls;
mod customer;
mod encrypting;
mod guard;
mod inside;
mod promise_1;
mod words;

use std::{net::SocketAddr, sync::LazyLock, time::Duration};

use clock::TestClock;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{ConsoleOptions, OrderLog};
use crate::stack::{Stack, StackOptions};

const PATIENCE: Duration = Duration::from_secs(90);
/// Making an RSA key is the slow part: the tests share its file.
static KEY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A running stack with its console.
struct Page {
    stack: Stack,
    address: SocketAddr,
}

impl Page {
    async fn start() -> Self {
        let time = TestClock::running();
        let console = ConsoleOptions { log: OrderLog::default(), time: Some(time.clone()) };
        let stack = Stack::start(StackOptions {
            clock: time.clock(),
            sdk_attempts: 1,
            console: Some(console),
            ..StackOptions::on_free_ports(crate::sign_in::kept_in(KEY.path()).unwrap())
        })
        .await
        .unwrap();
        let url = stack.api_url();
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap();
        Self { stack, address }
    }

    /// One request with exactly these headers; the answer whole.
    async fn raw(&self, line: &str, headers: &[&str], body: &str) -> String {
        let mut request =
            format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|header| request += &format!("{header}\r\n"));
        request += &format!("\r\n{body}");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let host = format!("Host: {}", self.address);
        let origin = format!("Origin: http://{}", self.address);
        let headers = [host.as_str(), &origin, "Content-Type: application/json"];
        parsed(&self.raw(&format!("POST {path}"), &headers, &body.to_string()).await)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        parsed(&self.raw(&format!("GET {path}"), &[&format!("Host: {}", self.address)], "").await)
    }

    /// The first event of the stream: the whole state.
    async fn state(&self) -> Value {
        let mut stream = BufReader::new(TcpStream::connect(self.address).await.unwrap());
        let ask = format!("GET /console/events HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        stream.get_mut().write_all(ask.as_bytes()).await.unwrap();
        loop {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    async fn place(&self, order: &str, card: &str) -> (u16, Value) {
        let order = json!({ "order": order, "name": "A", "address": "B", "testCard": card });
        self.post("/console/orders", order).await
    }

    async fn stage(&self, order: &str) -> String {
        let (_, inside) = self.get(&format!("/console/orders/{order}")).await;
        inside["summary"]["stage"].as_str().unwrap_or("none").to_owned()
    }

    /// Waits until the rows say it, and the list too, which follows them.
    async fn until(&self, order: &str, stage: &str) {
        eventually(&format!("{order} is {stage}"), async || {
            self.stage(order).await == stage && self.listed(order).await == stage
        })
        .await;
    }

    async fn listed(&self, order: &str) -> String {
        let (_, found) = self.get(&format!("/console/orders?text={order}")).await;
        let orders = found["orders"].as_array().unwrap();
        let found = orders.iter().find(|found| found["id"] == order);
        found.and_then(|found| found["stage"].as_str()).unwrap_or("none").to_owned()
    }
}

fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    test_support::eventually(what, async || holds().await.then_some(())).await;
}
