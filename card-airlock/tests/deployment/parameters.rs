//! Each parameter with another value than its default: the template takes it, it changes what is deployed, and the
//! pipeline starts on this machine.

use std::collections::{BTreeMap, BTreeSet};

use card_airlock::{
    deployment::{self, SHIPPED},
    sign_in,
    stack::{Stack, StackOptions},
};
use card_airlock_template::read_yaml;
use serde_json::Value;
use tempfile::TempDir;

use super::{OWNER, PREVIOUS_KEY, SAMPLE_KEY, SECRET, with};

type Parameters = &'static [(&'static str, &'static str)];

const IN_A_VPC: Parameters = &[("VpcId", "vpc-0a"), ("SubnetIds", "subnet-0a"), ("RouteTableIds", "rtb-0a")];
const AT_A_PROCESSOR: Parameters = &[("ProcessorUrl", "https://pay.example"), ("ProcessorSecretArn", SECRET)];

const IMPORTING: Parameters = &[("ImportTable", "Legacy"), ("ImportOwner", OWNER)];

const FROM_THE_SAMPLE: Parameters =
    &[("ImportVaultKeyArn", SAMPLE_KEY), ("ImportTable", "Legacy"), ("ImportOwner", OWNER)];
const SAMPLES_VAULT: Parameters = &[
    ("ImportVaultTable", "SampleVault"),
    ("ImportVaultKeyArn", SAMPLE_KEY),
    ("ImportTable", "Legacy"),
    ("ImportOwner", OWNER),
];

/// Another value of each parameter, and what must be given with it.
const OTHERS: [(&str, &str, Parameters); 51] = [
    ("StageName", "prod", &[]),
    ("TablePrefix", "blue-", &[]),
    ("Architecture", "x86_64", &[]),
    ("LogRetentionDays", "30", &[]),
    ("SelfSignUp", "true", &[]),
    ("AlarmEmail", "ops@example.com", &[]),
    ("DetokenizedPerFiveMinutes", "7", &[]),
    ("RevealCard", "true", &[]),
    ("AmountRequired", "true", &[]),
    ("OwnerMayPay", "false", &[]),
    ("DetokenizePerMinute", "7", &[]),
    ("BillingGroupName", "clerks", &[]),
    ("CardRetentionDays", "400", &[]),
    ("PreviousVaultKeyArn", PREVIOUS_KEY, &[]),
    ("ImportTable", "Legacy", &[("ImportOwner", OWNER)]),
    ("ImportKeyAttribute", "Id", IMPORTING),
    ("ImportSortKeyAttribute", "Line", IMPORTING),
    ("ImportNumberAttribute", "Card", IMPORTING),
    ("ImportExpiryAttribute", "Until", IMPORTING),
    ("ImportOrderAttribute", "OrderNo", IMPORTING),
    ("ImportNameAttribute", "Client", IMPORTING),
    ("ImportAddressAttribute", "Where", IMPORTING),
    ("ImportAmountAttribute", "Cents", IMPORTING),
    ("ImportCurrencyAttribute", "Money", IMPORTING),
    ("ImportOwnerAttribute", "Buyer", IMPORTING),
    ("ImportOwnerTable", "Buyers", IMPORTING),
    ("ImportOwner", OWNER, &[("ImportTable", "Legacy"), ("ImportOwnerAttribute", "Buyer")]),
    ("ImportVaultTable", "SampleVault", FROM_THE_SAMPLE),
    (
        "ImportVaultKeyArn",
        SAMPLE_KEY,
        &[("ImportVaultTable", "SampleVault"), ("ImportTable", "Legacy"), ("ImportOwner", OWNER)],
    ),
    ("ImportOriginalTable", "CreditCardTokenizerTable", SAMPLES_VAULT),
    ("CorsOrigin", "https://shop.example.com", &[]),
    ("TlsPolicy", "SecurityPolicy_TLS13_1_3_2025_09", &[]),
    ("UserPoolTier", "PLUS", &[]),
    ("WebAclRatePerFiveMinutes", "10", &[]),
    ("OrderIdPattern", r"SO-\d{4}-\d{6}", &[]),
    ("SetApiGatewayAccount", "true", &[]),
    ("VpcId", "vpc-0a", &[("SubnetIds", "subnet-0a"), ("RouteTableIds", "rtb-0a")]),
    ("SubnetIds", "subnet-0a,subnet-0b", &[("VpcId", "vpc-0a"), ("RouteTableIds", "rtb-0a")]),
    ("RouteTableIds", "rtb-0a,rtb-0b", &[("VpcId", "vpc-0a"), ("SubnetIds", "subnet-0a")]),
    ("CreateVpcEndpoints", "false", IN_A_VPC),
    ("CreateLogsEndpoints", "true", IN_A_VPC),
    ("ProcessorUrl", "https://pay.example/charges", &[]),
    ("ProcessorProfile", "stripe", AT_A_PROCESSOR),
    ("CardExpiryRequired", "true", &[]),
    ("EncryptedCardOnly", "true", &[]),
    ("ProcessorAccount", "Shop_EU", AT_A_PROCESSOR),
    ("StoredCardAgreement", "true", AT_A_PROCESSOR),
    ("ProcessorSecretArn", SECRET, &[("ProcessorUrl", "https://pay.example")]),
    ("ProcessorTimeoutSeconds", "20", &[]),
    ("ProcessorProxy", "proxy.example", AT_A_PROCESSOR),
    ("ProcessorProxyPort", "8080", &[("ProcessorProxy", "proxy.example")]),
];

#[test]
fn each_parameter_of_the_template_is_tried_with_a_value_that_is_not_its_default() {
    let template = read_yaml(SHIPPED).unwrap();
    let declared = template["Parameters"].as_object().unwrap();
    let names: BTreeSet<_> = declared.keys().map(String::as_str).collect();
    assert_eq!(OTHERS.map(|(name, ..)| name).into_iter().collect::<BTreeSet<_>>(), names);
    for (name, value, _) in OTHERS {
        let default = declared[name].get("Default");
        let is_default = default
            .is_some_and(|default| [default.as_str(), Some(&default.to_string())].contains(&Some(value)));
        assert!(!is_default, "{name}");
    }
}

#[test]
fn each_parameter_changes_what_is_deployed() {
    for (name, value, beside) in OTHERS {
        // The VPC's three parameters mean nothing one without the others, nor do an owner and a vault without an import.
        let together =
            ["VpcId", "SubnetIds", "RouteTableIds", "ImportTable", "ImportVaultTable", "ImportVaultKeyArn"];
        let without = if together.contains(&name) { &[] } else { beside };
        let given = [beside, &[(name, value)]].concat();
        assert_ne!(everything(&given), everything(without), "{name}");
    }
}

#[tokio::test]
async fn the_pipeline_starts_with_any_value_that_the_template_takes() {
    let folder = TempDir::new().unwrap();
    for (name, value, beside) in OTHERS {
        let given: BTreeMap<String, String> = beside
            .iter()
            .chain(&[(name, value)])
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        deployment::check_parameters(&given).unwrap();
        let issuer = sign_in::kept_in(folder.path()).unwrap();
        let options = StackOptions { parameters: given, ..StackOptions::on_free_ports(issuer) };
        let started = Stack::start(options).await;
        assert!(started.is_ok(), "{name}: {:?}", started.err());
    }
}

fn everything(parameters: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let (template, stack) = with(parameters);
    let properties = |id: &str| (id.to_owned(), stack.properties(id).unwrap().clone());
    let outputs =
        stack.outputs.iter().map(|(name, output)| (name.clone(), Value::from(output.value.as_str())));
    template.logical_ids().map(properties).chain(outputs).collect()
}
