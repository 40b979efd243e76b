//! A door: a key that lies in a process of its own.
//!
//! While a script runs, its key is not in the process that runs it: another one, which was started
//! before, opens the key and signs what is to be written. What lives here: both ends of the socket between
//! them. What does not: opening the key (the caller hands that over), hiding a process (`sys`).
//!
//! Rules: whoever holds the other end of the socket decides what is signed, so no program ever
//! inherits it; the process signs as many messages as it was started for and ends; an answer is believed once its signature
//! verifies.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::envelope::MAX_ENVELOPE_BYTES;
use super::keys::{PrivateKey, PublicKey, SIGNATURE_BYTES};
use crate::sys;

/// A signature takes no time; nobody waits endlessly for a process that was stopped.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest message that says why there is no key.
const WORDS_MAX: u32 = 64 << 10;

/// What the process opened.
pub enum Opened {
    /// A private key, which it keeps.
    Key(PrivateKey),
    /// A public key: the private half is with an agent, which anybody of the same user can ask.
    Agent(PublicKey),
}

/// A key in a process of its own.
pub struct Apart {
    stream: sys::Private,
    pid: Pid,
    public: PublicKey,
}

/// What came of opening it.
pub enum Found {
    /// The process has the key.
    Apart(Apart),
    /// It is with an agent.
    Agent(PublicKey),
    /// It could not be opened; in words, for a person.
    Refused(String),
}

impl Apart {
    /// Starts the process, which opens the key and signs so many messages.
    ///
    /// # Errors
    /// It could not be started, or ended before it answered.
    pub fn start(messages: usize, open: impl FnOnce() -> Result<Opened, String>) -> io::Result<Found> {
        let (stream, pid) = sys::apart(|stream| u8::from(serve(stream, messages, open).is_err()))?;
        let kind = read_array::<1>(&mut &*stream)?[0];
        let found = match kind {
            KEY | AGENT => {
                let public = PublicKey::from_bytes(&read_array(&mut &*stream)?).map_err(io::Error::other)?;
                match kind {
                    AGENT => Found::Agent(public),
                    _ => return Ok(Found::Apart(Apart { stream, pid, public })),
                }
            }
            _ => Found::Refused(String::from_utf8_lossy(&read_long(&mut &*stream, WORDS_MAX)?).into_owned()),
        };
        let _ = waitpid(pid, None);
        Ok(found)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has a message signed.
    ///
    /// # Errors
    /// The process is gone, or was stopped, or has signed as many as it was started for.
    pub fn sign(&self, message: &[u8]) -> io::Result<[u8; SIGNATURE_BYTES]> {
        self.stream.set_read_timeout(Some(TIMEOUT))?;
        self.stream.set_write_timeout(Some(TIMEOUT))?;
        let mut stream = &*self.stream;
        write_long(&mut stream, message)?;
        read_array(&mut stream)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // While it has not been waited for, its id is its own.
        if matches!(waitpid(self.pid, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive)) {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = waitpid(self.pid, None);
        }
    }
}

const KEY: u8 = 1;
const AGENT: u8 = 2;
const REFUSED: u8 = 3;

/// What the process does: it opens the key, signs so many messages, and ends.
fn serve(
    mut stream: UnixStream,
    messages: usize,
    open: impl FnOnce() -> Result<Opened, String>,
) -> io::Result<()> {
    let key = match open() {
        Ok(Opened::Key(key)) => Box::new(key),
        Ok(Opened::Agent(public)) => {
            return stream.write_all(&[&[AGENT][..], &public.to_bytes()].concat());
        }
        Err(words) => {
            let end = words.floor_char_boundary(WORDS_MAX as usize);
            stream.write_all(&[REFUSED])?;
            return write_long(&mut stream, &words.as_bytes()[..end]);
        }
    };
    sys::keep_in_memory(&*key);
    sys::withdraw(stream.as_raw_fd());
    stream.write_all(&[&[KEY][..], &key.public().to_bytes()].concat())?;
    for _ in 0..messages {
        let message = read_long(&mut stream, u32::try_from(MAX_ENVELOPE_BYTES).unwrap_or(u32::MAX))?;
        stream.write_all(&key.sign(&message))?;
    }
    Ok(())
}

fn write_long(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(bytes)
}

fn read_array<const LENGTH: usize>(stream: &mut impl Read) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_long(stream: &mut impl Read, most: u32) -> io::Result<Vec<u8>> {
    let length = u32::from_be_bytes(read_array(stream)?);
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    stream.take(length.into()).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != u64::from(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
