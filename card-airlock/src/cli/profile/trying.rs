//! `card-airlock profile try`: one payment by a test card, as the function makes it, and what each answer means.

use std::{
    io::{self, Write},
    num::NonZeroU8,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::Args;
use clock::Clock;
use order::{Amount, Currency, MinorUnits, OrderId, Outcome, Payer, Settlement};
use paybill::{
    Answered, ConnectError, HttpProcessor, PaymentRequest, PrepareError, Processor, ProcessorError,
    ProcessorSettings, ProcessorUrl,
    profile::{Profile, ShownRules},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vault::opaque_id;

use super::{super::CliError, CardArgs, load};
use crate::{
    aws,
    functions::sdk_config,
    style::{BAD, FAINT, GOOD},
};

#[derive(Debug, Args)]
pub(in super::super) struct TryArgs {
    /// A shipped profile's name (airlock, stripe, adyen, checkout), or the path of a file.
    #[arg(value_name = "NAME|FILE")]
    profile: String,
    /// The processor's address: its test environment, or a server on this machine.
    #[arg(long, value_name = "URL")]
    url: ProcessorUrl,
    #[command(flatten)]
    card: CardArgs,
    /// A file whose text is the secret. Without it, the environment variable PROCESSOR_SECRET is used.
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
    /// The merchant's account, if the profile sends one.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The amount, in minor units of the currency.
    #[arg(long, value_name = "COUNT", default_value_t = 1999)]
    amount: u64,
    /// The currency's ISO 4217 code.
    #[arg(long, value_name = "CODE", default_value = "USD")]
    currency: String,
    /// Pay as a merchant, not as the order's owner.
    #[arg(long)]
    merchant: bool,
    /// The customer has agreed that a merchant charges the stored card.
    #[arg(long, requires = "merchant")]
    stored_card_agreement: bool,
}

/// Why the payment could not be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TryError {
    /// The word `sandbox` names no address.
    #[error("--url must be the address of a processor, not the word sandbox")]
    NoAddress,
    /// It is not an amount, or the processor cannot count it.
    #[error("the processor cannot charge this amount: choose another --amount or --currency")]
    Amount,
    /// The file of the secret cannot be read.
    #[error("the file of --secret-file cannot be read: {0}")]
    Secret(#[source] io::Error),
    /// The profile sends a secret, and none is given.
    #[error(
        "the profile {0} needs a secret: set the environment variable PROCESSOR_SECRET, or give --secret-file"
    )]
    NoSecret(String),
    /// The profile sends an account, and none is given.
    #[error("the profile {0} needs the merchant's account: give --account")]
    NoAccount(String),
    /// The address has a query, which the profile's paths cannot follow.
    #[error("--url has a query or a fragment: the profile's paths cannot follow it")]
    UrlHasQuery,
    /// The processor cannot be used.
    #[error(transparent)]
    Connect(ConnectError),
    /// The secret could not be stored for this run.
    #[error("the secret could not be stored for this run: try again")]
    Keep,
}

/// In the words of the command line, where a function's settings would be named.
impl From<ConnectError> for TryError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NoSecret(profile) => Self::NoSecret(profile),
            ConnectError::NoAccount(profile) => Self::NoAccount(profile),
            ConnectError::UrlHasQuery => Self::UrlHasQuery,
            error @ (ConnectError::NoClient
            | ConnectError::Profile(_)
            | ConnectError::KeysKeptTooShort(..)) => Self::Connect(error),
        }
    }
}

/// A try ends when Lambda would end it.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(3);
const SECRET: &str = "card-airlock/profile-try";

pub(super) async fn run(args: TryArgs, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let profile = load(&args.profile)?;
    let amount = amount(&args, &profile)?;
    let stopping = CancellationToken::new();
    let _stop = stopping.clone().drop_guard();
    // The function reads its secret from Secrets Manager: here from one in this process.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|_| TryError::Keep)?;
    let aws = aws::start(listener, Clock::system(), stopping.cancelled_owned()).await;
    let aws = aws.map_err(|_| TryError::Keep)?;
    let secret_arn = match secret(&args)? {
        Some(secret) => Some(aws.make_secret(SECRET, &secret).await.map_err(|_| TryError::Keep)?),
        None => None,
    };
    let settings = settings(&args, secret_arn);
    let ProcessorUrl::Http(url) = args.url.clone() else { return Err(TryError::NoAddress.into()) };
    let answers = Answers::default();
    let processor = HttpProcessor::new(&sdk_config(aws.url(), "operator"), url, &settings, Clock::system());
    let processor = processor.map_err(TryError::from)?.telling(answers.listener(&profile));
    let outcome = pay(&processor, &args, amount).await?;
    for line in answers.lines() {
        writeln!(out, "{line}")?;
    }
    let has_outcome = tell(&outcome, out)?;
    Ok(if has_outcome { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn amount(args: &TryArgs, profile: &Profile) -> Result<Amount, TryError> {
    let minor_units = MinorUnits::try_from(args.amount).map_err(|_| TryError::Amount)?;
    let currency: Currency = args.currency.parse().map_err(|_| TryError::Amount)?;
    let amount = Amount { minor_units, currency };
    profile.can_charge(amount).map(|()| amount).map_err(|_| TryError::Amount)
}

fn secret(args: &TryArgs) -> Result<Option<String>, TryError> {
    match &args.secret_file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(TryError::Secret),
        None => Ok(std::env::var("PROCESSOR_SECRET").ok().filter(|secret| !secret.is_empty())),
    }
}

fn settings(args: &TryArgs, secret_arn: Option<String>) -> ProcessorSettings {
    ProcessorSettings {
        url: args.url.clone(),
        profile: args.profile.clone(),
        account: args.account.clone(),
        stored_card_agreement: args.stored_card_agreement,
        idempotency_hours: NonZeroU8::MIN,
        secret_arn,
        proxy: None,
        connect_timeout: CONNECT,
        timeout: TIMEOUT,
    }
}

/// The outcome of the payment.
enum Tried {
    Settled(Settlement),
    Refused,
    NotReached,
    Unknown,
}

async fn pay(processor: &HttpProcessor, args: &TryArgs, amount: Amount) -> Result<Tried, CliError> {
    let card = args.card.card()?;
    let payment = opaque_id();
    let order = OrderId::accept(&format!("try-{payment}")).map_err(|_| CliError::TestCard)?;
    let exchange = processor.exchange(payment, card.last4());
    let request = PaymentRequest {
        order: &order,
        customer_name: "Amazon Web Services",
        amount: Some(amount),
        payer: if args.merchant { Payer::Merchant } else { Payer::Owner },
        object: None,
        card: Some(card),
    };
    let prepared = match Processor::prepare(processor, exchange, request).await {
        Ok(prepared) => prepared,
        Err(PrepareError::Declined(settlement)) => return Ok(Tried::Settled(settlement)),
        Err(PrepareError::Refused) => return Ok(Tried::Refused),
        Err(PrepareError::NotReached) => return Ok(Tried::NotReached),
    };
    let object = prepared.object.clone();
    Ok(match Processor::charge(processor, exchange, prepared).await {
        Ok(settlement) => Tried::Settled(settlement),
        Err(ProcessorError::Refused) => Tried::Refused,
        Err(ProcessorError::NotReached) => Tried::NotReached,
        Err(ProcessorError::NoAnswer) => {
            let found = Processor::look_up(processor, exchange, object.as_ref()).await;
            found.map_or(Tried::Unknown, Tried::Settled)
        }
    })
}

/// The answers, in the order in which they come.
#[derive(Default)]
struct Answers(Arc<Mutex<Vec<String>>>);

impl Answers {
    fn listener(&self, profile: &Profile) -> impl Fn(&Answered<'_>) + Send + Sync + 'static {
        let (lines, rules) = (Arc::clone(&self.0), profile.shown_rules());
        move |answered| {
            if let Ok(mut lines) = lines.lock() {
                lines.push(explained(answered, &rules));
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().map(|lines| lines.clone()).unwrap_or_default()
    }
}

fn explained(answered: &Answered<'_>, rules: &[ShownRules]) -> String {
    let request = answered.request;
    let meaning = match answered.answer {
        Err(reason) => format!("no answer: {reason}"),
        Ok((status, None)) => format!("{status}: no rule matches, so the outcome is unknown"),
        Ok((status, Some(number))) => {
            let of_request = rules.iter().find(|rules| rules.request == request);
            let rule = of_request.and_then(|rules| rules.rules.get(number - 1));
            let words = rule.map(|rule| format!("{} {FAINT}means{FAINT:#} {}", rule.answer, rule.outcome));
            format!("{status}, by rule {number}: {}", words.unwrap_or_default())
        }
    };
    format!("{request:<16} {meaning}")
}

/// Prints the outcome of the payment. Returns whether there is one.
fn tell(tried: &Tried, out: &mut dyn Write) -> io::Result<bool> {
    let reference = |settlement: &Settlement| {
        settlement.reference.as_ref().map(|reference| format!(", reference {reference}")).unwrap_or_default()
    };
    match tried {
        Tried::Settled(settlement) => match &settlement.outcome {
            Outcome::Submitted => {
                writeln!(out, "\n{GOOD}SUBMITTED{GOOD:#}{}", reference(settlement))?;
            }
            Outcome::Declined(code) => {
                let (kind, reference) = (settlement.kind, reference(settlement));
                writeln!(out, "\n{GOOD}DECLINED{GOOD:#}: {code} ({kind}){reference}")?;
            }
        },
        Tried::Refused => writeln!(
            out,
            "\n{BAD}Refused{BAD:#}: the processor refused this request, and charged nothing. Check the secret and \
             the account, and whether this account may send card numbers"
        )?,
        Tried::NotReached => writeln!(
            out,
            "\n{BAD}Not charged{BAD:#}: the request that charges was not sent. Check the URL, then try again"
        )?,
        Tried::Unknown => {
            writeln!(
                out,
                "\n{BAD}UNKNOWN{BAD:#}: it is not known whether the card was charged. Look at the processor's own page of payments"
            )?;
        }
    }
    Ok(matches!(tried, Tried::Settled(_)))
}
