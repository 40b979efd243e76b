//! Where a script's units end, which bash is asked for.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::files;

/// The first and last line of each unit, as this bash reads the script.
pub fn units(bash: &Path, bytes: &[u8]) -> Result<Vec<(u64, u64)>, Failure> {
    let mut all = Vec::new();
    let (mut first, mut held): (u64, Vec<u8>) = (1, Vec::new());
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = at as u64 + 1;
        let text = line.trim_ascii();
        if held.is_empty() && (text.is_empty() || text.starts_with(b"#")) {
            continue;
        }
        if held.is_empty() {
            first = number;
        }
        held.extend_from_slice(line);
        if is_whole(bash, &held)? {
            all.push((first, number));
            held.clear();
        }
    }
    match held.is_empty() {
        true => Ok(all),
        false => Err(Failure::usage(format!("line {first}: bash cannot read the command that begins here"))),
    }
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
