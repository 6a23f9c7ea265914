//! Makes what the template declares, as CloudFormation would: keys, queues, tables.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{AwsEndpoint, PoliciesError, Service, policies::policies, request::Request};
use crate::template::{ACCOUNT_ID, Key, Queue, REGION, Resources, Table, Template, TemplateError};

/// Why the template's resources could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The template does not say what to make.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's policies cannot be enforced here.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// A service refused to make a resource.
    #[error("{logical_id}: {operation} was refused ({code})")]
    Refused {
        /// The resource.
        logical_id: String,
        /// What was asked.
        operation: String,
        /// The service's error code.
        code: String,
    },
}

impl AwsEndpoint {
    /// Makes the template's keys, queues and tables, puts its policies in force, and reports the attributes of
    /// every resource.
    ///
    /// # Errors
    /// A template that cannot be read or enforced, or a resource that a service refuses, as when it is there already.
    pub async fn provision(&self, template: &Template) -> Result<Resources, ProvisionError> {
        let mut resources = template.named_here();
        for key in template.keys(&resources)? {
            self.make_key(&key, &mut resources).await?;
        }
        for queue in template.queues(&resources)? {
            self.make_queue(&queue, &mut resources).await?;
        }
        for table in template.tables(&resources)? {
            self.make_table(&table, &mut resources).await?;
        }
        self.0.iam.enforce(policies(template, &resources)?);
        Ok(resources)
    }

    async fn make_key(&self, key: &Key, resources: &mut Resources) -> Result<(), ProvisionError> {
        let service = Maker { endpoint: self, service: Service::Kms, logical_id: &key.logical_id };
        let made = service.ask("CreateKey", json!({ "Description": key.logical_id })).await?;
        let [id, arn] = ["/KeyMetadata/KeyId", "/KeyMetadata/Arn"].map(|at| text(&made, at));
        if key.rotation {
            service.ask("EnableKeyRotation", json!({ "KeyId": id })).await?;
        }
        resources.insert(&key.logical_id, &id, [("Arn", &arn), ("KeyId", &id)]);
        Ok(())
    }

    /// Keeps a text in Secrets Manager, and gives the secret's ARN.
    ///
    /// # Errors
    /// When there is one of that name.
    pub async fn make_secret(&self, name: &str, text_kept: &str) -> Result<String, ProvisionError> {
        let service = Maker { endpoint: self, service: Service::SecretsManager, logical_id: name };
        let asked = json!({ "Name": name, "SecretString": text_kept, "ClientRequestToken": Uuid::new_v4() });
        Ok(text(&service.ask("CreateSecret", asked).await?, "/ARN"))
    }

    /// Another text in a secret: it is rotated.
    ///
    /// # Errors
    /// When there is no such secret.
    pub async fn change_secret(&self, arn: &str, text_kept: &str) -> Result<(), ProvisionError> {
        let service = Maker { endpoint: self, service: Service::SecretsManager, logical_id: arn };
        let asked =
            json!({ "SecretId": arn, "SecretString": text_kept, "ClientRequestToken": Uuid::new_v4() });
        service.ask("PutSecretValue", asked).await.map(drop)
    }

    async fn make_queue(&self, queue: &Queue, resources: &mut Resources) -> Result<(), ProvisionError> {
        let service = Maker { endpoint: self, service: Service::Sqs, logical_id: &queue.logical_id };
        let attributes = json!({
            "MessageRetentionPeriod": queue.retention.as_secs().to_string(),
            "SqsManagedSseEnabled": queue.managed_sse.to_string(),
        });
        let asked = json!({ "QueueName": queue.name, "Attributes": attributes });
        let url = text(&service.ask("CreateQueue", asked).await?, "/QueueUrl");
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{}", queue.name);
        let attributes = [("Arn", arn.as_str()), ("QueueName", &queue.name), ("QueueUrl", &url)];
        resources.insert(&queue.logical_id, &url, attributes);
        Ok(())
    }

    async fn make_table(&self, table: &Table, resources: &mut Resources) -> Result<(), ProvisionError> {
        let service = Maker { endpoint: self, service: Service::DynamoDb, logical_id: &table.logical_id };
        let definitions: Vec<Value> = table
            .key
            .iter()
            .map(|key| json!({ "AttributeName": key.name, "AttributeType": key.attribute_type }))
            .collect();
        let schema: Vec<Value> = table
            .key
            .iter()
            .map(|key| json!({ "AttributeName": key.name, "KeyType": key.key_type }))
            .collect();
        let stream = match &table.stream_view_type {
            Some(view) => json!({ "StreamEnabled": true, "StreamViewType": view }),
            None => json!({ "StreamEnabled": false }),
        };
        let asked = json!({
            "TableName": table.name,
            "AttributeDefinitions": definitions,
            "KeySchema": schema,
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": table.deletion_protection,
            "StreamSpecification": stream,
        });
        let made = service.ask("CreateTable", asked).await?;
        if let Some(attribute) = &table.ttl_attribute {
            let specification = json!({ "AttributeName": attribute, "Enabled": true });
            let asked = json!({ "TableName": table.name, "TimeToLiveSpecification": specification });
            service.ask("UpdateTimeToLive", asked).await?;
        }
        let arn = text(&made, "/TableDescription/TableArn");
        match table.stream_view_type {
            Some(_) => {
                let stream_arn = text(&made, "/TableDescription/LatestStreamArn");
                resources.insert(&table.logical_id, &table.name, [("Arn", &arn), ("StreamArn", &stream_arn)]);
            }
            None => resources.insert(&table.logical_id, &table.name, [("Arn", &arn)]),
        }
        Ok(())
    }
}

/// Asks one service on behalf of one resource.
struct Maker<'a> {
    endpoint: &'a AwsEndpoint,
    service: Service,
    logical_id: &'a str,
}

impl Maker<'_> {
    async fn ask(&self, operation: &str, asked: Value) -> Result<Value, ProvisionError> {
        let performed = self.endpoint.0.perform(Request::own(self.service, operation, asked)).await;
        let answer = performed.unwrap_or_else(super::Fault::answer);
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status.is_success() {
            return Ok(body);
        }
        Err(ProvisionError::Refused {
            logical_id: self.logical_id.to_owned(),
            operation: operation.to_owned(),
            code: text(&body, "/__type"),
        })
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
