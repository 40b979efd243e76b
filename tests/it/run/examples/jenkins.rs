//! The recipe for Jenkins, as durable-task runs an `sh` step: the block becomes script.sh, is
//! copied beside itself, and runs by `sh -xe`, or as a program if its first line begins with #!,
//! in a shell in the background whose own output is closed.
//!
//! What lives here: the steps that the recipe has, read from its own text, and stages with a
//! workspace each. What does not: Groovy.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{FAILS, MAKES, Project, clean, copy, example, put, recipe, tamper};

const NAME: &str = "Jenkinsfile";

/// A step, as the recipe has it.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A block for a shell, and the variable that takes what it prints.
    Sh(String, Option<String>),
    Stash(String, String),
    Unstash(String),
    Archive(Vec<String>),
    Checkout,
    DeleteDir,
    /// What follows runs with the credential in this variable.
    Credential(String),
    /// What follows runs whatever happened.
    Always,
    /// The next step may fail, and the stage goes on.
    Catch,
}

/// The text between the next two quotes of one kind, single or triple.
fn quoted(text: &str) -> (&str, &str) {
    let at = text.find('\'').unwrap();
    let quote = if text[at..].starts_with("'''") { "'''" } else { "'" };
    text[at + quote.len()..].split_once(quote).unwrap()
}

/// The steps of a stage, in order.
fn steps(recipe: &str, stage: &str) -> Vec<Step> {
    let (_, text) = recipe.split_once(&format!("stage('{stage}')")).expect("the stage");
    let mut rest = text.split("stage('").next().unwrap();
    let mut steps = Vec::new();
    loop {
        let words = [
            "script { env.",
            "sh '",
            "unstash '",
            "stash name:",
            "archiveArtifacts artifacts:",
            "checkout scm",
            "deleteDir()",
            "withCredentials(",
            "always {",
            "catchError(",
            "//",
        ];
        let found = words.iter().filter_map(|word| Some((rest.find(word)?, *word)));
        let Some((at, word)) = found.min() else { return steps };
        let after = &rest[at + word.len()..];
        (rest, _) = match word {
            "script { env." => {
                let (name, after) = after.split_once(" = sh(script: ").unwrap();
                let (block, after) = quoted(after);
                let after = after.strip_prefix(", returnStdout: true).trim() }").unwrap();
                (after, steps.push(Step::Sh(block.into(), Some(name.into()))))
            }
            "sh '" => {
                let (block, after) = quoted(&rest[at..]);
                (after, steps.push(Step::Sh(block.into(), None)))
            }
            "stash name:" => {
                let (name, after) = quoted(after);
                let (what, after) = quoted(after);
                (after, steps.push(Step::Stash(name.into(), what.into())))
            }
            "unstash '" => {
                let (name, after) = quoted(&rest[at..]);
                (after, steps.push(Step::Unstash(name.into())))
            }
            "archiveArtifacts artifacts:" => {
                let (list, after) = quoted(after);
                (after, steps.push(Step::Archive(list.split(", ").map(str::to_owned).collect())))
            }
            "withCredentials(" => {
                let (id, after) = quoted(after);
                assert_eq!(id, "sealing-key");
                let (variable, after) = quoted(after);
                (after, steps.push(Step::Credential(variable.into())))
            }
            "checkout scm" => (after, steps.push(Step::Checkout)),
            "deleteDir()" => (after, steps.push(Step::DeleteDir)),
            "always {" => (after, steps.push(Step::Always)),
            "catchError(" => (after, steps.push(Step::Catch)),
            _ => (after.split_once('\n').unwrap().1, ()),
        };
    }
}

/// A build of the pipeline: what its controller knows and keeps.
struct Build {
    project: Project,
    recipe: String,
    environment: Vec<(String, String)>,
    kept: TempDir,
    log: String,
    cancel_at: Option<PathBuf>,
}

impl Build {
    fn new(makefile: &str) -> Self {
        let recipe = recipe(NAME);
        let project = Project::new(makefile, &[(NAME, &recipe), ("ci/build.sh", &example("build.sh"))]);
        project.set_up(&recipe);
        let (_, block) = recipe.split_once("    environment {").unwrap();
        let (block, _) = block.split_once('}').unwrap();
        let pair = |line: &str| {
            let (name, value) = line.trim().split_once(" = ")?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        };
        let environment = block.lines().filter_map(pair).collect();
        Build {
            project,
            recipe,
            environment,
            kept: TempDir::new().unwrap(),
            log: String::new(),
            cancel_at: None,
        }
    }

    /// The same, with a build script that was changed before the run.
    fn forged(makefile: &str, from: &str, to: &str) -> Self {
        let build = Build::new(makefile);
        put(&build.project.path("project/ci/build.sh"), example("build.sh").replace(from, to));
        build
    }

    fn stash(&self, name: &str) -> PathBuf {
        self.kept.path().join("stash").join(name)
    }

    /// Runs a stage on an agent of its own, and says whether all of it succeeded.
    fn stage(&mut self, name: &str) -> bool {
        let agent = TempDir::new().unwrap();
        let workspace = agent.path().join("workspace/job");
        put(&workspace.join("left/behind"), "by an earlier build\n");
        put(&agent.path().join("key"), self.project.key());
        std::fs::create_dir_all(agent.path().join("workspace/job@tmp/control")).unwrap();
        let (mut good, mut always, mut caught, mut runs) = (true, false, false, true);
        let mut credential: Option<String> = None;
        for step in steps(&self.recipe, name) {
            if !runs && !always && step != Step::Always {
                continue;
            }
            let done = match &step {
                Step::Always => {
                    always = true;
                    true
                }
                Step::Catch => {
                    caught = true;
                    continue;
                }
                Step::Credential(variable) => {
                    credential = Some(variable.clone());
                    true
                }
                Step::DeleteDir => {
                    std::fs::remove_dir_all(&workspace).and_then(|()| std::fs::create_dir(&workspace)).is_ok()
                }
                Step::Checkout => {
                    copy(&self.project.path("project/ci"), &workspace.join("ci"));
                    copy(&self.project.path("project/src"), &workspace.join("src"));
                    true
                }
                Step::Unstash(name) => {
                    if self.stash(name).exists() {
                        copy(&self.stash(name), &workspace);
                    }
                    true
                }
                Step::Stash(name, what) => {
                    let what = what.trim_end_matches("/**");
                    if workspace.join(what).exists() {
                        copy(&workspace.join(what), &self.stash(name).join(what));
                    }
                    true
                }
                Step::Archive(list) => {
                    for what in list
                        .iter()
                        .map(|what| what.trim_end_matches("/**"))
                        .filter(|what| workspace.join(what).exists())
                    {
                        copy(&workspace.join(what), &self.kept.path().join("archive").join(what));
                    }
                    true
                }
                Step::Sh(block, named) => {
                    let mut environment = self.environment.clone();
                    environment.extend(
                        credential
                            .take()
                            .map(|name| (name, agent.path().join("key").to_str().unwrap().to_owned())),
                    );
                    let cancel = self.cancel_at.as_deref().filter(|_| block.contains(" sh --strict"));
                    let (code, printed) =
                        durable(&workspace, block, named.is_some(), &environment, &mut self.log, cancel);
                    self.environment.extend(named.clone().map(|name| (name, printed.trim().to_owned())));
                    code == 0
                }
            };
            good &= done;
            // A failure that is caught ends nothing; an abort is not caught.
            runs &= done || (caught && self.cancel_at.is_none());
            caught = false;
        }
        good
    }

    /// What the sealing stage says, and what verify says later of what it archived.
    fn sealed(&mut self) -> (bool, (Option<i32>, String)) {
        let log = std::mem::take(&mut self.log);
        let good = self.stage("seal");
        let at = self.kept.path().join("archive");
        let later = match at.join("build.intoto.json").exists() {
            true => self.project.later(&self.recipe, &at, &log),
            false => (None, String::new()),
        };
        (good, later)
    }
}

/// Runs a block as the plugin does; its status, and what it printed if that is wanted.
fn durable(
    workspace: &Path,
    block: &str,
    capture: bool,
    environment: &[(String, String)],
    log: &mut String,
    cancel_at: Option<&Path>,
) -> (i32, String) {
    let control = TempDir::with_prefix_in("durable-", workspace.parent().unwrap().join("job@tmp")).unwrap();
    let cookie = control.path().file_name().unwrap().to_str().unwrap().to_owned();
    let at = |name: &str| control.path().join(name).to_str().unwrap().to_owned();
    let (script, copied, logged, result, output) = (
        at("script.sh"),
        at("script.sh.copy"),
        at("jenkins-log.txt"),
        at("jenkins-result.txt"),
        at("output.txt"),
    );
    put(Path::new(&script), block);
    let interpreter = if block.starts_with("#!") {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        ""
    } else {
        "'sh' -xe "
    };
    let to = if capture { format!("> '{output}' 2> '{logged}'") } else { format!("> '{logged}' 2>&1") };
    let beat = format!(
        "{{ while [ -d '{}' -a \\! -f '{result}' ]; do touch '{logged}'; sleep 3; done }} &",
        control.path().display()
    );
    let text = format!(
        "cp '{script}' '{copied}'; {beat} jsc={cookie}; JENKINS_SERVER_COOKIE=$jsc {interpreter} '{copied}' {to}; echo $? > '{result}.tmp'; mv '{result}.tmp' '{result}'; wait"
    );
    let mut command: Command = clean("nohup", &[]);
    command.args(["sh", "-c", &format!("({text}) >&- 2>&- &")]).current_dir(workspace);
    command.env("HOME", workspace.parent().unwrap()).env("JENKINS_URL", "x").env("WORKSPACE", workspace);
    command
        .env("WORKSPACE_TMP", workspace.parent().unwrap().join("job@tmp"))
        .envs(environment.iter().cloned());
    assert!(command.output().unwrap().status.success());
    if let Some(path) = cancel_at {
        super::wait_for(path);
        abort(&cookie);
    }
    super::wait_for(Path::new(&result));
    log.push_str(&std::fs::read_to_string(&logged).unwrap_or_default());
    (
        std::fs::read_to_string(&result).unwrap().trim().parse().unwrap(),
        std::fs::read_to_string(&output).unwrap_or_default(),
    )
}

/// Ends a block as an abort does: each process that has its cookie gets SIGTERM.
fn abort(cookie: &str) {
    use nix::sys::signal::{Signal, kill};
    let wanted = format!("JENKINS_SERVER_COOKIE={cookie}");
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()) {
            // It may have ended just now.
            let _ = kill(nix::unistd::Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}

#[test]
fn the_recipe_for_jenkins_proves_nothing() {
    let mut build = Build::new(MAKES);
    assert!(build.stage("build"), "{}", build.log);
    let (good, (code, said)) = build.sealed();
    let verified = "VERIFIED build.intoto.json: 5 of 5 commands ran, in order, exit 0";
    assert!(good && build.log.contains(verified), "{}", build.log);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(verified), "{said}");
}

/// The sealing stage must fail with these words; so is refused what it archived.
#[track_caller]
fn refused(mut build: Build, words: &str, archived: bool) {
    let (good, later) = build.sealed();
    super::refused((good, build.log.clone(), later), words, archived);
}

#[test]
fn the_recipe_for_jenkins_lets_a_failure_pass() {
    let mut build = Build::new(FAILS);
    assert!(!build.stage("build"), "{}", build.log);
    refused(build, "`make`", true);
}

#[test]
fn the_recipe_for_jenkins_takes_a_build_that_was_changed() {
    for (makefile, from, to) in [(MAKES, "make check\n", ""), (FAILS, "make\n", "make || touch app\n")] {
        let mut build = Build::forged(makefile, from, to);
        assert!(build.stage("build"), "{}", build.log);
        refused(build, "the script is another one", true);
    }
}

#[test]
fn the_recipe_for_jenkins_seals_another_journal() {
    let mut build = Build::new(MAKES);
    assert!(build.stage("build"), "{}", build.log);
    tamper(&build.stash("journal").join(".attesh/journal"));
    refused(build, "does not open its commitment", false);
    // A build of the same project, before.
    let mut build = Build::new(MAKES);
    assert!(build.stage("build"), "{}", build.log);
    let kept = build.environment.clone();
    assert!(build.stage("build"), "{}", build.log);
    build.environment = kept;
    refused(build, "another journal", false);
    // A session that the build opened in the place of the first.
    let anew = "all: app\napp:\n\t@echo made > app\n\trm -rf ../.attesh; \"$$WORKSPACE_TMP/attesh\" start\ncheck:\n\t@true\n";
    let mut build = Build::new(anew);
    build.stage("build");
    refused(build, "another journal", false);
}

#[test]
fn an_aborted_build_of_jenkins_leaves_nothing() {
    let mut build = Build::new("");
    let begun = build.project.path("begun");
    let makefile = format!("all:\n\t@touch {}\n\t@sleep 60\n", begun.display());
    put(&build.project.path("project/src/Makefile"), &makefile);
    build.cancel_at = Some(begun);
    assert!(!build.stage("build"));
    assert!(build.kept.path().join("archive/.attesh/journal").exists(), "{}", build.log);
    refused(build, "NOT VERIFIED", true);
}

#[test]
fn a_block_of_jenkins_needs_an_env_that_splits_words() {
    let recipe = recipe(NAME);
    let shebang = "#!/usr/local/bin/attesh sh";
    assert!(recipe.contains(&format!("sh: {shebang}.")), "{shebang}");
    let place = TempDir::new().unwrap();
    let workspace = place.path().join("job");
    for folder in ["job", "job@tmp"] {
        std::fs::create_dir(place.path().join(folder)).unwrap();
    }
    // The path of an attesh that this agent has.
    let line = shebang.replace("/usr/local/bin/attesh", crate::stage::pty::ATTESH);
    let block = format!("{line}\nset -e -o pipefail\necho \"something\"\nfalse | true\necho never\n");
    let mut log = String::new();
    let (code, _) = durable(&workspace, &block, false, &[], &mut log, None);
    assert!(code == 1 && log.contains("something\n") && !log.contains("never\n"), "{log}");
    let journal = std::fs::read_to_string(workspace.join(".attesh/journal")).unwrap();
    assert!(journal.contains("false | true") && log.contains("attesh-head "), "{log}");
}
