//! The configuration of a function: the parts of `GetFunctionConfiguration` that are used here.

use std::{collections::BTreeMap, time::Duration};

/// The configuration of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionConfiguration {
    /// The caller's name for it, such as a template's logical id: the key of
    /// [`Processes`](crate::Processes), and what the lines of its processes begin with.
    pub id: String,
    /// `FunctionName`.
    pub name: String,
    /// `FunctionArn`.
    pub arn: String,
    /// The region for its SDK.
    pub region: String,
    /// The access-key id of its credentials. A local endpoint that checks no signatures can use it as the role.
    pub access_key_id: String,
    /// `Environment`: its own variables.
    pub environment: BTreeMap<String, String>,
    /// `Timeout`: how long one invocation may take.
    pub timeout: Duration,
    /// `MemorySize` in MiB: the function gets it, but it is not enforced.
    pub memory_mib: u32,
    /// The file name of its built program, without a suffix such as `.exe`; empty when it has none.
    pub program: String,
}
