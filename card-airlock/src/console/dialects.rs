//! The processor's formats: the stack's payments can go to another one of the sandbox's while it runs. What the local AWS
//! tells of the stack stays as it was at its start.

use std::sync::Arc;

use card_airlock_lambda::Function;
use card_airlock_template::LambdaFunction;
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::{
    functions::{self, FunctionsError, Surroundings},
    sandbox::{Dialect, Sandbox},
};

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
    pub(super) fn choose(&self, dialect: Dialect) -> Result<(), FunctionsError> {
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
    pub(super) fn is_fixed(&self) -> bool {
        self.surroundings.processes.is_some()
    }
}
