//! Resources that are made without a caller: keys, queues, event buses, tables, secrets.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{answer::Fault, endpoint::AwsEndpoint, request::Request, service::Service};

/// A service refused to make a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} was refused ({code})")]
pub struct Refused {
    /// The operation.
    pub operation: &'static str,
    /// The service's error code.
    pub code: String,
}

/// A KMS key that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedKey {
    pub id: String,
    pub arn: String,
}

/// An SQS queue that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedQueue {
    pub url: String,
    pub arn: String,
}

/// A DynamoDB table to be made; it is billed on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    pub name: String,
    /// Its key, hash first.
    pub key: Vec<KeyAttribute>,
    /// What the records of its stream hold, such as `NEW_AND_OLD_IMAGES`; `None`: it has no stream.
    pub stream_view_type: Option<String>,
    /// The attribute with the time (epoch seconds) from which a row may be deleted.
    pub ttl_attribute: Option<String>,
    /// Whether DeleteTable is refused.
    pub deletion_protection: bool,
}

/// One attribute of a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    pub name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A DynamoDB table that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedTable {
    pub arn: String,
    /// Its stream's ARN, when it has a stream.
    pub stream_arn: Option<String>,
}

/// What there is of a table that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundTable {
    /// No table of that name.
    None,
    /// One with that key, which has the wanted stream and settings from now on.
    Ready(CreatedTable),
    /// One with another key, or with other images in its stream.
    Another,
}

impl AwsEndpoint {
    /// The text of a key's policy; `None`: there is no such key.
    pub async fn key_policy(&self, arn: &str) -> Option<String> {
        let asked = json!({ "KeyId": arn });
        let read = self.call(Service::Kms, "GetKeyPolicy", asked).await.ok()?;
        Some(text(&read, "/Policy"))
    }

    /// Puts a policy of a key in place of the one before.
    ///
    /// # Errors
    /// [`Refused`] by KMS, as when a role that it names is not there.
    pub async fn put_key_policy(&self, arn: &str, policy: &str) -> Result<(), Refused> {
        let asked = json!({ "KeyId": arn, "Policy": policy });
        self.call(Service::Kms, "PutKeyPolicy", asked).await.map(drop)
    }

    /// Looks for a table, and gives it the stream, the time to live and the protection that it is to have.
    ///
    /// # Errors
    /// [`Refused`] by DynamoDB, as when rows expire by another attribute.
    pub async fn find_table(&self, table: &TableSpec) -> Result<FoundTable, Refused> {
        let name = json!({ "TableName": table.name });
        let there = match self.call(Service::DynamoDb, "DescribeTable", name.clone()).await {
            Ok(described) => described.get("Table").cloned().unwrap_or_default(),
            Err(refused) if refused.code.ends_with("ResourceNotFoundException") => {
                return Ok(FoundTable::None);
            }
            Err(refused) => return Err(refused),
        };
        let view = there.pointer("/StreamSpecification/StreamViewType").and_then(Value::as_str);
        let wanted = table.stream_view_type.as_deref();
        if !has_key(&there, &table.key) || view.zip(wanted).is_some_and(|(view, wanted)| view != wanted) {
            return Ok(FoundTable::Another);
        }
        let mut changes = Map::new();
        if let (None, Some(wanted)) = (view, wanted) {
            let stream = json!({ "StreamEnabled": true, "StreamViewType": wanted });
            changes.insert("StreamSpecification".to_owned(), stream);
        }
        let is_protected = there.get("DeletionProtectionEnabled").and_then(Value::as_bool);
        if is_protected.unwrap_or_default() != table.deletion_protection {
            changes.insert("DeletionProtectionEnabled".to_owned(), table.deletion_protection.into());
        }
        let there = if changes.is_empty() {
            there
        } else {
            changes.insert("TableName".to_owned(), table.name.as_str().into());
            let updated = self.call(Service::DynamoDb, "UpdateTable", changes.into()).await?;
            updated.get("TableDescription").cloned().unwrap_or_default()
        };
        if table.ttl_attribute.is_some() {
            let living = self.call(Service::DynamoDb, "DescribeTimeToLive", name).await?;
            if text(&living, "/TimeToLiveDescription/TimeToLiveStatus") != "ENABLED" {
                self.expire_rows(table).await?;
            }
        }
        Ok(FoundTable::Ready(CreatedTable {
            arn: text(&there, "/TableArn"),
            stream_arn: table.stream_view_type.as_ref().map(|_| text(&there, "/LatestStreamArn")),
        }))
    }

    async fn expire_rows(&self, table: &TableSpec) -> Result<(), Refused> {
        let Some(attribute) = &table.ttl_attribute else { return Ok(()) };
        let specification = json!({ "AttributeName": attribute, "Enabled": true });
        let asked = json!({ "TableName": table.name, "TimeToLiveSpecification": specification });
        self.call(Service::DynamoDb, "UpdateTimeToLive", asked).await.map(drop)
    }

    /// Makes a symmetric KMS key, with yearly rotation if so wanted.
    ///
    /// # Errors
    /// [`Refused`] by KMS.
    pub async fn create_key(&self, description: &str, rotation: bool) -> Result<CreatedKey, Refused> {
        let made = self.make_key(json!({ "Description": description })).await?;
        if rotation {
            self.call(Service::Kms, "EnableKeyRotation", json!({ "KeyId": made.id })).await?;
        }
        Ok(made)
    }

    /// Makes a KMS key of another `KeySpec` than a symmetric one's, for its `KeyUsage`.
    ///
    /// # Errors
    /// [`Refused`] when KMS here makes no such key.
    pub async fn create_key_of(
        &self,
        description: &str,
        spec: &str,
        usage: &str,
    ) -> Result<CreatedKey, Refused> {
        self.make_key(json!({ "Description": description, "KeySpec": spec, "KeyUsage": usage })).await
    }

    async fn make_key(&self, asked: serde_json::Value) -> Result<CreatedKey, Refused> {
        let made = self.call(Service::Kms, "CreateKey", asked).await?;
        let [id, arn] = ["/KeyMetadata/KeyId", "/KeyMetadata/Arn"].map(|at| text(&made, at));
        Ok(CreatedKey { id, arn })
    }

    /// Makes a symmetric KMS key under an id that it got before this endpoint was there: that of a key which the stack
    /// does not make, but is told of. A key that is there already stays as it is.
    ///
    /// # Errors
    /// [`Refused`] when this account and region can have no key of that ARN.
    pub fn known_key(&self, description: &str, arn: &str) -> Result<CreatedKey, Refused> {
        let id = arn.rsplit('/').next().and_then(|id| Uuid::try_parse(id).ok());
        let made = id.filter(|id| self.0.account.key_arn(*id) == arn);
        let made = made.and_then(|id| Some((id, self.0.kms.known_key(id, description)?)));
        let (id, arn) =
            made.ok_or_else(|| Refused { operation: "CreateKey", code: "InvalidArnException".to_owned() })?;
        Ok(CreatedKey { id: id.to_string(), arn })
    }

    /// Makes a standard queue, whose messages are kept for `retention`. One that is there gets these settings.
    ///
    /// # Errors
    /// [`Refused`] by SQS.
    pub async fn create_queue(
        &self,
        name: &str,
        retention: Duration,
        managed_sse: bool,
    ) -> Result<CreatedQueue, Refused> {
        let attributes = json!({
            "MessageRetentionPeriod": retention.as_secs().to_string(),
            "SqsManagedSseEnabled": managed_sse.to_string(),
        });
        let there = self.call(Service::Sqs, "GetQueueUrl", json!({ "QueueName": name })).await;
        let url = if let Ok(there) = there {
            let url = text(&there, "/QueueUrl");
            let asked = json!({ "QueueUrl": url, "Attributes": attributes });
            self.call(Service::Sqs, "SetQueueAttributes", asked).await?;
            url
        } else {
            let asked = json!({ "QueueName": name, "Attributes": attributes });
            text(&self.call(Service::Sqs, "CreateQueue", asked).await?, "/QueueUrl")
        };
        Ok(CreatedQueue { url, arn: self.0.account.arn("sqs", name) })
    }

    /// Makes an event bus, and gives its ARN.
    #[must_use]
    pub fn create_event_bus(&self, name: &str) -> String {
        self.0.events.make_bus(name)
    }

    /// Makes a rule of an event bus with its targets, from the properties of an `AWS::Events::Rule`, and gives its ARN.
    ///
    /// # Errors
    /// [`Refused`] by EventBridge, as when something of it is not here.
    pub async fn create_rule(&self, properties: &Value) -> Result<String, Refused> {
        let mut rule = properties.clone();
        let targets = rule.as_object_mut().and_then(|rule| rule.remove("Targets"));
        if let Some(pattern) = rule.get_mut("EventPattern").filter(|pattern| pattern.is_object()) {
            *pattern = pattern.to_string().into();
        }
        let [name, bus] = ["Name", "EventBusName"].map(|member| rule.get(member).cloned());
        let arn = text(&self.call(Service::EventBridge, "PutRule", rule).await?, "/RuleArn");
        if let Some(targets) = targets {
            let asked = json!({ "Rule": name, "EventBusName": bus, "Targets": targets });
            self.call(Service::EventBridge, "PutTargets", asked).await?;
        }
        Ok(arn)
    }

    /// Gives a queue a policy of its own.
    ///
    /// # Errors
    /// [`Refused`] when there is no such queue.
    pub async fn set_queue_policy(&self, queue_url: &str, policy: &Value) -> Result<(), Refused> {
        let asked = json!({ "QueueUrl": queue_url, "Attributes": { "Policy": policy.to_string() } });
        self.call(Service::Sqs, "SetQueueAttributes", asked).await.map(drop)
    }

    /// Makes a table.
    ///
    /// # Errors
    /// [`Refused`] by DynamoDB, as when there is one of that name.
    pub async fn create_table(&self, table: &TableSpec) -> Result<CreatedTable, Refused> {
        let definition =
            |key: &KeyAttribute| json!({ "AttributeName": key.name, "AttributeType": key.attribute_type });
        let part = |key: &KeyAttribute| json!({ "AttributeName": key.name, "KeyType": key.key_type });
        let stream = match &table.stream_view_type {
            Some(view) => json!({ "StreamEnabled": true, "StreamViewType": view }),
            None => json!({ "StreamEnabled": false }),
        };
        let asked = json!({
            "TableName": table.name,
            "AttributeDefinitions": table.key.iter().map(definition).collect::<Vec<_>>(),
            "KeySchema": table.key.iter().map(part).collect::<Vec<_>>(),
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": table.deletion_protection,
            "StreamSpecification": stream,
        });
        let made = self.call(Service::DynamoDb, "CreateTable", asked).await?;
        self.expire_rows(table).await?;
        let stream_arn = || text(&made, "/TableDescription/LatestStreamArn");
        Ok(CreatedTable {
            arn: text(&made, "/TableDescription/TableArn"),
            stream_arn: table.stream_view_type.as_ref().map(|_| stream_arn()),
        })
    }

    /// Makes a secret with a text in Secrets Manager, and gives its ARN. One of that name has this text afterwards.
    ///
    /// # Errors
    /// [`Refused`] by Secrets Manager.
    pub async fn make_secret(&self, name: &str, secret: &str) -> Result<String, Refused> {
        let there = self.call(Service::SecretsManager, "GetSecretValue", json!({ "SecretId": name })).await;
        if let Ok(there) = there {
            let arn = text(&there, "/ARN");
            if text(&there, "/SecretString") != secret {
                self.change_secret(&arn, secret).await?;
            }
            return Ok(arn);
        }
        let asked = json!({ "Name": name, "SecretString": secret, "ClientRequestToken": Uuid::new_v4() });
        Ok(text(&self.call(Service::SecretsManager, "CreateSecret", asked).await?, "/ARN"))
    }

    /// Puts another text into a secret: it is rotated.
    ///
    /// # Errors
    /// [`Refused`] when there is no such secret.
    pub async fn change_secret(&self, arn: &str, secret: &str) -> Result<(), Refused> {
        let asked = json!({ "SecretId": arn, "SecretString": secret, "ClientRequestToken": Uuid::new_v4() });
        self.call(Service::SecretsManager, "PutSecretValue", asked).await.map(drop)
    }

    /// A call by the endpoint itself, without a policy check.
    async fn call(&self, service: Service, operation: &'static str, asked: Value) -> Result<Value, Refused> {
        let performed = self.0.perform(Request::own(service, operation, asked)).await;
        let answer = performed.unwrap_or_else(Fault::answer);
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status.is_success() {
            return Ok(body);
        }
        Err(Refused { operation, code: text(&body, "/__type") })
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether a table that is there has this key.
fn has_key(there: &Value, key: &[KeyAttribute]) -> bool {
    let list = |name: &str| there.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (parts, definitions) = (list("KeySchema"), list("AttributeDefinitions"));
    let has = |wanted: &KeyAttribute| {
        let part = json!({ "AttributeName": wanted.name, "KeyType": wanted.key_type });
        let definition = json!({ "AttributeName": wanted.name, "AttributeType": wanted.attribute_type });
        parts.contains(&part) && definitions.contains(&definition)
    };
    parts.len() == key.len() && key.iter().all(has)
}
