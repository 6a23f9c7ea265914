//! The formats that the sandbox speaks, by their names and addresses.

/// A format that the sandbox speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Dialect {
    /// The contract of an adapter, a server of your own that talks to a processor.
    #[default]
    Airlock,
    /// Stripe's PaymentIntents.
    Stripe,
    /// Adyen's Checkout API.
    Adyen,
    /// Checkout.com's payments.
    Checkout,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Airlock, Self::Stripe, Self::Adyen, Self::Checkout];

    /// Its profile's name.
    #[must_use]
    pub fn profile(self) -> &'static str {
        match self {
            Self::Airlock => "airlock",
            Self::Stripe => "stripe",
            Self::Adyen => "adyen",
            Self::Checkout => "checkout",
        }
    }

    /// The path at the sandbox that replaces the processor's own address.
    pub(super) fn base(self) -> &'static str {
        match self {
            Self::Airlock => "/charges",
            Self::Stripe => "/stripe",
            Self::Adyen => "/adyen",
            Self::Checkout => "/checkout",
        }
    }

    /// The merchant's account, if the processor needs one.
    #[must_use]
    pub fn account(self) -> &'static str {
        match self {
            Self::Airlock | Self::Stripe => "",
            Self::Adyen => "SandboxMerchant",
            Self::Checkout => "pc_sandbox",
        }
    }
}
