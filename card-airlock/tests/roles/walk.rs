//! One walk uses all that is allowed, and without any one statement it is denied.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::{ROLES, SAMPLE_KEY, TEMPLATE, world::World};

/// What the template allows and nothing here can ask for: policy, statement, element, value.
fn platform() -> BTreeSet<[String; 4]> {
    let mut platform = BTreeSet::new();
    // Lambda writes a function's log itself, with the function's role.
    for role in ROLES {
        let name = role.strip_suffix("Role").unwrap();
        let (policy, group) = (&format!("{name}Policy"), format!("card-airlock-{name}Logs"));
        let group = format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*");
        for (element, value) in
            [("Action", "logs:CreateLogStream"), ("Action", "logs:PutLogEvents"), ("Resource", &group)]
        {
            platform.insert([policy.as_str(), "WriteLogs", element, value].map(str::to_owned));
        }
    }
    // So are its traces, which have no resource to name.
    for (element, value) in
        [("Action", "xray:PutTraceSegments"), ("Action", "xray:PutTelemetryRecords"), ("Resource", "*")]
    {
        platform.insert(["PlatformPolicy", "WriteTraces", element, value].map(str::to_owned));
    }
    // What doctor asks only of a trail, which this machine does not have.
    for action in ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"] {
        platform.insert(["OperatorRead", "LookAtWhatHasNoResource", "Action", action].map(str::to_owned));
    }
    // Administration is people's and CloudFormation's. The walk looks at a key, as one example of it.
    for key in ["QuarantineKey", "VaultKey", "CardKeyKey", "PreviousVaultKey", "ImportKey"] {
        let actions = [
            "CancelKeyDeletion",
            "Disable*",
            "Enable*",
            "List*",
            "PutKeyPolicy",
            "RevokeGrant",
            "RotateKeyOnDemand",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ];
        // KMS rotates no HMAC key.
        for action in actions.iter().filter(|action| key != "ImportKey" || **action != "RotateKeyOnDemand") {
            platform.insert([key, "AdministerTheKey", "Action", &format!("kms:{action}")].map(str::to_owned));
        }
    }
    // `doctor` reads the policies of the stack's own envelope keys, and these two are none.
    for key in ["PreviousVaultKey", "ImportKey"] {
        platform.insert([key, "AdministerTheKey", "Action", "kms:Get*"].map(str::to_owned));
    }
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn one_walk_through_everything_is_allowed_and_uses_all_that_is_allowed() {
    let mut world = World::spawn(TEMPLATE).await.unwrap();
    world.walk().await;
    assert_eq!(world.stack.aws().denials(), []);
    let [quarantine, vault, orders] = world.counts();
    // Paid, declined and re-armed orders are across; what cannot be opened or has expired is not. The declined one's
    // card is forgotten. One came from another table, and one with an encrypted card.
    assert_eq!((vault, orders), (6, 7));
    assert_eq!(quarantine, 3);

    let aws = world.stack.aws();
    let used = aws.used_policy_elements();
    let unused = aws.policy_elements().into_iter().filter(|element| !used.contains(element));
    let unused: BTreeSet<_> = unused.map(|e| [e.policy, e.sid, e.element, e.value]).collect();
    assert_eq!(unused, platform());
}

/// Walks that go at once: each waits, for what is denied is tried again, more than it computes.
const AT_ONCE: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_statements_the_walk_is_denied() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let mut statements: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for element in world.stack.aws().policy_elements().into_iter().filter(|e| e.element == "Action") {
        statements.entry((element.policy, element.sid)).or_default().insert(element.value);
    }
    let unasked = ["WriteLogs", "WriteTraces"];
    // The previous key's policy is not the template's: `rewrap_needs_both_keys_policies` has it. Nor is that of the sample's
    // key.
    statements.retain(|(policy, sid), _| {
        !["PreviousVaultKey", SAMPLE_KEY].contains(&policy.as_str()) && !unasked.contains(&sid.as_str())
    });
    assert!(statements.len() > 30);
    // Tasks, so that every core has some.
    let removals = stream::iter(statements).map(|((policy, sid), actions)| {
        tokio::spawn(async move {
            let mut world = World::spawn(&without(&policy, &sid)).await.unwrap();
            world.walk().await;
            let denials = world.stack.aws().denials();
            let first = denials.first().map(|denial| denial.action.clone());
            let expected = first.is_some_and(|action| actions.iter().any(|wanted| *wanted == action));
            assert!(expected, "{policy} {sid}: {denials:?}");
        })
    });
    removals.buffer_unordered(AT_ONCE).for_each(async |removed| removed.unwrap()).await;
}

/// The template's text without one statement.
fn without(logical_id: &str, sid: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut kept = String::new();
    let (mut inside, mut removed, mut removing, mut place) = (false, 0, false, 0);
    for line in TEMPLATE.lines() {
        if indent(line) == 2 && !line.trim().is_empty() {
            inside = line.trim() == format!("{logical_id}:");
        }
        if removing && indent(line) <= place {
            removing = false;
        }
        if inside && line.trim() == format!("- Sid: {sid}") {
            (removing, removed, place) = (true, removed + 1, indent(line));
            // One behind an Fn::If, or alone in its policy: something must stand in its place.
            kept.push_str(&format!("{}- !Ref AWS::NoValue\n", " ".repeat(place)));
        }
        if !removing {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    assert_eq!(removed, 1, "{logical_id} {sid}");
    kept
}
