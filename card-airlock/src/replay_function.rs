//! The replay function of a running stack, in this process: the code and the role of the deployed one.

use std::io;

use card_airlock_template::TemplateError;
use clock::Clock;
use platform::settings::SettingError;
use replay::{Replay, ReplayError, Settings};

use crate::{
    deployment::{self, ACCOUNT_ID},
    functions,
};

/// Why a replay did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFunctionError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template does not fit the code.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The replay itself.
    #[error("{0}: check that `card-airlock up` is running, and that --aws-port is its port")]
    Replay(#[from] ReplayError),
    /// Standard output is closed.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// The replay function as the template declares it, at the endpoint of a running stack.
pub(crate) fn replay_function(aws_url: &str) -> Result<Replay, ReplayFunctionError> {
    let template = deployment::shipped()?;
    let mut resources = template.named_here();
    for table in template.tables(&resources)? {
        resources.insert(&table.logical_id, &table.name, []);
    }
    for queue in template.queues(&resources)? {
        resources.insert(&queue.logical_id, &format!("{aws_url}/{ACCOUNT_ID}/{}", queue.name), []);
    }
    let declared = template.function("ReplayFunction", &resources)?;
    let settings = Settings::read(&|name| declared.environment.get(name).cloned())?;
    Ok(Replay::new(&functions::sdk_config(aws_url, &declared.role), settings, Clock::system()))
}
