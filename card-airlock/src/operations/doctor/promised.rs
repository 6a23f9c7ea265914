//! What the template promises of a stack: the template that is compiled in, with the stack's own parameters and names.

use std::collections::BTreeMap;

use card_airlock_template::{Deployment, Resources, Stack, Template, TemplateError};
use serde_json::Value;

use super::super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
    names::StackNames,
};
use crate::deployment::SHIPPED;

/// Why it cannot be told what the stack should be.
#[derive(Debug, thiserror::Error)]
pub enum PromisedError {
    /// The stack was deployed from another release's template.
    #[error(
        "the stack does not fit the template of this program: {0}; use the release that it was deployed from"
    )]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Call(#[from] CallError),
    /// The template has no such key.
    #[error("the template has no key of this name: it has QuarantineKey, VaultKey and CardKeyKey")]
    NoKey,
}

/// What the template promises.
#[derive(Debug)]
pub(super) struct Promised {
    pub(super) stack: Stack,
    key_policies: BTreeMap<String, Value>,
    /// The names of the stack's alarms, by logical id.
    pub(super) alarms: BTreeMap<String, String>,
    /// The names of its log groups.
    pub(super) log_groups: BTreeMap<String, String>,
    pub(super) retention_days: i64,
}

impl Promised {
    pub(super) async fn of(access: &StackAccess) -> Result<Self, PromisedError> {
        let names = access.names();
        let deployment = Deployment {
            region: names.region.clone(),
            account_id: names.account_id.clone(),
            stack_name: names.stack_name.clone(),
            user_pool_id: names.physical("UserPool")?.to_owned(),
            user_pool_client_id: names.physical("UserPoolClient")?.to_owned(),
        };
        let mut parameters = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
        parameters.extend(names.parameters.clone());
        let template = Template::parse(SHIPPED, deployment, &parameters)?;
        let resources = resources(&template, names, &streams(&template, access).await?);
        let stack = template.resolve(&resources)?;
        let of_kind = |kind: &str| {
            let ids = template.logical_ids().filter(|id| template.kind(id) == Some(kind));
            let named = ids.map(|id| Ok((id.to_owned(), names.physical(id)?.to_owned())));
            named.collect::<Result<BTreeMap<_, _>, AccessError>>()
        };
        let policies = template.properties_of("AWS::KMS::Key", &resources)?.into_iter();
        let policy = |(id, properties): (String, Value)| {
            (id, properties.get("KeyPolicy").cloned().unwrap_or_default())
        };
        let log_groups = of_kind("AWS::Logs::LogGroup")?;
        let retention = log_groups.keys().next().and_then(|id| stack.properties(id)?.get("RetentionInDays"));
        let retention = retention.map(|days| days.as_str().map_or_else(|| days.to_string(), str::to_owned));
        Ok(Self {
            key_policies: policies.map(policy).collect(),
            alarms: of_kind("AWS::CloudWatch::Alarm")?,
            retention_days: retention.and_then(|days| days.parse().ok()).unwrap_or_default(),
            log_groups,
            stack,
        })
    }

    pub(super) fn key_policy(&self, key: &str) -> Result<&Value, PromisedError> {
        self.key_policies.get(key).ok_or(PromisedError::NoKey)
    }
}

/// The ARN of each table's stream, by logical id; where there is none, one that no reader has.
async fn streams(
    template: &Template,
    access: &StackAccess,
) -> Result<BTreeMap<String, String>, PromisedError> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&access.config(Right::Read));
    let mut streams = BTreeMap::new();
    for id in template.logical_ids().filter(|id| template.kind(id) == Some("AWS::DynamoDB::Table")) {
        let described = dynamodb.describe_table().table_name(access.names().physical(id)?).send().await;
        let described = described.map_err(CallError::of("DynamoDB", "DescribeTable"))?;
        let stream = described.table().and_then(|table| table.latest_stream_arn());
        streams.insert(id.to_owned(), stream.map_or_else(|| format!("{id}-has-no-stream"), str::to_owned));
    }
    Ok(streams)
}

/// What `Ref` and `Fn::GetAtt` give for the stack's own resources.
fn resources(template: &Template, names: &StackNames, streams: &BTreeMap<String, String>) -> Resources {
    let StackNames { region, account_id, .. } = names;
    let mut resources = template.named_here();
    for (id, physical) in names.resources() {
        match template.kind(id) {
            Some("AWS::DynamoDB::Table") => {
                let arn = format!("arn:aws:dynamodb:{region}:{account_id}:table/{physical}");
                let stream = streams.get(id).map_or("", String::as_str);
                resources.insert(id, physical, [("Arn", arn.as_str()), ("StreamArn", stream)]);
            }
            Some("AWS::KMS::Key") => {
                let arn = format!("arn:aws:kms:{region}:{account_id}:key/{physical}");
                resources.insert(id, physical, [("Arn", &arn), ("KeyId", physical)]);
            }
            Some("AWS::SQS::Queue") => {
                let name = physical.rsplit('/').next().unwrap_or_default();
                let arn = format!("arn:aws:sqs:{region}:{account_id}:{name}");
                resources.insert(id, physical, [("Arn", &arn), ("QueueName", name), ("QueueUrl", physical)]);
            }
            Some("AWS::IAM::Role") => {
                let arn = format!("arn:aws:iam::{account_id}:role/{physical}");
                resources.insert(id, physical, [("Arn", &arn)]);
            }
            Some("AWS::Serverless::Function") => {
                let arn = format!("arn:aws:lambda:{region}:{account_id}:function:{physical}");
                resources.insert(id, physical, [("Arn", &arn)]);
            }
            Some("AWS::Logs::LogGroup") => {
                let arn = format!("arn:aws:logs:{region}:{account_id}:log-group:{physical}:*");
                resources.insert(id, physical, [("Arn", &arn)]);
            }
            Some("AWS::SNS::Topic") => {
                let name = physical.rsplit(':').next().unwrap_or_default();
                resources.insert(id, physical, [("TopicName", name)]);
            }
            // By their ids, which the deployment has already.
            Some("AWS::Cognito::UserPool" | "AWS::Cognito::UserPoolClient") | None => {}
            Some("AWS::EC2::SecurityGroup") => resources.insert(id, physical, [("GroupId", physical)]),
            Some(_) => resources.insert(id, physical, [("Arn", physical)]),
        }
    }
    resources
}
