//! The faults of a request to the processor.

/// The fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It is charged, and the connection breaks.
    AnswerLost,
    /// It is charged, and no answer ever comes.
    Silent,
    /// It is charged, and the answer comes after 20 s: by default the client waits for 15.
    Late,
    /// 500, and nothing is charged.
    Error,
    /// 500, though it is charged.
    ErrorCharged,
    /// 401, and nothing is charged.
    Refused,
}

impl Failure {
    pub(super) fn charges(self) -> bool {
        match self {
            Self::AnswerLost | Self::Silent | Self::Late | Self::ErrorCharged => true,
            Self::Error | Self::Refused => false,
        }
    }
}
