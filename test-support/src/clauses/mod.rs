//! Mutations of expressions: a test's writes to DynamoDB without one clause of one of their expressions. No compiler
//! and no `cargo-mutants` sees these texts, so `scripts/mutants clauses` takes each clause out on its way to DynamoDB
//! and runs the tests of the writes, which must fail.
//!
//! | environment | a client made by [`http_client`] |
//! |---|---|
//! | nothing | sends what it is told |
//! | `CLAUSES_TO=FILE` | appends each clause that it sends to the file, a line each, after the name of the test |
//! | `CLAUSE_GONE=LINE` | takes the clause of that line out of each request |

mod expression;
mod request;

use std::{
    collections::BTreeSet,
    env,
    fs::OpenOptions,
    io::Write,
    sync::{LazyLock, Mutex},
    thread,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use serde_json::Value;

use self::request::{Mutant, mutants_of};

/// What the environment says; the same for the whole process.
static ASKED: LazyLock<Asked> = LazyLock::new(|| match (env::var("CLAUSES_TO"), env::var("CLAUSE_GONE")) {
    (Ok(file), _) => Asked::Record { file, seen: Mutex::default() },
    (_, Ok(line)) => Asked::TakeOut(Mutant::read(&line)),
    _ => Asked::Nothing,
});

enum Asked {
    Nothing,
    Record { file: String, seen: Mutex<BTreeSet<String>> },
    TakeOut(Mutant),
}

/// A client for loopback, which does with the clauses of its requests as the environment asks.
pub(crate) fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(Clauses(aws_smithy_http_client::Builder::new().build_http()))
}

#[derive(Debug)]
struct Clauses<T>(T);

impl HttpClient for Clauses<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Clauses(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Clauses<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if !matches!(*ASKED, Asked::Nothing) {
            treat(&mut request);
        }
        self.0.call(request)
    }
}

fn treat(request: &mut HttpRequest) {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let Some(operation) = target.strip_prefix("DynamoDB_20120810.").map(str::to_owned) else { return };
    let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    match &*ASKED {
        Asked::Nothing => {}
        Asked::Record { file, seen } => {
            let mut seen = seen.lock().unwrap();
            let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
            // A test of tokio's runs on a thread of its own, which has its name.
            let test = thread::current().name().unwrap_or_default().to_owned();
            for mutant in mutants_of(&operation, &mut body) {
                let line = format!("{test}\t{}", mutant.line());
                if seen.insert(line.clone()) {
                    writeln!(file, "{line}").unwrap();
                }
            }
        }
        Asked::TakeOut(mutant) => {
            if mutant.take_out(&operation, &mut body) {
                let body = body.to_string();
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = body.into();
            }
        }
    }
}
