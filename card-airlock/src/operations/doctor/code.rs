//! The functions: their settings are the template's, and nobody has changed them since CloudFormation did.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_lambda::Client;
use card_airlock_template::LambdaFunction;
use order::Timestamp;

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// CloudFormation and Lambda do not write down the same moment.
const SLACK: Duration = Duration::from_secs(60 * 60);

/// What Lambda says of a function.
#[derive(Debug, Clone)]
struct Found {
    environment: BTreeMap<String, String>,
    timeout: u64,
    memory_mib: u32,
    modified: Option<Timestamp>,
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let lambda = Client::new(&subject.access.config(Right::Read));
    let mut outcome = Outcome::default();
    for promised in &subject.promised.stack.functions {
        let id = &promised.logical_id;
        let judged = async {
            let names = subject.access.names();
            let name = names.physical(id).map_err(|error| error.to_string())?;
            let found = read(&lambda, name).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(judge(promised, &found, names.changed(id)))
        };
        outcome.add(id, judged.await);
    }
    outcome
}

async fn read(lambda: &Client, function: &str) -> Result<Found, CallError> {
    let read = lambda.get_function_configuration().function_name(function).send().await;
    let read = read.map_err(CallError::of("Lambda", "GetFunctionConfiguration"))?;
    let variables = read.environment().and_then(|environment| environment.variables());
    Ok(Found {
        environment: variables
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        timeout: read.timeout().and_then(|seconds| seconds.try_into().ok()).unwrap_or_default(),
        memory_mib: read.memory_size().and_then(|size| size.try_into().ok()).unwrap_or_default(),
        modified: read.last_modified().and_then(lambda_time),
    })
}

/// Lambda writes `2026-11-28T21:19:08.123+0000`.
fn lambda_time(text: &str) -> Option<Timestamp> {
    text.strip_suffix("+0000").map_or_else(|| text.parse(), |time| format!("{time}Z").parse()).ok()
}

fn judge(promised: &LambdaFunction, found: &Found, deployed: Option<Timestamp>) -> Vec<Finding> {
    let id = &promised.logical_id;
    let mut findings = Vec::new();
    let names = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
        let lacking = these.keys().filter(|name| !those.contains_key(*name));
        lacking.cloned().collect::<Vec<_>>().join(", ")
    };
    let missing = names(&promised.environment, &found.environment);
    if !missing.is_empty() {
        findings.push(Finding {
            policies: None,
            what: format!("{id} lacks settings of the template: {missing}"),
            why: "It was deployed from an older template, or its code is older: it does not know what others write.",
            fix: "scripts/sam-build && sam deploy".to_owned(),
        });
    }
    let surplus = names(&found.environment, &promised.environment);
    if !surplus.is_empty() {
        findings.push(Finding {
            policies: None,
            what: format!("{id} has settings that the template does not give: {surplus}"),
            why: "Somebody set them by hand, or the stack is newer than this program.",
            fix: "Use the release that the stack was deployed from; otherwise sam deploy".to_owned(),
        });
    }
    let differing = promised
        .environment
        .iter()
        .filter(|(name, value)| found.environment.get(*name).is_some_and(|found| found != *value));
    let differing: Vec<_> = differing.map(|(name, _)| name.as_str()).collect();
    let mut other: Vec<_> = differing;
    if found.timeout != promised.timeout.as_secs() {
        other.push("its time-out");
    }
    if found.memory_mib != promised.memory_mib {
        other.push("its memory");
    }
    if !other.is_empty() {
        findings.push(Finding {
            policies: None,
            what: format!("{id} is not set as the template says: {}", other.join(", ")),
            why: "Times and names fit each other in the template; a function with others may lose its place.",
            fix: "sam deploy; if it says that nothing changed, change one setting of the function and back"
                .to_owned(),
        });
    }
    if let Some((modified, deployed)) = found.modified.zip(deployed) {
        if modified > deployed.after(SLACK) {
            findings.push(Finding {
                policies: None,
                what: format!("{id} was changed at {modified}, after its deployment at {deployed}"),
                why: "Its code or settings are not what was deployed: somebody changed them by hand.",
                fix: "scripts/sam-build && sam deploy".to_owned(),
            });
        }
        if modified.after(SLACK) < deployed {
            findings.push(Finding {
                policies: None,
                what: format!("the code of {id} is of {modified}, older than its template of {deployed}"),
                why: "The function may not know what the template's other functions write.",
                fix: "scripts/sam-build && sam deploy".to_owned(),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::doctor::shipped::promised_functions;

    fn at(hours: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(1_700_000_000 + hours * 3_600)
    }

    #[test]
    fn lambda_writes_its_time_with_an_offset() {
        let time = "2026-11-28T21:19:08.123Z".parse().ok();
        assert_eq!(lambda_time("2026-11-28T21:19:08.123+0000"), time);
        assert_eq!(lambda_time("2026-11-28T21:19:08.123Z"), time);
        assert_eq!(lambda_time("today"), None);
    }

    #[test]
    fn each_way_in_which_a_function_differs_is_told() {
        for promised in promised_functions() {
            let sound = Found {
                environment: promised.environment.clone(),
                timeout: promised.timeout.as_secs(),
                memory_mib: promised.memory_mib,
                modified: Some(at(10)),
            };
            let told = |found: &Found, deployed| {
                judge(&promised, found, deployed).into_iter().map(|it| it.what).collect::<Vec<_>>().join("; ")
            };
            for deployed in [Some(at(9)), Some(at(10)), Some(at(11)), None] {
                assert_eq!(told(&sound, deployed), "", "{deployed:?}");
            }
            assert!(told(&sound, Some(at(8))).contains("after its deployment"));
            assert!(told(&sound, Some(at(12))).contains("older than its template"));
            let name = promised.environment.keys().next().unwrap();
            let mut found = sound.clone();
            found.environment.remove(name);
            assert!(told(&found, None).contains(&format!("lacks settings of the template: {name}")));
            found.environment.insert(name.clone(), "other".to_owned());
            assert!(told(&found, None).contains(&format!("not set as the template says: {name}")));
            let mut found = sound.clone();
            found.environment.insert("DEBUG".to_owned(), "1".to_owned());
            assert!(told(&found, None).contains("does not give: DEBUG"));
            assert!(told(&Found { timeout: 1, ..sound.clone() }, None).contains("its time-out"));
            assert!(told(&Found { memory_mib: 128, ..sound.clone() }, None).contains("its memory"));
        }
    }
}
