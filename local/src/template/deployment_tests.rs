//! What a deployed stack must be and no linter sees.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use order::{
    FailureReason, PaymentStatus, QuarantineStatus,
    metrics::{self, Metric},
    settings::{Lookup, SettingError},
};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt};

use super::{
    SHIPPED, Stack, Template,
    tests::{made, shipped},
};
use crate::event_source::FilterCriteria;

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";

/// The shipped template in a VPC, with everything that a parameter may turn on.
fn with_everything() -> (Template, Stack) {
    let on = [
        ("VpcId", "vpc-0a"),
        ("SubnetIds", "subnet-0a,subnet-0b"),
        ("RouteTableIds", "rtb-0a"),
        ("AlarmEmail", "ops@example.com"),
        ("SetApiGatewayAccount", "true"),
        ("SelfSignUp", "true"),
        ("ProcessorUrl", "https://pay.example/charges"),
        ("ProcessorSecretArn", SECRET),
        ("ProcessorProxy", "proxy.example"),
    ];
    with(&on)
}

/// The shipped template with some parameters.
fn with(parameters: &[(&str, &str)]) -> (Template, Stack) {
    let mut given = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
    given.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let template = Template::parse(SHIPPED, &given).unwrap();
    let mut resources = made();
    for (logical_id, attributes) in template.named_here().0 {
        resources.0.entry(logical_id).or_insert(attributes);
    }
    resources.insert("ApiGatewayAccount", "account", []);
    let stack = template.resolve(&resources).unwrap();
    (template, stack)
}

fn of_kind<'a>(template: &'a Template, kind: &str) -> Vec<&'a str> {
    let of_kind = template.resources.iter().filter(|(_, resource)| resource.kind == kind);
    of_kind.map(|(logical_id, _)| logical_id.as_str()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap()).collect(),
        value => vec![value.as_str().unwrap()],
    }
}

/// The statements of every policy in the stack, with the resource they stand in.
fn statements<'a>(template: &'a Template, stack: &'a Stack) -> Vec<(&'a str, &'a Value)> {
    let policies = template.resources.keys().flat_map(|logical_id| {
        let properties = stack.properties(logical_id).unwrap();
        let policies = ["PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"].into_iter();
        policies.filter_map(move |name| Some((logical_id.as_str(), properties.get(name)?)))
    });
    policies
        .flat_map(|(id, policy)| policy["Statement"].as_array().unwrap().iter().map(move |s| (id, s)))
        .collect()
}

#[test]
fn nothing_is_allowed_on_every_resource_but_what_has_no_resource_to_name() {
    let (template, stack) = with_everything();
    let statements = statements(&template, &stack);
    assert!(statements.len() > 30, "{}", statements.len());
    for (logical_id, statement) in statements {
        if statement["Effect"] == "Deny" {
            continue;
        }
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
        let on_all = statement.get("Resource").is_some_and(|resource| texts(resource).contains(&"*"));
        // A key's policy has no other way to say "this key".
        let is_key = ["QuarantineKey", "VaultKey"].contains(&logical_id);
        let platform = ["WriteTraces", "JoinTheVpc"].contains(&sid) || logical_id == "XRayEndpoint";
        assert!(!on_all || is_key || platform, "{logical_id} {sid}");
        let wild = texts(&statement["Action"]).iter().any(|action| action.contains('*'));
        assert!(!wild || (is_key && sid == "AdministerTheKey"), "{logical_id} {sid}");
    }
}

#[test]
fn whoever_is_let_in_by_a_policy_is_named() {
    let (template, stack) = with_everything();
    let roles: BTreeSet<_> = ["Ingest", "TokenizeWorker", "Replay", "Paybill", "Forget"]
        .map(|role| format!("arn:aws:iam::123456789012:role/{role}Role"))
        .into();
    let mut by_condition = 0;
    for (logical_id, statement) in statements(&template, &stack) {
        if statement["Effect"] == "Deny" || statement.get("Principal") != Some(&json!("*")) {
            continue;
        }
        // Only a VPC endpoint, whose policy cannot name a role any other way.
        let named = texts(&statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]);
        assert!(!named.is_empty() && named.iter().all(|role| roles.contains(*role)), "{logical_id}");
        by_condition += 1;
    }
    assert_eq!(by_condition, of_kind(&template, "AWS::EC2::VPCEndpoint").len());
    assert_eq!(by_condition, 6);
}

#[test]
fn in_a_vpc_functions_get_out_by_https_only_and_nothing_gets_in() {
    let (_, stack) = with_everything();
    for function in &stack.functions {
        let vpc = &stack.properties(&function.logical_id).unwrap()["VpcConfig"];
        assert_eq!(vpc["SubnetIds"], json!(["subnet-0a", "subnet-0b"]));
        assert_eq!(vpc["SecurityGroupIds"], json!(["sg-functionsecuritygroup"]));
    }
    let functions = stack.properties("FunctionSecurityGroup").unwrap();
    assert!(functions.get("SecurityGroupIngress").is_none());
    let ports = |rules: &Value| -> Vec<[Value; 3]> {
        let ports = |rule: &Value| ["IpProtocol", "FromPort", "ToPort"].map(|name| rule[name].clone());
        rules.as_array().unwrap().iter().map(ports).collect()
    };
    let https = [json!("tcp"), json!(443), json!(443)];
    let endpoints = stack.properties("EndpointSecurityGroup").unwrap();
    for rules in [&functions["SecurityGroupEgress"], &endpoints["SecurityGroupIngress"]] {
        assert_eq!(ports(rules), std::slice::from_ref(&https));
    }
    // And to the proxy on the way to the payment processor, where there is one and its port is another.
    let proxy = ports(&json!([stack.properties("ProxyEgress").unwrap()]));
    assert_eq!(proxy, [[json!("tcp"), json!(3128), json!(3128)]]);
    let vpc = [("VpcId", "vpc-0a"), ("SubnetIds", "subnet-0a"), ("RouteTableIds", "rtb-0a")];
    assert!(with(&vpc).1.properties("ProxyEgress").is_none());
    let by_https = [("ProcessorProxy", "proxy.example"), ("ProcessorProxyPort", "443")];
    assert!(with(&[&vpc[..], &by_https].concat()).1.properties("ProxyEgress").is_none());
    let defaults = shipped();
    assert!(defaults.properties("IngestFunction").unwrap().get("VpcConfig").is_none());
    assert!(defaults.properties("KmsEndpoint").is_none());
}

#[test]
fn a_function_waits_for_the_policies_of_its_role() {
    // Lambda tries the role when it makes the stream mapping, and a VPC's interfaces.
    let declared = super::yaml::read(SHIPPED).unwrap();
    let resources = declared["Resources"].as_object().unwrap();
    for (function, policy) in [
        ("IngestFunction", "IngestPolicy"),
        ("TokenizeWorkerFunction", "TokenizeWorkerPolicy"),
        ("ReplayFunction", "ReplayPolicy"),
        ("PaybillFunction", "PaybillPolicy"),
        ("ForgetFunction", "ForgetPolicy"),
    ] {
        assert_eq!(resources[function]["DependsOn"], json!([policy, "PlatformPolicy"]), "{function}");
    }
}

#[test]
fn what_holds_data_outlives_the_stack() {
    let declared = super::yaml::read(SHIPPED).unwrap();
    let kinds = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool", "AWS::Logs::LogGroup"];
    let mut kept = 0;
    for (logical_id, resource) in declared["Resources"].as_object().unwrap() {
        if kinds.contains(&resource["Type"].as_str().unwrap()) || logical_id == "DeadLetterQueue" {
            assert_eq!(resource["DeletionPolicy"], "Retain", "{logical_id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{logical_id}");
            kept += 1;
        }
    }
    assert_eq!(kept, 4 + 2 + 1 + 6 + 1);
    assert_eq!(shipped().properties("UserPool").unwrap()["DeletionProtection"], "ACTIVE");
}

#[test]
fn what_a_deleted_stack_leaves_is_imported_as_it_was() {
    let text = include_str!("../../../docs/retained.yaml");
    let retained = Template::parse(text, &BTreeMap::new()).unwrap();
    assert_eq!(retained.tables(&made()).unwrap(), shipped().tables);
    let kinds = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool"];
    let shipped = Template::shipped().unwrap();
    for kind in kinds {
        assert_eq!(of_kind(&retained, kind), of_kind(&shipped, kind), "{kind}");
    }
}

#[test]
fn the_streams_filter_lets_through_what_waits_and_what_ttl_took() {
    let [mapping] = &shipped().stream_mappings[..] else { panic!("one mapping") };
    let filter = FilterCriteria::from_patterns(&mapping.filter_patterns).unwrap();
    let status = |status: QuarantineStatus| json!({"Status": {"S": status.word()}});
    let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    for (event, image, by, passes) in [
        ("INSERT", QuarantineStatus::Pending, &Value::Null, true),
        ("MODIFY", QuarantineStatus::Pending, &Value::Null, true),
        ("MODIFY", QuarantineStatus::Failed, &Value::Null, false),
        ("MODIFY", QuarantineStatus::Expired, &Value::Null, false),
        ("REMOVE", QuarantineStatus::Pending, &ttl, true),
        ("REMOVE", QuarantineStatus::Failed, &ttl, true),
        ("REMOVE", QuarantineStatus::Expired, &ttl, false),
        ("REMOVE", QuarantineStatus::Pending, &Value::Null, false),
    ] {
        let side = if event == "REMOVE" { "OldImage" } else { "NewImage" };
        let mut record = json!({"eventName": event, "dynamodb": {side: status(image)}});
        if !by.is_null() {
            record["userIdentity"] = by.clone();
        }
        assert_eq!(filter.matches(&record), passes, "{record}");
    }
}

#[test]
fn every_variable_that_a_function_reads_is_set_and_every_one_set_is_read() {
    fn read<T>(read: impl Fn(Lookup<'_>) -> Result<T, SettingError>, function: &str) {
        let defaults = shipped();
        let plain = &defaults.function(function).unwrap().environment;
        assert_eq!(read(&|name| plain.get(name).cloned()).err(), None, "{function}");
        let (_, stack) = with_everything();
        let environment = &stack.function(function).unwrap().environment;
        let asked = RefCell::new(BTreeSet::new());
        let settings = read(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            environment.get(name).cloned()
        });
        assert_eq!(settings.err(), None, "{function}");
        assert_eq!(asked.into_inner(), environment.keys().cloned().collect(), "{function}");
    }
    read(ingest::Settings::read, "IngestFunction");
    read(tokenize_worker::Settings::read, "TokenizeWorkerFunction");
    read(tokenize_worker::replay::ReplaySettings::read, "ReplayFunction");
    read(paybill::Settings::read, "PaybillFunction");
    read(paybill::forget::ForgetSettings::read, "ForgetFunction");
}

#[test]
fn the_processors_secret_is_this_one_and_paybills_only() {
    let (template, stack) = with_everything();
    let reading =
        |statement: &&(&str, &Value)| texts(&statement.1["Action"]).iter().any(|a| a.contains("secret"));
    let all = statements(&template, &stack);
    let reading: Vec<_> = all.iter().filter(reading).collect();
    let places: Vec<_> = reading.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, ["PaybillPolicy", "SecretsEndpoint"]);
    assert!(reading.iter().all(|(_, statement)| texts(&statement["Resource"]) == [SECRET]));
    let environment = &stack.function("PaybillFunction").unwrap().environment;
    assert_eq!(environment["PROCESSOR_PROXY"], "http://proxy.example:3128");
    // Where there is no secret, nobody may read any.
    let (template, stack) = with(&[("VpcId", "vpc-0a"), ("SubnetIds", "s"), ("RouteTableIds", "r")]);
    assert!(stack.properties("SecretsEndpoint").is_none());
    let all = statements(&template, &stack);
    assert!(all.iter().all(|(_, s)| !s.to_string().contains("secretsmanager")));
}

#[test]
fn a_payment_processor_must_be_chosen() {
    let error = Template::parse(SHIPPED, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("ProcessorUrl"), "{error}");
    let declared = super::yaml::read(SHIPPED).unwrap();
    assert_eq!(declared["Parameters"]["ProcessorUrl"]["AllowedPattern"], "sandbox|https://.+");
}

#[test]
fn the_gateway_refuses_in_the_functions_error_shape_and_tells_nothing_of_the_request() {
    let stack = shipped();
    let responses = stack.properties("CustomerApi").unwrap()["GatewayResponses"].as_object().unwrap();
    for (code, response) in responses {
        let templates = response["ResponseTemplates"].as_object().unwrap();
        assert_eq!(templates.keys().collect::<Vec<_>>(), ["application/json"], "{code}");
        let body: Value = serde_json::from_str(templates["application/json"].as_str().unwrap()).unwrap();
        let of_all_others = code.starts_with("DEFAULT_");
        let expected = if of_all_others { "$context.error.responseType" } else { code };
        let message = body["message"].as_str().unwrap();
        assert!(!message.contains('$'), "{code}");
        let shape = json!({"message": message, "code": expected, "requestId": "$context.requestId"});
        assert_eq!(body, shape, "{code}");
        assert_eq!(response.get("StatusCode").is_none(), of_all_others, "{code}");
    }
    assert!(["DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"].iter().all(|code| responses.contains_key(*code)));
}

#[test]
fn the_gateway_logs_routes_and_numbers_and_no_more() {
    let stack = shipped();
    let api = stack.properties("CustomerApi").unwrap();
    let format: Value = serde_json::from_str(api["AccessLogSetting"]["Format"].as_str().unwrap()).unwrap();
    let allowed = [
        "$context.error.responseType",
        "$context.httpMethod",
        "$context.integration.latency",
        "$context.integration.status",
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.resourcePath",
        "$context.responseLatency",
        "$context.status",
    ];
    let logged: BTreeSet<_> =
        format.as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
    assert_eq!(logged, allowed.into());
    assert_eq!(api["TracingEnabled"], false, "a trace holds the URL");
    assert!(api.get("Cors").is_none());
    for method in api["MethodSettings"].as_array().unwrap() {
        assert_eq!((&method["LoggingLevel"], &method["DataTraceEnabled"]), (&json!("OFF"), &json!(false)));
    }
}

#[test]
fn every_route_is_limited_and_paying_most_of_all() {
    let stack = shipped();
    let settings = stack.properties("CustomerApi").unwrap()["MethodSettings"].as_array().unwrap().clone();
    let rate = |method: &str, path: &str| {
        let path = format!("/{}", path.replace('/', "~1"));
        let of = |s: &&Value| s["HttpMethod"] == method && s["ResourcePath"] == path.as_str();
        settings.iter().find(of).and_then(|s| s["ThrottlingRateLimit"].as_u64()).unwrap()
    };
    let paying = rate("POST", "/paybill");
    for route in stack.api.routes.iter().filter(|route| route.path != "/paybill") {
        assert!(rate(&route.method, &route.path) > paying, "{}", route.path);
    }
    let all = settings.iter().find(|s| s["ResourcePath"] == "/*").unwrap();
    assert!(all["ThrottlingRateLimit"].as_u64().is_some(), "a route that is added has a limit too");
}

#[test]
fn a_body_that_is_no_object_reaches_no_function() {
    let stack = shipped();
    assert_eq!(
        stack.properties("CustomerApi").unwrap()["Models"],
        json!({"JsonObject": {"type": "object"}}),
        "what is in it the functions check, and say nothing of it"
    );
    let model = json!({"Model": "JsonObject", "Required": true, "ValidateBody": true});
    for (function, event) in [("IngestFunction", "PostOrder"), ("PaybillFunction", "PostPaybill")] {
        let event = &stack.properties(function).unwrap()["Events"][event]["Properties"];
        assert_eq!(event["RequestModel"], model, "{function}");
    }
}

#[test]
fn tokens_are_this_clients_and_short_and_users_are_made_by_an_administrator() {
    let stack = shipped();
    let authorizer = &stack.properties("CustomerApi").unwrap()["Auth"]["Authorizers"]["CognitoAuthorizer"];
    assert_eq!(authorizer["Identity"]["ValidationExpression"], stack.user_pool_client_id.as_str());
    let client = stack.properties("UserPoolClient").unwrap();
    assert_eq!(
        (&client["IdTokenValidity"], &client["TokenValidityUnits"]["IdToken"]),
        (&json!(60), &json!("minutes"))
    );
    let pool = stack.properties("UserPool").unwrap();
    assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
    assert_eq!(pool["MfaConfiguration"], "OPTIONAL");
    assert!(pool["Policies"]["PasswordPolicy"]["MinimumLength"].as_u64().unwrap() >= 12);
    let group = &stack.properties("BillingGroup").unwrap()["GroupName"];
    assert_eq!(group, "billing");
    for function in ["IngestFunction", "PaybillFunction", "ForgetFunction"] {
        assert_eq!(stack.function(function).unwrap().environment["BILLING_GROUP"], group.as_str().unwrap());
    }
    let (_, open) = with_everything();
    assert_eq!(
        open.properties("UserPool").unwrap()["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        false
    );
}

#[test]
fn nobody_reaches_the_dead_letters_without_tls() {
    let stack = shipped();
    let policy = stack.properties("DeadLetterQueuePolicy").unwrap();
    let queue = stack.properties("DeadLettersAlarm").unwrap();
    assert_eq!(queue["Dimensions"], json!([{"Name": "QueueName", "Value": "dlq"}]));
    let [statement] = &policy["PolicyDocument"]["Statement"].as_array().unwrap()[..] else { panic!("one") };
    assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
    assert_eq!(statement["Action"], "sqs:*");
    assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
}

/// A metric as a log line carries it: name, dimension, the dimension's value.
#[derive(Default)]
struct Written(BTreeMap<&'static str, String>);

impl Visit for Written {
    fn record_str(&mut self, field: &Field, text: &str) {
        self.0.insert(field.name(), text.to_owned());
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeSet<(String, String, String)>>>);

impl<S: tracing::Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut written = Written::default();
        event.record(&mut written);
        let mut part = |name| written.0.remove(name).unwrap_or_default();
        self.0.lock().unwrap().insert((part("name"), part("dimension"), part("of")));
    }
}

#[test]
fn every_alarm_on_our_metrics_is_on_one_that_is_written() {
    let recorder = Recorder::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(recorder.clone()), || {
        Metric::OldestQuarantined(1).record();
        Metric::Expired.record();
        Metric::RemovedByTtl.record();
        Metric::Parked(FailureReason::EnvelopeRefused.code()).record();
        Metric::CardUnreadable.record();
        Metric::CardMissing.record();
        Metric::Payment(PaymentStatus::Unknown.word()).record();
        Metric::Detokenized.record();
        Metric::DetokenizeRefused.record();
    });
    let template = Template::shipped().unwrap();
    let stack = shipped();
    let alarms = of_kind(&template, "AWS::CloudWatch::Alarm");
    let mut watched = BTreeSet::new();
    for alarm in &alarms {
        let alarm = stack.properties(alarm).unwrap();
        assert_eq!(
            alarm["AlarmActions"],
            json!(["arn:aws:sns:us-east-1:123456789012:card-airlock-AlarmTopic"])
        );
        if alarm["Namespace"] == metrics::NAMESPACE {
            let dimension = &alarm["Dimensions"][0];
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            watched.insert((part(&alarm["MetricName"]), part(&dimension["Name"]), part(&dimension["Value"])));
        }
    }
    assert_eq!(watched, *recorder.0.lock().unwrap());
    assert_eq!(alarms.len(), 9 + 2 + 2 * stack.functions.len());
    let oldest = stack.properties("OldestQuarantinedAlarm").unwrap();
    assert_eq!(oldest["TreatMissingData"], "breaching", "a sweep that does not run tells nothing");
    assert_eq!(stack.properties("IteratorAgeAlarm").unwrap()["MetricName"], "IteratorAge");
}

#[test]
fn every_function_has_alarms_of_its_own_and_is_traced() {
    let (template, stack) = with_everything();
    for function in &stack.functions {
        let id = &function.logical_id;
        let watched: BTreeSet<_> = of_kind(&template, "AWS::CloudWatch::Alarm")
            .into_iter()
            .map(|alarm| stack.properties(alarm).unwrap())
            .filter(|alarm| alarm["Dimensions"][0]["Value"] == format!("card-airlock-{id}").as_str())
            .map(|alarm| alarm["MetricName"].as_str().unwrap())
            .collect();
        assert!(watched.is_superset(&["Errors", "Throttles"].into()), "{id}: {watched:?}");
        assert_eq!(stack.properties(id).unwrap()["Tracing"], "Active", "{id}");
        assert_eq!(stack.properties(id).unwrap()["Architectures"], json!(["arm64"]), "{id}");
    }
}

#[test]
fn the_outputs_are_the_samples_and_what_an_operator_needs() {
    let outputs: BTreeSet<_> = shipped().outputs.into_keys().collect();
    let mut expected: BTreeSet<String> = [
        "AccountId",
        "AlarmTopicArn",
        "AuditTableName",
        "DeadLetterQueueUrl",
        "OrderTableName",
        "PaymentMethodApiURL",
        "QuarantineKeyArn",
        "QuarantineTableName",
        "Region",
        "UserPoolAppClientId",
        "UserPoolArn",
        "VaultKeyArn",
        "VaultTableName",
    ]
    .map(str::to_owned)
    .into();
    for function in ["Ingest", "TokenizeWorker", "Replay", "Paybill", "Forget"] {
        expected.extend(["FunctionArn", "FunctionName", "RoleArn"].map(|what| format!("{function}{what}")));
    }
    assert_eq!(outputs, expected);
}
