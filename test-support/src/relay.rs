//! A relay before the AWS endpoint that loses requests and replies, as networks and crashing processes do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use reqwest::header::{CONTENT_LENGTH, HOST, HeaderMap};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};

use crate::http::http_client;

/// What happens to an operation's calls.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Never reaches AWS; the connection breaks.
    Lost,
    /// Takes effect; the reply breaks off.
    ReplyLost,
    /// The call never reaches AWS, and there is no answer.
    Stuck,
    /// Takes effect, and no reply ever comes.
    ReplyStuck,
    /// Takes effect, and is answered as if it had not: with this body, as an error.
    AnsweredWith(String),
    /// Waits to be let through.
    Held(Arc<Notify>),
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// How many calls it passes first, and how many it then strikes.
    skip: usize,
    times: usize,
}

/// Forwards to an AWS endpoint, with faults by operation.
#[derive(Debug, Clone)]
pub struct Relay(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    upstream: String,
    http: reqwest::Client,
    rules: Mutex<HashMap<String, Rule>>,
    struck: Mutex<Vec<String>>,
    /// Every call, by its operation.
    calls: Mutex<Vec<(String, Bytes)>>,
}

impl Relay {
    /// A relay on a free port before the endpoint at `upstream`.
    pub async fn to(upstream: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let relay = Self(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr().unwrap()),
            upstream: upstream.to_owned(),
            http: http_client(),
            rules: Mutex::default(),
            struck: Mutex::default(),
            calls: Mutex::default(),
        }));
        let router = Router::new().fallback(relayed).with_state(relay.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        relay
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Strikes the next `times` calls of an operation.
    pub fn strike(&self, operation: &str, fault: Fault, times: usize) {
        self.strike_after(operation, 0, fault, times);
    }

    /// The same, after letting `skip` calls pass.
    pub fn strike_after(&self, operation: &str, skip: usize, fault: Fault, times: usize) {
        self.0.rules.lock().unwrap().insert(operation.to_owned(), Rule { fault, skip, times });
    }

    /// Lets everything through from now on.
    pub fn repair(&self) {
        self.0.rules.lock().unwrap().clear();
    }

    /// How many calls were struck so far.
    pub fn struck(&self) -> usize {
        self.0.struck.lock().unwrap().len()
    }

    /// The bodies of an operation's calls so far.
    pub fn bodies(&self, operation: &str) -> Vec<Value> {
        let calls = self.0.calls.lock().unwrap();
        let own = calls.iter().filter(|(called, _)| called == operation);
        own.map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    /// The calls of these operations, in the order in which they came; several of one in a row are listed once.
    pub fn order(&self, operations: &[&str]) -> Vec<String> {
        let calls = self.0.calls.lock().unwrap();
        let names = calls.iter().map(|(called, _)| called.clone());
        let mut order: Vec<_> = names.filter(|name| operations.contains(&name.as_str())).collect();
        order.dedup();
        order
    }

    fn fault_of(&self, operation: &str) -> Option<Fault> {
        let mut rules = self.0.rules.lock().unwrap();
        let rule = rules.get_mut(operation)?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times = rule.times.checked_sub(1)?;
        Some(rule.fault.clone())
    }

    async fn forward(&self, headers: HeaderMap, body: Bytes) -> Response {
        let mut headers = headers;
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        let reply = self.0.http.post(&self.0.upstream).headers(headers).body(body).send().await.unwrap();
        let mut response = Response::builder().status(reply.status());
        for name in ["content-type", "x-amzn-requestid"] {
            if let Some(value) = reply.headers().get(name) {
                response = response.header(name, value);
            }
        }
        response.body(Body::from(reply.bytes().await.unwrap())).unwrap()
    }
}

async fn relayed(State(relay): State<Relay>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
    let operation = target.split_once('.').unwrap().1.to_owned();
    relay.0.calls.lock().unwrap().push((operation.clone(), body.clone()));
    let Some(fault) = relay.fault_of(&operation) else { return relay.forward(headers, body).await };
    let struck = || relay.0.struck.lock().unwrap().push(operation.clone());
    match fault {
        Fault::Lost => {
            struck();
            broken_off()
        }
        Fault::ReplyLost => {
            relay.forward(headers, body).await;
            struck();
            broken_off()
        }
        Fault::Stuck => {
            struck();
            std::future::pending().await
        }
        Fault::ReplyStuck => {
            relay.forward(headers, body).await;
            struck();
            std::future::pending().await
        }
        Fault::AnsweredWith(answer) => {
            relay.forward(headers, body).await;
            struck();
            let response =
                Response::builder().status(400).header("content-type", "application/x-amz-json-1.0");
            response.body(Body::from(answer)).unwrap()
        }
        Fault::Held(let_through) => {
            struck();
            let_through.notified().await;
            relay.forward(headers, body).await
        }
    }
}

/// A reply that ends before its body does: the client cannot know the result of its call.
fn broken_off() -> Response {
    let end = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("the connection broke"))]);
    Response::builder().header("content-length", "9").body(Body::from_stream(end)).unwrap()
}
