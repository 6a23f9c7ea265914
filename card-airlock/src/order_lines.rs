//! Reading a file of orders line by line, whatever its size, through buffers that are wiped.

use std::io::{self, Read};

use card_airlock_gateway::{MAX_BODY_BYTES, WipedBuffer};
use zeroize::Zeroizing;

const CHUNK: usize = 64 * 1024;
/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// One line, without its end.
#[derive(Debug)]
pub(crate) struct Line {
    /// Counted from one.
    pub(crate) number: u64,
    /// How many bytes it has in the file, with its end.
    pub(crate) bytes: u64,
    /// The text; none when it is longer than any body that the API accepts.
    pub(crate) text: Option<WipedBuffer>,
}

/// Reads lines of at most [`MAX_BODY_BYTES`]; longer ones are counted and skipped.
pub(crate) struct Lines<R> {
    source: io::Chain<io::Cursor<Vec<u8>>, R>,
    chunk: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// A byte order mark at the beginning, which editors of Windows write, is skipped.
    pub(crate) fn new(mut source: R) -> io::Result<Self> {
        let mut head = Vec::with_capacity(BYTE_ORDER_MARK.len());
        source.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut head)?;
        if head == BYTE_ORDER_MARK {
            head.clear();
        }
        let source = io::Cursor::new(head).chain(source);
        Ok(Self { source, chunk: Zeroizing::new(vec![0; CHUNK]), start: 0, end: 0, number: 0 })
    }

    /// The next line; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut text = WipedBuffer::default();
        let mut bytes = 0_u64;
        let mut too_long = false;
        loop {
            let ahead = self.ahead()?;
            if ahead.is_empty() {
                return Ok((bytes > 0).then(|| self.line(bytes, too_long, text)));
            }
            let newline = ahead.iter().position(|&byte| byte == b'\n');
            let part = ahead.get(..newline.unwrap_or(ahead.len())).unwrap_or_default();
            too_long |= text.as_ref().len() + part.len() > MAX_BODY_BYTES;
            if !too_long {
                text.extend(part);
            }
            let taken = part.len() + usize::from(newline.is_some());
            bytes += taken as u64;
            self.start += taken;
            if newline.is_some() {
                return Ok(Some(self.line(bytes, too_long, text)));
            }
        }
    }

    fn line(&mut self, bytes: u64, too_long: bool, text: WipedBuffer) -> Line {
        self.number += 1;
        Line { number: self.number, bytes, text: (!too_long).then_some(text) }
    }

    /// What was read and not used yet; empty at the end.
    fn ahead(&mut self) -> io::Result<&[u8]> {
        while self.start == self.end {
            match self.source.read(&mut self.chunk) {
                Ok(0) => break,
                Ok(read) => (self.start, self.end) = (0, read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.chunk.get(self.start..self.end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, u64, Option<String>)> {
        let mut lines = Lines::new(text).unwrap();
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| {
                let text = line.text.map(|text| String::from_utf8(text.into_vec()).unwrap());
                (line.number, line.bytes, text)
            })
            .collect()
    }

    #[test]
    fn lines_come_with_their_number_and_size_with_or_without_a_last_end() {
        let line = |number, bytes, text: &str| (number, bytes, Some(text.to_owned()));
        assert_eq!(read(b""), []);
        assert_eq!(read(b"a\n\nbc"), [line(1, 2, "a"), line(2, 1, ""), line(3, 2, "bc")]);
        assert_eq!(read(b"a\r\nb\n"), [line(1, 3, "a\r"), line(2, 2, "b")]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line_and_of_no_other() {
        let line = |number, bytes, text: &str| (number, bytes, Some(text.to_owned()));
        assert_eq!(read(b"\xef\xbb\xbf{}\n"), [line(1, 3, "{}")]);
        assert_eq!(read(b"\xef\xbb\xbf"), []);
        assert_eq!(read(b"{}"), [line(1, 2, "{}")]);
        assert_eq!(read(b"a\n\xef\xbb\xbfb"), [line(1, 2, "a"), line(2, 4, "\u{feff}b")]);
    }

    #[test]
    fn a_line_across_many_chunks_is_whole_and_one_too_long_is_passed_over() {
        let long = "x".repeat(3 * CHUNK + 1);
        let endless = "y".repeat(MAX_BODY_BYTES + 1);
        let lines = read(format!("{long}\n{endless}\nlast").as_bytes());
        assert_eq!(lines[0].2.as_deref(), Some(long.as_str()));
        assert_eq!((lines[1].1, &lines[1].2), (MAX_BODY_BYTES as u64 + 2, &None));
        assert_eq!(lines[2], (3, 4, Some("last".to_owned())));
    }
}
