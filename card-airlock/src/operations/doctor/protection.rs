//! The tables as such: protected from deletion, with a stream or without one, with the attribute of their time to live.

use aws_sdk_dynamodb::{Client, types::TimeToLiveStatus};
use card_airlock_template::Table;

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// What DynamoDB says of a table.
#[derive(Debug, Clone)]
struct Found {
    is_protected: bool,
    stream_view_type: Option<String>,
    ttl_attribute: Option<String>,
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let dynamodb = Client::new(&subject.access.config(Right::Read));
    let mut outcome = Outcome::default();
    for table in &subject.promised.stack.tables {
        let found = read(&dynamodb, &table.name).await;
        outcome
            .add(&table.logical_id, found.map(|found| judge(&|command| subject.aws(command), table, &found)));
    }
    outcome
}

async fn read(dynamodb: &Client, table: &str) -> Result<Found, CallError> {
    let described = dynamodb.describe_table().table_name(table).send().await;
    let described = described.map_err(CallError::of("DynamoDB", "DescribeTable"))?;
    let ttl = dynamodb.describe_time_to_live().table_name(table).send().await;
    let ttl = ttl.map_err(CallError::of("DynamoDB", "DescribeTimeToLive"))?;
    let described = described.table();
    let stream =
        described.and_then(|table| table.stream_specification()).filter(|stream| stream.stream_enabled());
    let ttl = ttl.time_to_live_description().filter(|ttl| {
        matches!(ttl.time_to_live_status(), Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
    });
    Ok(Found {
        is_protected: described.and_then(|table| table.deletion_protection_enabled()).unwrap_or_default(),
        stream_view_type: stream
            .and_then(|stream| stream.stream_view_type())
            .map(|view| view.as_str().to_owned()),
        ttl_attribute: ttl.and_then(|ttl| ttl.attribute_name()).map(str::to_owned),
    })
}

fn judge(aws: &dyn Fn(&str) -> String, table: &Table, found: &Found) -> Vec<Finding> {
    let (id, name) = (&table.logical_id, &table.name);
    let mut findings = Vec::new();
    if table.deletion_protection && !found.is_protected {
        findings.push(Finding {
            policies: None,
            what: format!("{id} is not protected from deletion"),
            why: "One call deletes the table with all orders or cards in it.",
            fix: aws(&format!("dynamodb update-table --table-name {name} --deletion-protection-enabled")),
        });
    }
    match (&table.stream_view_type, &found.stream_view_type) {
        (promised, found) if promised == found => {}
        (None, Some(_)) => findings.push(Finding {
            policies: None,
            what: format!("{id} has a stream, and the template gives it none"),
            why: "What is written to the table can be read in one more place, for 24 hours.",
            fix: aws(&format!(
                "dynamodb update-table --table-name {name} --stream-specification StreamEnabled=false"
            )),
        }),
        (Some(promised), _) => findings.push(Finding {
            policies: None,
            what: format!("the stream of {id} is off or does not hold {promised}"),
            why: "The worker gets its orders from the stream: without both images no order crosses.",
            fix: format!(
                "{}\n{}\nThe new stream has another ARN: deploy the template again, so that the worker reads it.",
                aws(&format!(
                    "dynamodb update-table --table-name {name} --stream-specification StreamEnabled=false"
                )),
                aws(&format!(
                    "dynamodb update-table --table-name {name} --stream-specification \
                     StreamEnabled=true,StreamViewType={promised}"
                )),
            ),
        }),
        (None, None) => {}
    }
    if table.ttl_attribute != found.ttl_attribute {
        let (attribute, on) = match (&table.ttl_attribute, &found.ttl_attribute) {
            (Some(promised), _) => (promised.as_str(), true),
            (None, found) => (found.as_deref().unwrap_or_default(), false),
        };
        findings.push(Finding {
            policies: None,
            what: format!(
                "the time to live of {id} is {}",
                if on { "not on, or of another attribute" } else { "on" }
            ),
            why: "Rows stay longer than they may, or are deleted though they must stay.",
            fix: aws(&format!(
                "dynamodb update-time-to-live --table-name {name} --time-to-live-specification \
                 AttributeName={attribute},Enabled={on}"
            )),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::doctor::shipped::promised_tables;

    #[test]
    fn each_table_is_told_that_is_not_as_promised_and_none_that_is() {
        for table in promised_tables() {
            let sound = Found {
                is_protected: true,
                stream_view_type: table.stream_view_type.clone(),
                ttl_attribute: table.ttl_attribute.clone(),
            };
            let told = |found: &Found| {
                judge(&str::to_owned, &table, found)
                    .into_iter()
                    .map(|it| it.what)
                    .collect::<Vec<_>>()
                    .join("; ")
            };
            assert_eq!(told(&sound), "");
            assert!(
                told(&Found { is_protected: false, ..sound.clone() }).contains("not protected from deletion")
            );
            let other = |view: &str| Found { stream_view_type: Some(view.to_owned()), ..sound.clone() };
            assert!(told(&other("KEYS_ONLY")).contains("stream"), "{}", table.logical_id);
            if table.stream_view_type.is_some() {
                assert!(told(&Found { stream_view_type: None, ..sound.clone() }).contains("is off"));
            }
            assert!(
                told(&Found { ttl_attribute: Some("Deadline".to_owned()), ..sound.clone() })
                    .contains("time to live")
            );
        }
    }
}
