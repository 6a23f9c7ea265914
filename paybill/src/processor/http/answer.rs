//! What an answer of the processor means. Nothing of its body is kept or logged but a decline code.

use order::{DeclineCode, Outcome};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::processor::seam::ProcessorError;

/// A decline that is longer is none.
const MOST_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decline {
    decline_code: String,
}

/// What came of a submission, by the answer to it. What is not known to be otherwise may have been charged.
pub(super) async fn outcome(response: &mut Response) -> Result<Outcome, ProcessorError> {
    match response.status() {
        status if status.is_success() => Ok(Outcome::Submitted),
        StatusCode::PAYMENT_REQUIRED | StatusCode::UNPROCESSABLE_ENTITY => {
            let body = bounded(response).await.ok_or(ProcessorError::NoAnswer)?;
            let decline: Decline = serde_json::from_slice(&body).map_err(|_| ProcessorError::NoAnswer)?;
            // A code that may not be stored, such as one that quotes the card, is a code all the same.
            Ok(Outcome::Declined(DeclineCode::of(&Zeroizing::new(decline.decline_code))))
        }
        StatusCode::BAD_REQUEST
        | StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND => Err(ProcessorError::Refused),
        _ => Err(ProcessorError::NoAnswer),
    }
}

/// The body, if it comes whole and is not too long. Wiped, for it may quote what was sent.
async fn bounded(response: &mut Response) -> Option<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MOST_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
