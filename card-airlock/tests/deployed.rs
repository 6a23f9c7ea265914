//! What CloudFormation and Lambda of a running stack say is what is there, and what they do is done.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::collections::BTreeMap;

use card_airlock::{
    sign_in,
    stack::{Stack, StackOptions},
};
use card_airlock_event_source::Did;
use serde_json::{Value, json};
use test_support::{Client, eventually, order};

struct World {
    stack: Stack,
    http: reqwest::Client,
}

impl World {
    async fn new() -> Self {
        Self::of(StackOptions::on_free_ports(sign_in::ephemeral().unwrap())).await
    }

    async fn of(options: StackOptions) -> Self {
        let stack = Stack::start(options).await.unwrap();
        Self { stack, http: test_support::http_client() }
    }

    fn user(&self) -> Client {
        Client::new(&self.stack.api_url(), self.stack.token("ann", &[]).unwrap())
    }

    /// What the operator is answered, with a status that is a success.
    async fn ask(&self, service: &str, request: reqwest::RequestBuilder) -> String {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=operator/20261128/us-east-1/{service}/aws4_request, SignedHeaders=host, \
             Signature=0"
        );
        let answer = request.header("authorization", credential).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        text
    }

    async fn cloudformation(&self, question: &str) -> String {
        let form =
            self.http.post(self.stack.aws_url()).header("content-type", "application/x-www-form-urlencoded");
        self.ask("cloudformation", form.body(format!("Version=2010-05-15&StackName=card-airlock&{question}")))
            .await
    }

    async fn lambda(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}/2015-03-31/{path}", self.stack.aws_url()));
        serde_json::from_str(&self.ask("lambda", request.body(body.to_string())).await).unwrap()
    }

    /// All resources of the stack, a hundred at a time.
    async fn resources(&self) -> String {
        let (mut all, mut token) = (String::new(), String::new());
        loop {
            let page = self.cloudformation(&format!("Action=ListStackResources{token}")).await;
            token = match texts(&page, "NextToken").first() {
                Some(next) if !next.is_empty() => format!("&NextToken={next}"),
                _ => return all + &page,
            };
            all += &page;
        }
    }

    /// The worker's.
    async fn mapping(&self) -> Value {
        let listed = self.lambda(reqwest::Method::GET, "event-source-mappings", json!({})).await;
        let mappings = listed["EventSourceMappings"].as_array().unwrap();
        let is_workers =
            |mapping: &&Value| mapping["FunctionArn"].as_str().unwrap().ends_with("-TokenizeWorkerFunction");
        mappings.iter().find(is_workers).unwrap().clone()
    }

    /// Turns the mapping off or on, and tells the state that Lambda answers.
    async fn turn(&self, is_on: bool) -> String {
        let path = format!("event-source-mappings/{}", self.mapping().await["UUID"].as_str().unwrap());
        let answer = self.lambda(reqwest::Method::PUT, &path, json!({ "Enabled": is_on })).await;
        answer["State"].as_str().unwrap().to_owned()
    }
}

/// The text of each such element.
fn texts(xml: &str, element: &str) -> Vec<String> {
    let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&begin).skip(1).map(|rest| rest.split(&end).next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_stack_s_outputs_lead_to_what_is_here() {
    let world = World::new().await;
    let described = world.cloudformation("Action=DescribeStacks").await;
    let outputs: BTreeMap<_, _> =
        texts(&described, "OutputKey").into_iter().zip(texts(&described, "OutputValue")).collect();
    assert_eq!(outputs["PaymentMethodApiURL"], format!("{}/", world.stack.api_url()));
    let declared = &world.stack.declared.outputs;
    assert_eq!(outputs.len(), declared.len());
    for (name, value) in outputs.iter().filter(|(name, _)| *name != "PaymentMethodApiURL") {
        assert_eq!(value, &declared[name].value);
    }
    let parameters: BTreeMap<_, _> =
        texts(&described, "ParameterKey").into_iter().zip(texts(&described, "ParameterValue")).collect();
    assert_eq!((parameters["StageName"].as_str(), parameters["SelfSignUp"].as_str()), ("dev", "false"));
}

#[tokio::test]
async fn each_resource_is_listed_by_the_name_that_its_service_knows() {
    let world = World::new().await;
    let all = world.resources().await;
    let names: BTreeMap<_, _> =
        texts(&all, "LogicalResourceId").into_iter().zip(texts(&all, "PhysicalResourceId")).collect();
    assert_eq!(names["OrderQuarantineTable"], "OrderQuarantineTable");
    assert_eq!(
        names["VaultKey"],
        world.stack.declared.outputs["VaultKeyArn"].value.rsplit('/').next().unwrap()
    );
    assert_eq!(names["DeadLetterQueue"], world.stack.declared.outputs["DeadLetterQueueUrl"].value);
    assert_eq!(names["ReplayFunction"], "card-airlock-ReplayFunction");
    assert_eq!(names["UserPool"], "us-east-1_CardArlck");
    assert_eq!(names["CustomerApi"], "customerapi");
    assert_eq!(names["IngestLogs"], "card-airlock-IngestLogs");
    assert_eq!(names["TokenizeWorkerFunctionQuarantine"], world.mapping().await["UUID"].as_str().unwrap());
    // Every resource of the template, and the three mappings that SAM makes.
    assert_eq!(names.len(), world.stack.declared.resources.len() + 3);
    let kinds: BTreeMap<_, _> =
        texts(&all, "LogicalResourceId").into_iter().zip(texts(&all, "ResourceType")).collect();
    assert_eq!(kinds["ReplayFunction"], "AWS::Lambda::Function");
    assert_eq!(kinds["CustomerApi"], "AWS::ApiGateway::RestApi");
}

#[tokio::test]
async fn deleting_the_stack_tells_who_runs_it_and_what_is_retained() {
    let world = World::new().await;
    let all = world.resources().await;
    assert!(!all.contains("DELETE_"));
    world.cloudformation("Action=DeleteStack").await;
    world.stack.deleted().await;
    let all = world.resources().await;
    let states = texts(&all, "LogicalResourceId").into_iter().zip(texts(&all, "ResourceStatus"));
    let skipped: Vec<_> =
        states.filter(|(_, state)| state == "DELETE_SKIPPED").map(|(name, _)| name).collect();
    assert_eq!(skipped, world.stack.retained());
    for kept in ["CreditCardTokenizerTable", "VaultKey", "UserPool", "IngestLogs", "DeadLetterQueue"] {
        assert!(skipped.iter().any(|name| name == kept), "{kept}: {skipped:?}");
    }
    assert!(!skipped.iter().any(|name| name == "IngestFunction"));
}

#[tokio::test]
async fn the_sweep_is_invoked_and_its_summary_is_the_answer() {
    let world = World::new().await;
    let path = "functions/card-airlock-ReplayFunction/invocations";
    let summary = world.lambda(reqwest::Method::POST, path, json!({ "action": "sweep" })).await;
    assert!(summary.is_object() && summary.get("errorType").is_none(), "{summary}");
    let wrong = world.lambda(reqwest::Method::POST, path, json!({ "action": "fly" })).await;
    assert_eq!(wrong["errorType"], "Runtime.Unknown");
}

#[tokio::test]
async fn a_running_mapping_follows_and_takes_up_what_waited() {
    let world = World::new().await;
    let user = world.user();
    assert_eq!(world.turn(false).await, "Disabling");
    let is = async |state: &str| (world.mapping().await["State"] == state).then_some(());
    eventually("the mapping is off", async || is("Disabled").await).await;
    user.submit(&order("waits")).await.is(202);
    assert_eq!(world.turn(true).await, "Enabling");
    eventually("the mapping is on", async || is("Enabled").await).await;
    assert_eq!(user.settled("waits").await.text("Status"), "TOKENIZED");
}

#[tokio::test]
async fn an_order_waits_while_the_mapping_is_off() {
    let options =
        StackOptions { self_driven: false, ..StackOptions::on_free_ports(sign_in::ephemeral().unwrap()) };
    let mut world = World::of(options).await;
    let user = world.user();
    world.turn(false).await;
    user.submit(&order("waits")).await.is(202);
    for _ in 0..20 {
        assert_eq!(world.stack.mapping("TokenizeWorkerFunction").unwrap().step().await.did, Did::Nothing);
    }
    assert_eq!(world.mapping().await["State"], "Disabled");
    assert_eq!(user.status("waits").await.text("Status"), "PENDING");
    world.turn(true).await;
    while !matches!(
        world.stack.mapping("TokenizeWorkerFunction").unwrap().step().await.did,
        Did::Invoked { .. }
    ) {}
    assert_eq!(user.status("waits").await.text("Status"), "TOKENIZED");
}

#[tokio::test]
async fn the_mapping_s_settings_are_the_template_s() {
    let world = World::new().await;
    let mapping = world.mapping().await;
    let declared = &world.stack.declared.stream_mapping("TokenizeWorkerFunction").unwrap();
    assert_eq!(mapping["EventSourceArn"], declared.stream_arn);
    assert_eq!(mapping["DestinationConfig"]["OnFailure"]["Destination"], json!(declared.on_failure_arn));
    let expected = json!({
        "BatchSize": 100, "ParallelizationFactor": 1, "MaximumBatchingWindowInSeconds": 0,
        "MaximumRetryAttempts": 5, "MaximumRecordAgeInSeconds": 3600, "BisectBatchOnFunctionError": true,
        "FunctionResponseTypes": ["ReportBatchItemFailures"], "StartingPosition": "TRIM_HORIZON",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&mapping[name], value, "{name}");
    }
    let patterns: Vec<_> = mapping["FilterCriteria"]["Filters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|filter| &filter["Pattern"])
        .collect();
    assert_eq!(patterns, declared.filter_patterns.iter().collect::<Vec<_>>());
}
