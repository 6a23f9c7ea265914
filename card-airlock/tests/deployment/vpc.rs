//! In a VPC: what gets out, and what the endpoints let through.

use std::collections::BTreeSet;

use card_airlock_template::{Stack, Template};
use serde_json::{Value, json};

use super::{PREVIOUS_KEY, of_kind, shipped, statements, texts, with, with_everything};

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

/// What a statement is about: its actions, its resources, and whom it is for.
type Scope = [BTreeSet<String>; 3];

fn owned(value: &Value) -> impl Iterator<Item = String> {
    texts(value).into_iter().map(str::to_owned)
}

/// All that roles may do by one service, whichever policy says so.
fn allowed(template: &Template, stack: &Stack, service: &str) -> Scope {
    let mut scope = Scope::default();
    for (logical_id, statement) in statements(template, stack) {
        let properties = stack.properties(logical_id).unwrap();
        let of_roles = properties.get("RoleName").or_else(|| properties.get("Roles"));
        let roles: Vec<String> = match of_roles {
            Some(roles) => owned(roles).map(|r| format!("arn:aws:iam::123456789012:role/{r}")).collect(),
            // A key's policy names the role. Its administration is not the functions'.
            None if statement["Effect"] == "Allow" && statement["Sid"] != "AdministerTheKey" => {
                statement["Principal"].get("AWS").into_iter().flat_map(owned).collect()
            }
            None => continue,
        };
        // Lambda reads the stream, not the function.
        let of_service = |action: &&str| action.starts_with(service);
        if roles.is_empty()
            || statement["Sid"] == "ReadTheStream"
            || !texts(&statement["Action"]).iter().any(of_service)
        {
            continue;
        }
        scope[0].extend(owned(&statement["Action"]));
        if service == "kms:" && of_roles.is_none() {
            // "*" in a key's policy is the key itself. A role's own statement names the key, which is not the stack's.
            scope[1].insert(format!("arn:aws:kms:us-east-1:123456789012:key/{logical_id}"));
        } else {
            scope[1].extend(owned(&statement["Resource"]));
        }
        scope[2].extend(roles);
    }
    scope
}

#[test]
fn an_endpoint_lets_the_roles_do_all_that_they_may_and_nobody_anything_else() {
    let (template, stack) = with_everything();
    let mut endpoints: BTreeSet<_> = of_kind(&template, "AWS::EC2::VPCEndpoint").into_iter().collect();
    for (endpoint, service) in [
        ("DynamoDbEndpoint", "dynamodb:"),
        ("KmsEndpoint", "kms:"),
        ("SqsEndpoint", "sqs:"),
        ("EventsEndpoint", "events:"),
        ("LogsEndpoint", "logs:"),
        ("XRayEndpoint", "xray:"),
    ] {
        let policy = &stack.properties(endpoint).unwrap()["PolicyDocument"];
        let [statement] = &policy["Statement"].as_array().unwrap()[..] else { panic!("{endpoint}") };
        let roles = &statement["Condition"]["ArnEquals"]["aws:PrincipalArn"];
        let scope: Scope =
            [&statement["Action"], &statement["Resource"], roles].map(|value| owned(value).collect());
        let mut allowed = allowed(&template, &stack, service);
        if service == "kms:" {
            // The previous key is not the stack's, so its policy is not the template's.
            allowed[0].insert("kms:ReEncryptFrom".to_owned());
            allowed[1].insert(PREVIOUS_KEY.to_owned());
        }
        assert_eq!(scope, allowed, "{endpoint}");
        assert!(endpoints.remove(endpoint));
    }
    assert_eq!(endpoints, ["SecretsEndpoint"].into(), "who may read a secret is named there");
}
