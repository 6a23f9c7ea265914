//! Which orders, tokens and key batches a request names: what ties a call to an order.

use serde_json::Value;

use super::{Service, request::Request};

/// The attributes whose values identify.
const NAMES: [&str; 4] = ["CustomerOrder", "Hash_Key", "CreditCardToken", "KeyBatchId"];
/// Members of a DynamoDB request that hold attributes.
const HOLDERS: [&str; 2] = ["Key", "Item"];
const MOST_CHARS: usize = 128;

impl Request {
    /// The values, as far as they are short texts; no other attribute's value is looked at.
    pub(super) fn mentions(&self) -> Vec<String> {
        let mut found = Vec::new();
        match self.service {
            Service::DynamoDb => {
                in_action(&self.json, &mut found);
                let actions = self.json.get("TransactItems").and_then(Value::as_array);
                let actions = actions.into_iter().flatten().filter_map(Value::as_object);
                actions.flat_map(|action| action.values()).for_each(|action| in_action(action, &mut found));
            }
            Service::Kms => {
                let context = self.json.get("EncryptionContext").and_then(Value::as_object);
                let context = context.into_iter().flatten().filter(|(name, _)| *name != "purpose");
                context.for_each(|(_, value)| take(Some(value), &mut found));
            }
            Service::Sqs => {
                let body = self.text("MessageBody").and_then(|body| serde_json::from_str::<Value>(body).ok());
                take(body.as_ref().and_then(|body| body.get("CustomerOrder")), &mut found);
            }
            Service::DynamoDbStreams | Service::SecretsManager => {}
        }
        found
    }
}

fn in_action(action: &Value, found: &mut Vec<String>) {
    for attributes in HOLDERS.iter().filter_map(|holder| action.get(holder)) {
        for name in NAMES {
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
    use axum::body::Bytes;
    use serde_json::json;

    use super::*;

    fn mentions(service: Service, json: Value) -> Vec<String> {
        let body = Bytes::from(json.to_string());
        Request { role: String::new(), service, operation: String::new(), json, body }.mentions()
    }

    #[test]
    fn a_request_names_its_orders_tokens_and_key_batches_and_nothing_else() {
        let item =
            json!({ "CustomerOrder": { "S": "1" }, "KeyBatchId": { "S": "k" }, "Address": { "S": "a" } });
        assert_eq!(mentions(Service::DynamoDb, json!({ "TableName": "T", "Item": item })), ["1", "k"]);
        let transaction = json!({ "TransactItems": [
            { "Put": { "Item": { "Hash_Key": { "S": "t" } } } },
            { "Delete": { "Key": { "CustomerOrder": { "S": "1" } } } },
        ]});
        assert_eq!(mentions(Service::DynamoDb, transaction), ["t", "1"]);
        let context = json!({ "EncryptionContext": { "purpose": "vault", "token": "t" }, "Plaintext": "p" });
        assert_eq!(mentions(Service::Kms, context), ["t"]);
        let letter = json!({ "MessageBody": "{\"CustomerOrder\":\"1\"}" });
        assert_eq!(mentions(Service::Sqs, letter), ["1"]);
        assert!(mentions(Service::Sqs, json!({ "MessageBody": "text" })).is_empty());
    }
}
