//! Buffers of plaintext: wiped on drop, and counted while they are alive.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use zeroize::{Zeroize, Zeroizing};

/// How many values of this process hold a card in plaintext, or text from a client that may have one in it.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Each such value has one of these from its creation to its drop. So a test can stop a call and see that no plaintext
/// is kept longer than it is used (`tests/plaintext`). It gives only the number of values.
#[derive(Debug)]
pub struct Alive(());

impl Alive {
    pub(crate) fn new() -> Self {
        ALIVE.fetch_add(1, Relaxed);
        Self(())
    }

    /// How many there are now.
    #[must_use]
    pub fn count() -> usize {
        ALIVE.load(Relaxed)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// One of the buffers of plaintext outside the vault's own types, all of which SECURITY.md lists. It must be created
/// with enough space: a buffer that grows leaves a copy behind.
pub struct Plaintext<T: Zeroize> {
    buffer: Zeroizing<T>,
    _alive: Alive,
}

impl<T: Zeroize> Plaintext<T> {
    /// Takes ownership of a buffer, which is wiped when this is dropped.
    #[must_use]
    pub fn new(buffer: T) -> Self {
        Self { buffer: Zeroizing::new(buffer), _alive: Alive::new() }
    }
}

impl<T: Zeroize> Deref for Plaintext<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.buffer
    }
}

impl<T: Zeroize> DerefMut for Plaintext<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.buffer
    }
}

impl<T: Zeroize + AsRef<[u8]>> AsRef<[u8]> for Plaintext<T> {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref()
    }
}

impl<T: Zeroize> fmt::Debug for Plaintext<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

static_assertions::assert_impl_all!(Zeroizing<Vec<u8>>: zeroize::ZeroizeOnDrop);
static_assertions::assert_not_impl_any!(Plaintext<String>: Clone, fmt::Display);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_buffer() {
        let buffer = Plaintext::new("4111111111111111".to_owned());
        assert_eq!(buffer.as_str(), "4111111111111111");
        assert_eq!(format!("{buffer:?}"), "Plaintext(..)");
    }
}
