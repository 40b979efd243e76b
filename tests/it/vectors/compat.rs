//! What each released version wrote, still read as it was: tests/vectors/compat/README.md.

use std::process::Command;

use super::{folder, python, verifier};
use crate::stage::pty::ATTESH;

#[test]
fn what_was_released_is_read_otherwise() {
    let mut lines = 0;
    for version in std::fs::read_dir(folder().join("compat")).unwrap() {
        let version = version.unwrap().path();
        if !version.is_dir() {
            continue;
        }
        let manifest = std::fs::read_to_string(version.join("MANIFEST")).unwrap();
        for line in manifest.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let [words, exit, says] = cells[..] else { panic!("{line}") };
            let mut command = Command::new(ATTESH);
            let output = command.args(words.split(' ')).current_dir(&version).env_clear().output().unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.code(), Some(exit.parse().unwrap()), "{line}: {text}");
            assert!(text.starts_with(says), "{line}: {text}");
            lines += 1;
        }
    }
    assert!(lines >= 10, "{lines} lines");
}

#[test]
fn another_verifier_reads_what_was_released_otherwise() {
    let Some(python) = python() else { return };
    for version in ["0.1"] {
        for name in ["build", "typed"] {
            let files = ["intoto.json", "pub", "transcript", "journal"].map(|ending| match ending {
                "pub" => "signer.pub".to_owned(),
                _ => format!("{name}.{ending}"),
            });
            let at = folder().join("compat").join(version);
            let mut command = verifier(&python);
            command.arg("envelope").args(&files).current_dir(&at);
            let output = command.output().unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(output.status.success() && text.contains("VERIFIED"), "{version} {name}: {text}");
            assert!(text.contains("complete"), "{version} {name}: {text}");
        }
    }
}
