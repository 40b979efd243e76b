//! The recipes in `examples/`, read by their own words and run as the runners run them.
//!
//! What lives here: a project as the head of a recipe has it made, with the commands that the
//! head types. What does not: what each runner makes of the recipe, a file each.
//!
//! Rules: no test has a copy of what a recipe runs. It parses the recipe, and forges by changing
//! its text or what the runner carries.

mod buildkite;
mod expression;
mod github;
mod gitlab;
mod jenkins;
mod tekton;
mod woodpecker;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::stage::pty::ATTESH;

/// Where the recipes fetch attesh, and the digest that they have of it, before somebody fills
/// both in.
const URL: &str = "https://example.org/attesh";
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A makefile of a product, and one that cannot make it.
const MAKES: &str = "all: app\napp:\n\t@echo made > app\ncheck:\n\t@test -s app\n";
const FAILS: &str = "all:\n\t@false\ncheck:\n\t@true\n";

/// What a sealing part leaves.
const SEALED: [&str; 3] = ["build.intoto.json", "build.sigstore.json", "build.transcript"];

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The recipe, with the address and the digest of this attesh filled in.
fn recipe(name: &str) -> String {
    static DIGEST: OnceLock<String> = OnceLock::new();
    let digest = DIGEST
        .get_or_init(|| attesh::encoding::hex(&attesh::crypto::sha256(&[&std::fs::read(ATTESH).unwrap()])));
    let text = example(name);
    assert!(text.contains(URL) && text.contains(NO_DIGEST), "{name} does not pin attesh");
    text.replace(URL, &format!("file://{ATTESH}")).replace(NO_DIGEST, digest)
}

fn put(path: &Path, text: impl AsRef<[u8]>) {
    use std::io::Write as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(true).open(path).unwrap().write_all(text.as_ref()).unwrap();
}

/// Copies a file or a folder; what arrives is open to others, as an unpacked artifact is.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        put(to, std::fs::read(from).unwrap());
    }
}

/// Waits until a build has come so far that it made this file.
fn wait_for(path: &Path) {
    for _ in 0..12_000 {
        if path.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{}", path.display());
}

/// Ends a process group as runners do when a job is cancelled: its first process is asked, asked
/// again, and then all of it is killed. They wait for seconds between.
fn cancel(id: u32) {
    use nix::sys::signal::{Signal, kill, killpg};
    let id = nix::unistd::Pid::from_raw(id.try_into().unwrap());
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        kill(id, signal).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    killpg(id, Signal::SIGKILL).unwrap();
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Changes a byte of a command in a journal.
fn tamper(journal: &Path) {
    let bytes = std::fs::read(journal).unwrap();
    let changed = String::from_utf8(bytes).unwrap().replacen("something", "anything!", 1);
    put(journal, changed);
}

/// What came of the part of a recipe that seals: whether it was good, its log, and what `verify`
/// says later of what it left, if it left something.
type Sealed = (bool, String, (Option<i32>, String));

/// The sealing part must fail with these words; so is refused what it left.
#[track_caller]
fn refused((good, log, (code, said)): Sealed, words: &str, left: bool) {
    assert!(!good && log.contains(words), "{log}");
    assert_eq!(code.is_some(), left, "{log}");
    if left {
        assert_ne!(code, Some(0), "{said}");
        assert!(said.starts_with("NOT VERIFIED") && said.contains(words), "{said}");
    }
}

/// The commands that the head of a recipe types: lines of a comment that are set further in.
fn typed(recipe: &str) -> Vec<String> {
    let head = recipe.lines().take_while(|line| line.starts_with('#') || line.starts_with("//"));
    head.filter_map(|line| line.trim_start_matches(['#', '/']).strip_prefix("      "))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// A project in a folder of its own, on the machine of who sets the recipe up.
struct Project {
    root: TempDir,
}

impl Project {
    /// A project with this makefile, and the files that a recipe wants in it.
    fn new(makefile: &str, files: &[(&str, &str)]) -> Self {
        let project = Project { root: TempDir::new().unwrap() };
        for folder in ["home", "bin", "project"] {
            std::fs::create_dir(project.path(folder)).unwrap();
        }
        std::os::unix::fs::symlink(ATTESH, project.path("bin/attesh")).unwrap();
        put(&project.path("project/src/Makefile"), makefile);
        for (name, text) in files {
            put(&project.path("project").join(name), text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A command on that machine, in the project's folder.
    fn command(&self, program: &str) -> Command {
        let mut command = clean(program, &[self.path("bin")]);
        command.env("HOME", self.path("home")).current_dir(self.path("project"));
        command
    }

    /// Types what the head of a recipe says, but for what only a service knows.
    fn set_up(&self, recipe: &str) {
        let own = |line: &&String| {
            ["attesh key ", "attesh policy ", "mkdir "].iter().any(|word| line.starts_with(word))
        };
        let lines = typed(recipe);
        let lines: Vec<&String> = lines.iter().filter(own).collect();
        assert!(lines.len() >= 3, "{lines:?}");
        for line in lines {
            let output = self.command("sh").args(["-ec", line]).output().unwrap();
            assert!(output.status.success(), "{line}: {}", text(&output));
        }
        assert!(
            self.path("project/sealing.key").exists() && self.path("project/ci/build.policy.toml").exists()
        );
    }

    fn key(&self) -> String {
        std::fs::read_to_string(self.path("project/sealing.key")).unwrap()
    }

    /// Types what the head says to check what was sealed, where these files are beside ci/.
    fn later(&self, recipe: &str, files: &Path, log: &str) -> (Option<i32>, String) {
        let lines = typed(recipe);
        let line =
            lines.iter().find(|line| line.starts_with("attesh verify ")).expect("a line to check with");
        let place = self.path("later");
        let _ = std::fs::remove_dir_all(&place);
        copy(&self.path("project/ci"), &place.join("ci"));
        copy(files, &place);
        put(&place.join("job.log"), log);
        let output = self.command("sh").args(["-c", line]).current_dir(&place).output().unwrap();
        (output.status.code(), text(&output))
    }

    /// The same of what a sealing part left in a workspace.
    fn later_in(&self, recipe: &str, workspace: &Path, log: &str) -> (Option<i32>, String) {
        let kept = TempDir::new().unwrap();
        for name in SEALED.iter().filter(|name| workspace.join(name).exists()) {
            copy(&workspace.join(name), &kept.path().join(name));
        }
        match kept.path().join(SEALED[0]).exists() {
            true => self.later(recipe, kept.path(), log),
            false => (None, String::new()),
        }
    }
}

/// A command that sees none of the session that the tests themselves may run in.
fn clean(program: &str, folders: &[PathBuf]) -> Command {
    let path = attesh::paths::variable("PATH").unwrap();
    let folders = folders.iter().cloned().chain(std::env::split_paths(&path));
    let mut command = Command::new(program);
    command.env("PATH", std::env::join_paths(folders).unwrap());
    for name in [
        "ATTESH_SESSION",
        "LD_LIBRARY_PATH",
        "XDG_RUNTIME_DIR",
        "CI",
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "JENKINS_URL",
        "JENKINS_HOME",
        "BASH_ENV",
        "ENV",
    ] {
        command.env_remove(name);
    }
    command.stdin(std::process::Stdio::null());
    command
}
