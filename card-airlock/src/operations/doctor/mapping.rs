//! Who reads a table's stream, and how: the mapping of its one function alone, enabled, with the template's settings.

use aws_sdk_lambda::{Client, types::EventSourceMappingConfiguration};
use card_airlock_template::StreamMapping;

use super::{
    super::{access::Right, call::CallError, stream_mapping},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// What Lambda says of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    uuid: String,
    function_arn: String,
    state: String,
    settings: Vec<(&'static str, String)>,
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for promised in &subject.promised.stack.stream_mappings {
        let judged = async {
            let name =
                subject.access.names().physical(&promised.function).map_err(|error| error.to_string())?;
            let found = read(subject, &promised.stream_arn).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(judge(&|command| subject.aws(command), promised, name, &found))
        };
        outcome.add("the readers of the stream", judged.await);
    }
    outcome
}

async fn read(subject: &Subject<'_>, stream: &str) -> Result<Vec<Found>, CallError> {
    let lambda = Client::new(&subject.access.config(Right::Read));
    let pages = lambda.list_event_source_mappings().event_source_arn(stream).into_paginator().items().send();
    let mappings: Result<Vec<_>, _> = pages.collect().await;
    let mappings = mappings.map_err(CallError::of("Lambda", "ListEventSourceMappings"))?;
    Ok(mappings.iter().map(Found::of).collect())
}

impl Found {
    fn of(mapping: &EventSourceMappingConfiguration) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let number = |number: Option<i32>| number.unwrap_or_default().to_string();
        let filters = mapping.filter_criteria().map(|criteria| criteria.filters()).unwrap_or_default();
        let on_failure = mapping.destination_config().and_then(|config| config.on_failure()?.destination());
        let reports =
            mapping.function_response_types().iter().any(|it| it.as_str() == "ReportBatchItemFailures");
        Self {
            uuid: text(mapping.uuid()),
            function_arn: text(mapping.function_arn()),
            state: text(mapping.state()),
            settings: settings(
                number(mapping.batch_size()),
                number(mapping.maximum_batching_window_in_seconds()),
                number(mapping.parallelization_factor().or(Some(1))),
                number(mapping.maximum_retry_attempts().or(Some(-1))),
                number(mapping.maximum_record_age_in_seconds().or(Some(-1))),
                mapping.bisect_batch_on_function_error().unwrap_or_default(),
                reports,
                text(on_failure),
                filters.iter().filter_map(|filter| filter.pattern()),
            ),
        }
    }
}

/// The settings of a mapping by the names that the AWS CLI has for them, in one form on both sides.
#[expect(clippy::too_many_arguments, reason = "each is another setting of one mapping")]
fn settings<'a>(
    batch_size: String,
    window: String,
    parallelization: String,
    retries: String,
    record_age: String,
    bisects: bool,
    reports: bool,
    on_failure: String,
    filters: impl Iterator<Item = &'a str>,
) -> Vec<(&'static str, String)> {
    let json = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text)
            .map_or_else(|_| text.to_owned(), |value| value.to_string())
    };
    let mut filters: Vec<_> = filters.map(json).collect();
    filters.sort();
    vec![
        ("batch-size", batch_size),
        ("maximum-batching-window-in-seconds", window),
        ("parallelization-factor", parallelization),
        ("maximum-retry-attempts", retries),
        ("maximum-record-age-in-seconds", record_age),
        ("bisect-batch-on-function-error", bisects.to_string()),
        ("function-response-types", if reports { "ReportBatchItemFailures" } else { "" }.to_owned()),
        ("destination-config", on_failure),
        ("filter-criteria", filters.join(" ")),
    ]
}

fn of_template(mapping: &StreamMapping) -> Vec<(&'static str, String)> {
    let endless = |number: Option<String>| number.unwrap_or_else(|| "-1".to_owned());
    settings(
        mapping.batch_size.to_string(),
        mapping.maximum_batching_window.as_secs().to_string(),
        mapping.parallelization_factor.to_string(),
        endless(mapping.maximum_retry_attempts.map(|count| count.to_string())),
        endless(mapping.maximum_record_age.map(|age| age.as_secs().to_string())),
        mapping.bisect_batch_on_function_error,
        mapping.report_batch_item_failures,
        mapping.on_failure_arn.clone().unwrap_or_default(),
        mapping.filter_patterns.iter().map(String::as_str),
    )
}

/// Why each finding matters.
struct Why {
    nobody_reads: &'static str,
    is_off: &'static str,
    other_settings: &'static str,
    second_reader: &'static str,
}

impl Why {
    fn of(mapping: &StreamMapping) -> Self {
        if mapping.function == "WitnessFunction" {
            Self {
                nobody_reads: "Nobody bears witness to the audit: an item can be altered without an alarm. The stream \
                               keeps the changes for 24 hours.",
                is_off: "Nobody bears witness to the audit: an item can be altered without an alarm. The stream keeps \
                         the changes for 24 hours; older ones are never witnessed.",
                other_settings: "With others, changes of the audit are witnessed late, or are given up and never \
                                 witnessed.",
                second_reader: "The stream holds who took which card out.",
            }
        } else if mapping.function == "NotifyFunction" {
            Self {
                nobody_reads: "Nobody is told of what happens to orders. The stream keeps the changes for 24 hours.",
                is_off: "Nobody is told of what happens to orders. The stream keeps the changes for 24 hours; older \
                         ones are lost.",
                other_settings: "With others, events are late, or are given up and lost.",
                second_reader: "The stream holds names and addresses.",
            }
        } else {
            Self {
                nobody_reads: "Orders are accepted and none crosses. The stream keeps them for 24 hours.",
                is_off: "Orders are accepted and none crosses. The stream keeps them for 24 hours; after 48 hours they \
                         are parked.",
                other_settings: "The times of retries, giving up and sweeping are made for each other: with others, \
                                 orders wait longer, are given up unseen, or one bad order holds up the rest.",
                second_reader: "The stream holds names, addresses and sealed cards, and a second reader slows the \
                                worker down.",
            }
        }
    }
}

fn judge(
    aws: &dyn Fn(&str) -> String,
    promised: &StreamMapping,
    function: &str,
    found: &[Found],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let why = Why::of(promised);
    let is_own = |mapping: &&Found| mapping.function_arn.rsplit(':').next() == Some(function);
    let own: Vec<_> = found.iter().filter(is_own).collect();
    let update =
        |uuid: &str, what: &str| aws(&format!("lambda update-event-source-mapping --uuid {uuid} {what}"));
    let Some(mapping) = own.first() else {
        findings.push(Finding {
            policies: None,
            what: format!("nothing hands the stream to {}", promised.function),
            why: why.nobody_reads,
            fix: "Deploy the template again. If it says that nothing changed, change a setting of the mapping and \
                  back again."
                .to_owned(),
        });
        return findings;
    };
    if !stream_mapping::is_on(&mapping.state) {
        findings.push(Finding {
            policies: None,
            what: format!("the stream mapping of {} is {}", promised.function, mapping.state),
            why: why.is_off,
            fix: update(&mapping.uuid, "--enabled"),
        });
    }
    let promised_settings = of_template(promised);
    for ((name, is), (_, should)) in mapping.settings.iter().zip(&promised_settings) {
        if is != should {
            let value = match *name {
                "bisect-batch-on-function-error" if should == "true" => {
                    "--bisect-batch-on-function-error".to_owned()
                }
                "bisect-batch-on-function-error" => "--no-bisect-batch-on-function-error".to_owned(),
                "destination-config" => format!("--destination-config 'OnFailure={{Destination={should}}}'"),
                "filter-criteria" => {
                    let filters = promised
                        .filter_patterns
                        .iter()
                        .map(|pattern| serde_json::json!({"Pattern": pattern}));
                    let filters = serde_json::json!({"Filters": filters.collect::<Vec<_>>()});
                    format!("--filter-criteria '{filters}'")
                }
                name => format!("--{name} {should}"),
            };
            findings.push(Finding {
                policies: None,
                what: format!(
                    "the {name} of the stream mapping of {} is not the template's",
                    promised.function
                ),
                why: why.other_settings,
                fix: update(&mapping.uuid, &value),
            });
        }
    }
    for other in found.iter().filter(|mapping| !is_own(mapping)).chain(own.iter().skip(1).copied()) {
        findings.push(Finding {
            policies: None,
            what: format!("{} reads the stream of {}, too", other.function_arn, promised.function),
            why: why.second_reader,
            fix: aws(&format!("lambda delete-event-source-mapping --uuid {}", other.uuid)),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::doctor::shipped::promised_mapping;

    fn told(promised: &StreamMapping, found: &[Found]) -> String {
        let findings = judge(&str::to_owned, promised, "worker", found);
        findings.into_iter().map(|it| format!("{} {}", it.what, it.fix)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_mapping_is_sound_only_alone_enabled_and_with_each_setting_of_the_template() {
        let promised = promised_mapping();
        let sound = Found {
            uuid: "u-1".to_owned(),
            function_arn: "arn:aws:lambda:r:1:function:worker".to_owned(),
            state: "Enabled".to_owned(),
            settings: of_template(&promised),
        };
        assert_eq!(told(&promised, std::slice::from_ref(&sound)), "");
        assert!(told(&promised, &[]).contains("nothing hands the stream"));
        for state in ["Disabled", "Disabling", "Deleting"] {
            let found = Found { state: state.to_owned(), ..sound.clone() };
            assert!(told(&promised, &[found]).contains("--uuid u-1 --enabled"), "{state}");
        }
        for (at, (name, _)) in sound.settings.iter().enumerate() {
            let mut found = sound.clone();
            found.settings[at].1 = "another".to_owned();
            assert!(told(&promised, &[found]).contains(name), "{name}");
        }
        for function_arn in ["arn:aws:lambda:r:1:function:thief", "arn:aws:lambda:r:1:function:worker"] {
            let other =
                Found { function_arn: function_arn.to_owned(), uuid: "u-2".to_owned(), ..sound.clone() };
            let told = told(&promised, &[sound.clone(), other]);
            assert!(told.contains("delete-event-source-mapping --uuid u-2"), "{told}");
        }
    }
}
