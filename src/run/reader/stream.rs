//! The bytes that bash has read of its script's file, and those that it has made units of.
//!
//! What lives here: whether they follow one another without a gap. Pure.
//!
//! bash fills a buffer, and takes lines from it. Before it starts a process it seeks back behind
//! the last line that it took, and later reads the rest again.

/// What bash has read and not taken.
#[derive(Debug, Default)]
pub struct Stream {
    /// Where in the file the first of `bytes` stands.
    from: u64,
    bytes: Vec<u8>,
    strayed: bool,
}

impl Stream {
    /// bash has read these bytes at this place of the file.
    pub fn read(&mut self, at: u64, bytes: &[u8]) {
        if at != self.from + self.bytes.len() as u64 {
            // It reads again what it has not taken, or it is somewhere else.
            self.strayed |= at != self.from;
            (self.from, self.bytes) = (at, Vec::new());
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// bash takes this many lines: their bytes.
    pub fn take(&mut self, lines: u64) -> Vec<u8> {
        let ends = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let count = usize::try_from(lines).unwrap_or(usize::MAX);
        let end = match count.checked_sub(1) {
            None => 0,
            Some(before) => ends.clone().nth(before).unwrap_or(self.bytes.len()),
        };
        let rest = self.bytes.split_off(end);
        self.from += end as u64;
        std::mem::replace(&mut self.bytes, rest)
    }

    /// Where the bytes begin that it has not taken.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.from
    }

    /// bash has read at a place that does not follow what it had taken.
    #[must_use]
    pub fn has_strayed(&self) -> bool {
        self.strayed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_again_is_taken_once() {
        let mut stream = Stream::default();
        stream.read(0, b"a\nb\nc");
        assert_eq!(stream.take(1), b"a\n");
        stream.read(2, b"b\nc");
        stream.read(5, b"\nd\n");
        assert_eq!((stream.take(2), stream.place()), (b"b\nc\n".to_vec(), 6));
        assert_eq!((stream.take(0), stream.take(5)), (Vec::new(), b"d\n".to_vec()));
        assert!(!stream.has_strayed());
        stream.read(8, b"e");
        assert!(!stream.has_strayed());
    }

    #[test]
    fn another_place_is_noticed() {
        for at in [0, 1, 4, 9] {
            let mut stream = Stream::default();
            stream.read(0, b"a\nb\n");
            stream.take(1);
            stream.read(at, b"x\n");
            assert_eq!(stream.has_strayed(), at != 4, "{at}");
        }
    }
}
