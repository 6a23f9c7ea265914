//! From a resource's properties to the terms of this machine.

use std::{collections::BTreeMap, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    declared::{
        Api, Cors, EventBus, Key, KeyAttribute, LambdaFunction, Queue, Route, Schedule, StreamMapping, Table,
    },
    deployment::Deployment,
    properties::{
        ApiEvent, ApiProperties, EventBusProperties, FunctionProperties, KeyProperties, QueueProperties,
        ScheduleEvent, StreamEvent, TableProperties,
    },
    template_error::TemplateError,
};

pub(crate) fn table(
    logical_id: &str,
    properties: Value,
    deployment: &Deployment,
) -> Result<Table, TemplateError> {
    let declared: TableProperties = read(logical_id, properties)?;
    let types: BTreeMap<String, String> =
        declared.attribute_definitions.into_iter().map(|a| (a.attribute_name, a.attribute_type)).collect();
    let key = declared.key_schema.into_iter().map(|part| {
        let attribute_type = types.get(&part.attribute_name).cloned();
        let attribute_type = attribute_type
            .ok_or_else(|| TemplateError::unknown(logical_id, format!("type for {}", part.attribute_name)))?;
        Ok(KeyAttribute { name: part.attribute_name, key_type: part.key_type, attribute_type })
    });
    if declared.billing_mode != "PAY_PER_REQUEST" {
        return Err(TemplateError::unsupported(logical_id, declared.billing_mode));
    }
    Ok(Table {
        logical_id: logical_id.to_owned(),
        key: key.collect::<Result<_, TemplateError>>()?,
        name: declared.table_name.unwrap_or_else(|| deployment.name(logical_id)),
        stream_view_type: declared.stream_specification.map(|stream| stream.stream_view_type),
        ttl_attribute: declared
            .time_to_live_specification
            .filter(|ttl| ttl.enabled)
            .map(|ttl| ttl.attribute_name),
        deletion_protection: declared.deletion_protection_enabled,
        point_in_time_recovery: declared
            .point_in_time_recovery_specification
            .is_some_and(|recovery| recovery.point_in_time_recovery_enabled),
    })
}

pub(crate) fn key(logical_id: &str, properties: Value) -> Result<Key, TemplateError> {
    let declared: KeyProperties = read(logical_id, properties)?;
    Ok(Key {
        logical_id: logical_id.to_owned(),
        rotation: declared.enable_key_rotation,
        spec: declared.key_spec,
        usage: declared.key_usage,
    })
}

pub(crate) fn queue(
    logical_id: &str,
    properties: Value,
    deployment: &Deployment,
) -> Result<Queue, TemplateError> {
    let declared: QueueProperties = read(logical_id, properties)?;
    Ok(Queue {
        logical_id: logical_id.to_owned(),
        name: declared.queue_name.unwrap_or_else(|| deployment.name(logical_id)),
        retention: Duration::from_secs(declared.message_retention_period),
        managed_sse: declared.sqs_managed_sse_enabled,
    })
}

pub(crate) fn event_bus(logical_id: &str, properties: Value) -> Result<EventBus, TemplateError> {
    let declared: EventBusProperties = read(logical_id, properties)?;
    Ok(EventBus { logical_id: logical_id.to_owned(), name: declared.name })
}

/// The API without its routes, and what its routes inherit.
pub(crate) struct DeclaredApi {
    pub(crate) api: Api,
    default_authorizer: Option<String>,
    authorizers: Vec<String>,
}

pub(crate) fn api(logical_id: &str, id: &str, properties: Value) -> Result<DeclaredApi, TemplateError> {
    let declared: ApiProperties = read(logical_id, properties)?;
    let auth = declared.auth.unwrap_or_default();
    let guarded = auth.default_authorizer.is_some() && auth.add_default_authorizer_to_cors_preflight;
    if declared.cors.is_some() && guarded {
        return Err(TemplateError::unsupported(logical_id, "an authorizer before a preflight"));
    }
    // A value that is not an expression is written in single quotes there.
    let plain = |value: String| match value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(plain) => Ok(plain.to_owned()),
        None => Err(TemplateError::malformed(logical_id, "what Cors allows stands in single quotes")),
    };
    let cors = declared.cors.map(|cors| {
        Ok(Cors {
            allow_origin: cors.allow_origin.map(plain).transpose()?,
            allow_headers: plain(cors.allow_headers)?,
            max_age: plain(cors.max_age)?,
        })
    });
    Ok(DeclaredApi {
        api: Api {
            logical_id: logical_id.to_owned(),
            id: id.to_owned(),
            stage: declared.stage_name,
            routes: Vec::new(),
            cors: cors.transpose()?,
        },
        default_authorizer: auth.default_authorizer,
        authorizers: auth.authorizers.into_keys().collect(),
    })
}

/// A function with the events that invoke it.
pub(crate) struct DeclaredFunction {
    pub(crate) function: LambdaFunction,
    pub(crate) routes: Vec<DeclaredRoute>,
    pub(crate) stream_mappings: Vec<StreamMapping>,
    pub(crate) schedules: Vec<Schedule>,
}

/// A route that does not know its API yet.
pub(crate) struct DeclaredRoute {
    function: String,
    event: ApiEvent,
}

impl DeclaredRoute {
    pub(crate) fn of(self, api: &DeclaredApi) -> Result<Route, TemplateError> {
        if self.event.rest_api_id != api.api.id {
            return Err(TemplateError::unknown(&self.function, self.event.rest_api_id));
        }
        let own = self.event.auth.and_then(|auth| auth.authorizer);
        let requires_auth = match own.or_else(|| api.default_authorizer.clone()) {
            None => false,
            Some(name) if name == "NONE" => false,
            Some(name) if api.authorizers.contains(&name) => true,
            Some(name) => return Err(TemplateError::unknown(&self.function, format!("authorizer {name}"))),
        };
        Ok(Route {
            method: self.event.method.to_uppercase(),
            path: self.event.path,
            function: self.function,
            requires_auth,
        })
    }
}

pub(crate) fn function(
    logical_id: &str,
    binary: String,
    properties: Value,
) -> Result<DeclaredFunction, TemplateError> {
    let declared: FunctionProperties = read(logical_id, properties)?;
    let role = role_name(&declared.role);
    let mut routes = Vec::new();
    let mut stream_mappings = Vec::new();
    let mut schedules = Vec::new();
    for (name, event) in declared.events {
        let place = format!("{logical_id}.{name}");
        match event.kind.as_str() {
            "Api" => {
                let event = read(&place, event.properties)?;
                routes.push(DeclaredRoute { function: logical_id.to_owned(), event });
            }
            "DynamoDB" => stream_mappings.push(stream_mapping(logical_id, name, &place, event.properties)?),
            "Schedule" => schedules.push(schedule(logical_id, &place, event.properties)?),
            other => return Err(TemplateError::unsupported(&place, other)),
        }
    }
    let environment = declared.environment.variables.into_iter();
    let environment = environment.map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
        _ => Err(TemplateError::malformed(logical_id, format!("{name} must be text"))),
    });
    let function = LambdaFunction {
        logical_id: logical_id.to_owned(),
        role,
        environment: environment.collect::<Result<_, _>>()?,
        timeout: Duration::from_secs(declared.timeout),
        memory_mib: declared.memory_size,
        binary,
    };
    Ok(DeclaredFunction { function, routes, stream_mappings, schedules })
}

/// The logical id of a role, which is its name here.
pub(crate) fn role_name(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

/// `rate(5 minutes)`; of the schedules that EventBridge knows, the one kind used here.
fn schedule(function: &str, place: &str, properties: Value) -> Result<Schedule, TemplateError> {
    let declared: ScheduleEvent = read(place, properties)?;
    let rate = declared.schedule.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let every = rate.and_then(|rate| rate.split_once(' ')).and_then(|(number, unit)| {
        let unit = match unit {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 60 * 60,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(unit)
    });
    let every = every.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let every = every.ok_or_else(|| TemplateError::unsupported(place, "this schedule"))?;
    Ok(Schedule { function: function.to_owned(), every, input: declared.input })
}

fn stream_mapping(
    function: &str,
    event: String,
    place: &str,
    properties: Value,
) -> Result<StreamMapping, TemplateError> {
    let declared: StreamEvent = read(place, properties)?;
    let mut report_batch_item_failures = false;
    for response in declared.function_response_types {
        match response.as_str() {
            "ReportBatchItemFailures" => report_batch_item_failures = true,
            other => return Err(TemplateError::unsupported(place, other)),
        }
    }
    // −1 is AWS's word for "without end" in both.
    let finite = |value: i64| u32::try_from(value).ok();
    Ok(StreamMapping {
        function: function.to_owned(),
        event,
        stream_arn: declared.stream,
        starting_position: declared.starting_position,
        batch_size: declared.batch_size,
        maximum_batching_window: Duration::from_secs(declared.maximum_batching_window_in_seconds),
        parallelization_factor: declared.parallelization_factor,
        report_batch_item_failures,
        bisect_batch_on_function_error: declared.bisect_batch_on_function_error,
        maximum_retry_attempts: finite(declared.maximum_retry_attempts),
        maximum_record_age: finite(declared.maximum_record_age_in_seconds)
            .map(|seconds| Duration::from_secs(u64::from(seconds))),
        on_failure_arn: declared.destination_config.map(|config| config.on_failure.destination),
        filter_patterns: declared.filter_criteria.filters.into_iter().map(|filter| filter.pattern).collect(),
    })
}

fn read<T: DeserializeOwned>(logical_id: &str, properties: Value) -> Result<T, TemplateError> {
    serde_json::from_value(properties)
        .map_err(|error| TemplateError::malformed(logical_id, error.to_string()))
}
