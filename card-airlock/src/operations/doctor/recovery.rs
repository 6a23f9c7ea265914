//! Point-in-time recovery: on for what must not be lost, and off for the quarantine and the card keys, whose cards and
//! private halves must be gone when they are gone.

use aws_sdk_dynamodb::{Client, types::PointInTimeRecoveryStatus};
use card_airlock_template::Table;

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let dynamodb = Client::new(&subject.access.config(Right::Read));
    let mut outcome = Outcome::default();
    for table in &subject.promised.stack.tables {
        let is_on = read(&dynamodb, &table.name).await;
        outcome
            .add(&table.logical_id, is_on.map(|is_on| judge(&|command| subject.aws(command), table, is_on)));
    }
    outcome
}

async fn read(dynamodb: &Client, table: &str) -> Result<bool, CallError> {
    let described = dynamodb.describe_continuous_backups().table_name(table).send().await;
    let described = described.map_err(CallError::of("DynamoDB", "DescribeContinuousBackups"))?;
    let recovery =
        described.continuous_backups_description().and_then(|it| it.point_in_time_recovery_description());
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
    Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
}

fn judge(aws: &dyn Fn(&str) -> String, table: &Table, is_on: bool) -> Vec<Finding> {
    let (id, name, wanted) = (&table.logical_id, &table.name, table.point_in_time_recovery);
    if is_on == wanted {
        return Vec::new();
    }
    let (word, why) = if wanted {
        ("off", "A row that is altered or deleted by mistake cannot be had back.")
    } else {
        (
            "on",
            "It keeps sealed cards or private halves for 35 days that are gone from the table, and that nobody expects there.",
        )
    };
    vec![Finding {
        policies: None,
        what: format!("point-in-time recovery of {id} is {word}"),
        why,
        fix: aws(&format!(
            "dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification \
             PointInTimeRecoveryEnabled={wanted}"
        )),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::doctor::shipped::promised_tables;

    #[test]
    fn recovery_is_on_for_vault_orders_and_audit_and_off_for_quarantine_and_card_keys() {
        for table in promised_tables() {
            let is_off = ["OrderQuarantineTable", "CardKeyTable"].contains(&&*table.logical_id);
            assert_eq!(judge(&str::to_owned, &table, !is_off), [], "{}", table.logical_id);
            let [finding] = &judge(&str::to_owned, &table, is_off)[..] else { panic!("one") };
            assert!(finding.fix.ends_with(&format!("PointInTimeRecoveryEnabled={}", !is_off)));
        }
    }
}
