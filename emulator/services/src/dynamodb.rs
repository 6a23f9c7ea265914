//! DynamoDB and its streams: dynoxide, served on a loopback port of its own behind the endpoint, and read
//! directly where no client is involved.

use std::{future::Future, path::PathBuf, time::UNIX_EPOCH};

use axum::body::Bytes;
use clock::Clock;
use dynoxide::Database;
use http::{Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    account::Account,
    answer::{Answer, Fault},
    idempotency::{Claim, Transactions},
    keep::{Keep, Store},
    request::Request,
    retention::{RETENTION, Retention},
    start_error::StartError,
    streams::{StreamError, StreamReader, changes_something, table_of},
    tables,
};

/// Dynoxide checks only that there is an Authorization header.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=endpoint/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=0";

/// The operations whose answers have ARNs, and no rows.
const ABOUT_TABLES: [&str; 6] =
    ["CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "ListStreams", "DescribeStream"];

pub(crate) struct Dynamo {
    account: Account,
    clock: Clock,
    /// The file of the database, if it has one.
    file: Option<PathBuf>,
    pub(crate) database: Database,
    retention: Retention,
    transactions: Transactions,
    client: Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
}

impl Dynamo {
    /// The service, and the future that serves it until `shutdown`.
    pub(crate) async fn start(
        account: Account,
        clock: Clock,
        keep: Option<&Keep>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), StartError> {
        let store = keep.map_or_else(Store::default, |keep| keep.store.clone());
        let transactions = Transactions::new(clock.clone(), store.part("transactions"))?;
        let file = keep.map(|keep| keep.tables.clone());
        let retention = match &file {
            Some(_) => Retention::resumed(clock.clone()),
            None => Retention::new(clock.clone()),
        };
        let database = match &file {
            Some(file) => tables::in_file(file),
            None => tables::in_memory(clock.clone()),
        };
        let database = database.map_err(|_| StartError::Database)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let uri = Uri::builder()
            .scheme("http")
            .authority(listener.local_addr()?.to_string())
            .path_and_query("/")
            .build()
            .map_err(|_| StartError::Database)?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let served = dynoxide::server::serve_with_shutdown(listener, database.clone(), shutdown);
        let server = async move { drop(served.await) };
        Ok((Self { account, clock, file, database, retention, transactions, client, uri }, server))
    }

    pub(crate) async fn perform(&self, mut request: Request) -> Result<Answer, Fault> {
        match self.transactions.claim(&mut request) {
            Claim::Unclaimed => self.forward(request).await,
            Claim::Answered(answer) => answer,
            Claim::First(under_way) => {
                let answer = self.forward(request).await;
                under_way.settle(&answer);
                answer
            }
        }
    }

    async fn forward(&self, request: Request) -> Result<Answer, Fault> {
        let target = format!("{}.{}", request.service.target(), request.operation);
        let forwarded = http::Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(header::AUTHORIZATION, AUTHORIZATION)
            .header("x-amz-date", "20260101T000000Z")
            .header("x-amz-target", target)
            .body(Full::new(request.body))
            .map_err(|_| Fault::UNKNOWN_OPERATION)?;
        let response = self.client.request(forwarded).await.map_err(|_| Fault::UNAVAILABLE)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|_| Fault::UNAVAILABLE)?.to_bytes();
        let body = if status == StatusCode::OK { self.as_aws(&request.operation, body) } else { body };
        Ok(Answer::new(status, body))
    }

    pub(crate) fn sweep_ttl(&self) -> Result<usize, StreamError> {
        self.database.sweep_ttl().map_err(|_| StreamError::Database)
    }

    pub(crate) fn stream(&self, stream_arn: &str) -> Result<StreamReader, StreamError> {
        StreamReader::open(self.database.clone(), self.retention.clone(), stream_arn, &self.account.region)
    }

    /// Removes the records of a stream up to a sequence number that are too old to be read.
    pub(crate) fn forget_records(&self, stream_arn: &str, up_to: &str) -> Result<(), StreamError> {
        let Some(file) = &self.file else { return Ok(()) };
        let table = table_of(stream_arn).ok_or(StreamError::NoSuchStream)?;
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = now.saturating_sub(RETENTION).as_secs();
        tables::forget_records(file, table, up_to, before).map_err(|()| StreamError::Database)
    }

    /// Trims all that the streams hold by now, as after 24 hours.
    pub(crate) fn trim_streams(&self) {
        self.retention.trim();
    }

    fn as_aws(&self, operation: &str, body: Bytes) -> Bytes {
        if ABOUT_TABLES.contains(&operation) {
            return match str::from_utf8(&body) {
                Ok(text) => Bytes::from(own_arn(text, &self.account)),
                Err(_) => body,
            };
        }
        if operation != "GetRecords" {
            return body;
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
        if let Some(records) = answer.get_mut("Records").and_then(Value::as_array_mut) {
            records.retain(|record| changes_something(record) && self.retention.holds(record));
            records.iter_mut().for_each(|record| name_as_the_api(record, &self.account.region));
        }
        Bytes::from(answer.to_string())
    }
}

/// Dynoxide's ARNs have its own region and account; they are replaced by ours.
fn own_arn(text: &str, account: &Account) -> String {
    let theirs = format!("{}:{}", dynoxide::streams::LOCAL_REGION, dynoxide::streams::LOCAL_ACCOUNT);
    text.replace(&format!("arn:aws:dynamodb:{theirs}:"), &account.arn("dynamodb", ""))
}

/// The API spells a record's `userIdentity` members with capitals; only Lambda's events have them small.
fn name_as_the_api(record: &mut Value, region: &str) {
    let Some(record) = record.as_object_mut() else { return };
    record.insert("awsRegion".to_owned(), json!(region));
    if let Some(identity) = record.get_mut("userIdentity") {
        *identity = json!({ "PrincipalId": identity.get("principalId"), "Type": identity.get("type") });
    }
}
