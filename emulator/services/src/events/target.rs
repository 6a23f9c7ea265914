//! A target of a rule: a queue of this account.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EventsError;
use crate::{account::Account, members::stray};

const MOST_ID_CHARS: usize = 64;
const MEMBERS: [&str; 4] = ["Arn", "DeadLetterConfig", "Id", "RetryPolicy"];

/// Where the events of a rule go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    /// The ARN of the queue.
    pub(super) arn: String,
    /// The ARN of the queue that gets what could not be brought there.
    pub(super) dead_letters: Option<String>,
    /// How often it is tried again.
    pub(super) retries: u32,
    /// For how long it is tried.
    pub(super) patience: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    id: String,
    arn: String,
    #[serde(default)]
    dead_letter_config: DeadLetterConfig,
    #[serde(default)]
    retry_policy: RetryPolicy,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeadLetterConfig {
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct RetryPolicy {
    maximum_retry_attempts: u32,
    maximum_event_age_in_seconds: u64,
}

impl Default for RetryPolicy {
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
    fn default() -> Self {
        Self { maximum_retry_attempts: 185, maximum_event_age_in_seconds: 24 * 60 * 60 }
    }
}

impl Target {
    /// A target with its id. What is not a queue of this account, and what would change the event, is not here.
    pub(super) fn read(target: &Value, account: &Account) -> Result<(String, Self), EventsError> {
        if let Some(name) = stray(target, &MEMBERS) {
            return Err(EventsError::Unsupported(format!("{name} of a target")));
        }
        let Given { id, arn, dead_letter_config, retry_policy } =
            Given::deserialize(target).map_err(|_| EventsError::Shape)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if id.is_empty() || id.len() > MOST_ID_CHARS || !id.chars().all(is_plain) {
            return Err(EventsError::Name);
        }
        let queues = account.arn("sqs", "");
        let is_queue = |arn: &str| {
            let name = arn.strip_prefix(queues.as_str()).unwrap_or_default();
            !name.is_empty() && !name.ends_with(".fifo")
        };
        if !is_queue(&arn) {
            return Err(EventsError::Target);
        }
        if dead_letter_config.arn.as_deref().is_some_and(|arn| !is_queue(arn)) {
            return Err(EventsError::DeadLetters);
        }
        let RetryPolicy { maximum_retry_attempts: retries, maximum_event_age_in_seconds: seconds } =
            retry_policy;
        if retries > 185 || !(60..=86_400).contains(&seconds) {
            return Err(EventsError::RetryPolicy);
        }
        let patience = Duration::from_secs(seconds);
        Ok((id, Self { arn, dead_letters: dead_letter_config.arn, retries, patience }))
    }

    pub(super) fn described(&self, id: &str) -> Value {
        let mut described = json!({
            "Arn": self.arn,
            "Id": id,
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": self.patience.as_secs(),
                "MaximumRetryAttempts": self.retries,
            },
        });
        if let (Some(arn), Some(members)) = (&self.dead_letters, described.as_object_mut()) {
            members.insert("DeadLetterConfig".to_owned(), json!({ "Arn": arn }));
        }
        described
    }
}
