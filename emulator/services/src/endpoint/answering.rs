//! How a request is answered: it is read, let in, logged, and struck by a fault or done.

use std::sync::atomic::Ordering;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header::CONTENT_TYPE, request::Parts};

use super::{AwsEndpoint, Inner};
use crate::{
    addressed::Addressed,
    admit::admit,
    answer::{Answer, Fault, Reply},
    calls::Call,
    cloudformation, cognito, declared, events,
    faults::FaultKind,
    lambda,
    metering::{event_units, take_units, with_metering},
    metrics, not_here,
    request::Request,
    service::Service,
    written_reply,
};

/// DynamoDB's limit for a request, the highest of the services here.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

const JSON_1_1: &[u8] = b"application/x-amz-json-1.1";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Somebody with a credential, whom IAM admits or not.
    ByCaller,
    /// A service of this endpoint.
    ByService,
}

impl Inner {
    pub(crate) async fn perform(&self, request: Request) -> Result<Answer, Fault> {
        if declared::is_declared(request.service, &request.operation) {
            return Ok(declared::perform(self.deployed.get(), &request));
        }
        if (request.service, request.operation.as_str()) == (Service::CloudWatch, metrics::OPERATION) {
            return Ok(metrics::perform(&self.sqs.waiting(), self.clock.now(), &request));
        }
        match request.service {
            Service::DynamoDb | Service::DynamoDbStreams => self.dynamo.perform(request).await,
            Service::Kms => Ok(self.kms.perform(&request)),
            Service::Sqs => Ok(self.sqs.perform(request).await),
            Service::EventBridge => Ok(events::perform(&self.events, &request)),
            Service::SecretsManager => Ok(self.secrets.perform(request).await),
            Service::CloudFormation => Ok(cloudformation::perform(self.deployed.get(), &request)),
            Service::CloudWatchLogs => Ok(self.logs.perform(self.deployed.get(), &request)),
            Service::CloudWatch | Service::Sns | Service::CloudTrail | Service::ApiGateway => {
                Err(Fault::UNKNOWN_OPERATION)
            }
            Service::Cognito => cognito::perform(self.deployed.get(), &self.users, request).await,
            Service::Lambda => Ok(lambda::perform(self.deployed.get(), request, &self.clock).await),
        }
    }

    async fn perform_metered(&self, call: &Call, request: Request) -> Result<Answer, Fault> {
        let asked = (request.service == Service::EventBridge).then(|| request.json.clone());
        let answer = self.perform(with_metering(request)).await?;
        let (answer, units) = match asked {
            Some(asked) => event_units(&asked, answer),
            None => take_units(call, answer),
        };
        self.calls.record_units(call, units);
        Ok(answer)
    }

    async fn serve(&self, call: &Call, request: Request, asked: Asked) -> Result<Answer, Fault> {
        let admitted = match asked {
            Asked::ByCaller => admit(&request, &self.iam, &self.account, &self.kms, self.deployed.get()),
            Asked::ByService => Ok(()),
        };
        let served = match admitted {
            Ok(()) if self.metering.load(Ordering::Relaxed) => self.perform_metered(call, request).await,
            Ok(()) => self.perform(request).await,
            Err(denied) => Err(denied),
        };
        // What could not be written down may not be told.
        let served = if self.store.has_failed() { Err(Fault::UNAVAILABLE) } else { served };
        if served.as_ref().is_ok_and(|answer| answer.status.is_success()) {
            self.calls.record_done(call);
        } else {
            self.calls.record_refusal(call);
        }
        served
    }

    async fn answer(&self, head: &Parts, body: Body) -> Result<Response, Fault> {
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Fault::TOO_LARGE)?;
        let addressed = Addressed::of(head, &body);
        let Some(service) = addressed.here() else {
            return Ok(not_here::answer(&addressed, &self.iam, &self.account));
        };
        let (protocol, operation) = (addressed.protocol, addressed.operation.clone());
        let write = |reply: Result<Reply, Fault>| {
            let reply = reply.unwrap_or_else(|fault| Reply::Answer(fault.answer()));
            written_reply::write(reply, protocol, service, &operation)
        };
        let request = match Request::read(addressed, service, &head.headers, body) {
            Ok(request) => request,
            Err(fault) => return Ok(write(Err(fault))),
        };
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let begun = self.observer.begin(&request, &self.names);
        let reply = self.answer_or_fail(request, Asked::ByCaller).await;
        self.observer.end(begun, &reply);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(write(reply))
    }

    /// What the service of this name asks of another. The policy of what it is about was asked before.
    pub(super) async fn ask_by_service(&self, name: &str, mut request: Request) -> Result<Reply, Fault> {
        name.clone_into(&mut request.role);
        let begun = self.observer.begin(&request, &self.names);
        let reply = self.answer_or_fail(request, Asked::ByService).await;
        self.observer.end(begun, &reply);
        reply
    }

    async fn answer_or_fail(&self, mut request: Request, asked: Asked) -> Result<Reply, Fault> {
        let call = request.call(&self.names);
        self.calls.record(call.clone());
        let Some(fault) = self.faults.strike(&call) else {
            return self.serve(&call, request, asked).await.map(Reply::Answer);
        };
        tracing::debug!(role = call.role, operation = call.operation, ?fault, "a fault on purpose");
        if let Some(answer) = fault.answer(&call) {
            return Ok(Reply::Answer(answer));
        }
        match fault {
            FaultKind::LostBefore => return Ok(Reply::Lost),
            FaultKind::Slow(duration) => tokio::time::sleep(duration).await,
            FaultKind::EntriesRefused => request.refuses_entries = true,
            _ => {}
        }
        let answer = self.serve(&call, request, asked).await?;
        Ok(if fault == FaultKind::ReplyLost { Reply::Lost } else { Reply::Answer(answer) })
    }
}

/// Any path: older clients send to a queue's URL.
pub(super) async fn serve(State(endpoint): State<AwsEndpoint>, request: axum::extract::Request) -> Response {
    if !(endpoint.0.guard)(&request) {
        return Fault::FOREIGN_HOST.answer().into_response();
    }
    let (head, body) = request.into_parts();
    let version = head.headers.get(CONTENT_TYPE).filter(|kind| kind.as_bytes() == JSON_1_1).cloned();
    // Its own task: AWS finishes a call also when the caller has disconnected.
    let answered = tokio::spawn(async move { endpoint.0.answer(&head, body).await });
    let answered = answered.await.unwrap_or(Err(Fault::UNAVAILABLE));
    let mut response = answered.unwrap_or_else(|fault| fault.answer().into_response());
    // KMS and Secrets Manager speak version 1.1, the others 1.0, and each client reads its own.
    if let (Some(version), true) = (version, response.headers().get(CONTENT_TYPE).is_some_and(is_aws_json)) {
        response.headers_mut().insert(CONTENT_TYPE, version);
    }
    response
}

fn is_aws_json(kind: &HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"application/x-amz-json-")
}
