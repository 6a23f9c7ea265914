//! What Cognito refuses with.

/// An error of Cognito. Texts are fixed: nothing that a client sent comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CognitoError {
    #[error("Invalid verification code provided, please try again.")]
    CodeMismatch,
    #[error("Invalid code provided, please request a code again.")]
    ExpiredCode,
    #[error("Missing required parameter {0}")]
    Missing(&'static str),
    #[error("{0} is not valid")]
    Invalid(&'static str),
    #[error("Username should be an email.")]
    NotAnEmail,
    #[error("the flow is not enabled for this client")]
    FlowNotEnabled,
    #[error("{0} is not supported here")]
    Unsupported(&'static str),
    #[error("Password did not conform with policy: {0}")]
    Password(&'static str),
    #[error("Incorrect username or password.")]
    IncorrectPassword,
    #[error("Password attempts exceeded")]
    AttemptsExceeded,
    #[error("Temporary password has expired and must be reset by an administrator.")]
    TemporaryPasswordExpired,
    #[error("Invalid Refresh Token")]
    RefreshToken,
    #[error("Invalid session for the user.")]
    Session,
    #[error("SignUp is not permitted for this user pool")]
    NoSelfSignUp,
    #[error("User cannot be confirmed. Current status is not UNCONFIRMED")]
    NotToBeConfirmed,
    #[error("A client attempted to write unauthorized attribute")]
    AttributeNotWritable,
    #[error("User pool client does not exist.")]
    NoClient,
    #[error("User pool does not exist.")]
    NoPool,
    #[error("Group not found.")]
    NoGroup,
    #[error("User is not confirmed.")]
    NotConfirmed,
    #[error("User does not exist.")]
    NoUser,
    #[error("An account with the given email already exists.")]
    Exists,
    #[error("no token could be signed")]
    Internal,
}

impl CognitoError {
    /// As the API reference names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CodeMismatch => "CodeMismatchException",
            Self::ExpiredCode => "ExpiredCodeException",
            Self::Missing(_)
            | Self::Invalid(_)
            | Self::NotAnEmail
            | Self::FlowNotEnabled
            | Self::Unsupported(_) => "InvalidParameterException",
            Self::Password(_) => "InvalidPasswordException",
            Self::IncorrectPassword
            | Self::AttemptsExceeded
            | Self::TemporaryPasswordExpired
            | Self::RefreshToken
            | Self::Session
            | Self::NoSelfSignUp
            | Self::NotToBeConfirmed
            | Self::AttributeNotWritable => "NotAuthorizedException",
            Self::NoClient | Self::NoPool | Self::NoGroup => "ResourceNotFoundException",
            Self::NotConfirmed => "UserNotConfirmedException",
            Self::NoUser => "UserNotFoundException",
            Self::Exists => "UsernameExistsException",
            Self::Internal => "InternalErrorException",
        }
    }
}
