//! Other programs that are asked something: a shell, git.
//!
//! What lives here: how one runs, is given a text, and is stopped at its limit. What does not: what
//! it is asked, and what its answer means.
//!
//! Rules: a program that is asked takes no longer than it is given, and no more memory than its
//! answer may have. It has no terminal to read from, and what it started goes with it.

use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::clock::Deadline;

/// How often it is looked whether a program that closed its output has ended.
const STEP: Duration = Duration::from_micros(200);

/// How much a program is given, and how much it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How many bytes it may print, to each of its outputs.
    pub bytes: usize,
}

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub out: Vec<u8>,
    /// What it printed to standard error.
    pub err: Vec<u8>,
}

/// The answers to two questions, asked side by side where another thread can be had.
pub fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    std::thread::scope(|scope| {
        let beside = std::thread::Builder::new().spawn_scoped(scope, &other);
        let one = one();
        match beside {
            Ok(beside) => (one, beside.join().expect("asking does not panic")),
            Err(_) => (one, other()),
        }
    })
}

/// Runs a program that reads this text, and waits for its answer.
///
/// # Errors
/// It could not be started, took too long (`TimedOut`) or printed too much (`FileTooLarge`).
pub fn ask(command: &mut Command, text: &[u8], limits: Limits) -> io::Result<Answer> {
    let until = Deadline::after(limits.time);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn()?;
    let answer = answer(&mut child, text, limits.bytes, until);
    if answer.is_err() {
        let group = Pid::from_raw(child.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait();
    }
    answer
}

fn answer(child: &mut Child, text: &[u8], most: usize, until: Deadline) -> io::Result<Answer> {
    let (mut input, text) = (child.stdin.take().expect("it was piped"), text.to_vec());
    // A program that stops early leaves the rest of a long text in the pipe.
    std::thread::Builder::new().spawn(move || input.write_all(&text))?;
    let out = reading(child.stdout.take().expect("it was piped"), most)?;
    let err = reading(child.stderr.take().expect("it was piped"), most)?;
    let (out, err) = (read(&out, until)?, read(&err, until)?);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Answer { status, out, err });
        }
        if until.left().is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(STEP);
    }
}

/// Reads an output beside the other one, so that neither fills up.
fn reading(output: impl Read + Send + 'static, most: usize) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = channel();
    std::thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(most as u64 + 1).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes).and_then(|bytes| match bytes.len() > most {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(bytes),
        }));
    })?;
    Ok(receiver)
}

fn read(output: &Receiver<io::Result<Vec<u8>>>, until: Deadline) -> io::Result<Vec<u8>> {
    output.recv_timeout(until.left()).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, text: &[u8], time: u64) -> io::Result<Answer> {
        let limits = Limits { time: Duration::from_millis(time), bytes: 1000 };
        ask(Command::new("sh").args(["-c", script]), text, limits)
    }

    #[test]
    fn both_outputs_and_the_status_are_the_answer() {
        let answer = sh("cat; echo wrong >&2; exit 3", b"a text", 20_000).unwrap();
        let of = (answer.status.code(), answer.out.as_slice(), answer.err.as_slice());
        assert_eq!(of, (Some(3), &b"a text"[..], &b"wrong\n"[..]));
        // It does not have to read.
        assert_eq!(sh("exit 0", &[b'a'; 1 << 20], 20_000).unwrap().status.code(), Some(0));
    }

    #[test]
    fn a_program_takes_longer_or_more_than_it_may() {
        for script in ["sleep 600", "sleep 600 & exit 0", "exec >&- 2>&-; sleep 600"] {
            let long = Deadline::after(Duration::from_secs(60));
            assert_eq!(sh(script, b"", 200).unwrap_err().kind(), io::ErrorKind::TimedOut, "{script}");
            assert!(!long.left().is_zero(), "{script}");
        }
        let full = io::ErrorKind::FileTooLarge;
        assert_eq!(sh("cat", &[b'a'; 1001], 20_000).unwrap_err().kind(), full);
        assert_eq!(sh("cat >&2", &[b'a'; 1001], 20_000).unwrap_err().kind(), full);
        assert_eq!(sh("cat", &[b'a'; 1000], 20_000).unwrap().out.len(), 1000);
    }
}
