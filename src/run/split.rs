//! Asks bash where the units of a script end.
//!
//! What lives here: the one bash process that parses a script for `shell/split.bash`. What
//! does not: what a unit is for (`script`), running anything.
//!
//! Rules: nothing of the script runs; a script that bash cannot parse still has a plan, whose
//! last unit is the lines that are not a complete input.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::clock;
use crate::crypto;
use crate::encoding::hex;
use crate::failure::Failure;
use crate::script::is_empty;

/// The splitter, run by the bash that will run the script.
const SPLITTER: &str = include_str!("../../shell/split.bash");
/// How long bash may take over a script, in nanoseconds; what it has not parsed by then is one unit.
const TIME_MAX_NS: u64 = 20_000_000_000;

/// How bash takes a script apart.
pub struct Split {
    /// First and last line of each unit, from 1.
    pub ranges: Vec<(u64, u64)>,
    /// The last unit is not a complete input: bash will stop there.
    pub broken: bool,
}

/// Takes a script apart.
///
/// # Errors
/// bash could not be started.
pub fn split(bash: &Path, script: &[u8]) -> Result<Split, Failure> {
    let program = SPLITTER.replace("ATTESH_TOKEN", &hex(&crypto::random::<8>()));
    let deadline_ns = clock::now().boottime_ns + TIME_MAX_NS;
    let mut found = Split { ranges: Vec::new(), broken: false };
    let mut from = (0, 0);
    loop {
        let output = run(bash, &program, from, script, deadline_ns).map_err(|error| {
            Failure::unable(format!("{}: {}", bash.display(), crate::files::words(&error)))
        })?;
        let mut tried = None;
        for line in output.lines() {
            if line == "end" {
                return Ok(found);
            } else if let Some(unfinished) = pair(line, '+') {
                tried = Some(unfinished);
            } else if let Some(range) = pair(line.trim_end_matches('?'), '-') {
                found.ranges.push(range);
                found.broken = line.ends_with('?');
                tried = Some((range.1, range.1));
            }
        }
        // bash ended at the line after the last one that it reported: no unit ends at that one.
        let (first, next) = tried.unwrap_or(from);
        from = match first == next {
            true => (first_line(script, next), first_line(script, next) + 1),
            false => (first, next + 1),
        };
        let all = lines(script);
        if from.1 > all || clock::now().boottime_ns > deadline_ns {
            let rest = (from.0 < all).then_some((from.0 + 1, all));
            found.ranges.extend(rest);
            return Ok(Split { broken: rest.is_some(), ..found });
        }
    }
}

/// The first line from this one on, from 0, that is neither blank nor a comment.
fn first_line(script: &[u8], from: u64) -> u64 {
    let rest = script.split(|byte| *byte == b'\n').skip(usize::try_from(from).unwrap_or(usize::MAX));
    from + rest.take_while(|line| is_empty(line)).count() as u64
}

fn lines(script: &[u8]) -> u64 {
    let ends = script.iter().filter(|byte| **byte == b'\n').count();
    (ends + usize::from(script.last().is_some_and(|byte| *byte != b'\n'))) as u64
}

fn pair(words: &str, between: char) -> Option<(u64, u64)> {
    let (first, last) = words.split_once(between)?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// One run of the splitter: what it printed.
fn run(
    bash: &Path,
    program: &str,
    from: (u64, u64),
    script: &[u8],
    deadline_ns: u64,
) -> std::io::Result<String> {
    let mut command = Command::new(bash);
    // No variable of the caller may change how bash parses or what it runs first.
    command.args(["--norc", "--noprofile", "-r", "-c", program, "attesh"]);
    command.args([from.0.to_string(), from.1.to_string()]);
    command.env_clear().env("LC_ALL", "C").current_dir("/");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (mut input, mut output) = (child.stdin.take(), child.stdout.take());
    let mut printed = Vec::new();
    std::thread::scope(|scope| {
        // The script and what is printed of it may both be longer than a pipe holds.
        scope.spawn(move || input.take().map(|mut input| input.write_all(script)));
        let watch = scope.spawn(|| stop_at(&mut child, deadline_ns));
        if let Some(output) = &mut output {
            let _ = output.read_to_end(&mut printed);
        }
        let _ = watch.join();
    });
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

fn stop_at(child: &mut Child, deadline_ns: u64) {
    while matches!(child.try_wait(), Ok(None)) {
        if clock::now().boottime_ns > deadline_ns {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
