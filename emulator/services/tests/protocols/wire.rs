//! An endpoint, and requests as they go over the wire.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use card_airlock_event_source::MappingSwitch;
use card_airlock_gateway::Cognito;
use card_airlock_iam::Policies;
use card_airlock_lambda::{Function, FunctionError};
use card_airlock_services::{
    Account, AwsEndpoint, DeployedFunction, DeployedMapping, DeployedStack, EndpointOptions, Keep,
    RequestNames, StackOutput, StackParameter, StackResource,
};
use clock::Clock;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// An endpoint that knows a role `R`, and no stack.
pub(crate) async fn endpoint() -> AwsEndpoint {
    endpoint_keeping(None).await
}

/// The same, with what it is to keep.
pub(crate) async fn endpoint_keeping(keep: Option<Keep>) -> AwsEndpoint {
    let options = EndpointOptions {
        clock: Clock::system(),
        account: Account { region: "us-east-1".to_owned(), id: "123456789012".to_owned() },
        names: RequestNames::default(),
        guard: |_| true,
        keep,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let aws = AwsEndpoint::start(listener, options, std::future::pending()).await.unwrap();
    let mut policies = Policies::new("123456789012");
    policies.add_role("R", "arn:aws:iam::123456789012:role/R");
    aws.enforce(policies);
    aws
}

/// Status, head and body of the answer to a request that `caller` signed for `service`; nobody signed it if that is
/// empty.
pub(crate) async fn ask(
    aws: &AwsEndpoint,
    line: &str,
    caller: &str,
    service: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> (u16, String, Vec<u8>) {
    let address = aws.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let credential = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={caller}/20261128/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    );
    let credential = if caller.is_empty() { "" } else { &credential };
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\n{credential}{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.as_ref().len()
    );
    stream.write_all(&[request.as_bytes(), body.as_ref()].concat()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    (head[9..12].parse().unwrap(), head, answer[end + 4..].to_vec())
}

/// Without the id of the request, which is new each time.
pub(crate) fn text(body: &[u8]) -> String {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let start = text.to_lowercase().find("<requestid>");
    text[..start.unwrap_or(text.len())].to_owned()
}

/// A resource of the stack `shop`.
pub(crate) fn resource(logical_id: &str, kind: &str, is_retained: bool) -> StackResource {
    StackResource {
        logical_id: logical_id.to_owned(),
        physical_id: format!("shop-{logical_id}"),
        kind: kind.to_owned(),
        is_retained,
        properties: Value::Null,
    }
}

/// What the tests hold of the stack that is up.
pub(crate) struct Up {
    pub(crate) aws: AwsEndpoint,
    pub(crate) switch: MappingSwitch,
    pub(crate) deletion: CancellationToken,
}

pub(crate) const MAPPING: Uuid = Uuid::from_u128(0x1111_2222_3333_4444_8555_6666_7777_8888);
pub(crate) const STREAM: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/Things/stream/1";

/// An endpoint with a stack `shop`: a table that is retained, a key that is not, and a function `shop-Worker` that
/// does what its event says.
pub(crate) async fn up() -> Up {
    up_with(None, vec![]).await
}

/// The same with a user pool and more resources.
pub(crate) async fn up_with(user_pool: Option<Arc<Cognito>>, more: Vec<StackResource>) -> Up {
    let aws = endpoint().await;
    let (switch, deletion) = (MappingSwitch::default(), CancellationToken::new());
    let function = Function::new(|event: Vec<u8>, _| async move {
        let asked: Value = serde_json::from_slice(&event).unwrap_or_default();
        match asked.get("do").and_then(Value::as_str) {
            Some("fail") => Err(FunctionError::Unhandled),
            Some("throttle") => Err(FunctionError::Throttled),
            Some("take long") => std::future::pending().await,
            Some("panic") => panic!("on purpose"),
            _ => Ok(json!({ "was": asked }).to_string().into_bytes()),
        }
    });
    let properties = json!({
        "Architectures": ["arm64"],
        "CodeUri": "worker",
        "Environment": { "Variables": { "TABLE": "Things" } },
        "Handler": "bootstrap",
        "LoggingConfig": { "LogGroup": "shop-WorkerLogs" },
        "MemorySize": 256,
        "Role": "arn:aws:iam::123456789012:role/R",
        "Runtime": "provided.al2023",
        "Timeout": 1,
        "Tracing": "Active",
    });
    let worker = DeployedFunction { properties, timeout: Duration::from_secs(1), function };
    let parameter =
        |key: &str, no_echo| StackParameter { key: key.to_owned(), value: "a<b".to_owned(), no_echo };
    let mut resources = vec![
        resource("Things", "AWS::DynamoDB::Table", true),
        resource("Worker", "AWS::Lambda::Function", false),
    ];
    resources.extend(more);
    aws.deploy(DeployedStack {
        name: "shop".to_owned(),
        description: "Sells things".to_owned(),
        created: std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        parameters: vec![parameter("Mode", false), parameter("Secret", true)],
        outputs: vec![StackOutput {
            key: "Url".to_owned(),
            value: "http://127.0.0.1/dev/".to_owned(),
            description: Some("Where it is".to_owned()),
        }],
        resources,
        functions: BTreeMap::from([("shop-Worker".to_owned(), worker)]),
        mappings: vec![DeployedMapping {
            id: MAPPING,
            function: "shop-Worker".to_owned(),
            source_arn: STREAM.to_owned(),
            settings: json!({ "BatchSize": 100 }),
            switch: switch.clone(),
        }],
        user_pool,
        deletion: deletion.clone(),
    });
    Up { aws, switch, deletion }
}

impl Up {
    /// Gives the role `R` the right to do one thing.
    pub(crate) fn allow(&self, action: &str, resource: &str) {
        self.allow_if(action, resource, json!({}));
    }

    /// The same under a condition.
    pub(crate) fn allow_if(&self, action: &str, resource: &str, condition: Value) {
        let mut policies = Policies::new("123456789012");
        policies.add_role("R", "arn:aws:iam::123456789012:role/R");
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition }],
        });
        policies.attach_to_role("R", "P", &document).unwrap();
        self.aws.enforce(policies);
    }
}
