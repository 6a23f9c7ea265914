//! For tests of what is wiped: a secret that this process can search its own memory for, without having it there itself.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use zeroize::{Zeroize, Zeroizing};

const LENGTH: usize = 32;
/// With this in each byte a secret is hidden from the search.
const MASK: u8 = 0xa5;
/// How much is read at once.
const WINDOW: usize = 64 * 1024;

/// A search copies what others have in memory, and would be found by theirs.
static ALONE: Mutex<()> = Mutex::new(());

/// A random secret. There is one at a time.
pub(crate) struct Hidden {
    masked: [u8; LENGTH],
    _alone: MutexGuard<'static, ()>,
}

/// How often a secret is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// As bytes are written.
    pub(crate) forward: usize,
    /// From its last byte to its first, as a number is in the machine's words.
    pub(crate) backward: usize,
}

impl Hidden {
    /// It is less than the order of P-256, so it can be a private key of that curve.
    pub(crate) fn random() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut masked = [0; LENGTH];
        getrandom::fill(&mut masked).unwrap();
        masked[0] = MASK ^ 0x42;
        Self { masked, _alone: alone }
    }

    /// These bytes and then the secret, in a buffer that never grows.
    pub(crate) fn after(&self, prefix: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(prefix.len() + LENGTH);
        buffer.extend_from_slice(prefix);
        for masked in &self.masked {
            buffer.push(masked ^ MASK);
        }
        buffer
    }

    /// Searches all that this process can have written: heap, stacks and data.
    pub(crate) fn seen(&self) -> Seen {
        let mut backward = self.masked;
        backward.reverse();
        let mut seen = Seen { forward: 0, backward: 0 };
        let memory = File::open("/proc/self/mem").unwrap();
        // A copy of what is searched: it must not be found, by this search or the next one.
        let mut window = Zeroizing::new(vec![0; WINDOW]);
        let own = window.as_ptr().addr() as u64;
        for mapping in fs::read_to_string("/proc/self/maps").unwrap().lines() {
            let (range, rest) = mapping.split_once(' ').unwrap();
            if !rest.starts_with("rw") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
            for (start, end) in [(start, end.min(own)), (start.max(own + WINDOW as u64), end)] {
                let mut at = start;
                while at < end {
                    let wanted = WINDOW.min(usize::try_from(end - at).unwrap());
                    // A mapping may end while it is read, or have pages that nobody may read.
                    let read = memory.read_at(&mut window[..wanted], at).unwrap_or_default();
                    seen.forward += times(&window[..read], &self.masked);
                    seen.backward += times(&window[..read], &backward);
                    window[..read].zeroize();
                    // What goes over the end of a window is found in the next one.
                    let is_last = read < wanted || at + wanted as u64 == end;
                    at += (if is_last { wanted } else { wanted - LENGTH + 1 }) as u64;
                }
            }
        }
        seen
    }
}

fn times(memory: &[u8], masked: &[u8; LENGTH]) -> usize {
    let first = masked[0] ^ MASK;
    let is_it = |window: &&[u8]| {
        window[0] == first && window.iter().zip(masked).all(|(byte, masked)| *byte ^ MASK == *masked)
    };
    memory.windows(LENGTH).filter(is_it).count()
}
