//! Between `attesh sh` and its bash: one pair of sockets for datagrams.
//!
//! Rules: a datagram is a message, and counts if the kernel says that bash itself sent it. bash
//! inherits one descriptor, and writing to it never kills bash, even if attesh is gone. attesh
//! sends an answer one byte a datagram: bash reads one byte at a time, and the kernel drops what
//! bash leaves of a datagram.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::process::{Child, ExitStatus};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{RcvBuf, SendTimeout};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, setsockopt, socketpair};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::os::signals::{Signals, rest};
use crate::os::{proc, sender};

/// The first descriptors that attesh tries in bash: apart from a script's (the manual of flock
/// has 200) and from bash's, which are below 256; a lower one if the limit on open files is low.
const DESCRIPTORS_MIN: [RawFd; 2] = [719, 119];
/// The longest message, in bytes.
const MESSAGE_MAX: usize = 64 << 10;
/// The length of an answer, a number with blanks before it, so that bash reads all of it whatever
/// the script's IFS is.
pub const ANSWER_BYTES: usize = 8;

/// What bash reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// bash has started, and waits.
    Begin,
    /// A command of the script is about to run, on a line outside the current unit.
    Unit,
    /// The script is over.
    Exit,
    /// At its end a trap was set that is not attesh's, and can end a script.
    Traps,
}

/// A message of bash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it reports.
    pub told: Told,
    /// `$?`
    pub status: u8,
    /// The line of the script, from 1.
    pub line: u64,
    /// `PIPESTATUS`, if bash reports it.
    pub pipe: Vec<u8>,
    /// At the end: the DEBUG trap is still attesh's.
    pub hooked: bool,
    /// The command as bash prints it; at the beginning, bash's version, and a word if BASH_ENV
    /// has set traps.
    pub command: String,
    /// The command goes on behind that.
    pub is_cut: bool,
}

impl Message {
    /// Reads what bash wrote.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (kind, rest) = text.split_once(' ')?;
        let bare = |told, command| {
            let pipe = Vec::new();
            Some(Message { told, status: 0, line: 0, pipe, hooked: true, command, is_cut: false })
        };
        let told = match kind {
            "B" => {
                return bare(Told::Begin, rest.trim().to_owned());
            }
            // What `trap -p` prints; a signal that is ignored ends nothing.
            "trap" => {
                let mut traps = text.lines().filter(|line| line.starts_with("trap -- "));
                return traps
                    .any(|line| !line.starts_with("trap -- '' "))
                    .then(|| bare(Told::Traps, String::new()))?;
            }
            "U" => Told::Unit,
            "X" | "x" => Told::Exit,
            _ => return None,
        };
        let mut words = rest.splitn(5, ' ');
        let status = words.next()?.parse().ok()?;
        let line = words.next()?.parse().ok()?;
        let pipe = words.next()?.split(',').map(|status| status.parse().ok()).collect::<Option<Vec<u8>>>();
        let is_cut = match words.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let command = words.next()?.strip_suffix(' ').unwrap_or_default().to_owned();
        let (pipe, hooked) = (pipe.unwrap_or_default(), kind != "x");
        Some(Message { told, status, line, pipe, hooked, command, is_cut })
    }
}

/// This program's end of the pair.
pub struct Channel {
    ours: OwnedFd,
    /// The process whose messages count: bash. Every program that it starts has the other end too.
    speaker: Cell<Option<i32>>,
    /// Kept until bash has its copy, and after: bash may start late.
    _theirs: OwnedFd,
}

impl Channel {
    /// The pair, and the number of the descriptor that bash inherits.
    ///
    /// # Errors
    /// The kernel gave none.
    pub fn new() -> io::Result<(Self, RawFd)> {
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::Datagram, None, SockFlag::SOCK_CLOEXEC)?;
        setsockopt(&ours, SendTimeout, &TimeVal::seconds(2))?;
        let _ = setsockopt(&ours, RcvBuf, &(1 << 20));
        let [first, other] = DESCRIPTORS_MIN.map(|least| crate::sys::duplicate_from(&theirs, least));
        let theirs = first.or(other)?;
        fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
        let number = theirs.as_raw_fd();
        sender::tell(&ours)?;
        Ok((Channel { ours, speaker: Cell::new(None), _theirs: theirs }, number))
    }

    /// From here on only messages of this process count.
    pub fn listen_to(&self, pid: u32) {
        self.speaker.set(i32::try_from(pid).ok());
    }

    /// The next message of bash, if one has come.
    #[must_use]
    pub fn hear(&self) -> Option<Message> {
        let mut bytes = vec![0; MESSAGE_MAX];
        loop {
            let (length, sender) = match sender::receive(&self.ours, &mut bytes) {
                Ok(heard) => heard,
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
            };
            // Any program of the script may write here; a datagram that is not a message is ignored.
            if length > 0
                && sender == self.speaker.get()
                && sender.is_some()
                && let Some(message) = Message::parse(&bytes[..length])
            {
                return Some(message);
            }
        }
    }

    /// Lets bash go on: it reports again beyond this line. At the beginning: whether the script may
    /// set a DEBUG trap of its own.
    pub fn answer(&self, last: u64) {
        self.send(&format!("{last:>ANSWER_BYTES$}"));
    }

    /// Lets bash go on without hooks.
    pub fn refuse(&self) {
        self.send(&format!("{:>ANSWER_BYTES$}", -1));
    }

    fn send(&self, line: &str) {
        for byte in line.bytes() {
            if send(self.ours.as_raw_fd(), &[byte], MsgFlags::MSG_NOSIGNAL).is_err() {
                return;
            }
        }
    }
}

/// Waits until bash reports something, ends, or a signal comes.
///
/// # Errors
/// The kernel refused to wait.
pub fn wait(signals: &Signals, channel: Option<&Channel>) -> io::Result<()> {
    let mut sources = Vec::new();
    sources.extend(signals.source().map(|from| PollFd::new(from, PollFlags::POLLIN)));
    sources.extend(channel.map(|channel| PollFd::new(channel.ours.as_fd(), PollFlags::POLLIN)));
    // Without signals attesh checks now and then whether bash has ended.
    let limit: PollTimeout = if signals.source().is_some() { PollTimeout::NONE } else { 20_u8.into() };
    match poll(&mut sources, limit) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits for bash, passes signals on, stops with it and with who waits for this process, and reads what
/// bash reports.
///
/// # Errors
/// The kernel refused to wait.
pub fn listen(
    child: &mut Child,
    waits: Option<u32>,
    channel: Option<&Channel>,
    hear: &mut dyn FnMut(&Message),
) -> io::Result<ExitStatus> {
    let signals = &Signals::take();
    loop {
        if let Some(status) = child.try_wait()? {
            // The messages that it sent before it ended are still to be read.
            while let Some(message) = channel.and_then(Channel::hear) {
                hear(&message);
            }
            return Ok(status);
        }
        wait(signals, channel)?;
        if signals.hand_on(child.id()).child && proc::rests(child.id()) {
            rest(waits, || proc::rests(child.id()));
        }
        while let Some(message) = channel.and_then(Channel::hear) {
            hear(&message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_bash_are_read() {
        let message = Message::parse(b"U 3 12 1,3 0 echo a  b ").unwrap();
        assert_eq!((message.told, message.status, message.line), (Told::Unit, 3, 12));
        assert_eq!((message.command.as_str(), message.pipe.as_slice()), ("echo a  b", &[1, 3][..]));
        assert!(!message.is_cut && Message::parse(b"U 3 12 1,3 1 echo a  b ").unwrap().is_cut);
        let message = Message::parse(b"X 0 0  0 exit 0 ").unwrap();
        assert!(message.hooked && message.told == Told::Exit && message.pipe.is_empty());
        assert!(!Message::parse(b"x 0 0  0 exit 0 ").unwrap().hooked);
        assert_eq!(Message::parse(b"B 5.2.15(1)-release  ").unwrap().command, "5.2.15(1)-release");
        assert_eq!(Message::parse(b"U 3 12 1,x,256 0 a ").unwrap().pipe, [0; 0]);
        let traps = "trap -- '' SIGHUP\ntrap -- 'exit 0' ERR\n";
        assert_eq!(Message::parse(traps.as_bytes()).unwrap().told, Told::Traps);
        assert_eq!(Message::parse(b"trap -- '' SIGHUP\n"), None);
        for bad in [&b""[..], b"U", b"U x 1 0 0 a ", b"Z 1 1 0 0 a ", b"U 1", b"U 1 1 0", b"U 1 1 0 a "] {
            assert_eq!(Message::parse(bad), None);
        }
    }
}
