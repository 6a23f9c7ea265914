//! The requests of a profile as they are sent for one card, for the people who write profiles: the card is masked, and
//! no secret is needed.

use std::collections::BTreeMap;

use order::{Amount, Currency, MinorUnits, OrderId, Payer, PaymentObject};
use uuid::Uuid;
use vault::{Card, Plaintext};

use super::{
    profile::{AuthScheme, Encoding, HeaderLine, Method, Profile, UrlPath},
    request::{Values, path, render},
    seam::PaymentRequest,
};

/// One request, as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRequest {
    /// The step's name, or `lookup`.
    pub request: String,
    /// Method and path below `PROCESSOR_URL`.
    pub line: String,
    /// Its headers, one a line. The secret is replaced by stars.
    pub headers: Vec<String>,
    /// Its body, with the card's mask in place of its number; none: it has no body.
    pub body: Option<String>,
    /// The body when a merchant pays and the customer has agreed to it (`STORED_CARD_AGREEMENT`); none: it is the same.
    pub body_under_agreement: Option<String>,
}

/// A request cannot be shown: a value is missing that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request needs a value that the example does not have")]
pub struct PreviewError;

const PAYMENT: Uuid = Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000);

/// The requests for a payment of 19.99 dollars by this card, the lookup last. Values that the processor would give
/// are written in capital letters.
///
/// # Errors
/// [`PreviewError`].
pub fn preview(profile: &Profile, card: Card) -> Result<Vec<ShownRequest>, PreviewError> {
    let order = OrderId::accept("A-1").map_err(|_| PreviewError)?;
    let mut request = PaymentRequest {
        order: &order,
        customer_name: "Amazon Web Services",
        amount: Some(example_amount()?),
        payer: Payer::Owner,
        object: None,
        card: Some(card),
    };
    let by_owner = shown(profile, &request, false)?;
    request.payer = Payer::Merchant;
    let under_agreement = shown(profile, &request, true)?;
    let pairs = by_owner.into_iter().zip(under_agreement);
    let merged = pairs.map(|(shown, agreed)| ShownRequest {
        body_under_agreement: agreed.body.filter(|body| shown.body.as_ref() != Some(body)),
        ..shown
    });
    Ok(merged.collect())
}

fn shown(
    profile: &Profile,
    request: &PaymentRequest<'_>,
    is_under_agreement: bool,
) -> Result<Vec<ShownRequest>, PreviewError> {
    let given = |name: &str| PaymentObject::accept(&name.to_uppercase()).map_err(|_| PreviewError);
    let mut taken = BTreeMap::new();
    let mut object: Option<PaymentObject> = None;
    let mut shown = Vec::new();
    for step in &profile.steps {
        let values = Values {
            profile,
            request,
            account: Some("ACCOUNT"),
            is_under_agreement,
            taken: &taken,
            object: object.as_ref().map(PaymentObject::as_str),
        };
        let texts = values.texts(PAYMENT, &step.key_suffix).map_err(|_| PreviewError)?;
        let has_body = step.method != Method::Get;
        let mut headers = headers(profile, &step.headers);
        if let Some(key) = &profile.key_header {
            headers.push(format!("{}: {}", key.name, texts.key));
        }
        let body = match has_body {
            true => Some(render(&step.body, step.encoding, &values.with(&texts)).map_err(|_| PreviewError)?),
            false => None,
        };
        if has_body {
            headers.push(format!("content-type: {}", step.encoding.media_type()));
        }
        shown.push(ShownRequest {
            request: step.name.clone(),
            line: line(step.method.as_str(), &step.path, &taken, object.as_ref())?,
            headers,
            body: body.as_ref().map(|body| masked(body, request.card.as_ref())),
            body_under_agreement: None,
        });
        for (name, _) in &step.take {
            taken.insert(name.clone(), given(name)?);
        }
        if let Some(name) = &step.remember {
            object = Some(given(name)?);
        }
    }
    if let Some(lookup) = &profile.lookup {
        shown.push(ShownRequest {
            request: "lookup".to_owned(),
            line: line(Method::Get.as_str(), &lookup.path, &BTreeMap::new(), object.as_ref())?,
            headers: headers(profile, &lookup.headers),
            body: None,
            body_under_agreement: None,
        });
    }
    Ok(shown)
}

fn example_amount() -> Result<Amount, PreviewError> {
    let minor_units = MinorUnits::try_from(1999).map_err(|_| PreviewError)?;
    let currency: Currency = "USD".parse().map_err(|_| PreviewError)?;
    Ok(Amount { minor_units, currency })
}

fn line(
    method: &str,
    at: &UrlPath,
    taken: &BTreeMap<String, PaymentObject>,
    object: Option<&PaymentObject>,
) -> Result<String, PreviewError> {
    let path =
        path(at, &PAYMENT.to_string(), taken, object.map(PaymentObject::as_str)).ok_or(PreviewError)?;
    Ok(format!("{method} {{ProcessorUrl}}{path}"))
}

fn headers(profile: &Profile, of_step: &[HeaderLine]) -> Vec<String> {
    let secret = match &profile.auth {
        AuthScheme::Bearer => "authorization: Bearer ****".to_owned(),
        AuthScheme::Basic => "authorization: Basic ****".to_owned(),
        AuthScheme::Header(name) => format!("{}: ****", name.to_lowercase()),
    };
    let given = of_step
        .iter()
        .map(|header| format!("{}: {}", header.name, String::from_utf8_lossy(header.value.as_bytes())));
    std::iter::once(secret).chain(given).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: a card's number is looked for, to show its mask instead"
)]
fn masked(body: &Plaintext<Vec<u8>>, card: Option<&Card>) -> String {
    let text = String::from_utf8_lossy(body);
    match card {
        Some(card) => text.replace(card.pan.expose(), &card.last4().mask()),
        None => text.into_owned(),
    }
}

impl Encoding {
    /// The `Content-Type`.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "4242424242424242";

    fn shown(name: &str) -> Vec<ShownRequest> {
        let expiry = vault::CardExpiry::parse("03/30").unwrap();
        let card = Card { pan: vault::Pan::parse(NUMBER).unwrap(), expiry: Some(expiry) };
        preview(&Profile::load(name).unwrap(), card).unwrap()
    }

    #[test]
    fn each_shipped_profile_is_shown_step_by_step_without_the_card_and_the_secret() {
        for name in Profile::shipped() {
            let profile = Profile::load(name).unwrap();
            let shown = shown(name);
            let names: Vec<_> = shown.iter().map(|request| request.request.as_str()).collect();
            let rules: Vec<_> = profile.shown_rules().into_iter().map(|rules| rules.request).collect();
            assert_eq!(names, rules, "{name}");
            let text = format!("{shown:?}");
            assert!(!text.contains(NUMBER) && text.contains("****-****-****-4242"), "{text}");
        }
    }

    #[test]
    fn what_stripe_would_give_is_written_in_capital_letters() {
        let shown = shown("stripe");
        let lines: Vec<_> = shown.iter().map(|request| request.line.as_str()).collect();
        assert_eq!(
            lines,
            [
                "POST {ProcessorUrl}/v1/payment_methods",
                "POST {ProcessorUrl}/v1/payment_intents",
                "POST {ProcessorUrl}/v1/payment_intents/PAYMENT_INTENT/confirm",
                "GET {ProcessorUrl}/v1/payment_intents/PAYMENT_INTENT",
            ]
        );
        assert!(shown[0].headers.contains(&format!("idempotency-key: {PAYMENT}-pm")), "{shown:?}");
        assert!(shown[0].headers.contains(&"authorization: Bearer ****".to_owned()));
        assert!(shown[1].body.as_ref().unwrap().contains("payment_method=PAYMENT_METHOD"), "{shown:?}");
        assert_eq!(shown[3].body, None);
    }

    #[test]
    fn what_is_different_under_an_agreement_is_shown_beside() {
        let agreed = |name: &str| -> Vec<Option<String>> {
            shown(name).into_iter().map(|request| request.body_under_agreement).collect()
        };
        let stripes = "error_on_requires_action=true&off_session=true".to_owned();
        assert_eq!(agreed("stripe"), [None, None, Some(stripes), None]);
        let adyens = agreed("adyen").remove(0).unwrap();
        assert!(adyens.contains(r#""recurringProcessingModel":"UnscheduledCardOnFile""#), "{adyens}");
        assert!(!adyens.contains(NUMBER), "{adyens}");
        assert_eq!(agreed("airlock"), [None]);
    }
}
