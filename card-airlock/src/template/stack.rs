//! What the template declares, with every value known: the part of it that runs on this machine.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{Resources, Template, TemplateError, views};

/// A template with every value known.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The tables.
    pub tables: Vec<Table>,
    /// The KMS keys.
    pub keys: Vec<Key>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The functions.
    pub functions: Vec<LambdaFunction>,
    /// The API and its routes.
    pub api: Api,
    /// The streams that invoke functions.
    pub stream_mappings: Vec<StreamMapping>,
    /// The schedules that invoke functions.
    pub schedules: Vec<Schedule>,
    /// The user pool's id, the end of its tokens' issuer.
    pub user_pool_id: String,
    /// The user pool's client, the audience of its tokens.
    pub user_pool_client_id: String,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, String>,
    properties: BTreeMap<String, Value>,
}

impl Stack {
    /// All properties of a resource as declared, with every value known.
    #[must_use]
    pub fn properties(&self, logical_id: &str) -> Option<&Value> {
        self.properties.get(logical_id)
    }

    /// The function with a logical id.
    #[must_use]
    pub fn function(&self, logical_id: &str) -> Option<&LambdaFunction> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }
}

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its logical id.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// Its key, hash first.
    pub key: Vec<KeyAttribute>,
    /// What its stream's records hold, if it has a stream.
    pub stream_view_type: Option<String>,
    /// The attribute with the time (epoch seconds) from which a row may be deleted.
    pub ttl_attribute: Option<String>,
    /// Whether DeleteTable is refused.
    pub deletion_protection: bool,
    /// Whether it can be restored to any second of the last weeks.
    pub point_in_time_recovery: bool,
}

/// One attribute of a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its logical id.
    pub logical_id: String,
    /// Whether its material is replaced every year.
    pub rotation: bool,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its logical id.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// How long a message is kept.
    pub retention: Duration,
    /// Whether SQS encrypts it with a key of its own.
    pub managed_sse: bool,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFunction {
    /// Its logical id.
    pub logical_id: String,
    /// The logical id of its role: on this machine its access-key id.
    pub role: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MiB.
    pub memory_mib: u32,
    /// The program that is built for it (`Metadata`, `BuildProperties`, `Binary`); empty when it names none.
    pub binary: String,
}

/// The REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its logical id.
    pub logical_id: String,
    /// What `Ref` gives for it: its id.
    pub id: String,
    /// Its stage, the first part of every path.
    pub stage: String,
    /// Its routes.
    pub routes: Vec<Route>,
    /// What it answers to a browser that asks before it calls; `None`: nothing.
    pub cors: Option<Cors>,
}

/// What a preflight is answered, as SAM writes it; the methods are each path's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origin whose pages may call; `None`: an answer that names none, which a browser takes for a refusal.
    pub allow_origin: Option<String>,
    /// The headers that they may send.
    pub allow_headers: String,
    /// How many seconds a browser may remember the answer.
    pub max_age: String,
}

/// One route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path with its parameters: `/order/{CustomerOrder}`.
    pub path: String,
    /// The logical id of the function behind it.
    pub function: String,
    /// Whether it takes a user pool's token.
    pub requires_auth: bool,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The logical id of the function.
    pub function: String,
    /// How often.
    pub every: Duration,
    /// The event it is invoked with.
    pub input: String,
}

/// An event source mapping from a table's stream to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMapping {
    /// The logical id of the function.
    pub function: String,
    /// The stream.
    pub stream_arn: String,
    /// Where a new mapping starts: `TRIM_HORIZON` or `LATEST`.
    pub starting_position: String,
    /// The most records of one batch.
    pub batch_size: u32,
    /// How long to gather a batch.
    pub maximum_batching_window: Duration,
    /// How many batches of one shard may run at once.
    pub parallelization_factor: u32,
    /// Whether the function may answer with the records that failed.
    pub report_batch_item_failures: bool,
    /// Whether a failed batch is split in two.
    pub bisect_batch_on_function_error: bool,
    /// How often a failed batch is tried again; `None`: until its records expire.
    pub maximum_retry_attempts: Option<u32>,
    /// How old a record may get; `None`: until it expires.
    pub maximum_record_age: Option<Duration>,
    /// The queue (ARN) told what was given up.
    pub on_failure_arn: Option<String>,
    /// Filter patterns (JSON): a record that matches none is dropped. No patterns: nothing is dropped.
    pub filter_patterns: Vec<String>,
}

pub(super) fn resolve(template: &Template, resources: &Resources) -> Result<Stack, TemplateError> {
    let mut properties = BTreeMap::new();
    for (logical_id, resource) in &template.resources {
        let resolved = template.evaluator(logical_id, resources).all(&resource.properties)?;
        properties.insert(logical_id.clone(), resolved);
    }
    let only = |kind: &str| -> Result<&str, TemplateError> {
        let mut ids = template.resources.iter().filter(|(_, resource)| resource.kind == kind);
        match (ids.next(), ids.next()) {
            (Some((logical_id, _)), None) => Ok(logical_id),
            _ => Err(TemplateError::malformed(kind, "the template must have exactly one")),
        }
    };
    let reference = |logical_id: &str| -> Result<String, TemplateError> {
        let reference = resources.reference(logical_id).map(str::to_owned);
        reference.ok_or_else(|| TemplateError::unknown(logical_id, "name for it"))
    };

    let api_id = only("AWS::Serverless::Api")?;
    let api_reference = reference(api_id)?;
    let mut api = views::api(api_id, &api_reference, properties.get(api_id).cloned().unwrap_or_default())?;
    let mut functions = Vec::new();
    let mut stream_mappings = Vec::new();
    let mut schedules = Vec::new();
    for (logical_id, resource) in
        template.resources.iter().filter(|(_, r)| r.kind == "AWS::Serverless::Function")
    {
        let binary = resource.binary.clone();
        let declared =
            views::function(logical_id, binary, properties.get(logical_id).cloned().unwrap_or_default())?;
        functions.push(declared.function);
        stream_mappings.extend(declared.stream_mappings);
        schedules.extend(declared.schedules);
        api.api
            .routes
            .extend(declared.routes.into_iter().map(|route| route.of(&api)).collect::<Result<Vec<_>, _>>()?);
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in &template.outputs {
        let value = output.get("Value").ok_or_else(|| TemplateError::malformed(name, "it has no Value"))?;
        match template.evaluator(name, resources).all(value)? {
            Value::String(value) => outputs.insert(name.clone(), value),
            _ => return Err(TemplateError::malformed(name, "its Value must be text")),
        };
    }
    Ok(Stack {
        tables: template.tables(resources)?,
        keys: template.keys(resources)?,
        queues: template.queues(resources)?,
        functions,
        api: api.api,
        stream_mappings,
        schedules,
        user_pool_id: reference(only("AWS::Cognito::UserPool")?)?,
        user_pool_client_id: reference(only("AWS::Cognito::UserPoolClient")?)?,
        outputs,
        properties,
    })
}
