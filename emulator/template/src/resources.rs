//! What `Ref` and `Fn::GetAtt` give for each resource.

use std::collections::BTreeMap;

use crate::deployment::Deployment;

const REFERENCE: &str = "Ref";

/// The attributes of resources that exist, by logical id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources(pub(crate) BTreeMap<String, BTreeMap<String, String>>);

impl Resources {
    /// What `Ref` gives for a resource.
    #[must_use]
    pub fn reference(&self, logical_id: &str) -> Option<&str> {
        self.attribute(logical_id, REFERENCE)
    }

    /// What `Fn::GetAtt` gives for a resource's attribute.
    #[must_use]
    pub fn attribute(&self, logical_id: &str, name: &str) -> Option<&str> {
        self.0.get(logical_id)?.get(name).map(String::as_str)
    }

    /// Takes what another has of resources that are not here.
    pub fn fill_from(&mut self, other: Self) {
        for (logical_id, attributes) in other.0 {
            self.0.entry(logical_id).or_insert(attributes);
        }
    }

    /// Records a resource: what `Ref` gives, and its attributes.
    pub fn insert<const N: usize>(
        &mut self,
        logical_id: &str,
        reference: &str,
        attributes: [(&str, &str); N],
    ) {
        let attributes = attributes.into_iter().chain([(REFERENCE, reference)]);
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.0.insert(logical_id.to_owned(), attributes.collect());
    }

    /// The resources that only need names.
    pub(crate) fn named_here<'a>(
        deployment: &Deployment,
        declared: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let Deployment { region, account_id, user_pool_id, user_pool_client_id, .. } = deployment;
        let mut resources = Self::default();
        for (logical_id, kind) in declared {
            match kind {
                "AWS::IAM::Role" => {
                    let arn = format!("arn:aws:iam::{account_id}:role/{logical_id}");
                    resources.insert(logical_id, logical_id, [("Arn", &arn)]);
                }
                "AWS::IAM::ManagedPolicy" => {
                    let arn = format!("arn:aws:iam::{account_id}:policy/{}", deployment.name(logical_id));
                    resources.insert(logical_id, &arn, [("PolicyArn", &arn)]);
                }
                "AWS::Serverless::Function" => {
                    let name = deployment.name(logical_id);
                    let arn = format!("arn:aws:lambda:{region}:{account_id}:function:{name}");
                    resources.insert(logical_id, &name, [("Arn", &arn)]);
                }
                "AWS::Logs::LogGroup" => {
                    let name = deployment.name(logical_id);
                    let arn = format!("arn:aws:logs:{region}:{account_id}:log-group:{name}:*");
                    resources.insert(logical_id, &name, [("Arn", &arn)]);
                }
                "AWS::Cognito::UserPool" => {
                    let id = user_pool_id;
                    let arn = format!("arn:aws:cognito-idp:{region}:{account_id}:userpool/{id}");
                    let provider = format!("cognito-idp.{region}.amazonaws.com/{id}");
                    resources.insert(logical_id, id, [("Arn", &arn), ("ProviderName", &provider)]);
                }
                "AWS::Cognito::UserPoolClient" => resources.insert(logical_id, user_pool_client_id, []),
                "AWS::SNS::Topic" => {
                    let name = deployment.name(logical_id);
                    let arn = format!("arn:aws:sns:{region}:{account_id}:{name}");
                    resources.insert(logical_id, &arn, [("TopicName", &name)]);
                }
                "AWS::EC2::SecurityGroup" => {
                    let id = format!("sg-{}", logical_id.to_lowercase());
                    resources.insert(logical_id, &id, [("GroupId", &id)]);
                }
                "AWS::ApiGateway::Account" => resources.insert(logical_id, &deployment.name(logical_id), []),
                "AWS::WAFv2::WebACL" => {
                    let name = deployment.name(logical_id);
                    let id = logical_id.to_lowercase();
                    let arn = format!("arn:aws:wafv2:{region}:{account_id}:regional/webacl/{name}/{id}");
                    let reference = format!("{name}|{id}|REGIONAL");
                    resources.insert(logical_id, &reference, [("Arn", &arn), ("Id", &id)]);
                }
                "AWS::Serverless::Api" => {
                    resources.insert(logical_id, &logical_id.to_lowercase(), []);
                }
                _ => {}
            }
        }
        resources
    }
}
