//! The policies of keys at a start: the template's, unless somebody has put another one since the template gave its own.

use std::collections::BTreeMap;

use card_airlock_iam::Policies;
use card_airlock_services::{AwsEndpoint, KeepError, Refused};
use serde_json::Value;

/// Why policies could not be put in force.
#[derive(Debug, thiserror::Error)]
pub enum KeyPoliciesError {
    /// What was given before cannot be read.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A policy that somebody has put does not fit any more, as when it names a role that is gone.
    #[error("the policy of the key {0}: {1}")]
    Refused(String, Refused),
}

/// Puts the template's policies in force. A key whose policy somebody has changed keeps it, until the template gives
/// another one than it gave.
pub(crate) async fn enforce(aws: &AwsEndpoint, policies: Policies) -> Result<(), KeyPoliciesError> {
    let given_before = aws.store().part("stack.policies");
    let before: BTreeMap<String, Value> = given_before.all()?;
    let given: BTreeMap<String, Value> =
        policies.key_documents().map(|(arn, document)| (arn.to_owned(), document.clone())).collect();
    let mut changed = Vec::new();
    for (arn, document) in before.iter().filter(|(arn, document)| given.get(*arn) == Some(document)) {
        let present = aws.key_policy(arn).await;
        let is_given = |text: &String| serde_json::from_str::<Value>(text).is_ok_and(|now| now == *document);
        changed.extend(present.filter(|text| !is_given(text)).map(|text| (arn.clone(), text)));
    }
    aws.enforce(policies);
    for (arn, policy) in changed {
        let put = aws.put_key_policy(&arn, &policy).await;
        put.map_err(|refused| KeyPoliciesError::Refused(arn, refused))?;
    }
    for (arn, document) in &given {
        given_before.put(arn, document);
    }
    Ok(())
}
