//! What a function is: what `GetFunctionConfiguration` tells of one, as far as it can be run here.

use std::{collections::BTreeMap, time::Duration};

/// The configuration of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionConfiguration {
    /// What the caller knows it by, such as a template's logical id: the key of
    /// [`Processes`](crate::Processes), and what the lines of its processes begin with.
    pub id: String,
    /// `FunctionName`.
    pub name: String,
    /// `FunctionArn`.
    pub arn: String,
    /// The region that its SDK is told.
    pub region: String,
    /// The access-key id of its credentials. A local endpoint that checks no signatures can take it for the role.
    pub access_key_id: String,
    /// `Environment`: its own variables.
    pub environment: BTreeMap<String, String>,
    /// `Timeout`: how long one invocation may take.
    pub timeout: Duration,
    /// `MemorySize` in MiB: told to the function, not enforced.
    pub memory_mib: u32,
    /// The file name of its built program, without a suffix such as `.exe`; empty when it has none.
    pub program: String,
}
