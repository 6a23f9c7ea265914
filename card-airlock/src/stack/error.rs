//! Why a stack did not start.

use std::io;

use card_airlock_event_source::SettingsError;
use card_airlock_gateway::CognitoSettingsError;
use card_airlock_services::{KeepError, Refused, StartError, StreamError};
use card_airlock_template::TemplateError;

use crate::{aws::ProvisionError, front::FrontError, functions::FunctionsError, listen::ListenError};

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A port could not be used.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The payment processor did not start.
    #[error("the payment processor of this machine did not start")]
    Sandbox(#[source] io::Error),
    /// The AWS endpoint did not start.
    #[error(transparent)]
    Aws(#[from] StartError),
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What was kept cannot be used.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A resource of the template could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The payment processor's secret could not be made.
    #[error("the secret of the payment processor could not be stored: {0}")]
    Secret(#[from] Refused),
    /// The API that the template declares cannot be served.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// A function of the template cannot run here.
    #[error(transparent)]
    Function(#[from] FunctionsError),
    /// A stream mapping of the template cannot run here.
    #[error("{0}: {1}")]
    Mapping(String, SettingsError),
    /// A stream that a mapping names is not there.
    #[error("{0}: {1}")]
    Stream(String, StreamError),
    /// The template refers to something that it does not declare.
    #[error("{0}: the template declares no such resource")]
    Missing(String),
    /// The user pool of the template cannot be played here.
    #[error("the user pool: {0}")]
    UserPool(#[from] CognitoSettingsError),
    /// The system does not say the address of a listener.
    #[error("a listener has no address")]
    Address(#[source] io::Error),
}
