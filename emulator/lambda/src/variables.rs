//! The environment variables of a function's process: its configuration's, and what Lambda sets
//! (developer guide, "Defined runtime environment variables").

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use crate::configuration::FunctionConfiguration;

/// The whole environment of the process. It has nothing of this program's own environment.
pub(crate) fn variables(
    configuration: &FunctionConfiguration,
    aws_url: &str,
    program: &Path,
    runtime_api: SocketAddr,
) -> BTreeMap<String, String> {
    let FunctionConfiguration { name, region, access_key_id, environment, memory_mib, .. } = configuration;
    let root = program.parent().unwrap_or(program).to_string_lossy().into_owned();
    let set_by_lambda = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mib.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_ACCESS_KEY_ID", access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LAMBDA_TASK_ROOT", root),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        // Not set by Lambda: the endpoint of this machine.
        ("AWS_ENDPOINT_URL", aws_url.to_owned()),
    ];
    let set_by_lambda = set_by_lambda.into_iter().map(|(name, value)| (name.to_owned(), value));
    environment.clone().into_iter().chain(set_by_lambda).collect()
}
