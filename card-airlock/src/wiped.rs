//! A growing buffer for bytes that may hold a card number: growing and dropping leave no copy behind.

use std::io;

use zeroize::Zeroizing;

/// Bytes that are wiped when the buffer is dropped or moved to a larger allocation.
#[derive(Default)]
pub(crate) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl WipedBuffer {
    /// An empty buffer that holds `capacity` bytes before it has to grow.
    #[must_use]
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    /// Appends `bytes`.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            // `Vec` would free its old allocation as it is.
            let mut larger = Vec::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(bytes);
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Hands the bytes over; wiping them is the taker's from here on.
    #[must_use]
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.0)
    }
}

impl AsRef<[u8]> for WipedBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for WipedBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WipedBuffer({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_and_is_never_shown() {
        let mut buffer = WipedBuffer::with_capacity(1);
        for part in ["4111", "1111", "1111", "1111"] {
            buffer.extend(part.as_bytes());
        }
        assert_eq!(buffer.as_ref(), b"4111111111111111");
        assert_eq!(format!("{buffer:?}"), "WipedBuffer(16 bytes)");
        assert_eq!(buffer.into_vec(), b"4111111111111111");
    }
}
