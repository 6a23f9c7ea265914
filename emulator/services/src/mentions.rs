//! The identifiers in a request, by which calls belong together.

use serde_json::Value;

use crate::{request::Request, request_names::RequestNames, service::Service};

/// Members of a DynamoDB request that hold attributes.
const HOLDERS: [&str; 2] = ["Key", "Item"];
const MOST_CHARS: usize = 128;

impl Request {
    /// The values, as far as they are short texts; no other attribute's value is looked at.
    pub(crate) fn mentions(&self, names: &RequestNames) -> Vec<String> {
        let mut found = Vec::new();
        match self.service {
            Service::DynamoDb => {
                in_action(&self.json, names, &mut found);
                let actions = self.json.get("TransactItems").and_then(Value::as_array);
                let actions = actions.into_iter().flatten().filter_map(Value::as_object);
                actions
                    .flat_map(|action| action.values())
                    .for_each(|action| in_action(action, names, &mut found));
            }
            Service::Kms => {
                let context = self.json.get("EncryptionContext").and_then(Value::as_object);
                let context = context.into_iter().flatten().filter(|(name, _)| **name != names.purpose);
                context.for_each(|(_, value)| take(Some(value), &mut found));
            }
            Service::Sqs => {
                let body = self.text("MessageBody").and_then(|body| serde_json::from_str::<Value>(body).ok());
                for name in &names.identifiers {
                    take(body.as_ref().and_then(|body| body.get(name)), &mut found);
                }
            }
            Service::EventBridge => {
                let entries = self.json.get("Entries").and_then(Value::as_array);
                let details = entries.into_iter().flatten().filter_map(|entry| entry.get("Detail")?.as_str());
                let details = details.filter_map(|detail| serde_json::from_str::<Value>(detail).ok());
                for detail in details {
                    names.identifiers.iter().for_each(|name| take(detail.get(name), &mut found));
                }
            }
            _ => {}
        }
        found
    }
}

fn in_action(action: &Value, names: &RequestNames, found: &mut Vec<String>) {
    for attributes in HOLDERS.iter().filter_map(|holder| action.get(holder)) {
        for name in &names.identifiers {
            take(attributes.get(name).and_then(|value| value.get("S")), found);
        }
    }
}

fn take(value: Option<&Value>, found: &mut Vec<String>) {
    if let Some(text) = value.and_then(Value::as_str).filter(|text| text.len() <= MOST_CHARS) {
        found.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mentions(service: Service, json: Value) -> Vec<String> {
        let names = RequestNames {
            identifiers: ["Id", "Token", "Batch"].map(str::to_owned).into(),
            purpose: "use".to_owned(),
        };
        Request::own(service, "", json).mentions(&names)
    }

    #[test]
    fn a_request_mentions_the_identifiers_it_has_and_nothing_else() {
        let item = json!({ "Id": { "S": "1" }, "Batch": { "S": "k" }, "Address": { "S": "a" } });
        assert_eq!(mentions(Service::DynamoDb, json!({ "TableName": "T", "Item": item })), ["1", "k"]);
        let transaction = json!({ "TransactItems": [
            { "Put": { "Item": { "Token": { "S": "t" } } } },
            { "Delete": { "Key": { "Id": { "S": "1" } } } },
        ]});
        assert_eq!(mentions(Service::DynamoDb, transaction), ["t", "1"]);
        let context = json!({ "EncryptionContext": { "use": "vault", "token": "t" }, "Plaintext": "p" });
        assert_eq!(mentions(Service::Kms, context), ["t"]);
        let message = json!({ "MessageBody": "{\"Id\":\"1\",\"Reason\":\"r\"}" });
        assert_eq!(mentions(Service::Sqs, message), ["1"]);
        assert!(mentions(Service::Sqs, json!({ "MessageBody": "text" })).is_empty());
        let details = ["{\"Id\":\"1\",\"Reason\":\"r\"}", "text", "{\"Id\":\"2\"}"];
        let entries = details.map(|detail| json!({ "Source": "Id", "Detail": detail }));
        assert_eq!(mentions(Service::EventBridge, json!({ "Entries": entries })), ["1", "2"]);
    }
}
