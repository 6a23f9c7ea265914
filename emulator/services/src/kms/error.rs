//! The errors of KMS.

use http::StatusCode;

use crate::answer::Answer;

/// An error of KMS, by the name that AWS's reference gives it. Texts are fixed, with ARNs of keys that are here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KmsError {
    #[error("An alias with this name already exists")]
    AlreadyExists,
    #[error("{0} is rotated automatically within the next 20 minutes.")]
    Conflict(String),
    #[error("{0} is disabled.")]
    Disabled(String),
    #[error("The request would have succeeded, but the DryRun option is set.")]
    DryRun,
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    #[error("the cipher failed")]
    Internal,
    #[error("The alias name must begin with alias/ and have no colon.")]
    InvalidAliasName,
    #[error("Invalid arn")]
    InvalidArn,
    #[error("The ciphertext, its key and its encryption context do not belong together.")]
    InvalidCiphertext,
    #[error("There are no grants here.")]
    InvalidGrantToken,
    #[error("{0} key usage is not valid for this operation or algorithm.")]
    InvalidKeyUsage(String),
    #[error("The HMAC verification failed.")]
    InvalidMac,
    #[error("Invalid marker")]
    InvalidMarker,
    #[error("{0} is pending deletion.")]
    PendingDeletion(String),
    #[error("{0} is not pending deletion.")]
    NotPendingDeletion(String),
    #[error("the limit of {0} is reached")]
    LimitExceeded(&'static str),
    #[error("{0}")]
    MalformedPolicy(String),
    #[error("Aliases that begin with alias/aws/ are AWS's own.")]
    NotAuthorized,
    #[error("There is no such key or alias.")]
    NotFound,
    #[error("No such policy exists")]
    NoSuchPolicy,
    #[error("{0} has the wrong type")]
    Serialization(&'static str),
    #[error("{0} is not supported here")]
    Unsupported(String),
    #[error("1 validation error detected: {0}")]
    Validation(String),
}

impl KmsError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(crate) fn validation(what: impl Into<String>) -> Self {
        Self::Validation(what.into())
    }

    /// As the API reference names it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::AlreadyExists => "AlreadyExistsException",
            Self::Conflict(_) => "ConflictException",
            Self::Disabled(_) => "DisabledException",
            Self::DryRun => "DryRunOperationException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::Internal => "KMSInternalException",
            Self::InvalidAliasName => "InvalidAliasNameException",
            Self::InvalidArn => "InvalidArnException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::InvalidGrantToken => "InvalidGrantTokenException",
            Self::InvalidKeyUsage(_) => "InvalidKeyUsageException",
            Self::InvalidMac => "KMSInvalidMacException",
            Self::InvalidMarker => "InvalidMarkerException",
            Self::PendingDeletion(_) | Self::NotPendingDeletion(_) => "KMSInvalidStateException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::MalformedPolicy(_) => "MalformedPolicyDocumentException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::NotFound | Self::NoSuchPolicy => "NotFoundException",
            Self::Serialization(_) => "SerializationException",
            Self::Unsupported(_) => "UnsupportedOperationException",
            Self::Validation(_) => "ValidationException",
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        let status = match self {
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::DryRun => StatusCode::PRECONDITION_FAILED,
            _ => StatusCode::BAD_REQUEST,
        };
        Answer::error(status, self.code(), &self.to_string())
    }
}

impl From<aws_lc_rs::error::Unspecified> for KmsError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Internal
    }
}
