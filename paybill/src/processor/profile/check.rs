//! Checks of a profile that need several members of its file.

use std::collections::BTreeSet;

use order::DeclineKind;
use toml::Spanned;

use super::{
    HeaderLine, Lookup, Profile, Step,
    digest::digest,
    file::{
        AuthFile, AuthScheme, Encoding, Idempotency, LookupFile, Method, OutcomeName, ProfileFile, Requires,
        RuleFile, SchemeName, StepFile, header_name,
    },
    problem::ParseProfileError,
    rule::{CodeSource, Rule, RuleOutcome},
    template::{Body, Placeholder, UrlPath, UrlPiece, is_name},
};

/// A `PaymentId`, a UUID, in characters.
const PAYMENT_ID: usize = 36;
const MOST_STEPS: usize = 3;

/// Why something in the file is wrong, and at which byte it begins.
struct Wrong(usize, String);

type Checked<T> = Result<T, Wrong>;

pub(super) fn profile(text: &str) -> Result<Profile, ParseProfileError> {
    let file: ProfileFile = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ParseProfileError::at(text, offset, error.message().to_owned())
    })?;
    checked(file).map_err(|Wrong(offset, problem)| ParseProfileError::at(text, offset, problem))
}

fn checked(file: ProfileFile) -> Checked<Profile> {
    let at = |offset: usize, problem: &str| Err(Wrong(offset, problem.to_owned()));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let name = file.name.get_ref();
    if !(1..=32).contains(&name.len()) || !name.bytes().all(plain) {
        return at(file.name.span().start, "a profile's name is 1 to 32 small letters, digits and dashes");
    }
    if name == "sandbox" {
        return at(file.name.span().start, "sandbox is the name of the processor that charges nobody");
    }
    let (auth, needs_secret) = scheme(&file.auth)?;
    let (steps_at, steps) = (file.steps.span().start, file.steps.into_inner());
    if !(1..=MOST_STEPS).contains(&steps.len()) {
        return at(steps_at, "a profile has one to three steps");
    }
    let count = steps.len();
    let idempotency = file.idempotency.get_ref();
    let mut seen = Seen::default();
    let mut checked = Vec::with_capacity(count);
    for (index, step) in steps.into_iter().enumerate() {
        checked.push(seen.step(step, index + 1 == count, &file.requires, idempotency)?);
    }
    let lookup = file.lookup.map(|lookup| seen.lookup(lookup)).transpose()?;
    let key_header = match &idempotency.header {
        None => None,
        // A header name without its own value, because each step has its key.
        Some(name) => Some(HeaderLine {
            name: header_name(&name.0).map_err(|problem| Wrong(file.idempotency.span().start, problem))?,
            value: http::HeaderValue::from_static(""),
        }),
    };
    let has_key = key_header.is_some() || checked.last().is_some_and(|step: &Step| has_key(&step.body));
    if idempotency.resend_after_unknown == super::Resend::SameKey && !has_key {
        return at(
            file.idempotency.span().start,
            "without an idempotency key the charging step is not protected: resend_after_unknown must be \"never\"",
        );
    }
    Ok(Profile {
        name: file.name.get_ref().clone(),
        auth,
        needs_secret,
        needs_amount: file.requires.amount,
        needs_expiry: file.requires.expiry,
        needs_account: checked.iter().any(|step| has(&step.body, &Placeholder::Account)),
        kept_hours: idempotency.kept_hours,
        resend: idempotency.resend_after_unknown,
        digest: digest(&checked, &file.exponents, key_header.as_ref()),
        key_header,
        exponents: file.exponents,
        steps: checked,
        lookup,
    })
}

fn scheme(auth: &Spanned<AuthFile>) -> Checked<(AuthScheme, bool)> {
    let (at, auth) = (auth.span().start, auth.get_ref());
    let scheme = match (auth.scheme, &auth.header) {
        (SchemeName::Bearer, None) => AuthScheme::Bearer,
        (SchemeName::Basic, None) => AuthScheme::Basic,
        (SchemeName::Header, Some(name)) => AuthScheme::Header(name.0.clone()),
        (SchemeName::Header, None) => {
            return Err(Wrong(at, "the scheme header needs the header's name".to_owned()));
        }
        _ => return Err(Wrong(at, "only the scheme header has a header's name".to_owned())),
    };
    Ok((scheme, auth.required))
}

fn has(body: &Body, wanted: &Placeholder) -> bool {
    body.placeholders().iter().any(|(value, _)| *value == wanted)
}

fn has_key(body: &Body) -> bool {
    has(body, &Placeholder::IdempotencyKey)
}

/// The values of the steps before.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    suffixes: BTreeSet<String>,
    /// Values from earlier answers that the next step may use.
    taken: BTreeSet<String>,
    remembers: bool,
}

impl Seen {
    fn step(
        &mut self,
        step: Spanned<StepFile>,
        charges: bool,
        requires: &Requires,
        idempotency: &Idempotency,
    ) -> Checked<Step> {
        let (at, step) = (step.span().start, step.into_inner());
        let name = step.name.get_ref().clone();
        if !is_name(&name) {
            return Err(Wrong(
                step.name.span().start,
                "a step's name is 1 to 32 small letters, digits and underscores".into(),
            ));
        }
        if !self.names.insert(name.clone()) {
            return Err(Wrong(step.name.span().start, format!("there are two steps {name:?}")));
        }
        self.key(at, &step, idempotency)?;
        self.path(at, &step.path)?;
        self.body(at, &step, requires)?;
        let rules = step
            .rules
            .into_iter()
            .map(|rule| self::rule(rule, if charges { Place::Charge } else { Place::Before }));
        let rules = rules.collect::<Checked<Vec<_>>>()?;
        let success = if charges {
            |rule: &Rule| matches!(rule.outcome, RuleOutcome::Submitted { .. })
        } else {
            |rule: &Rule| matches!(rule.outcome, RuleOutcome::Next)
        };
        if !rules.iter().any(success) {
            let missing = if charges { "submitted" } else { "next" };
            return Err(Wrong(at, format!("the step {name:?} has no rule with the outcome {missing:?}")));
        }
        if charges && (!step.take.is_empty() || step.remember.is_some()) {
            return Err(Wrong(
                at,
                "the last step charges: nothing can be taken from its answer for a later one".into(),
            ));
        }
        let remember = self.take(at, &step.take, step.remember)?;
        Ok(Step {
            name,
            method: step.method,
            path: step.path,
            encoding: step.encoding,
            headers: step.headers.0,
            key_suffix: step.key_suffix.map(Spanned::into_inner).unwrap_or_default(),
            body: step.body,
            rules,
            take: step.take.into_iter().collect(),
            remember,
        })
    }

    /// The step's idempotency key: one of its own, and not too long.
    fn key(&mut self, at: usize, step: &StepFile, idempotency: &Idempotency) -> Checked<()> {
        let (at, suffix) = match &step.key_suffix {
            Some(suffix) => (suffix.span().start, suffix.get_ref().as_str()),
            None => (at, ""),
        };
        if !suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(Wrong(at, "a key_suffix is letters, digits, '-' and '_'".into()));
        }
        if PAYMENT_ID + suffix.len() > idempotency.longest_key.min(64) {
            return Err(Wrong(
                at,
                "the idempotency key, 36 characters and the suffix, is longer than longest_key or 64".into(),
            ));
        }
        if !self.suffixes.insert(suffix.to_owned()) {
            return Err(Wrong(
                at,
                "two steps have the same idempotency key: give them different key_suffix".into(),
            ));
        }
        Ok(())
    }

    fn path(&self, at: usize, path: &UrlPath) -> Checked<()> {
        for piece in &path.0 {
            match piece {
                UrlPiece::Taken(name) => self.is_taken(at, name)?,
                UrlPiece::Object => self.is_remembered(at)?,
                UrlPiece::Text(_) | UrlPiece::PaymentId => {}
            }
        }
        Ok(())
    }

    fn body(&self, at: usize, step: &StepFile, requires: &Requires) -> Checked<()> {
        if step.method == Method::Get && !step.body.is_empty() {
            return Err(Wrong(at, "a GET has no body".into()));
        }
        if step.encoding == Encoding::Form && !fits_a_form(&step.body) {
            return Err(Wrong(at, "in a form a list has values alone, and one at least".into()));
        }
        for (value, optional) in step.body.placeholders() {
            match value {
                Placeholder::Taken(name) => self.is_taken(at, name)?,
                Placeholder::Object => self.is_remembered(at)?,
                _ if value.is_amount() && !requires.amount && !optional => {
                    return Err(Wrong(
                        at,
                        "the body needs an amount: say so under requires, or put '?' behind the placeholder"
                            .into(),
                    ));
                }
                _ if value.is_expiry() && !requires.expiry && !optional => {
                    return Err(Wrong(at, "the body needs an expiry date: say so under requires, or put '?' behind the placeholder".into()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        at: usize,
        take: &std::collections::BTreeMap<String, super::Pointer>,
        remember: Option<Spanned<String>>,
    ) -> Checked<Option<String>> {
        for name in take.keys() {
            if !is_name(name) {
                return Err(Wrong(
                    at,
                    format!("{name:?}: a taken value is named by small letters, digits and underscores"),
                ));
            }
            if !self.taken.insert(name.clone()) {
                return Err(Wrong(at, format!("two steps take {name:?}")));
            }
        }
        let Some(remember) = remember else { return Ok(None) };
        let (at, name) = (remember.span().start, remember.into_inner());
        if !take.contains_key(&name) {
            return Err(Wrong(
                at,
                format!("only a value that this step takes can be remembered, and it does not take {name:?}"),
            ));
        }
        if self.remembers {
            return Err(Wrong(at, "one value alone can be remembered".into()));
        }
        self.remembers = true;
        // A payment that is taken over begins after this step, and has only the remembered value.
        self.taken.clear();
        Ok(Some(name))
    }

    fn lookup(&self, lookup: Spanned<LookupFile>) -> Checked<Lookup> {
        let (at, lookup) = (lookup.span().start, lookup.into_inner());
        for piece in &lookup.path.0 {
            match piece {
                UrlPiece::Taken(_) => {
                    return Err(Wrong(at, "a lookup knows {object} and {payment_id} alone".into()));
                }
                UrlPiece::Object => self.is_remembered(at)?,
                UrlPiece::Text(_) | UrlPiece::PaymentId => {}
            }
        }
        if !lookup.path.0.iter().any(|piece| matches!(piece, UrlPiece::Object | UrlPiece::PaymentId)) {
            return Err(Wrong(at, "a lookup asks for one payment: by {object} or by {payment_id}".into()));
        }
        let rules =
            lookup.rules.into_iter().map(|rule| self::rule(rule, Place::Lookup)).collect::<Checked<_>>()?;
        Ok(Lookup { path: lookup.path, headers: lookup.headers.0, rules })
    }

    fn is_taken(&self, at: usize, name: &str) -> Checked<()> {
        if self.taken.contains(name) {
            return Ok(());
        }
        Err(Wrong(
            at,
            format!(
                "{{taken.{name}}}: no step before takes {name:?}, or a value was remembered since: use {{object}}"
            ),
        ))
    }

    fn is_remembered(&self, at: usize) -> Checked<()> {
        if self.remembers {
            Ok(())
        } else {
            Err(Wrong(at, "{object}: no step before remembers a value".into()))
        }
    }
}

/// The place of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Charge,
    Lookup,
}

fn rule(rule: Spanned<RuleFile>, place: Place) -> Checked<Rule> {
    let (at, rule) = (rule.span().start, rule.into_inner());
    let wrong = |problem: &str| Err(Wrong(at, problem.to_owned()));
    if rule.status.is_empty() {
        return wrong("a rule without a status never matches");
    }
    let (is_decline, is_final) = (
        rule.outcome == OutcomeName::Declined,
        matches!(rule.outcome, OutcomeName::Declined | OutcomeName::Submitted),
    );
    if !is_decline && (rule.code.is_some() || rule.kind.is_some()) {
        return wrong("only a decline has a code and a kind");
    }
    if !is_final && rule.reference.is_some() {
        return wrong("only submitted and declined have a reference");
    }
    let outcome = match (rule.outcome, place) {
        (OutcomeName::Next, Place::Before) => RuleOutcome::Next,
        (OutcomeName::Next, _) => return wrong("next is an outcome of the steps before the last"),
        (OutcomeName::Submitted, Place::Before) => {
            return wrong("only the last step charges: its rules alone say submitted");
        }
        (OutcomeName::Submitted, _) => RuleOutcome::Submitted { reference: rule.reference },
        (OutcomeName::Declined, _) => match rule.code {
            Some(code) => RuleOutcome::Declined {
                code: code.0,
                kind: rule.kind.map_or(DeclineKind::Soft, DeclineKind::from),
                reference: rule.reference,
            },
            None => return wrong("a decline needs its code: a JSON pointer or a constant"),
        },
        (OutcomeName::Refused | OutcomeName::InProgress, Place::Lookup) => {
            return wrong("a lookup finds submitted or declined; all else is unknown");
        }
        (OutcomeName::Refused, _) => RuleOutcome::Refused,
        (OutcomeName::InProgress, _) => RuleOutcome::InProgress,
        (OutcomeName::Unknown, _) => RuleOutcome::Unknown,
    };
    Ok(Rule { status: rule.status, when: rule.when, outcome })
}

fn fits_a_form(body: &Body) -> bool {
    match body {
        Body::Elements(elements) => {
            !elements.is_empty() && elements.iter().all(|element| matches!(element, Body::Leaf(_)))
        }
        Body::Members(members) => members.iter().all(|(_, body)| fits_a_form(body)),
        Body::Leaf(_) => true,
    }
}

impl Rule {
    /// Whether a rule needs an answer's body.
    pub(crate) fn reads_body(&self) -> bool {
        let found_in_body =
            |code: &[CodeSource]| code.iter().any(|source| matches!(source, CodeSource::At(_)));
        !self.when.is_empty()
            || match &self.outcome {
                RuleOutcome::Next => true,
                RuleOutcome::Submitted { reference } => reference.is_some(),
                RuleOutcome::Declined { code, reference, .. } => reference.is_some() || found_in_body(code),
                RuleOutcome::Refused | RuleOutcome::InProgress | RuleOutcome::Unknown => false,
            }
    }
}
