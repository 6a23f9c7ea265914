//! A processor profile: a file that says how a processor is charged, and what each of its answers means. The format is
//! described in docs/processor.md; `docs/processors/profile.schema.json` is the same as JSON Schema.

mod check;
mod digest;
mod exponents;
mod file;
mod pointer;
mod problem;
mod rule;
mod shown;
mod step;
mod template;

use std::{fs, path::Path};

use order::Amount;

pub(crate) use self::{
    exponents::AmountUnitsError,
    file::{Encoding, HeaderLine, Method, Resend},
    pointer::Pointer,
    rule::{CodeSource, Rule, RuleOutcome, Test},
    step::{Lookup, Step},
    template::{Body, CardText, Constant, Form, Leaf, Placeholder, UrlPath, UrlPiece},
};
pub use self::{
    file::AuthScheme,
    problem::{ParseProfileError, ProfileError},
    shown::{ShownRule, ShownRules},
};
use exponents::Exponents;

/// The profiles that come with this program.
const SHIPPED: [(&str, &str); 4] = [
    ("airlock", include_str!("../../../profiles/airlock.toml")),
    ("stripe", include_str!("../../../profiles/stripe.toml")),
    ("adyen", include_str!("../../../profiles/adyen.toml")),
    ("checkout", include_str!("../../../profiles/checkout.toml")),
];

/// A longer file is refused.
const MOST_BYTES: u64 = 64 * 1024;

/// How a processor is charged, and what its answers mean: parsed and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The profile's name, 1 to 32 small letters, digits and dashes.
    pub name: String,
    /// How requests are authenticated.
    pub auth: AuthScheme,
    /// Whether each request needs a secret.
    pub needs_secret: bool,
    /// Whether a payment needs an amount.
    pub needs_amount: bool,
    /// Whether a payment needs the card's expiry date.
    pub needs_expiry: bool,
    /// Whether the profile uses the setting `PROCESSOR_ACCOUNT`.
    pub needs_account: bool,
    /// How long the processor keeps an idempotency key, in hours.
    pub kept_hours: u8,
    /// What is done after an outcome that is unknown.
    pub(crate) resend: Resend,
    pub(crate) key_header: Option<HeaderLine>,
    pub(crate) exponents: Exponents,
    /// The requests in their order; the last one charges. There is at least one.
    pub(crate) steps: Vec<Step>,
    pub(crate) lookup: Option<Lookup>,
    digest: String,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ParseProfileError`] with the line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, ParseProfileError> {
        check::profile(text)
    }

    /// The profile of that name among those that come with this program, or that of the file, when the text has a
    /// slash or a dot in it.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn load(name: &str) -> Result<Self, ProfileError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Self::parse(text).map_err(|error| ProfileError::Wrong(name.to_owned(), error));
        }
        if !name.contains(['/', '.']) {
            return Err(ProfileError::NoSuchName(name.to_owned()));
        }
        let unreadable = || ProfileError::Unreadable(name.to_owned());
        let path = Path::new(name);
        if fs::metadata(path).map_err(|_| unreadable())?.len() > MOST_BYTES {
            return Err(ProfileError::TooLong(name.to_owned()));
        }
        let text = fs::read_to_string(path).map_err(|_| unreadable())?;
        Self::parse(&text).map_err(|error| ProfileError::Wrong(name.to_owned(), error))
    }

    /// The names of the profiles that come with this program.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// A digest of all that shapes the requests which charge: another one may charge otherwise. The rules are not part
    /// of it: a corrected rule may settle an old payment.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether the processor can be asked for the outcome of a payment.
    #[must_use]
    pub fn has_lookup(&self) -> bool {
        self.lookup.is_some()
    }

    /// Whether an amount can be expressed in the processor's units.
    ///
    /// # Errors
    /// [`AmountUnitsError`]: such as half a krona if the processor counts whole ones.
    pub fn can_charge(&self, amount: Amount) -> Result<(), AmountUnitsError> {
        self.exponents.minor_units(amount).map(drop)
    }

    /// The step whose object is written before anything is charged.
    pub(crate) fn remembering_step(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.remember.is_some())
    }

    /// Whether it adds a path to the processor's address.
    pub(crate) fn has_paths(&self) -> bool {
        self.lookup.is_some() || self.steps.iter().any(|step| !step.path.is_empty())
    }
}

#[cfg(test)]
mod tests;
