//! What was encrypted: the serialized attribute, as the client of the sample's API sent it.

/// The card attribute of an order, as the sample got it: it took whatever was there.
pub(crate) enum Content<'a> {
    /// Text. It may be a card number.
    Text(&'a str),
    /// A number, in decimal digits. It may be a card number, too.
    Number(&'a str),
    /// There was none.
    Absent,
    /// Something else: a list, a truth value, bytes.
    Other,
}

impl<'a> Content<'a> {
    /// Reads a serialized attribute. `None`: it was not written by the client.
    pub(crate) fn read(serialized: &'a [u8]) -> Option<Self> {
        let (head, rest) = serialized.split_first_chunk()?;
        match head {
            [0, b's'] => whole_text(rest).map(Self::Text),
            [0, b'n'] => whole_text(rest).map(Self::Number),
            [0, 0] => rest.is_empty().then_some(Self::Absent),
            [0, b'b' | b'?' | b'L' | b'M' | b'B' | b'N' | b'S'] => Some(Self::Other),
            _ => None,
        }
    }
}

/// A text with its length before it, and nothing behind.
fn whole_text(bytes: &[u8]) -> Option<&str> {
    let (length, text) = bytes.split_first_chunk()?;
    if usize::try_from(u32::from_be_bytes(*length)).ok()? != text.len() {
        return None;
    }
    std::str::from_utf8(text).ok()
}
