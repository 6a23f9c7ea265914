//! The processor's formats: the stack's payments can go to another one of the sandbox's while it runs. What the local AWS
//! tells of the stack stays as it was at its start.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use card_airlock_lambda::Function;
use card_airlock_template::LambdaFunction;
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    request,
    shown::{self, Refused},
    state::Console,
};
use crate::{
    functions::{self, FunctionsError, Surroundings},
    sandbox::{Dialect, Sandbox},
};

const UNKNOWN: Refused =
    Refused(StatusCode::NOT_FOUND, "UNKNOWN_PROCESSOR", "There is no such processor: reload the page");
const NOT_NOW: Refused = Refused(
    StatusCode::CONFLICT,
    "FIXED_PROCESSOR",
    "With --processes the processor stays: start `up` with another --processor",
);

/// The function that pays, in the format that was chosen last.
#[derive(Clone)]
pub(crate) struct Dialects {
    declared: LambdaFunction,
    surroundings: Surroundings,
    sandbox: Sandbox,
    current: Arc<RwLock<(Dialect, Function)>>,
}

impl Dialects {
    /// Pays by `function` until another format is chosen.
    pub(crate) fn new(
        declared: LambdaFunction,
        surroundings: Surroundings,
        sandbox: Sandbox,
        at_first: (Dialect, Function),
    ) -> Self {
        Self { declared, surroundings, sandbox, current: Arc::new(RwLock::new(at_first)) }
    }

    /// One function for all of them.
    pub(crate) fn function(&self) -> Function {
        let current = Arc::clone(&self.current);
        Function::new(move |event, deadline| {
            let (_, function) = current.read().clone();
            async move { function.invoke(event, deadline).await }
        })
    }

    /// Later payments go there.
    fn choose(&self, dialect: Dialect) -> Result<(), FunctionsError> {
        let mut declared = self.declared.clone();
        declared.environment.extend(self.sandbox.settings(dialect));
        let function = functions::handler(&declared, &self.surroundings)?;
        *self.current.write() = (dialect, function);
        Ok(())
    }

    /// `{"chosen", "all", "fixed"}`, by the names of the profiles.
    pub(super) fn document(&self) -> Value {
        json!({
            "chosen": self.current.read().0.profile(),
            "all": Dialect::ALL.map(Dialect::profile),
            "fixed": self.is_fixed(),
        })
    }

    /// A process has the settings with which it began.
    fn is_fixed(&self) -> bool {
        self.surroundings.processes.is_some()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choosing {
    profile: String,
}

/// `POST /console/processor`.
pub(super) async fn choose(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Choosing = request::read(&body)?;
    let chosen = Dialect::ALL.into_iter().find(|dialect| dialect.profile() == asked.profile);
    let chosen = chosen.ok_or(UNKNOWN)?;
    if console.dialects.is_fixed() {
        return Err(NOT_NOW);
    }
    console.dialects.choose(chosen).map_err(|_| NOT_NOW)?;
    let document = console.dialects.document();
    console.hub.happened("processor", &document);
    Ok(shown::ok(document))
}
