//! What is deployed on this machine: the repository's template, and the names that AWS would give.

use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock};

use card_airlock_template::{Deployment, Document, Template, TemplateError};

/// The region of everything on this machine.
pub const REGION: &str = "us-east-1";
/// The account of everything on this machine.
pub const ACCOUNT_ID: &str = "123456789012";
/// The stack's name.
pub const STACK_NAME: &str = "card-airlock";
/// The user pool of this machine: what `Ref` of `UserPool` gives, and the end of each ID token's `iss`.
pub const USER_POOL_ID: &str = "us-east-1_CardArlck";
/// The application client of this machine: what `Ref` of `UserPoolClient` gives, and each ID token's `aud`.
pub const USER_POOL_CLIENT_ID: &str = "cardairlocklocalclienthere";

/// The text of the repository's `template.yaml`.
pub const SHIPPED: &str = include_str!("../../template.yaml");

/// Reads a template as deployed on this machine.
///
/// # Errors
/// As [`Template::parse`].
pub fn template(text: &str, overrides: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    Template::of(document(text)?.as_ref(), here(), overrides)
}

/// The repository's template is read once in a process: every stack of a test needs it, and reading it is a sixth of what
/// a small test computes.
fn document(text: &str) -> Result<Cow<'static, Document>, TemplateError> {
    static OF_SHIPPED: OnceLock<Document> = OnceLock::new();
    if text != SHIPPED {
        return Document::read(text).map(Cow::Owned);
    }
    if let Some(known) = OF_SHIPPED.get() {
        return Ok(Cow::Borrowed(known));
    }
    let read = Document::read(SHIPPED)?;
    Ok(Cow::Borrowed(OF_SHIPPED.get_or_init(|| read)))
}

/// Whether the repository's template may be given these parameters, as CloudFormation decides it. `ProcessorUrl`, which
/// has no default, is `sandbox` if it is not given.
///
/// # Errors
/// As [`Template::check_parameters`].
pub fn check_parameters(given: &BTreeMap<String, String>) -> Result<(), TemplateError> {
    Template::check_parameters(document(SHIPPED)?.as_ref(), here(), &with_sandbox(given))
}

/// The repository's template with these parameters; `ProcessorUrl` as in [`check_parameters`].
///
/// # Errors
/// As [`Template::parse`].
pub(crate) fn with_parameters(given: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    template(SHIPPED, &with_sandbox(given))
}

fn with_sandbox(given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
    all.extend(given.clone());
    all
}

fn here() -> Deployment {
    Deployment {
        region: REGION.to_owned(),
        account_id: ACCOUNT_ID.to_owned(),
        stack_name: STACK_NAME.to_owned(),
        user_pool_id: USER_POOL_ID.to_owned(),
        user_pool_client_id: USER_POOL_CLIENT_ID.to_owned(),
    }
}

/// The repository's template, with its parameters' defaults; `ProcessorUrl`, which has none, is `sandbox`.
///
/// # Errors
/// As [`Template::parse`].
pub fn shipped() -> Result<Template, TemplateError> {
    shipped_with([])
}

/// The same, with other values for some parameters.
///
/// # Errors
/// As [`Template::parse`].
pub fn shipped_with<const N: usize>(overrides: [(&str, &str); N]) -> Result<Template, TemplateError> {
    with_parameters(&overrides.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}
