//! The AWS of this machine: the endpoint with this application's names, and the resources of the template in it.

use std::future::Future;

use card_airlock_gateway as gateway;
use card_airlock_services::{
    Account, AwsEndpoint, CreatedKey, EndpointOptions, FoundTable, Keep, KeepError, KeyAttribute, Refused,
    RequestNames, StartError, TableSpec,
};
use card_airlock_template::{Key, Resources, Table, Template, TemplateError};
use clock::Clock;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    deployment::{ACCOUNT_ID, REGION, STACK_NAME},
    key_policies::{self, KeyPoliciesError},
    policies::{PoliciesError, policies},
    previous_key,
};

/// The attributes that tie a call to an order.
const IDENTIFIERS: [&str; 4] = ["CustomerOrder", "Hash_Key", "CreditCardToken", "KeyBatchId"];

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
    #[error("{0}: {1}")]
    Refused(String, Refused),
    /// What was made before cannot be read.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The policies of keys cannot be put in force.
    #[error(transparent)]
    KeyPolicies(#[from] KeyPoliciesError),
    /// A table that is there is another one than the template's.
    #[error(
        "the table {0} that was kept has another key, or another kind of stream, than template.yaml declares: use the \
         version of the program that made it, or start with another folder"
    )]
    AnotherTable(String),
}

/// Starts the endpoint in memory; it serves until `shutdown` completes. `clock` is DynamoDB's time.
///
/// # Errors
/// As [`AwsEndpoint::start`].
pub async fn start(
    listener: TcpListener,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<AwsEndpoint, StartError> {
    start_keeping(listener, clock, None, shutdown).await
}

/// The same, with what it is to keep beyond the process.
pub(crate) async fn start_keeping(
    listener: TcpListener,
    clock: Clock,
    keep: Option<Keep>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<AwsEndpoint, StartError> {
    let options = EndpointOptions {
        clock,
        account: Account { region: REGION.to_owned(), id: ACCOUNT_ID.to_owned() },
        names: RequestNames {
            identifiers: IDENTIFIERS.map(str::to_owned).into(),
            purpose: "purpose".to_owned(),
        },
        guard: gateway::is_local,
        keep,
    };
    AwsEndpoint::start(listener, options, shutdown).await
}

/// Makes the template's keys, queues, event buses, tables and rules, puts its policies in force, and reports the attributes of each
/// resource. What an endpoint has kept of an earlier start stays, with what is in it.
///
/// # Errors
/// A template that cannot be read or enforced, or a resource that a service refuses or that is another one now.
pub async fn provision(aws: &AwsEndpoint, template: &Template) -> Result<Resources, ProvisionError> {
    let mut resources = template.named_here();
    let refused = |logical_id: &str| {
        let logical_id = logical_id.to_owned();
        move |refused| ProvisionError::Refused(logical_id, refused)
    };
    for key in template.keys(&resources)? {
        let made = provided_key(aws, &key).await?;
        resources.insert(&key.logical_id, &made.id, [("Arn", &made.arn), ("KeyId", &made.id)]);
    }
    if let Some(arn) = previous_key::arn(template) {
        aws.known_key(previous_key::NAME, arn).map_err(refused("PreviousVaultKeyArn"))?;
    }
    // The AWS sample's own key, whose policy lets the account decide.
    if let Some(arn) = template.parameter("ImportVaultKeyArn").filter(|arn| !arn.is_empty()) {
        aws.known_key("ImportVaultKey", arn).map_err(refused("ImportVaultKeyArn"))?;
    }
    for queue in template.queues(&resources)? {
        let made = aws.create_queue(&queue.name, queue.retention, queue.managed_sse).await;
        let made = made.map_err(refused(&queue.logical_id))?;
        let attributes = [("Arn", made.arn.as_str()), ("QueueName", &queue.name), ("QueueUrl", &made.url)];
        resources.insert(&queue.logical_id, &made.url, attributes);
    }
    for bus in template.event_buses(&resources)? {
        let arn = aws.create_event_bus(&bus.name);
        resources.insert(&bus.logical_id, &bus.name, [("Arn", &arn), ("Name", &bus.name)]);
    }
    for table in template.tables(&resources)? {
        let logical_id = table.logical_id.clone();
        let spec = table_spec(table);
        let made = match aws.find_table(&spec).await.map_err(refused(&logical_id))? {
            FoundTable::Ready(table) => table,
            FoundTable::None => aws.create_table(&spec).await.map_err(refused(&logical_id))?,
            FoundTable::Another => return Err(ProvisionError::AnotherTable(logical_id)),
        };
        match &made.stream_arn {
            Some(stream) => {
                resources.insert(&logical_id, &spec.name, [("Arn", &made.arn), ("StreamArn", stream)]);
            }
            None => resources.insert(&logical_id, &spec.name, [("Arn", &made.arn)]),
        }
    }
    for (logical_id, mut rule) in template.properties_of("AWS::Events::Rule", &resources)? {
        let given = rule.get("Name").and_then(Value::as_str).map(str::to_owned);
        let name = given.unwrap_or_else(|| format!("{STACK_NAME}-{logical_id}"));
        if let Some(rule) = rule.as_object_mut() {
            rule.insert("Name".to_owned(), name.as_str().into());
        }
        let arn = aws.create_rule(&rule).await.map_err(refused(&logical_id))?;
        resources.insert(&logical_id, &name, [("Arn", &arn)]);
    }
    for (logical_id, declared) in template.properties_of("AWS::SQS::QueuePolicy", &resources)? {
        let policy = declared.get("PolicyDocument").unwrap_or(&Value::Null);
        let queues = declared.get("Queues").and_then(Value::as_array).into_iter().flatten();
        for queue in queues.filter_map(Value::as_str) {
            aws.set_queue_policy(queue, policy).await.map_err(refused(&logical_id))?;
        }
    }
    key_policies::enforce(aws, policies(template, &resources)?).await?;
    Ok(resources)
}

/// The key that was made for this resource, at this start or at an earlier one. One that somebody has deleted since is not
/// made again, as CloudFormation does not: what it sealed would still not open.
async fn provided_key(aws: &AwsEndpoint, key: &Key) -> Result<CreatedKey, ProvisionError> {
    let made_before = aws.store().part("stack.keys");
    let name = &key.logical_id;
    if let Some(made) = made_before.one(name)? {
        return Ok(made);
    }
    let made = match &key.spec {
        Some(spec) => aws.create_key_of(name, spec, key.usage.as_deref().unwrap_or_default()).await,
        None => aws.create_key(name, key.rotation).await,
    };
    let made = made.map_err(|refused| ProvisionError::Refused(name.clone(), refused))?;
    made_before.put(name, &made);
    Ok(made)
}

fn table_spec(declared: Table) -> TableSpec {
    let key = declared.key.into_iter().map(|key| KeyAttribute {
        name: key.name,
        key_type: key.key_type,
        attribute_type: key.attribute_type,
    });
    TableSpec {
        name: declared.name,
        key: key.collect(),
        stream_view_type: declared.stream_view_type,
        ttl_attribute: declared.ttl_attribute,
        deletion_protection: declared.deletion_protection,
    }
}
