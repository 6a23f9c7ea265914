//! A request to AWS: who asks which service for what.

use axum::body::Bytes;
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use crate::{answer::Fault, calls::Call, request_names::RequestNames, service::Service};

/// A request whose shape is understood. Its signature is not checked: the access-key id is only a name here.
#[derive(Debug)]
pub(crate) struct Request {
    /// The access-key id of the credential: a function's role, or an operator.
    pub(crate) role: String,
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) json: Value,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Fault> {
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let (prefix, operation) =
            target.and_then(|target| target.split_once('.')).ok_or(Fault::UNKNOWN_OPERATION)?;
        let service = Service::of_target(prefix).ok_or(Fault::UNKNOWN_OPERATION)?;
        let role = access_key_id(headers).ok_or(Fault::NO_CREDENTIAL)?.to_owned();
        let json: Value = serde_json::from_slice(&body).map_err(|_| Fault::NOT_JSON)?;
        if !json.is_object() {
            return Err(Fault::NOT_JSON);
        }
        Ok(Self { role, service, operation: operation.to_owned(), json, body })
    }

    /// A request of the endpoint's own, which passes neither the call log nor the checks.
    pub(crate) fn own(service: Service, operation: &str, json: Value) -> Self {
        let body = Bytes::from(json.to_string());
        Self { role: String::new(), service, operation: operation.to_owned(), json, body }
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

    /// The tables, key, queue or secret it is about; of a transaction, a table for each action in order.
    fn resources(&self) -> Vec<&str> {
        match self.service {
            Service::Kms => self.text("KeyId").into_iter().collect(),
            Service::SecretsManager => self.text("SecretId").into_iter().collect(),
            Service::Sqs => self.text("QueueUrl").or_else(|| self.text("QueueName")).into_iter().collect(),
            Service::DynamoDbStreams => self.text("StreamArn").into_iter().collect(),
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

/// From `AWS4-HMAC-SHA256 Credential=ID/date/region/service/aws4_request, …`.
fn access_key_id(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn headers(target: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_static(target));
        let credential =
            "AWS4-HMAC-SHA256 Credential=IngestRole/20260101/us-east-1/kms/aws4_request, Signature=0";
        headers.insert(AUTHORIZATION, HeaderValue::from_static(credential));
        headers
    }

    #[test]
    fn the_role_is_the_access_key_id_of_the_credential() {
        let request = Request::read(&headers("TrentService.Decrypt"), Bytes::from("{}")).unwrap();
        assert_eq!((request.role.as_str(), request.service), ("IngestRole", Service::Kms));
        let mut anonymous = headers("TrentService.Decrypt");
        anonymous.remove(AUTHORIZATION);
        assert_eq!(Request::read(&anonymous, Bytes::from("{}")).unwrap_err(), Fault::NO_CREDENTIAL);
    }

    #[test]
    fn an_unknown_target_is_an_unknown_operation() {
        let refusal =
            Request::read(&headers("SecretsManager.GetSecretValue"), Bytes::from("{}")).unwrap_err();
        assert_eq!(refusal, Fault::UNKNOWN_OPERATION);
        assert_eq!(
            Request::read(&headers("Nothing"), Bytes::from("{}")).unwrap_err(),
            Fault::UNKNOWN_OPERATION
        );
    }

    #[test]
    fn the_tables_of_a_transaction_are_named_in_the_order_of_its_actions() {
        let body = json!({"TransactItems": [
            {"Put": {"TableName": "Vault"}}, {"Delete": {"TableName": "Quarantine"}},
        ]});
        let target = "DynamoDB_20120810.TransactWriteItems";
        let request = Request::read(&headers(target), Bytes::from(body.to_string())).unwrap();
        assert_eq!(request.call(&RequestNames::default()).resources, ["Vault", "Quarantine"]);
    }
}
