//! The envelope keys: enabled, rotated, and with the policy that keeps the roles apart.

use aws_sdk_kms::Client;
use serde_json::Value;

use super::{
    super::{access::Right, call::CallError, status::KEYS},
    difference::PolicyDifference,
    finding::{Finding, Outcome},
    subject::Subject,
};

/// What KMS says of a key.
#[derive(Debug)]
struct Found {
    state: String,
    rotates: bool,
    policy: Value,
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let kms = Client::new(&subject.access.config(Right::Read));
    let mut outcome = Outcome::default();
    for key in KEYS {
        let judged = async {
            let id = subject.access.names().physical(key).map_err(|error| error.to_string())?;
            let found = read(&kms, id).await.map_err(|error| error.to_string())?;
            let promised = subject.promised.key_policy(key).map_err(|error| error.to_string())?;
            Ok::<_, String>(judge(subject, key, id, promised, &found))
        };
        outcome.add(key, judged.await);
    }
    outcome
}

async fn read(kms: &Client, id: &str) -> Result<Found, CallError> {
    let described = kms.describe_key().key_id(id).send().await;
    let described = described.map_err(CallError::of("KMS", "DescribeKey"))?;
    let state = described.key_metadata().and_then(|metadata| metadata.key_state());
    let rotation = kms.get_key_rotation_status().key_id(id).send().await;
    let rotates = match rotation {
        Ok(rotation) => rotation.key_rotation_enabled(),
        // A key that waits for its deletion does not tell: its state says enough.
        Err(error) => {
            let error = CallError::of("KMS", "GetKeyRotationStatus")(error);
            if error.code == "KMSInvalidStateException" { true } else { return Err(error) }
        }
    };
    let policy = kms.get_key_policy().key_id(id).policy_name("default").send().await;
    let policy = policy.map_err(CallError::of("KMS", "GetKeyPolicy"))?;
    Ok(Found {
        state: state.map_or_else(String::new, |state| state.as_str().to_owned()),
        rotates,
        policy: policy.policy().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
    })
}

fn judge(subject: &Subject<'_>, key: &str, id: &str, promised: &Value, found: &Found) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |what: String, why, fix| findings.push(Finding { what, why, fix, policies: None });
    match found.state.as_str() {
        "Enabled" => {}
        "PendingDeletion" => find(
            format!("{key} waits for its deletion"),
            "Every card under it is lost on that day. Until then no order that needs it crosses, and no card under it is paid with.",
            [
                subject.aws(&format!("kms cancel-key-deletion --key-id {id}")),
                subject.aws(&format!("kms enable-key --key-id {id}")),
            ]
            .join("\n"),
        ),
        state => find(
            format!("{key} is {state}"),
            "Without it no order crosses, none with an encrypted card crosses, or no card is paid with. Orders wait in quarantine.",
            subject.aws(&format!("kms enable-key --key-id {id}")),
        ),
    }
    // One that waits for its deletion is never rotated.
    if !found.rotates && found.state != "PendingDeletion" {
        find(
            format!("{key} is not rotated every year"),
            "One version of key material wraps every data key for ever.",
            subject.aws(&format!("kms enable-key-rotation --key-id {id}")),
        );
    }
    if let Some(difference) = PolicyDifference::of(&found.policy, promised) {
        findings.push(Finding {
            what: format!("the policy of {key} is not the template's: {}", difference.named()),
            why: "The policy alone keeps the roles apart: with another one a role may open what it must not, or nobody \
                  may do their step.",
            fix: [
                format!("{} > {key}.json", subject.own(&format!("doctor --policy {key}"))),
                subject.aws(&format!(
                    "kms put-key-policy --key-id {id} --policy-name default --policy file://{key}.json"
                )),
            ]
            .join("\n"),
            policies: Some(Box::new(difference)),
        });
    }
    findings
}
