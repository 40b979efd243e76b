//! Where a script's units end, which bash is asked for.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::files;

/// How bash takes a script apart.
pub struct Split {
    /// First and last line of each unit, from 1.
    pub ranges: Vec<(u64, u64)>,
    /// The last unit is no complete input: bash will stop there.
    pub broken: bool,
}

/// Takes a script apart.
///
/// # Errors
/// bash could not be started.
pub fn split(bash: &Path, script: &[u8]) -> Result<Split, Failure> {
    let mut ranges = Vec::new();
    let (mut first, mut last, mut held): (u64, u64, Vec<u8>) = (1, 0, Vec::new());
    for (at, line) in script.split_inclusive(|byte| *byte == b'\n').enumerate() {
        last = at as u64 + 1;
        let text = line.trim_ascii();
        if held.is_empty() && (text.is_empty() || text.starts_with(b"#")) {
            continue;
        }
        if held.is_empty() {
            first = last;
        }
        held.extend_from_slice(line);
        if is_whole(bash, &held)? {
            ranges.push((first, last));
            held.clear();
        }
    }
    let broken = !held.is_empty();
    if broken {
        ranges.push((first, last));
    }
    Ok(Split { ranges, broken })
}

fn is_whole(bash: &Path, text: &[u8]) -> Result<bool, Failure> {
    let no_bash = |error: std::io::Error| Failure::unable(format!("bash: {}", files::words(&error)));
    if text.trim_ascii_end().ends_with(b"\\") && text.ends_with(b"\\\n") {
        return Ok(false);
    }
    let mut command = Command::new(bash);
    command.args(["--norc", "--noprofile", "-O", "extglob", "-n"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(no_bash)?;
    // It may end without reading.
    let _ = child.stdin.take().map(|mut input| input.write_all(text));
    let output = child.wait_with_output().map_err(no_bash)?;
    Ok(output.status.success() && output.stderr.is_empty())
}
