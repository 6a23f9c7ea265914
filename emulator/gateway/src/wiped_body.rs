//! Reading a request's body: limited in length, and into a buffer that is wiped.

use axum::{
    body::Body,
    http::{HeaderMap, header::CONTENT_LENGTH},
};
use futures::StreamExt;

use crate::{gateway_error::GatewayError, wiped::WipedBuffer};

/// How much of a body over the limit is read and thrown away, as a multiple of the limit: a client that is still
/// sending would otherwise see the connection break and not the answer.
const DRAINED: usize = 4;

/// The whole body, of at most `limit` bytes.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<WipedBuffer, GatewayError> {
    let mut kept = WipedBuffer::with_capacity(announced(headers).unwrap_or(0).min(limit));
    let mut seen = 0_usize;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| GatewayError::BODY_BROKEN)?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            kept.extend(&chunk);
        } else if seen > limit.saturating_mul(DRAINED) {
            break;
        }
    }
    if seen <= limit { Ok(kept) } else { Err(GatewayError::TOO_LARGE) }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
