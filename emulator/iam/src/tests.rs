//! How policies together decide.

use serde_json::{Value, json};

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/T";
const OTHER_TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/U";
const ACCOUNT: &str = "arn:aws:iam::123456789012:root";
const ROLE: &str = "arn:aws:iam::123456789012:role/R";

/// The policies of one role, one key and one queue.
fn iam(of_role: Value, of_key: Value, of_queue: Value) -> Iam {
    let document = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let mut policies = Policies::new("123456789012");
    policies.add_role("R", ROLE);
    policies.attach_to_role("R", "P", &document(of_role)).unwrap();
    policies.attach_to_key(KEY, "P", &document(of_key)).unwrap();
    policies.attach_to_resources("sqs", "P", &document(of_queue)).unwrap();
    let iam = Iam::default();
    iam.enforce(policies);
    iam
}

fn request(action: &str, resource: Option<&str>) -> Request {
    let context = Context::default().with("aws:SecureTransport", ["true".to_owned()]);
    Request { action: action.to_owned(), resource: resource.map(str::to_owned), context: Some(context) }
}

fn allows(iam: &Iam, caller: &str, action: &str, resource: impl Into<Option<&'static str>>) -> bool {
    iam.authorize(caller, [request(action, resource.into())]).is_ok()
}

fn decrypts(iam: &Iam, caller: &str) -> bool {
    allows(iam, caller, "kms:Decrypt", KEY)
}

fn statement(effect: &str, principal: Option<Value>, action: &str, resource: &str) -> Value {
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": resource});
    if let Some(principal) = principal {
        statement["Principal"] = principal;
    }
    statement
}

#[test]
fn a_key_that_names_the_role_needs_nothing_of_the_roles_own_policies() {
    let direct = statement("Allow", Some(json!({"AWS": ROLE})), "kms:Decrypt", "*");
    let iam = iam(json!([]), json!([direct]), json!([]));
    assert!(decrypts(&iam, "R"));
    assert!(!allows(&iam, "R", "kms:Encrypt", KEY));
    assert!(!decrypts(&iam, "operator"));
}

#[test]
fn a_roles_own_policy_is_not_enough_for_a_key_that_does_not_hand_the_matter_to_the_account() {
    let own = json!([statement("Allow", None, "kms:*", KEY)]);
    let handing_on = |action| json!([statement("Allow", Some(json!({"AWS": ACCOUNT})), action, "*")]);
    assert!(!decrypts(&iam(own.clone(), json!([]), json!([])), "R"));
    assert!(!decrypts(&iam(own.clone(), handing_on("kms:DescribeKey"), json!([])), "R"));
    assert!(decrypts(&iam(own, handing_on("kms:Decrypt"), json!([])), "R"));
    assert!(!decrypts(&iam(json!([]), handing_on("kms:Decrypt"), json!([])), "R"));
}

#[test]
fn an_explicit_denial_wins_wherever_it_stands() {
    let allow = statement("Allow", Some(json!({"AWS": ROLE})), "kms:*", "*");
    let deny_on_key = statement("Deny", Some(json!("*")), "kms:Decrypt", "*");
    let deny_on_role = statement("Deny", None, "kms:Dec*", "*");
    assert!(decrypts(&iam(json!([]), json!([allow]), json!([])), "R"));
    assert!(!decrypts(&iam(json!([]), json!([allow, deny_on_key]), json!([])), "R"));
    assert!(!decrypts(&iam(json!([deny_on_role]), json!([allow]), json!([])), "R"));
}

#[test]
fn the_operator_administers_a_key_and_does_not_use_it() {
    let administer = statement("Allow", Some(json!({"AWS": ACCOUNT})), "kms:Describe*", "*");
    let iam = iam(json!([]), json!([administer]), json!([]));
    assert!(allows(&iam, "operator", "kms:DescribeKey", KEY));
    assert!(!allows(&iam, "R", "kms:DescribeKey", KEY));
    for action in
        ["Encrypt", "Decrypt", "ReEncryptFrom", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]
    {
        let action = format!("kms:{action}");
        assert!(!allows(&iam, "operator", &action, KEY), "{action}");
        assert!(!allows(&iam, "operator", &action, None), "{action}: it may be this key");
    }
    assert!(allows(&iam, "operator", "kms:ListKeys", None));
    assert!(allows(&iam, "operator", "kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/of-no-policy"));
}

#[test]
fn the_operator_may_do_everything_else_until_unknown_callers_are_denied() {
    let iam = iam(json!([]), json!([]), json!([]));
    let scans = || allows(&iam, "operator", "dynamodb:Scan", TABLE);
    let states = || allows(&iam, "operator", "dynamodb:ExecuteStatement", None);
    assert!(scans() && states());
    iam.deny_unknown();
    assert!(!scans() && !states());
    let denied: Vec<_> = iam.denials().into_iter().map(|denial| denial.action).collect();
    assert_eq!(denied, ["dynamodb:Scan", "dynamodb:ExecuteStatement"]);
}

#[test]
fn a_role_has_nothing_that_is_not_allowed_or_not_known() {
    let own = statement("Allow", None, "dynamodb:*", TABLE);
    let iam = iam(json!([own]), json!([]), json!([]));
    assert!(allows(&iam, "R", "dynamodb:Scan", TABLE));
    assert!(!allows(&iam, "R", "dynamodb:Scan", OTHER_TABLE));
    assert!(!allows(&iam, "R", "dynamodb:ExecuteStatement", None));
}

#[test]
fn a_call_that_needs_two_permissions_is_denied_when_it_lacks_one() {
    let own = statement("Allow", None, "dynamodb:*", TABLE);
    let iam = iam(json!([own]), json!([]), json!([]));
    let put = request("dynamodb:PutItem", Some(TABLE));
    let delete = |table| request("dynamodb:DeleteItem", Some(table));
    assert_eq!(iam.authorize("R", [put.clone(), delete(TABLE)]), Ok(()));
    assert_eq!(iam.authorize("R", [put, delete(OTHER_TABLE)]), Err(Denied));
}

#[test]
fn a_policy_of_a_role_that_is_not_there_is_an_error() {
    let document = json!({"Version": "2012-10-17", "Statement": []});
    assert!(Policies::default().attach_to_role("R", "P", &document).is_err());
}

#[test]
fn a_queues_policy_denies_and_allows_too() {
    let own = json!([statement("Allow", None, "sqs:SendMessage", QUEUE)]);
    let send = |iam: &Iam| allows(iam, "R", "sqs:SendMessage", QUEUE);
    let deny = |secure: &str| {
        let mut deny = statement("Deny", Some(json!("*")), "sqs:*", QUEUE);
        deny["Condition"] = json!({"Bool": {"aws:SecureTransport": secure}});
        json!([deny])
    };
    assert!(send(&iam(own.clone(), json!([]), deny("false"))));
    assert!(!send(&iam(own.clone(), json!([]), deny("true"))));
    assert!(!send(&iam(json!([]), json!([]), json!([]))));
    let named = statement("Allow", Some(json!({"AWS": ROLE})), "sqs:SendMessage", QUEUE);
    assert!(send(&iam(json!([]), json!([]), json!([named]))));
}

#[test]
fn what_allowed_a_call_is_remembered_value_by_value_and_a_denied_call_leaves_nothing() {
    let mut own = statement("Allow", None, "sqs:*", QUEUE);
    own["Sid"] = json!("Send");
    own["Action"] = json!(["sqs:SendMessage", "sqs:ReceiveMessage"]);
    let iam = iam(json!([own]), json!([]), json!([]));
    assert!(!allows(&iam, "R", "sqs:DeleteMessage", QUEUE));
    assert!(iam.used().is_empty());
    assert!(allows(&iam, "R", "sqs:SendMessage", QUEUE));
    let unused: Vec<_> =
        iam.declared().difference(&iam.used()).map(|element| element.value.clone()).collect();
    assert_eq!(unused, ["sqs:ReceiveMessage"]);
}

#[test]
fn a_keys_new_policy_is_enforced_from_then_on_and_may_name_only_who_is_there() {
    let iam = iam(json!([]), json!([]), json!([]));
    let document = |who: &str| {
        let allow = statement("Allow", Some(json!({"AWS": who})), "kms:Decrypt", "*");
        json!({"Version": "2012-10-17", "Statement": [allow]})
    };
    assert!(!decrypts(&iam, "R"));
    let decrypt = request("kms:Decrypt", Some(KEY));
    assert_eq!(iam.would_allow("R", &decrypt, &document(ROLE)), Ok(true));
    assert_eq!(iam.would_allow("operator", &decrypt, &document(ROLE)), Ok(false));
    assert!(!decrypts(&iam, "R"), "to ask changes nothing");
    assert_eq!(iam.enforce_on_key(KEY, &document(ROLE)), Ok(()));
    assert!(decrypts(&iam, "R") && !decrypts(&iam, "operator"));
    for nobody in ["arn:aws:iam::123456789012:role/Q", "arn:aws:iam::210987654321:user/u"] {
        assert_eq!(iam.enforce_on_key(KEY, &document(nobody)), Err(PolicyError::Principal), "{nobody}");
    }
    assert!(decrypts(&iam, "R"), "what was refused changes nothing");
    assert_eq!(iam.enforce_on_key(KEY, &document("arn:aws:iam::123456789012:user/operator")), Ok(()));
    assert!(decrypts(&iam, "operator") && !decrypts(&iam, "R"));
}

#[test]
fn a_roles_new_policy_takes_the_place_of_the_one_with_its_id_and_of_no_other() {
    let reads = |resource: &str| json!({"Version": "2012-10-17", "Statement": [statement("Allow", None, "dynamodb:GetItem", resource)]});
    let may_read = |iam: &Iam| [TABLE, OTHER_TABLE].map(|table| allows(iam, "R", "dynamodb:GetItem", table));
    let iam = iam(json!([statement("Allow", None, "dynamodb:GetItem", TABLE)]), json!([]), json!([]));
    assert_eq!(may_read(&iam), [true, false]);
    iam.enforce_on_role("R", "P", &reads(OTHER_TABLE)).unwrap();
    assert_eq!(may_read(&iam), [false, true]);
    iam.enforce_on_role("R", "Q", &reads(TABLE)).unwrap();
    assert_eq!(may_read(&iam), [true, true]);
    // Twice is once.
    iam.enforce_on_role("R", "Q", &reads(TABLE)).unwrap();
    iam.enforce_on_role("R", "Q", &json!({"Version": "2012-10-17", "Statement": []})).unwrap();
    assert_eq!(may_read(&iam), [false, true]);
    // What cannot be read changes nothing.
    assert!(iam.enforce_on_role("R", "P", &json!({"Statement": []})).is_err());
    assert!(iam.enforce_on_role("S", "P", &reads(TABLE)).is_err());
    assert_eq!(may_read(&iam), [false, true]);
}

#[test]
fn new_policies_leave_those_of_keys_that_they_do_not_speak_of() {
    let direct = statement("Allow", Some(json!({"AWS": ROLE})), "kms:Decrypt", "*");
    let iam = iam(json!([]), json!([direct]), json!([]));
    let mut others = Policies::new("123456789012");
    others.add_role("R", ROLE);
    iam.enforce(others);
    assert!(decrypts(&iam, "R") && !decrypts(&iam, "operator"));
    iam.forget_key(KEY);
    assert!(!decrypts(&iam, "R") && decrypts(&iam, "operator"));
}

#[test]
fn a_service_does_what_a_resources_policy_lets_it_do() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:Q";
    let rule = "arn:aws:events:us-east-1:123456789012:rule/R";
    let request = |action: &str, source: &str| Request {
        action: action.to_owned(),
        resource: Some(queue.to_owned()),
        context: Some(Context::default().with("aws:SourceArn", [source.to_owned()])),
    };
    let allow = json!({
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
        "Resource": queue, "Condition": { "ArnEquals": { "aws:SourceArn": rule } },
    });
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue });
    let lets = |statements: &[&Value], service: &str, request: &Request| {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        Policies::lets_service("123456789012", &document, service, request).unwrap()
    };
    let asked = request("sqs:SendMessage", rule);
    assert!(lets(&[&allow], "events.amazonaws.com", &asked));
    assert!(!lets(&[&allow], "sns.amazonaws.com", &asked));
    assert!(!lets(&[&allow], "events.amazonaws.com", &request("sqs:ReceiveMessage", rule)));
    assert!(!lets(
        &[&allow],
        "events.amazonaws.com",
        &request("sqs:SendMessage", "arn:aws:events:us-east-1:1:rule/R")
    ));
    assert!(!lets(&[&allow, &deny], "events.amazonaws.com", &asked));
    assert!(!lets(&[], "events.amazonaws.com", &asked));
    let mut anybody = allow.clone();
    anybody["Principal"] = json!("*");
    assert!(lets(&[&anybody], "events.amazonaws.com", &asked));
    for principal in
        [json!({ "AWS": "arn:aws:iam::123456789012:root" }), json!({ "AWS": "arn:aws:iam::1:role/R" })]
    {
        let mut other = allow.clone();
        other["Principal"] = principal;
        assert!(!lets(&[&other], "events.amazonaws.com", &asked));
    }
    let unknown = json!({ "Version": "2012-10-17", "Statement": [{ "NotPrincipal": "*" }] });
    assert!(Policies::lets_service("123456789012", &unknown, "events.amazonaws.com", &asked).is_err());
}
