//! The real shells that the matrix is typed into: the system's, and the versions that
//! `tests/setup` unpacks. A missing version is skipped loudly, and is an error in CI,
//! where everything must be there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The kind of shell: it decides the hook, the rc file and the columns of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Bash,
    Zsh,
    Fish,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Family::Bash => "bash",
            Family::Zsh => "zsh",
            Family::Fish => "fish",
        }
    }
}

/// One real shell.
#[derive(Clone, Debug)]
pub struct Shell {
    pub family: Family,
    /// Major and minor version, as in `5.2`.
    pub version: String,
    pub program: PathBuf,
}

impl Shell {
    pub fn label(&self) -> String {
        format!("{} {} ({})", self.family.name(), self.version, self.program.display())
    }

    /// The program itself: a version from the cache is called by a file `run` beside it.
    pub fn binary(&self) -> PathBuf {
        let folder = self.program.parent().unwrap();
        let unpacked = ["bin/bash", "usr/bin/bash", "usr/bin/bash-static"].map(|name| folder.join(name));
        let own = unpacked.into_iter().find(|path| self.program.ends_with("run") && path.exists());
        own.unwrap_or_else(|| self.program.clone())
    }
}

/// Each shell the matrix names, in the order of docs/shells.md: family, version, program.
const WANTED: [(Family, &str, &str); 7] = [
    (Family::Bash, "5.1", "bash-5.1/run"),
    (Family::Bash, "5.2", "bash"),
    (Family::Bash, "5.3", "bash-5.3/run"),
    (Family::Zsh, "5.8", "zsh-5.8/run"),
    (Family::Zsh, "5.9", "zsh"),
    (Family::Fish, "3.6", "fish"),
    (Family::Fish, "4", "fish-4/run"),
];

/// The shells of a family that this machine has.
pub fn all(family: Family) -> Vec<Shell> {
    WANTED
        .iter()
        .filter(|wanted| wanted.0 == family)
        .filter_map(|(_, version, _)| one(family, version))
        .collect()
}

/// One shell by its version; `None`, said on standard error, if it is missing.
pub fn one(family: Family, version: &str) -> Option<Shell> {
    let wanted = WANTED.iter().find(|wanted| wanted.0 == family && wanted.1 == version);
    found(family, version, wanted.expect("a version that WANTED names").2)
}

/// A bash 5.3 that shows its symbols; the one of the matrix is static and shows none.
pub fn shown() -> Option<Shell> {
    found(Family::Bash, "5.3", "bash-5.3-shown/run")
}

fn found(family: Family, version: &str, place: &str) -> Option<Shell> {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/shells");
    let candidates = [cache.join(place), Path::new("/usr/bin").join(place), Path::new("/bin").join(place)];
    for program in candidates {
        if version_of(&program, family).is_some_and(|found| matches(&found, version)) {
            return Some(Shell { family, version: version.to_owned(), program });
        }
    }
    let message = format!("{} {version} is not here; tests/setup fetches it", family.name());
    assert!(!in_ci(), "{message}");
    eprintln!("SKIPPED: {message}");
    None
}

fn matches(found: &str, version: &str) -> bool {
    found == version || found.starts_with(&format!("{version}."))
}

/// The version in what `--version` prints, digits and points only.
fn version_of(program: &Path, family: Family) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rest = match family {
        Family::Bash | Family::Fish => text.split_once("version ")?.1,
        Family::Zsh => text.strip_prefix("zsh ")?,
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

#[expect(clippy::disallowed_methods, reason = "only the environment knows whether this is CI")]
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
