//! The short-lived files of a hook: whose they are, and what is left in them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells;
use crate::stage::shells::Family::{Bash, Fish, Zsh};

fn short_lived(home: &Home) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.runtime().join("attesh")).unwrap().flatten();
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        ["text-", "facts-", "zsh"].iter().any(|kind| name.starts_with(kind))
    };
    entries.map(|entry| entry.path()).filter(named).collect()
}

fn over(home: &Home) -> usize {
    home.records().iter().filter(|rec| rec.kind() == "finish").count()
}

#[test]
fn a_text_stays_in_a_file_of_the_hook() {
    for shell in [Bash, Zsh, Fish].into_iter().flat_map(shells::all) {
        let home = Home::new();
        let mut terminal = Terminal::start(&shell, &home, Rc { before: "umask 000", ..Rc::default() });
        terminal.line("true short");
        // Longer than what goes through a here-string, a pipeline: bash looks at its text twice.
        let long = if shell.family == Bash { 15_100 } else { 3_000 };
        for length in [200, long] {
            // zsh draws its prompt anew within a long line: only the record says that the line is over.
            let due = over(&home) + 1;
            terminal.line(&format!("true {} | true", "x".repeat(length)));
            assert!(terminal.wait(|_| over(&home) == due), "{}: {length} is not recorded", shell.label());
            for path in short_lived(&home) {
                let meta = path.metadata().unwrap();
                let mode = meta.permissions().mode() & 0o777;
                assert_eq!((mode, meta.len()), (0o600, 0), "{}: {}", shell.label(), path.display());
            }
        }
        terminal.line("true attesh doctor");
        let seen = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("facts-");
        let told = terminal.wait(|_| short_lived(&home).iter().any(seen));
        assert!(told, "{}: the shell told the doctor nothing", shell.label());
        let files = short_lived(&home);
        for path in files {
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}: {}", shell.label(), path.display());
        }
        terminal.raw(b"exit\r");
        terminal.ended();
        assert!(short_lived(&home).is_empty(), "{}: {:?}", shell.label(), short_lived(&home));
    }
}
