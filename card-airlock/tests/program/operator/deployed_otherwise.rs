//! `doctor` on stacks that were deployed from another template than the one that this program promises: one thing differs,
//! and it alone is found.

use card_airlock::{deployment::SHIPPED, operations::doctor::Finding};

use super::{
    World,
    doctor::{findings, finds, is_sound},
};

/// The shipped template with one text replaced, which it has.
fn with(replaced: &str, by: &str) -> String {
    assert!(SHIPPED.contains(replaced), "{replaced}");
    SHIPPED.replacen(replaced, by, 1)
}

/// The same, within one resource.
fn with_in(resource: &str, replaced: &str, by: &str) -> String {
    let (before, after) = SHIPPED.split_once(&format!("\n  {resource}:\n")).unwrap();
    let end = after.find("\n\n").unwrap();
    let (own, rest) = after.split_at(end);
    assert!(own.contains(replaced), "{resource}: {replaced}");
    format!("{before}\n  {resource}:\n{}{rest}", own.replacen(replaced, by, 1))
}

async fn finds_in(template: String, check: &str, what: &str) -> Finding {
    finds(&World::of(template, &[]).await, check, what).await
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_that_is_off_where_it_must_be_on_and_on_in_the_quarantine_is_found() {
    for (table, promised, found, word) in [
        ("OrderQuarantineTable", "false", "true", "on"),
        ("CreditCardTokenizerTable", "true", "false", "off"),
        ("CustomerOrderTable", "true", "false", "off"),
        ("DetokenizeAuditTable", "true", "false", "off"),
        ("CardKeyTable", "false", "true", "on"),
    ] {
        let enabled = |is: &str| format!("PointInTimeRecoveryEnabled: {is}");
        let template = with_in(table, &enabled(promised), &enabled(found));
        let finding = finds_in(template, "recovery", &format!("recovery of {table} is {word}")).await;
        let fix = format!(
            "--table-name {table} --point-in-time-recovery-specification PointInTimeRecoveryEnabled={promised}"
        );
        assert!(finding.fix.contains(&fix), "{finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lacks_an_image_is_found() {
    // The order's own image alone: what was there before is not in the record.
    let template = with_in("OrderQuarantineTable", "NEW_AND_OLD_IMAGES", "NEW_IMAGE");
    let finding = finds_in(template, "tables", "the stream of OrderQuarantineTable").await;
    assert!(finding.fix.contains("StreamViewType=NEW_AND_OLD_IMAGES"), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_of_the_mapping_that_is_not_the_templates_is_found() {
    for (setting, other, name, fix) in [
        ("BisectBatchOnFunctionError: true", "BisectBatchOnFunctionError: false", "bisect", "--bisect-batch"),
        ("MaximumRetryAttempts: 5", "MaximumRetryAttempts: 6", "maximum-retry", "--maximum-retry-attempts 5"),
        (
            "MaximumRecordAgeInSeconds: 3600",
            "MaximumRecordAgeInSeconds: 7200",
            "maximum-record-age",
            "--maximum-record-age-in-seconds 3600",
        ),
    ] {
        let template = with_in("TokenizeWorkerFunction", setting, other);
        let finding = finds_in(template, "stream", &format!("the {name}")).await;
        assert!(finding.fix.contains(fix), "{finding:?}");
    }
    // Notify and the witness give up nothing before its record expires.
    for function in ["NotifyFunction", "WitnessFunction"] {
        let template = with_in(function, "MaximumRetryAttempts: -1", "MaximumRetryAttempts: 5");
        let finding = finds_in(template, "stream", &format!("of the stream mapping of {function}")).await;
        assert!(finding.fix.contains("--maximum-retry-attempts -1"), "{finding:?}");
        assert_eq!(finding.why.contains("audit"), function == "WitnessFunction", "{finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_tls_policy_is_found() {
    let finding = finds_in(
        with("SecurityPolicy: !Ref TlsPolicy", "SecurityPolicy: TLS_1_0"),
        "tls",
        "accepts TLS by TLS_1_0",
    )
    .await;
    assert!(finding.fix.contains("apigateway update-rest-api"), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_are_kept_for_another_time_are_found() {
    let retention = "RetentionInDays: !Ref LogRetentionDays";
    let finding = finds_in(
        with_in("PaybillLogs", retention, "RetentionInDays: 30"),
        "logs",
        "PaybillLogs keeps its lines for 30 days, not for",
    )
    .await;
    assert!(finding.fix.contains("logs put-retention-policy"), "{finding:?}");
    let other = with_in("IngestLogs", retention, "LogGroupClass: STANDARD");
    finds_in(other, "logs", "IngestLogs keeps its lines for ever").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_silent_or_tells_another_topic_is_found() {
    let actions = "      AlarmActions:\n        - !Ref AlarmTopic\n";
    let silent = with_in("ExpiredAlarm", actions, &format!("      ActionsEnabled: false\n{actions}"));
    let finding = finds_in(silent, "alarms", "ExpiredAlarm does nothing when it goes off").await;
    assert!(finding.fix.contains("cloudwatch enable-alarm-actions --alarm-names"), "{finding:?}");
    finds_in(with_in("ExpiredAlarm", actions, ""), "alarms", "ExpiredAlarm does not tell the stack's topic")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_whose_subscriber_has_not_confirmed_are_found() {
    let email = [("AlarmEmail", "ops@example.com")];
    finds(&World::with(&email).await, "alarms", "nobody has confirmed to get the alarms").await;
    // A queue needs no confirmation.
    let template = with_in("AlarmSubscription", "Protocol: email", "Protocol: sqs");
    is_sound(&World::of(template, &email).await).await;
}

/// The shipped template with a trail that has these selectors.
fn with_trail(is_logging: bool, selectors: &str) -> String {
    let trail = format!(
        "  DataTrail:\n    Type: AWS::CloudTrail::Trail\n    Properties:\n      IsLogging: {is_logging}\n      \
         S3BucketName: bucket\n{selectors}\n"
    );
    with("\n  AlarmTopic:\n", &format!("\n{trail}\n  AlarmTopic:\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_does_not_record_each_use_of_a_table_is_found() {
    let selectors = |resource: &str, more: &str| {
        format!(
            "      AdvancedEventSelectors:\n        - FieldSelectors:\n            - Field: eventCategory\n              \
             Equals: [Data]\n            - Field: resources.type\n              Equals: [{resource}]\n{more}"
        )
    };
    let all = "none records";
    let only_writes = "            - Field: readOnly\n              Equals: [\"false\"]\n";
    let vault = "            - Field: resources.ARN\n              Equals:\n                - !GetAtt CreditCardTokenizerTable.Arn\n";
    let tables = "AWS::DynamoDB::Table";
    is_sound(&World::of(with_trail(true, &selectors(tables, "")), &[]).await).await;
    for (template, missing) in [
        (with_trail(true, ""), all),
        (with_trail(false, &selectors(tables, "")), all),
        (with_trail(true, &selectors("AWS::S3::Object", "")), all),
        (with_trail(true, &selectors(tables, only_writes)), all),
        (with_trail(true, &selectors(tables, vault)), "CustomerOrderTable, DetokenizeAuditTable"),
    ] {
        let missing = if missing == all {
            "CreditCardTokenizerTable, CustomerOrderTable, DetokenizeAuditTable"
        } else {
            missing
        };
        let what = format!("no trail records who reads and writes {missing}");
        let finding = finds_in(template, "trail", &what).await;
        assert!(finding.fix.contains("cloudtrail put-event-selectors"), "{finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_function_that_are_not_the_templates_are_found() {
    for (replaced, by, what) in [
        (
            "          PROCESSOR_IDEMPOTENCY_HOURS: \"23\"",
            "          PROCESSOR_IDEMPOTENCY_HOURS: \"22\"",
            "PaybillFunction is not set as the template says: PROCESSOR_IDEMPOTENCY_HOURS",
        ),
        (
            "          PROCESSOR_IDEMPOTENCY_HOURS: \"23\"",
            "          PROCESSOR_IDEMPOTENCY_HOURS: \"23\"\n          DEBUG: \"1\"",
            "PaybillFunction has settings that the template does not give: DEBUG",
        ),
        ("Timeout: 29 # API", "Timeout: 28 # API", "is not set as the template says: its time-out"),
    ] {
        finds_in(with(replaced, by), "functions", what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_older_than_its_template_or_was_changed_since_is_found() {
    let world = World::start().await;
    let at = |hours_later: i64| {
        let now = i64::try_from(super::now().epoch_seconds()).unwrap();
        let at = u64::try_from(now + hours_later * 3_600).unwrap();
        order::Timestamp::of_epoch_seconds(at).to_string().replace('Z', "+0000")
    };
    for (hours_later, what) in [(-2, "older than its template"), (2, "after its deployment")] {
        let modified = at(hours_later);
        let proxy = world.answering("LastModified", modified.into()).await;
        let found = findings(&proxy).await;
        // Each of the nine is told by its name.
        assert_eq!(found.len(), 9, "{found:?}");
        for (check, finding) in found {
            assert!(check == "functions" && finding.what.contains(what), "{finding:?}");
            assert!(finding.fix.contains("sam deploy"), "{finding:?}");
        }
    }
    // Lambda and CloudFormation do not write down the same moment.
    let moment = at(0);
    is_sound(&world.answering("LastModified", moment.into()).await).await;
}
