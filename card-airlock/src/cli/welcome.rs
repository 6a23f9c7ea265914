//! What `up` prints when it is ready: where it serves, commands to paste, and what is not as usual.

use std::io::{self, Write};

use super::ready_file::Ready;
use crate::{
    deployment::ACCOUNT_ID,
    events_to::EventsUrl,
    sandbox::{CARDS, Dialect, Sandbox},
    stack::Stack,
    style::{BAD, FAINT, HEADING},
};

/// What protects a deployed stack, by parameters that are not the default, and nothing here.
const NOT_ENFORCED: [&str; 4] =
    ["AWS::WAFv2::WebACL", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint", "AWS::ApiGateway::Account"];

/// What is told about.
pub(super) struct Welcome<'a> {
    pub(super) ready: &'a Ready<'a>,
    pub(super) stack: &'a Stack,
    /// The format in which payments are charged.
    pub(super) format: Dialect,
    /// Where events are posted.
    pub(super) events_to: Option<&'a EventsUrl>,
}

pub(super) fn print(welcome: &Welcome<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Welcome { ready, stack, format, events_to } = *welcome;
    let Ready { api, aws, token } = ready;
    let console = api.rsplit_once('/').map_or(*api, |(origin, _)| origin);
    let processor = stack.sandbox();
    let ledger = processor.ledger_url();
    let tried = trying(processor, format);
    let state = match stack.data() {
        Some(data) => format!(
            "Its state is in {}, with the keys beside the cards that they open: use test cards only.",
            data.path().display()
        ),
        None => "Its state is in memory only: stopping it forgets every order, card and key.".to_owned(),
    };
    let aws_port = aws.rsplit(':').next().unwrap_or_default();
    let secret_lasts =
        if stack.data().is_some() { "stays the same with the folder" } else { "is valid for this run only" };
    let (whose, card, more) = match format {
        Dialect::Airlock => ("The sample's order", "0000-0000-0000-0000", ""),
        Dialect::Stripe | Dialect::Adyen | Dialect::Checkout => (
            "A merchant's order",
            "4242-4242-4242-4242",
            r#", "CardExpiry": "12/30", "Amount": 1999, "Currency": "USD""#,
        ),
    };
    write!(
        out,
        r#"{HEADING}Card Airlock is up.{HEADING:#} {state}

  See  {console}  {FAINT}(the console: watch orders, look at their rows, cause faults){FAINT:#}
  API  {api}
  AWS  {aws}  {FAINT}(DynamoDB, KMS, SQS, Lambda, CloudFormation …; the name of a role as access key gives its rights, any other key the operator's){FAINT:#}

{HEADING}An ID token{HEADING:#} for user "demo", valid for an hour {FAINT}(for other users: card-airlock token --user NAME){FAINT:#}

TOKEN='{token}'

{HEADING}{whose}{HEADING:#}: place it, read its status, pay it

curl -i -X POST {api}/order -H "Authorization: $TOKEN" -H 'Content-Type: application/json' \
  -d '{{"CustomerOrder": "123456789", "CustomerName": "Amazon Web Services", "CreditCard": "{card}", "Address": "Reinvent2019, Las Vegas, USA"{more}}}'
curl -i {api}/order/123456789 -H "Authorization: $TOKEN"
curl -i -X POST {api}/paybill -H "Authorization: $TOKEN" -H 'Content-Type: application/json' \
  -d '{{"CustomerOrder": "123456789"}}'

{HEADING}What was charged{HEADING:#} by the payment processor of this machine

curl {ledger}

{HEADING}One charge by the profile{HEADING:#}, without an order {FAINT}(the secret {secret_lasts}, and this processor charges nobody){FAINT:#}

{tried}

{HEADING}The rows{HEADING:#} of the order

export AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator AWS_DEFAULT_REGION=us-east-1
aws dynamodb get-item --endpoint-url {aws} --table-name CustomerOrderTable \
  --key '{{ "CustomerOrder" : {{ "S": "123456789" }}  }}'
CARD_TOKEN=$(aws dynamodb get-item --endpoint-url {aws} --table-name CustomerOrderTable \
  --key '{{ "CustomerOrder" : {{ "S": "123456789" }}  }}' --query Item.CreditCardToken.S --output text)
aws dynamodb get-item --endpoint-url {aws} --table-name CreditCardTokenizerTable \
  --key '{{ "Hash_Key" : {{ "S": "'"$CARD_TOKEN"'" }}, "Account_Id" : {{ "S" : "{ACCOUNT_ID}" }}  }}'

"#
    )?;
    writeln!(
        out,
        "{HEADING}Events{HEADING:#} of orders and payments, as they come\n\n\
         card-airlock events --follow --aws-port {aws_port}\n"
    )?;
    if let Some(url) = events_to {
        let origin = url.origin();
        writeln!(out, "Each is posted to {origin}, too (--events-to), and tried there for five minutes.\n")?;
    }
    writeln!(out, "{HEADING}Test cards{HEADING:#} (any other card is charged)\n")?;
    for card in CARDS {
        writeln!(out, "  {}  {:<18}  {FAINT}{}{FAINT:#}", card.number, card.name, card.words)?;
    }
    for kind in NOT_ENFORCED {
        for logical_id in stack.declared.of_kind(kind) {
            writeln!(
                out,
                "\nThe template declares {logical_id} ({kind}), but this machine does not enforce it"
            )?;
        }
    }
    let faults = stack.aws().faults().in_force();
    if !faults.is_empty() {
        writeln!(
            out,
            "\n{BAD}Faults in force{BAD:#} {FAINT}(\"All off\" in the console ends them){FAINT:#}\n"
        )?;
        faults.iter().try_for_each(|fault| writeln!(out, "  {fault}"))?;
    }
    // This line can still be seen when the lines above have left the screen.
    writeln!(out, "\nThe console: {HEADING}{console}{HEADING:#}   Ctrl-C stops it.")?;
    out.flush()
}

/// The command that charges a test card at this machine's processor.
fn trying(processor: &Sandbox, format: Dialect) -> String {
    let (secret, profile, url) = (processor.secret(), format.profile(), processor.url_of(format));
    let account = match format.account() {
        "" => String::new(),
        account => format!(" --account {account}"),
    };
    format!("PROCESSOR_SECRET={secret} card-airlock profile try {profile} --url {url}{account}")
}
