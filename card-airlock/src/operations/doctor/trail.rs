//! CloudTrail's data events: who read or wrote which row. The program says of itself who settled a payment; this is the
//! proof.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::{
    Client,
    types::{AdvancedFieldSelector, ReadWriteType},
};

use super::{
    super::{access::Right, access_error::AccessError, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// The tables whose reads and writes must be on record.
const TABLES: [&str; 3] = ["CreditCardTokenizerTable", "CustomerOrderTable", "DetokenizeAuditTable"];
const DYNAMODB_TABLE: &str = "AWS::DynamoDB::Table";

/// What one selector of a trail records of DynamoDB: tables whose ARN is, or begins with, one of these; none: all.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    All,
    Is(Vec<String>),
    BeginsWith(Vec<String>),
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let names = subject.access.names();
    let arns = TABLES.iter().map(|id| {
        let name = names.physical(id)?;
        let (region, account) = (&names.region, &names.account_id);
        Ok((*id, format!("arn:aws:dynamodb:{region}:{account}:table/{name}")))
    });
    let arns: Result<BTreeMap<_, _>, AccessError> = arns.collect();
    let recorded = read(subject).await;
    let aws = |command: &str| subject.aws(command);
    match arns {
        Ok(arns) => Outcome::of(
            "the trail of data events",
            recorded.map(|recorded| match recorded {
                // By its nature this machine has no trail, so none is missing.
                Trails { count: 0, .. } if subject.access.is_up() => Vec::new(),
                Trails { recorded, .. } => judge(&aws, &arns, &recorded),
            }),
        ),
        Err(error) => Outcome::of("the trail of data events", Err(error)),
    }
}

/// The trails of an account.
struct Trails {
    count: usize,
    /// What those that are logging record of tables.
    recorded: Vec<Recorded>,
}

async fn read(subject: &Subject<'_>) -> Result<Trails, CallError> {
    let cloudtrail = Client::new(&subject.access.config(Right::Read));
    let trails = cloudtrail.describe_trails().send().await;
    let trails = trails.map_err(CallError::of("CloudTrail", "DescribeTrails"))?;
    let mut recorded = Vec::new();
    for arn in trails.trail_list().iter().filter_map(|trail| trail.trail_arn()) {
        let status = cloudtrail.get_trail_status().name(arn).send().await;
        let status = status.map_err(CallError::of("CloudTrail", "GetTrailStatus"))?;
        if status.is_logging() != Some(true) {
            continue;
        }
        let selectors = cloudtrail.get_event_selectors().trail_name(arn).send().await;
        let selectors = selectors.map_err(CallError::of("CloudTrail", "GetEventSelectors"))?;
        for selector in selectors.event_selectors() {
            if selector.read_write_type() != Some(&ReadWriteType::All) {
                continue;
            }
            let of_tables = selector.data_resources().iter().filter(|it| it.r#type() == Some(DYNAMODB_TABLE));
            recorded.extend(of_tables.map(|resource| Recorded::BeginsWith(resource.values().to_vec())));
        }
        let advanced = selectors.advanced_event_selectors().iter();
        recorded.extend(advanced.filter_map(|selector| of_fields(selector.field_selectors())));
    }
    Ok(Trails { count: trails.trail_list().len(), recorded })
}

/// None: it records no events of tables, or not all of a table's.
fn of_fields(fields: &[AdvancedFieldSelector]) -> Option<Recorded> {
    let field = |name: &str| fields.iter().find(|field| field.field() == name);
    let is = |name: &str, value: &str| {
        field(name).is_some_and(|field| field.equals().iter().any(|it| it == value))
    };
    if !is("eventCategory", "Data") || !is("resources.type", DYNAMODB_TABLE) {
        return None;
    }
    let known = ["eventCategory", "resources.type", "resources.ARN"];
    if fields.iter().any(|field| !known.contains(&field.field())) {
        return None;
    }
    match field("resources.ARN") {
        None => Some(Recorded::All),
        Some(arn) if !arn.equals().is_empty() => Some(Recorded::Is(arn.equals().to_vec())),
        Some(arn) if !arn.starts_with().is_empty() => Some(Recorded::BeginsWith(arn.starts_with().to_vec())),
        Some(_) => None,
    }
}

fn judge(
    aws: &dyn Fn(&str) -> String,
    tables: &BTreeMap<&str, String>,
    recorded: &[Recorded],
) -> Vec<Finding> {
    let is_recorded = |arn: &String| {
        recorded.iter().any(|recorded| match recorded {
            Recorded::All => true,
            Recorded::Is(arns) => arns.contains(arn),
            Recorded::BeginsWith(beginnings) => beginnings.iter().any(|beginning| arn.starts_with(beginning)),
        })
    };
    let missing: Vec<_> = tables.iter().filter(|(_, arn)| !is_recorded(arn)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let ids = missing.iter().map(|(id, _)| **id).collect::<Vec<_>>().join(", ");
    let arns = missing.iter().map(|(_, arn)| format!("\"{arn}\"")).collect::<Vec<_>>().join(", ");
    vec![Finding {
        policies: None,
        what: format!("no trail records who reads and writes {ids}"),
        why: "Who took a card's row out of the vault, or settled a payment, is then only what programs say of \
              themselves.",
        fix: format!(
            "{}\nIt replaces the selectors of the trail: add those that it has, which this shows:\n{}",
            aws(&format!(
                "cloudtrail put-event-selectors --trail-name \"$TRAIL\" --advanced-event-selectors '[{{\"Name\": \
                 \"Card Airlock\", \"FieldSelectors\": [{{\"Field\": \"eventCategory\", \"Equals\": [\"Data\"]}}, \
                 {{\"Field\": \"resources.type\", \"Equals\": [\"{DYNAMODB_TABLE}\"]}}, {{\"Field\": \
                 \"resources.ARN\", \"Equals\": [{arns}]}}]}}]'"
            )),
            aws("cloudtrail get-event-selectors --trail-name \"$TRAIL\""),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<AdvancedFieldSelector> {
        let field = |(name, value): &(&str, &str)| {
            AdvancedFieldSelector::builder().field(*name).equals(*value).build()
        };
        pairs.iter().map(|pair| field(pair).unwrap()).collect()
    }

    #[test]
    fn a_selector_that_leaves_out_some_events_of_a_table_does_not_count() {
        let data = [("eventCategory", "Data"), ("resources.type", DYNAMODB_TABLE)];
        assert_eq!(of_fields(&fields(&data)), Some(Recorded::All));
        let one = [data[0], data[1], ("resources.ARN", "arn:1")];
        assert_eq!(of_fields(&fields(&one)), Some(Recorded::Is(vec!["arn:1".to_owned()])));
        for other in [
            vec![("eventCategory", "Management")],
            vec![data[0], ("resources.type", "AWS::S3::Object")],
            vec![data[0], data[1], ("readOnly", "true")],
            vec![data[0], data[1], ("eventName", "GetItem")],
        ] {
            assert_eq!(of_fields(&fields(&other)), None, "{other:?}");
        }
    }

    #[test]
    fn each_table_without_a_record_is_named() {
        let arn = |id: &str| format!("arn:aws:dynamodb:r:1:table/{id}");
        let tables: BTreeMap<_, _> = TABLES.iter().map(|id| (*id, arn(id))).collect();
        let judge = |recorded: &[Recorded]| judge(&str::to_owned, &tables, recorded);
        assert_eq!(judge(&[Recorded::All]), []);
        assert_eq!(judge(&[Recorded::BeginsWith(vec!["arn:aws:dynamodb".to_owned()])]), []);
        let two = Recorded::Is(vec![arn(TABLES[0]), arn(TABLES[2])]);
        let [finding] = &judge(&[two])[..] else { panic!("one") };
        assert!(finding.what.ends_with("writes CustomerOrderTable"), "{finding:?}");
        assert_eq!(judge(&[]).len(), 1);
    }
}
