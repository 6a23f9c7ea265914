//! The environment variables of a function's process: what the template gives it, and what Lambda sets
//! (developer guide, "Defined runtime environment variables").

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use crate::template::{LambdaFunction, REGION, STACK_NAME};

/// Everything the process may read of its environment. Nothing of this program's own comes with it.
pub(super) fn variables(
    declared: &LambdaFunction,
    aws_url: &str,
    binary: &Path,
    runtime_api: SocketAddr,
) -> BTreeMap<String, String> {
    let name = function_name(declared);
    let root = binary.parent().unwrap_or(binary).to_string_lossy().into_owned();
    let set_by_lambda = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", declared.memory_mib.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        // At the local endpoint the access-key id names the role.
        ("AWS_ACCESS_KEY_ID", declared.role.clone()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LAMBDA_TASK_ROOT", root),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        // Not Lambda's: the seam of this machine.
        ("AWS_ENDPOINT_URL", aws_url.to_owned()),
    ];
    let set_by_lambda = set_by_lambda.into_iter().map(|(name, value)| (name.to_owned(), value));
    declared.environment.clone().into_iter().chain(set_by_lambda).collect()
}

/// The function's ARN, as the template's resources have it.
pub(super) fn function_arn(declared: &LambdaFunction) -> String {
    let account = crate::template::ACCOUNT_ID;
    format!("arn:aws:lambda:{REGION}:{account}:function:{}", function_name(declared))
}

fn function_name(declared: &LambdaFunction) -> String {
    format!("{STACK_NAME}-{}", declared.logical_id)
}
