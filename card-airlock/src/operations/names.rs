//! The names of what a stack is made of, by CloudFormation.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use order::Timestamp;

use super::{access_error::AccessError, call::CallError};

/// What CloudFormation says of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackNames {
    /// Its name, without its id.
    pub stack_name: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account_id: String,
    /// Its status, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// The parameters that it was deployed with.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// The physical id of each resource, by its logical id.
    physical: BTreeMap<String, String>,
    /// When CloudFormation last changed each resource.
    changed: BTreeMap<String, Timestamp>,
}

impl StackNames {
    pub(super) async fn read(config: &SdkConfig, stack: &str) -> Result<Self, CallError> {
        let cloudformation = Client::new(config);
        let described = cloudformation.describe_stacks().stack_name(stack).send().await;
        let described = described.map_err(CallError::of("CloudFormation", "DescribeStacks"))?;
        let found = described.stacks().first().ok_or_else(|| CallError {
            service: "CloudFormation",
            operation: "DescribeStacks",
            code: "no such stack".to_owned(),
        })?;
        let pages = cloudformation.list_stack_resources().stack_name(stack).into_paginator().items().send();
        let resources: Result<Vec<_>, _> = pages.collect().await;
        let resources = resources.map_err(CallError::of("CloudFormation", "ListStackResources"))?;
        let mut names = Self::of_id(found.stack_id().unwrap_or_default());
        names.stack_name = found.stack_name().unwrap_or_default().to_owned();
        names.status = found.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default();
        for parameter in found.parameters() {
            if let Some((name, value)) = parameter.parameter_key().zip(parameter.parameter_value()) {
                names.parameters.insert(name.to_owned(), value.to_owned());
            }
        }
        for output in found.outputs() {
            if let Some((name, value)) = output.output_key().zip(output.output_value()) {
                names.outputs.insert(name.to_owned(), value.to_owned());
            }
        }
        for resource in &resources {
            let logical_id = resource.logical_resource_id().unwrap_or_default();
            if let Some(physical) = resource.physical_resource_id() {
                names.physical.insert(logical_id.to_owned(), physical.to_owned());
            }
            let changed = resource.last_updated_timestamp();
            if let Some(changed) = changed.and_then(|time| u64::try_from(time.secs()).ok()) {
                names.changed.insert(logical_id.to_owned(), Timestamp::of_epoch_seconds(changed));
            }
        }
        Ok(names)
    }

    /// `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
    fn of_id(id: &str) -> Self {
        let mut parts = id.split(':').skip(3).map(str::to_owned);
        let (region, account_id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { region, account_id, ..Self::default() }
    }

    /// The logical id of a resource.
    #[must_use]
    pub fn logical(&self, physical: &str) -> Option<&str> {
        self.resources().find(|(_, name)| *name == physical).map(|(logical_id, _)| logical_id)
    }

    /// The physical id of a resource: of a table its name, of a key its id, of a queue its URL.
    ///
    /// # Errors
    /// [`AccessError::NoResource`].
    pub fn physical(&self, logical_id: &str) -> Result<&str, AccessError> {
        let found = self.physical.get(logical_id).map(String::as_str);
        found.ok_or_else(|| AccessError::NoResource(logical_id.to_owned()))
    }

    /// When CloudFormation last changed a resource.
    #[must_use]
    pub fn changed(&self, logical_id: &str) -> Option<Timestamp> {
        self.changed.get(logical_id).copied()
    }

    /// All resources: logical and physical id.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.physical.iter().map(|(logical_id, physical)| (logical_id.as_str(), physical.as_str()))
    }
}
