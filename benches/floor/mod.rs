//! What figures are compared with, and how many of them become one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An empty program, linked statically: the least that a hook can spawn.
pub fn empty_program() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join("empty.c"), folder.join("empty"));
    let file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).open(&source);
    file.and_then(|mut file| file.write_all(b"int main(void) { return 0; }\n")).expect("a source file");
    for compiler in ["musl-gcc", "cc"] {
        let mut command = Command::new(compiler);
        command.args(["-static", "-Os", "-s", "-o"]).arg(&program).arg(&source);
        if command.status().is_ok_and(|status| status.success()) {
            return program;
        }
    }
    panic!("neither musl-gcc nor cc makes a static program; tests/setup installs them");
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A row of the table: what was measured, the target, what was seen, and whether it is met;
/// without a target nothing is.
pub fn row(figure: &str, target: &str, seen: &str, met: Option<bool>) {
    let word = match met {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    println!("| {figure} | {target} | {seen} | {word} |");
}
