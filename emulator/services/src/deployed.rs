//! A stack as CloudFormation, Lambda and Cognito describe it. The program that makes the resources says what they are.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use card_airlock_event_source::MappingSwitch;
use card_airlock_gateway::Cognito;
use card_airlock_lambda::Function;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account::Account;

/// A stack that is up.
#[derive(Debug)]
pub struct DeployedStack {
    pub name: String,
    /// The description of its template.
    pub description: String,
    pub created: SystemTime,
    pub parameters: Vec<StackParameter>,
    pub outputs: Vec<StackOutput>,
    pub resources: Vec<StackResource>,
    /// By name.
    pub functions: BTreeMap<String, DeployedFunction>,
    pub mappings: Vec<DeployedMapping>,
    pub user_pool: Option<Arc<Cognito>>,
    /// Cancelled by `DeleteStack`: the program that runs the stack then stops it.
    pub deletion: CancellationToken,
}

/// A parameter of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackParameter {
    pub key: String,
    pub value: String,
    /// Whether asterisks are shown in place of the value.
    pub no_echo: bool,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackOutput {
    pub key: String,
    pub value: String,
    pub description: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    pub logical_id: String,
    /// What the service calls it.
    pub physical_id: String,
    /// Such as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// Whether it stays when its stack is deleted.
    pub is_retained: bool,
    /// Its properties as the template has them, with every value known.
    pub properties: Value,
}

/// A function of a stack.
#[derive(Debug, Clone)]
pub struct DeployedFunction {
    /// Its properties as its template has them, SAM's or CloudFormation's.
    pub properties: Value,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// What is invoked.
    pub function: Function,
}

/// An event source mapping of a stack.
#[derive(Debug, Clone)]
pub struct DeployedMapping {
    pub id: Uuid,
    /// The name of its function.
    pub function: String,
    pub source_arn: String,
    /// The other members of an `EventSourceMappingConfiguration`, such as `BatchSize`.
    pub settings: Value,
    /// The switch that turns it off and on.
    pub switch: MappingSwitch,
}

/// The stack with the ids that are generated for it.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) stack: DeployedStack,
    pub(crate) account: Account,
    /// Its ARN.
    pub(crate) id: String,
}

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]");

impl Deployed {
    pub(crate) fn new(stack: DeployedStack, account: &Account) -> Self {
        let id = account.arn("cloudformation", &format!("stack/{}/{}", stack.name, Uuid::new_v4()));
        Self { stack, account: account.clone(), id }
    }

    /// Whether a text names the stack.
    pub(crate) fn is_named(&self, named: &str) -> bool {
        named == self.stack.name || named == self.id
    }

    pub(crate) fn function_arn(&self, name: &str) -> String {
        self.account.arn("lambda", &format!("function:{name}"))
    }

    /// When the stack was made, such as `2026-11-28T21:00:00.000`, in UTC.
    pub(crate) fn created(&self) -> String {
        OffsetDateTime::from(self.stack.created).format(SECONDS).unwrap_or_default()
    }

    /// The same as the JSON protocols have it.
    pub(crate) fn created_epoch(&self) -> Value {
        json!(OffsetDateTime::from(self.stack.created).unix_timestamp())
    }
}
