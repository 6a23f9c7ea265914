//! A processor without a processor: for trying a deployment.

use futures::future::BoxFuture;
use order::{DeclineCode, Outcome};
use vault::Card;

use super::seam::{PaymentRequest, Processor, ProcessorError};

/// Charges nobody and remembers nothing: approves every card but [`Sandbox::DECLINED`].
#[derive(Debug, Default)]
pub struct Sandbox;

impl Sandbox {
    /// The card that is always declined.
    pub const DECLINED: &'static str = "4000000000000002";

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the processor tells its test card by its number")]
    fn decide(card: &Card) -> Outcome {
        match DeclineCode::accept("card_declined") {
            Ok(code) if card.pan.expose() == Self::DECLINED => Outcome::Declined(code),
            _ => Outcome::Submitted,
        }
    }
}

impl Processor for Sandbox {
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>> {
        Box::pin(std::future::ready(Ok(Self::decide(&request.card))))
    }
}
