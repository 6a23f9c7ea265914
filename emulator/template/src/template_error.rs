//! Why a template is not accepted.

/// Why a template cannot be read. Quotes the template, which holds no secrets.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML, or YAML that no CloudFormation template may hold.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// A construct that this crate does not know.
    #[error("{logical_id}: {construct} is not supported here")]
    Unsupported {
        /// The resource, parameter, condition or output.
        logical_id: String,
        /// The function, resource type or property.
        construct: String,
    },
    /// A parameter, condition, resource or attribute that is not there.
    #[error("{logical_id}: there is no {name}")]
    Unknown {
        /// Where it was asked for.
        logical_id: String,
        /// What was asked for.
        name: String,
    },
    /// A known construct with the wrong shape.
    #[error("{logical_id}: {problem}")]
    Malformed {
        /// The resource, parameter, condition or output.
        logical_id: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl TemplateError {
    pub(crate) fn unsupported(logical_id: &str, construct: impl Into<String>) -> Self {
        Self::Unsupported { logical_id: logical_id.to_owned(), construct: construct.into() }
    }

    pub(crate) fn unknown(logical_id: &str, name: impl Into<String>) -> Self {
        Self::Unknown { logical_id: logical_id.to_owned(), name: name.into() }
    }

    pub(crate) fn malformed(logical_id: &str, problem: impl Into<String>) -> Self {
        Self::Malformed { logical_id: logical_id.to_owned(), problem: problem.into() }
    }
}
