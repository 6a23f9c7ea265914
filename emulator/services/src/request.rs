//! A request to AWS: its caller, its service and its operation.

use axum::body::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::{
    addressed::Addressed, answer::Fault, calls::Call, cbor, event_names, protocol::Protocol,
    request_names::RequestNames, service::Service,
};

/// What `Invoke` says beside its payload. <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
const INVOKE_HEADERS: [(&str, &str); 3] = [
    ("x-amz-invocation-type", "InvocationType"),
    ("x-amz-log-type", "LogType"),
    ("x-amz-client-context", "ClientContext"),
];

/// What a caller without a credential is called in the call log.
const ANYBODY: &str = "anybody";

/// A request whose shape is understood. Its signature is not checked: the access-key id is only a name here.
#[derive(Debug)]
pub(crate) struct Request {
    /// The access-key id of the credential: a function's role, or an operator.
    pub(crate) role: String,
    pub(crate) service: Service,
    pub(crate) operation: String,
    /// Its parameters, from any place.
    pub(crate) json: Value,
    /// What was sent: of `Invoke`, the function's event.
    pub(crate) body: Bytes,
    /// Whether single entries of it are refused, by a fault.
    pub(crate) refuses_entries: bool,
}

impl Request {
    /// A request for a service that is here.
    pub(crate) fn read(
        addressed: Addressed,
        service: Service,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Fault> {
        let Addressed { protocol, caller, operation, parameters, .. } = addressed;
        let role = match caller {
            None if service.is_open(&operation) => ANYBODY.to_owned(),
            caller => caller.ok_or(Fault::NO_CREDENTIAL)?,
        };
        let json = match protocol {
            Protocol::AwsJson => object(&body)?,
            Protocol::RpcV2Cbor if body.is_empty() => parameters,
            Protocol::RpcV2Cbor => cbor::read(&body).ok_or(Fault::NOT_JSON)?,
            _ if operation == "Invoke" => {
                let mut parameters = parameters;
                for (header, name) in INVOKE_HEADERS {
                    if let Some(value) = headers.get(header).and_then(|value| value.to_str().ok()) {
                        parameters.insert(name.to_owned(), value.into());
                    }
                }
                parameters
            }
            Protocol::RestJson if !body.is_empty() => object(&body)?.into_iter().chain(parameters).collect(),
            _ => parameters,
        };
        Ok(Self { role, service, operation, json: Value::Object(json), body, refuses_entries: false })
    }

    /// A request of the endpoint's own, which passes neither the call log nor the checks.
    pub(crate) fn own(service: Service, operation: &str, json: Value) -> Self {
        let body = Bytes::from(json.to_string());
        let operation = operation.to_owned();
        Self { role: String::new(), service, operation, json, body, refuses_entries: false }
    }

    /// A text member of the body.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.json.get(member)?.as_str()
    }

    /// Takes a member out of the body.
    pub(crate) fn remove(&mut self, member: &str) {
        if let Some(members) = self.json.as_object_mut() {
            members.remove(member);
            self.body = Bytes::from(self.json.to_string());
        }
    }

    /// What the call log keeps of it.
    pub(crate) fn call(&self, names: &RequestNames) -> Call {
        let context = self.json.get("EncryptionContext");
        let purpose = context.and_then(|context| context.get(&names.purpose)?.as_str());
        Call::new(&self.role, self.service, &self.operation, &self.resources(), purpose)
    }

    /// The tables, key, queue or secret it is about; of a transaction, a table for each action in order; of events, the
    /// bus of each.
    fn resources(&self) -> Vec<&str> {
        match self.service {
            Service::Kms => self.text("KeyId").into_iter().collect(),
            Service::SecretsManager => self.text("SecretId").into_iter().collect(),
            Service::Sqs => self.text("QueueUrl").or_else(|| self.text("QueueName")).into_iter().collect(),
            Service::DynamoDbStreams => self.text("StreamArn").into_iter().collect(),
            Service::CloudFormation => self.text("StackName").into_iter().collect(),
            Service::Sns => self.text("TopicArn").into_iter().collect(),
            Service::ApiGateway => self.text("restApiId").into_iter().collect(),
            Service::CloudTrail => self.text("TrailName").or_else(|| self.text("Name")).into_iter().collect(),
            Service::CloudWatch | Service::CloudWatchLogs => Vec::new(),
            Service::EventBridge => event_names::resources(&self.operation, &self.json),
            Service::Cognito => {
                self.text("UserPoolId").or_else(|| self.text("ClientId")).into_iter().collect()
            }
            Service::Lambda => self.text("FunctionName").or_else(|| self.text("UUID")).into_iter().collect(),
            Service::DynamoDb => {
                let transaction = self.json.get("TransactItems").and_then(Value::as_array);
                let actions = transaction.into_iter().flatten().filter_map(Value::as_object);
                let in_transaction =
                    actions.filter_map(|action| action.values().next()?.get("TableName")?.as_str());
                let batch = self.json.get("RequestItems").and_then(Value::as_object);
                let in_batch = batch.into_iter().flatten().map(|(table, _)| table.as_str());
                self.text("TableName").into_iter().chain(in_transaction).chain(in_batch).collect()
            }
        }
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(Fault::NOT_JSON),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    const CREDENTIAL: &str =
        "AWS4-HMAC-SHA256 Credential=IngestRole/20260101/us-east-1/kms/aws4_request, Signature=0";

    fn read(target: &str, authorization: Option<&str>, body: &str) -> Result<Request, Fault> {
        let request = http::Request::post("/").header("x-amz-target", target);
        let request = authorization.into_iter().fold(request, |request, value| {
            request.header(http::header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())
        });
        let (head, ()) = request.body(()).unwrap().into_parts();
        let addressed = Addressed::of(&head, body.as_bytes());
        let service = addressed.here().unwrap();
        Request::read(addressed, service, &head.headers, Bytes::from(body.to_owned()))
    }

    #[test]
    fn the_role_is_the_access_key_id_of_the_credential() {
        let request = read("TrentService.Decrypt", Some(CREDENTIAL), "{}").unwrap();
        assert_eq!((request.role.as_str(), request.service), ("IngestRole", Service::Kms));
        for nobody in [None, Some("AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/kms/aws4_request")] {
            assert_eq!(read("TrentService.Decrypt", nobody, "{}").unwrap_err(), Fault::NO_CREDENTIAL);
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in ["", "[]", "{", "1"] {
            let refusal = read("TrentService.Decrypt", Some(CREDENTIAL), body).unwrap_err();
            assert_eq!(refusal, Fault::NOT_JSON, "{body}");
        }
    }

    #[test]
    fn the_tables_of_a_transaction_are_named_in_the_order_of_its_actions() {
        let body = json!({"TransactItems": [
            {"Put": {"TableName": "Vault"}}, {"Delete": {"TableName": "Quarantine"}},
        ]});
        let target = "DynamoDB_20120810.TransactWriteItems";
        let request = read(target, Some(CREDENTIAL), &body.to_string()).unwrap();
        assert_eq!(request.call(&RequestNames::default()).resources, ["Vault", "Quarantine"]);
    }
}
