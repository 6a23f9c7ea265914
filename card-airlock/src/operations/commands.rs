//! Commands that a person can paste into a shell: they name this stack as this program was told it, and work as they are.

use std::borrow::Cow;

use order::OrderId;

use super::access::{Place, StackAccess};
use crate::deployment::REGION;

/// The output of the stack with the API's address, which ends in a slash.
const API_URL: &str = "PaymentMethodApiURL";
/// The parameter with the name of the group that may pay for everybody, and what it is if the stack does not say.
const BILLING_GROUP: (&str, &str) = ("BillingGroupName", "billing");

impl StackAccess {
    /// A command of this program, such as `status`, for this stack.
    #[must_use]
    pub fn own(&self, command: &str) -> String {
        let mut whole = format!("{} {command}", program());
        match self.place() {
            Place::Up { .. } => {
                let port = self.up_url().and_then(|url| url.rsplit(':').next()).unwrap_or_default();
                whole.push_str(&format!(" --aws-port {port}"));
            }
            Place::Account { stack, region, profile } => {
                // The region that was found, so that the command means this stack in another shell, too.
                let region = region.as_deref().unwrap_or(&self.names().region);
                whole.push_str(&format!(" --stack {} --region {}", quoted(stack), quoted(region)));
                if let Some(profile) = profile {
                    whole.push_str(&format!(" --profile {}", quoted(profile)));
                }
            }
        }
        whole
    }

    /// A command of the AWS CLI, such as `kms enable-key`, for this stack. At the `up` of this machine the name of the
    /// caller is its credential.
    #[must_use]
    pub fn aws(&self, command: &str) -> String {
        match self.place() {
            Place::Up { aws_url } => format!(
                "AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator aws {command} --region {REGION} \
                 --endpoint-url {aws_url}"
            ),
            Place::Account { region, profile, .. } => {
                let region = region.as_deref().unwrap_or(&self.names().region);
                let profile = profile
                    .as_deref()
                    .map_or_else(String::new, |name| format!(" --profile {}", quoted(name)));
                format!("aws {command} --region {}{profile}", quoted(region))
            }
        }
    }

    /// Sends the bill of an order as a member of the billing group. For a deployed stack `TOKEN` must be the member's ID
    /// token.
    #[must_use]
    pub fn bill(&self, order: &OrderId) -> String {
        let names = self.names();
        let api = names.outputs.get(API_URL).map_or("$API", String::as_str);
        let (parameter, standard) = BILLING_GROUP;
        let group = names.parameters.get(parameter).map_or(standard, String::as_str);
        let token = match self.place() {
            Place::Up { .. } => format!("$({} token --user clerk --group {})", program(), quoted(group)),
            Place::Account { .. } => "$TOKEN".to_owned(),
        };
        format!(
            "curl -sS -i -X POST \"{api}paybill\" -H \"Authorization: {token}\" -H 'Content-Type: application/json' -d \
             '{{\"CustomerOrder\": \"{order}\"}}'"
        )
    }
}

/// This program as it was called.
fn program() -> String {
    let called = std::env::args().next().filter(|name| !name.is_empty());
    called.map_or_else(|| "card-airlock".to_owned(), |name| quoted(&name).into_owned())
}

/// A word for a shell.
fn quoted(word: &str) -> Cow<'_, str> {
    // No argument of a process has a NUL in it.
    shlex::try_quote(word).unwrap_or(Cow::Borrowed("''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::names::StackNames;

    fn access(place: Place) -> StackAccess {
        let mut names = StackNames::default();
        "eu-west-1".clone_into(&mut names.region);
        names.outputs.insert(API_URL.to_owned(), "https://a.example/prod/".to_owned());
        names.parameters.insert(BILLING_GROUP.0.to_owned(), "clerks".to_owned());
        StackAccess::of(place, names)
    }

    fn deployed(region: Option<&str>, profile: Option<&str>) -> StackAccess {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        access(Place::Account { stack: "cards".to_owned(), region: owned(region), profile: owned(profile) })
    }

    #[test]
    fn a_command_for_this_machine_names_its_port_and_needs_no_configuration() {
        let up = access(Place::Up { aws_url: "http://127.0.0.1:4567".to_owned() });
        assert!(up.own("status").ends_with(" status --aws-port 4567"), "{}", up.own("status"));
        let aws = up.aws("kms enable-key --key-id k");
        assert!(
            aws.starts_with("AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator aws kms "),
            "{aws}"
        );
        assert!(aws.ends_with(" --region us-east-1 --endpoint-url http://127.0.0.1:4567"), "{aws}");
        let bill = up.bill(&OrderId::stored("A-1").unwrap());
        assert!(bill.contains("token --user clerk --group clerks)\""), "{bill}");
        assert!(bill.contains("\"https://a.example/prod/paybill\""), "{bill}");
        assert!(bill.ends_with("'{\"CustomerOrder\": \"A-1\"}'"), "{bill}");
    }

    #[test]
    fn a_command_for_a_deployed_stack_has_the_options_that_were_given_as_a_shell_takes_them() {
        let plain = deployed(None, None);
        assert!(
            plain.own("status").ends_with(" status --stack cards --region eu-west-1"),
            "{}",
            plain.own("status")
        );
        assert_eq!(plain.aws("sts get-caller-identity"), "aws sts get-caller-identity --region eu-west-1");
        let given = deployed(Some("us-east-2"), Some("on call"));
        assert!(
            given.own("doctor").ends_with(" doctor --stack cards --region us-east-2 --profile 'on call'"),
            "{}",
            given.own("doctor")
        );
        assert!(given.aws("x").ends_with(" --region us-east-2 --profile 'on call'"), "{}", given.aws("x"));
        assert!(given.bill(&OrderId::stored("A-1").unwrap()).contains("\"Authorization: $TOKEN\""));
    }
}
