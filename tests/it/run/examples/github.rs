//! GitHub's recipe, as actions/runner 2.336.0 runs a job: a block becomes a file, its path
//! stands in the place of {0}, standard input is at its end, a cancelled step gets SIGINT, then SIGTERM, and is then
//! killed with all that it started.
//!
//! What lives here: jobs and their steps, the four actions that the recipe uses, and the part
//! of GitHub's expressions that it has.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::expression::value;
use super::{FAILS, MAKES, Project, clean, copy, put, recipe, tamper, text, typed};

const NAME: &str = "github-actions.yml";
const AT: &str = ".github/workflows/build.yml";
const LEGS: [&str; 2] = ["debug", "release"];

/// A run of the workflow: what it began with, and what its jobs left behind.
struct Run {
    project: Project,
    recipe: String,
    /// What this run executes: the recipe, or what somebody made of it.
    runs: String,
    event: &'static str,
    secret: String,
    artifacts: TempDir,
    /// needs.build.outputs
    outputs: Value,
    /// The log of the build of each leg.
    logs: BTreeMap<String, String>,
    /// Once this file is there, the run is cancelled.
    cancel_at: Option<PathBuf>,
}

/// How a job ended, and what it printed.
struct Ended {
    good: bool,
    skipped: bool,
    log: String,
}

impl Run {
    /// The recipe set up word for word, for a push.
    fn new(makefile: &str) -> Self {
        let recipe = recipe(NAME);
        let project = Project::new(makefile, &[(AT, &recipe)]);
        project.set_up(&recipe);
        let secret = project.key();
        let (runs, outputs, logs) = (recipe.clone(), json!({}), BTreeMap::new());
        let artifacts = TempDir::new().unwrap();
        Run { project, recipe, runs, event: "push", secret, artifacts, outputs, logs, cancel_at: None }
    }

    /// The same, but the runner executes a text that was changed.
    fn forged(makefile: &str, from: &str, to: &str) -> Self {
        let mut run = Run::new(makefile);
        assert!(run.recipe.contains(from), "{from}");
        run.runs = run.recipe.replace(from, to);
        run
    }

    fn artifact(&self, name: &str) -> PathBuf {
        self.artifacts.path().join(name)
    }

    fn job(&mut self, name: &str, leg: &str) -> Ended {
        let runs = self.runs.clone();
        let documents = Yaml::load_from_str(&runs).unwrap();
        let job = &documents[0]["jobs"][name];
        let contexts = json!({
            "github": {"event_name": self.event},
            "matrix": {"leg": leg},
            "needs": {"build": {"outputs": self.outputs.clone()}},
            "secrets": {"SEALING_KEY": self.secret.clone()},
        });
        let mut host = Host::new(contexts);
        if let Some(when) = job.as_mapping_get("if").and_then(Yaml::as_str)
            && !host.condition(when, true)
        {
            return Ended { good: true, skipped: true, log: String::new() };
        }
        let good = host.steps(&documents[0], job, self);
        if let Some(outputs) = job.as_mapping_get("outputs").and_then(Yaml::as_mapping) {
            for (name, expression) in outputs {
                let value = host.expand(expression.as_str().unwrap());
                if !value.is_empty() {
                    self.outputs[name.as_str().unwrap()] = json!(value);
                }
            }
        }
        Ended { good, skipped: false, log: host.log }
    }

    /// The build of a leg.
    fn build(&mut self, leg: &str) -> bool {
        let ended = self.job("build", leg);
        self.logs.insert(leg.to_owned(), ended.log);
        ended.good
    }

    /// What the sealing job of a leg says, and what verify says later of what it uploaded.
    fn sealed(&mut self, leg: &str) -> (Ended, (Option<i32>, String)) {
        let ended = self.job("seal", leg);
        let at = self.artifact(&format!("sealed-{leg}"));
        let later = match at.exists() {
            true => self.project.later(&self.recipe, &at, &self.logs[leg]),
            false => (None, String::new()),
        };
        (ended, later)
    }
}

/// The machine of one job.
struct Host {
    root: TempDir,
    contexts: Value,
    log: String,
}

impl Host {
    fn new(mut contexts: Value) -> Self {
        let root = TempDir::new().unwrap();
        for folder in ["home", "temp", "work"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        contexts["runner"] = json!({"temp": root.path().join("temp")});
        contexts["steps"] = json!({});
        Host { root, contexts, log: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A text with its ${{ }} replaced.
    fn expand(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${{") {
            let (inner, after) = after.split_once("}}").unwrap();
            out.push_str(before);
            out.push_str(value(inner, &self.contexts).as_str().unwrap_or_default());
            rest = after;
        }
        out + rest
    }

    /// Whether a condition holds; one that asks for no status asks for success.
    fn condition(&self, when: &str, good: bool) -> bool {
        let holds = value(when, &self.contexts);
        (good || when.contains("always()")) && (holds == json!(true))
    }

    fn steps(&mut self, workflow: &Yaml, job: &Yaml, run: &Run) -> bool {
        let default = workflow["defaults"]["run"]["shell"].as_str().unwrap();
        let shared = self.environment(&workflow["env"]);
        let mut good = true;
        for (number, step) in job["steps"].as_sequence().unwrap().iter().enumerate() {
            let get = |name: &str| step.as_mapping_get(name).and_then(Yaml::as_str);
            if !get("if").map_or(good, |when| self.condition(when, good)) {
                continue;
            }
            let done = match (get("uses"), get("run")) {
                (Some(action), _) => {
                    self.action(action, step.as_mapping_get("with").unwrap_or(&Yaml::BadValue), run)
                }
                (_, Some(block)) => {
                    let mut environment = shared.clone();
                    environment
                        .extend(self.environment(step.as_mapping_get("env").unwrap_or(&Yaml::BadValue)));
                    let block = self.expand(block);
                    self.block(number, get("shell").unwrap_or(default), &block, &environment, run, get("id"))
                }
                _ => panic!("step {number} does nothing"),
            };
            good &= done || step.as_mapping_get("continue-on-error").and_then(Yaml::as_bool) == Some(true);
        }
        good
    }

    fn environment(&self, node: &Yaml) -> Vec<(String, String)> {
        let pairs = node.as_mapping().into_iter().flatten();
        pairs
            .map(|(name, value)| (name.as_str().unwrap().into(), self.expand(value.as_str().unwrap())))
            .collect()
    }

    fn command(&self, program: &str) -> Command {
        let added = std::fs::read_to_string(self.path("github_path")).unwrap_or_default();
        let folders: Vec<PathBuf> = added.lines().rev().map(PathBuf::from).collect();
        let mut command = clean(program, &folders);
        command.current_dir(self.path("work")).env("HOME", self.path("home")).env("CI", "true");
        command.env("GITHUB_ACTIONS", "true").env("RUNNER_TEMP", self.path("temp"));
        command.env("GITHUB_REPOSITORY", "acme/app").env("GITHUB_SERVER_URL", "https://github.com");
        command.env("GITHUB_JOB", "build");
        command.env("GITHUB_WORKFLOW_REF", "acme/app/.github/workflows/build.yml@refs/heads/main");
        command.env("GITHUB_PATH", self.path("github_path")).env("GITHUB_OUTPUT", self.path("github_output"));
        command
    }

    /// One `run:` step.
    fn block(
        &mut self,
        number: usize,
        shell: &str,
        block: &str,
        environment: &[(String, String)],
        run: &Run,
        id: Option<&str>,
    ) -> bool {
        let (shell, ending) = match shell {
            "bash" => ("bash --noprofile --norc -e -o pipefail {0}", ".sh"),
            other => (other, ""),
        };
        let file = self.path("temp").join(format!("{number:08x}-5d02{ending}"));
        put(&file, block);
        let words: Vec<String> =
            shell.split(' ').map(|word| word.replace("{0}", file.to_str().unwrap())).collect();
        // The first word is looked up on the path that earlier steps have made.
        let mut command = self.command("env");
        command.args(&words).envs(environment.iter().cloned()).process_group(0);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        if let Some(path) = &run.cancel_at
            && block.contains("make")
        {
            super::wait_for(path);
            super::cancel(child.id());
        }
        let output = child.wait_with_output().unwrap();
        // GitHub keeps the time before each line.
        for line in text(&output).lines() {
            self.log.push_str(&format!("2026-11-28T13:00:00.1234567Z {line}\n"));
        }
        let written = std::fs::read_to_string(self.path("github_output")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("github_output"));
        for (name, value) in written.lines().filter_map(|line| line.split_once('=')) {
            self.contexts["steps"][id.unwrap()]["outputs"][name] = json!(value);
        }
        output.status.success()
    }

    fn action(&mut self, action: &str, with: &Yaml, run: &Run) -> bool {
        let get = |name: &str| with.as_mapping_get(name).and_then(Yaml::as_str).map(|text| self.expand(text));
        let work = self.path("work");
        let (name, commit) = action.split_once('@').unwrap();
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        match name {
            "actions/checkout" => {
                for name in ["src", "ci", ".github"] {
                    copy(&run.project.path("project").join(name), &work.join(name));
                }
                true
            }
            "actions/upload-artifact" => {
                let (name, paths) = (get("name").unwrap(), get("path").unwrap());
                // A name is given once in a run.
                assert!(!run.artifact(&name).exists(), "{name}: uploaded before");
                let all: Vec<PathBuf> = paths.lines().map(|path| work.join(path)).collect();
                for path in all.iter().filter(|path| path.exists()) {
                    let to = run.artifact(&name);
                    copy(path, &if path.is_dir() { to } else { to.join(path.file_name().unwrap()) });
                }
                run.artifact(&name).exists() || get("if-no-files-found").as_deref() != Some("error")
            }
            "actions/download-artifact" => {
                let from = run.artifact(&get("name").unwrap());
                from.exists() && {
                    copy(&from, &work.join(get("path").unwrap()));
                    true
                }
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn the_recipe_for_github_proves_nothing() {
    let mut run = Run::new(MAKES);
    for leg in LEGS {
        assert!(run.build(leg), "{}", run.logs[leg]);
    }
    for leg in LEGS {
        let (ended, (code, said)) = run.sealed(leg);
        assert!(ended.good, "{}", ended.log);
        let verified = "VERIFIED build.intoto.json: 4 of 4 commands ran, in order, exit 0";
        assert!(ended.log.contains(verified), "{}", ended.log);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.starts_with(verified), "{said}");
        for name in ["build.intoto.json", "build.sigstore.json", "build.transcript"] {
            assert!(run.artifact(&format!("sealed-{leg}/{name}")).exists(), "{name}");
        }
    }
    // The log of the other leg has the heads of another session.
    let log = run.logs[LEGS[1]].clone();
    let (code, said) = run.project.later(&run.recipe, &run.artifact("sealed-debug"), &log);
    assert_eq!(code, Some(3), "{said}");
}

/// The first leg is built, and its sealing job must fail with these words. If it uploaded
/// something, that is refused with them, too.
#[track_caller]
fn refused(mut run: Run, builds: bool, words: &str, uploaded: bool) {
    assert_eq!(run.build(LEGS[0]), builds, "{}", run.logs[LEGS[0]]);
    refused_after(run, words, uploaded);
}

#[track_caller]
fn refused_after(mut run: Run, words: &str, uploaded: bool) {
    let (ended, later) = run.sealed(LEGS[0]);
    super::refused((ended.good, ended.log, later), words, uploaded);
}

#[test]
fn the_recipe_for_github_lets_a_failure_pass() {
    refused(Run::new(FAILS), false, "line 3 `make \"LEG=$LEG\"`", true);
}

#[test]
fn the_recipe_for_github_takes_a_build_that_leaves_a_line_out() {
    refused(
        Run::forged(MAKES, "          echo \"something\"\n", ""),
        true,
        "line 2 `echo \"something\"`",
        true,
    );
    refused(Run::forged(MAKES, "run: make -C src check", "run: 'true'"), true, "`make -C src check`", true);
}

#[test]
fn the_recipe_for_github_takes_a_failure_that_is_hidden() {
    let run = Run::forged(FAILS, "make \"LEG=$LEG\"", "make \"LEG=$LEG\" || touch app");
    refused(run, true, "line 3 `make \"LEG=$LEG\"`", true);
}

#[test]
fn the_recipe_for_github_seals_a_journal_that_was_changed() {
    let mut run = Run::new(MAKES);
    assert!(run.build(LEGS[0]));
    tamper(&run.artifact("journal-debug/journal"));
    refused_after(run, "does not open its commitment", false);
}

#[test]
fn the_recipe_for_github_seals_the_session_of_another_leg() {
    let mut run = Run::new(MAKES);
    assert!(LEGS.iter().all(|leg| run.build(leg)));
    std::fs::remove_dir_all(run.artifact("journal-debug")).unwrap();
    copy(&run.artifact("journal-release"), &run.artifact("journal-debug"));
    refused_after(run, "another journal", false);
}

#[test]
fn the_recipe_for_github_seals_a_session_that_the_build_made_anew() {
    let anew = "all: app\napp:\n\t@echo made > app\n\trm -rf $$RUNNER_TEMP/attesh\n\tattesh start\ncheck:\n\t@true\n";
    refused(Run::new(anew), true, "another journal", false);
}

#[test]
fn the_recipe_for_github_takes_another_attesh() {
    let recipe = recipe(NAME);
    let digest = recipe.lines().find(|line| line.trim().starts_with("ATTESH_SHA256:")).unwrap();
    let mut run = Run::forged(MAKES, digest, &format!("  ATTESH_SHA256: \"{}\"", "1".repeat(64)));
    assert!(!run.build(LEGS[0]));
    assert!(run.logs[LEGS[0]].contains("FAILED"), "{}", run.logs[LEGS[0]]);
    assert!(!run.artifact("journal-debug").exists());
}

#[test]
fn a_cancelled_run_of_github_leaves_nothing() {
    let mut run = Run::new("");
    let begun = run.project.path("begun");
    put(
        &run.project.path("project/src/Makefile"),
        format!("all:\n\t@touch {}\n\t@sleep 60\n", begun.display()),
    );
    run.cancel_at = Some(begun);
    assert!(!run.build(LEGS[0]), "{}", run.logs[LEGS[0]]);
    assert!(run.artifact("journal-debug").exists());
    refused_after(run, "NOT VERIFIED", true);
}

#[test]
fn the_recipe_for_github_is_red_without_a_key() {
    // A fork that runs the workflow itself: it has no environment with a secret.
    let mut run = Run::new(MAKES);
    run.secret.clear();
    assert!(run.build(LEGS[0]));
    let (ended, (code, _)) = run.sealed(LEGS[0]);
    assert!(ended.good && !ended.skipped && code.is_none(), "{}", ended.log);
    assert!(
        ended.log.contains("::notice::not sealed: this repository has no secret SEALING_KEY"),
        "{}",
        ended.log
    );
    // A pull request.
    let mut run = Run::new(MAKES);
    (run.event, run.secret) = ("pull_request", String::new());
    assert!(run.build(LEGS[0]));
    assert!(run.job("seal", LEGS[0]).skipped);
    let said = run.job("unsigned", LEGS[0]);
    assert!(
        said.good && !said.skipped && said.log.contains("::notice::a pull request has no key"),
        "{}",
        said.log
    );
    assert!(run.artifact("journal-debug/journal").exists());
}

#[test]
fn every_branch_of_github_gets_the_key() {
    let run = Run::new(MAKES);
    let lines = typed(&run.recipe);
    let line = lines.iter().find(|line| line.starts_with("gh api ")).unwrap();
    // The words that gh gets, one a line.
    put(&run.project.path("bin/gh"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(run.project.path("bin/gh"), mode).unwrap();
    let output = run.project.command("sh").args(["-ec", line]).output().unwrap();
    let said = text(&output);
    // A -f would send the text "true", which is no boolean.
    for field in ["protected_branches]=true", "custom_branch_policies]=false"] {
        assert!(said.contains(&format!("\n-F\ndeployment_branch_policy[{field}\n")), "{said}");
    }
    let Ok(documents) = Yaml::load_from_str(&run.recipe) else { panic!() };
    assert_eq!(documents[0]["jobs"]["seal"]["environment"].as_str(), Some("sealing"));
}
