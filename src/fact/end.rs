//! How what was started ended, and the text of that.
//!
//! What lives here: the ends, made and read. What does not: what is told of starts (`process`).
//!
//! Rules: a number has one spelling.

use std::fmt;

/// How what was started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit status.
    Exit(u8),
    /// By this signal.
    Signal(u8),
    /// Its process became another program: the number of that start.
    Became(u64),
    /// It did not become the program, or ended before it ran anything of it.
    NotStarted,
    /// Nobody told.
    Untold,
    /// It went on beyond the command's end.
    Running,
}

impl End {
    /// What the kernel says of an end, as wait(2) codes it.
    #[must_use]
    pub fn of_state(state: i32) -> Self {
        match state & 0x7f {
            0 => End::Exit((state >> 8 & 0xff) as u8),
            signal => End::Signal(signal as u8),
        }
    }

    /// As a row of a list has it.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            End::Exit(status) => status.to_string(),
            End::Signal(signal) => format!("signal {signal}"),
            other => other.to_string(),
        }
    }

    /// Whether it says that a program ended otherwise than well.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, End::Exit(0) | End::Became(_) | End::Running)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            End::Exit(status) => write!(f, "exit {status}"),
            End::Signal(signal) => write!(f, "signal {signal}"),
            End::Became(id) => write!(f, "became {id}"),
            End::NotStarted => f.write_str("not-started"),
            End::Untold => f.write_str("untold"),
            End::Running => f.write_str("running"),
        }
    }
}

/// The text of ends: a line for each, with the number of the start.
#[must_use]
pub fn ends(ends: &[(u64, End)]) -> String {
    ends.iter().map(|(id, end)| format!("{id} {end}\n")).collect()
}

/// The ends that a text tells; `None` if it is no such text.
#[must_use]
pub fn read_ends(text: &str) -> Option<Vec<(u64, End)>> {
    let of_line = |line: &str| {
        let mut words = line.split(' ');
        let id = number(words.next()?)?;
        let (word, value) = (words.next()?, words.next());
        let small = || value.and_then(|value| u8::try_from(number(value)?).ok());
        let end = match word {
            "exit" => End::Exit(small()?),
            "signal" => End::Signal(small().filter(|signal| *signal > 0)?),
            "became" => End::Became(number(value?)?),
            "not-started" if value.is_none() => End::NotStarted,
            "untold" if value.is_none() => End::Untold,
            "running" if value.is_none() => End::Running,
            _ => return None,
        };
        words.next().is_none().then_some((id, end))
    };
    text.strip_suffix('\n')?.split('\n').map(of_line).collect()
}

/// A number in its one spelling.
pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_as_it_was_written() {
        let all = [
            (1, End::Exit(0)),
            (2, End::Exit(255)),
            (3, End::Signal(9)),
            (4, End::Became(5)),
            (6, End::NotStarted),
            (7, End::Untold),
            (8, End::Running),
        ];
        assert_eq!(read_ends(&ends(&all)), Some(all.to_vec()));
        for bad in ["", "\n", "1 exit 0", "1 exit\n", "1 exit 256\n", "1 exit 01\n", "1 signal 0\n"] {
            assert_eq!(read_ends(bad), None, "{bad:?}");
        }
        for bad in ["1 exit 0 0\n", "1 untold 1\n", "x exit 0\n", "1 gone\n", "1 exit 0\n\n"] {
            assert_eq!(read_ends(bad), None, "{bad:?}");
        }
        assert_eq!([0x100, 9, 0x8b].map(End::of_state), [End::Exit(1), End::Signal(9), End::Signal(11)]);
    }
}
