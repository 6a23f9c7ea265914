//! The body of an answer, up to a limit.

use reqwest::{Response, header::CONTENT_ENCODING};
use zeroize::Zeroizing;

/// A longer answer is not used.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// The body, if it comes whole, is not too long and is not compressed: compression was not requested. It is wiped,
/// because it may quote what was sent.
pub(super) async fn body(response: &mut Response) -> Option<Zeroizing<Vec<u8>>> {
    let encoding = response.headers().get(CONTENT_ENCODING).map(|encoding| encoding.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return None;
    }
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(MOST_BYTES).min(MOST_BYTES)));
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > body.capacity() {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
