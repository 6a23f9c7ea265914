//! How commands reach a stack. The `up` of this machine is asked at its endpoint, as the principal of one of the
//! template's policies for operators. A deployed stack is asked with the machine's own AWS configuration: profiles, SSO,
//! environment. Nothing else in this project reads that.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

use super::{access_error::AccessError, call::CallError, names::StackNames};
use crate::{deployment::STACK_NAME, functions};

/// How long a call may take to connect: nobody waits for long in front of a screen.
const CONNECT: Duration = Duration::from_secs(5);

/// Which stack is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The running `up` whose AWS endpoint is there.
    Up {
        /// Its URL.
        aws_url: String,
    },
    /// A stack that is deployed in an AWS account.
    Account {
        /// Its name or ARN.
        stack: String,
        /// Its region, if it is not the profile's.
        region: Option<String>,
        /// The profile of the AWS configuration, if it is not the default one.
        profile: Option<String>,
    },
}

/// What a command needs to be allowed: each is a managed policy of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Look at everything but cards, names and addresses.
    Read,
    /// Compare the audit with what its witness saw.
    Audit,
    /// Run a replay or a sweep.
    Replay,
    /// Settle a payment of which nobody knows.
    Settle,
    /// Have the vault's data keys moved to the present KMS key.
    Rewrap,
    /// Have orders taken out of another table.
    Import,
}

impl Right {
    /// The logical id of its policy, and the name of the principal that has it on this machine.
    #[must_use]
    pub fn policy(self) -> &'static str {
        match self {
            Self::Read => "OperatorRead",
            Self::Audit => "OperatorAudit",
            Self::Replay => "OperatorReplay",
            Self::Settle => "OperatorSettle",
            Self::Rewrap => "OperatorRewrap",
            Self::Import => "OperatorImport",
        }
    }
}

/// A stack that was found.
#[derive(Debug, Clone)]
pub struct StackAccess {
    place: Place,
    /// Of a deployed stack.
    own: Option<SdkConfig>,
    names: StackNames,
}

impl StackAccess {
    /// Finds the stack and the names of what it is made of.
    ///
    /// # Errors
    /// [`AccessError`] when it is not there or may not be seen.
    pub async fn open(place: Place) -> Result<Self, AccessError> {
        let (own, stack) = match &place {
            Place::Up { .. } => (None, STACK_NAME.to_owned()),
            Place::Account { stack, region, profile } => {
                let config = machine_config(region.as_deref(), profile.as_deref()).await;
                if config.region().is_none() {
                    return Err(AccessError::NoRegion);
                }
                (Some(config), stack.clone())
            }
        };
        let mut access = Self { place, own, names: StackNames::default() };
        let names = StackNames::read(&access.config(Right::Read), &stack).await;
        access.names = names.map_err(|error| match &access.place {
            Place::Up { aws_url } if is_unanswered(&error) => AccessError::NoUp(aws_url.clone()),
            _ => AccessError::NoStack(stack, error),
        })?;
        Ok(access)
    }

    /// One with these names, which nobody has read.
    #[cfg(test)]
    pub(super) fn of(place: Place, names: StackNames) -> Self {
        Self { place, own: None, names }
    }

    /// The configuration of clients that need this right. On a deployed stack the machine's credentials have it or not.
    #[must_use]
    pub fn config(&self, right: Right) -> SdkConfig {
        match (&self.place, &self.own) {
            (Place::Up { aws_url }, _) => functions::sdk_config(aws_url, right.policy()),
            (Place::Account { .. }, Some(own)) => own.clone(),
            (Place::Account { .. }, None) => SdkConfig::builder().build(),
        }
    }

    /// The names of what the stack is made of.
    #[must_use]
    pub fn names(&self) -> &StackNames {
        &self.names
    }

    /// Whether it is the `up` of this machine, whose state is in memory.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up_url().is_some()
    }

    /// Which stack was meant.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Where the `up` of this machine is.
    pub(super) fn up_url(&self) -> Option<&str> {
        match &self.place {
            Place::Up { aws_url } => Some(aws_url),
            Place::Account { .. } => None,
        }
    }

    /// Which stack it is, in a few words.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.place {
            Place::Up { aws_url } => format!("`up` at {aws_url}"),
            Place::Account { .. } => {
                let StackNames { stack_name, region, account_id, .. } = &self.names;
                format!("stack {stack_name} in {region}, account {account_id}")
            }
        }
    }
}

async fn machine_config(region: Option<&str>, profile: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// Whether no service answered.
fn is_unanswered(error: &CallError) -> bool {
    ["timeout", "connection refused", "connection failed", "answer unreadable", "request failed"]
        .contains(&error.code.as_str())
}
