//! The recipe for Tekton, as Pipelines 1.15 runs a step: its script becomes an executable file,
//! which the entrypoint runs in a process group of its own, with nothing on standard input.
//!
//! What lives here: the tasks of the pipeline, with a workspace that they share and a container
//! for each step. A container's /tmp, and the folder where a secret is mounted, are folders here:
//! those two paths are replaced in a script.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use super::{FAILS, MAKES, Project, Sealed, clean, copy, example, put, recipe, refused, tamper, text};
use crate::stage::programs::ok;

const NAME: &str = "tekton.yml";

/// A run of the pipeline.
struct Run {
    project: Project,
    recipe: String,
    place: TempDir,
    log: String,
    cancel_at: Option<PathBuf>,
}

impl Run {
    fn new(makefile: &str) -> Self {
        let recipe = recipe(NAME);
        let project = Project::new(makefile, &[("ci/build.sh", &example("build.sh"))]);
        project.set_up(&recipe);
        let run =
            Run { project, recipe, place: TempDir::new().unwrap(), log: String::new(), cancel_at: None };
        run.mount_key();
        run.commit("-q");
        std::fs::create_dir(run.workspace()).unwrap();
        run
    }

    /// A secret is mounted as links.
    fn mount_key(&self) {
        put(&self.place.path().join("secret/..data/sealing.key"), self.project.key());
        std::os::unix::fs::symlink("..data/sealing.key", self.place.path().join("secret/sealing.key"))
            .unwrap();
        let private = std::fs::Permissions::from_mode(0o400);
        std::fs::set_permissions(self.place.path().join("secret/..data/sealing.key"), private).unwrap();
    }

    /// Commits what the project has, but for the key.
    fn commit(&self, init: &str) {
        let at = self.project.path("project");
        let git = |words: &[&str]| {
            let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
            ok(&at, "git", &[&who, words].concat())
        };
        git(&["init", init]);
        git(&["add", "ci", "src"]);
        git(&["commit", "-q", "--allow-empty", "-m", "the project"]);
    }

    fn workspace(&self) -> PathBuf {
        self.place.path().join("workspace")
    }

    /// A text with its $( ) replaced, as far as the recipe has them.
    fn expand(&self, spec: &Yaml, task: &Yaml, text: &str) -> String {
        let mut text = text.replace("$(workspaces.source.path)", self.workspace().to_str().unwrap());
        text = text.replace("$(results.commit.path)", self.result("commit").to_str().unwrap());
        for given in task.as_mapping_get("params").and_then(Yaml::as_sequence).into_iter().flatten() {
            let (name, value) = (given["name"].as_str().unwrap(), given["value"].as_str().unwrap());
            assert_eq!(value, format!("$(tasks.resolve.results.{name})"));
            let result = std::fs::read_to_string(self.result(name)).unwrap();
            text = text.replace(&format!("$(params.{name})"), &result);
        }
        for parameter in spec["params"].as_sequence().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let default = parameter.as_mapping_get("default").and_then(Yaml::as_str);
            let value = default.map_or_else(|| self.given(name), str::to_owned);
            text = text.replace(&format!("$(params.{name})"), &value);
        }
        assert!(!text.contains("$(params") && !text.contains("$(workspaces"), "{text}");
        text
    }

    /// The file of a result of `resolve`.
    fn result(&self, name: &str) -> PathBuf {
        self.place.path().join(format!("result-{name}"))
    }

    /// What the run gives for a parameter: the address of the project is that of this one.
    fn given(&self, name: &str) -> String {
        let run = example("tekton-run.yml");
        let documents = Yaml::load_from_str(&run).unwrap();
        let given = documents[0]["spec"]["params"].as_sequence().unwrap();
        let given = given.iter().find(|given| given["name"].as_str() == Some(name)).unwrap();
        let project = format!("file://{}", self.project.path("project").display());
        given["value"].as_str().unwrap().replace("https://example.org/project.git", &project)
    }

    /// All steps of a task, until one fails.
    fn task(&self, name: &str) -> (bool, String) {
        let documents = Yaml::load_from_str(&self.recipe).unwrap();
        let spec = &documents[0]["spec"];
        let tasks = ["tasks", "finally"].iter().flat_map(|part| spec[*part].as_sequence().unwrap());
        let task = tasks.into_iter().find(|task| task["name"].as_str() == Some(name)).unwrap();
        let mut log = String::new();
        for (number, step) in task["taskSpec"]["steps"].as_sequence().unwrap().iter().enumerate() {
            let (good, said) = self.step(spec, task, number, step);
            for line in said.lines() {
                log.push_str(&format!("[{name} : {}] {line}\n", step["name"].as_str().unwrap()));
            }
            if !good {
                return (false, log);
            }
        }
        (true, log)
    }

    fn step(&self, spec: &Yaml, task: &Yaml, number: usize, step: &Yaml) -> (bool, String) {
        let container = TempDir::new().unwrap();
        for folder in ["home", "memory", "tmp", "secret"] {
            std::fs::create_dir(container.path().join(folder)).unwrap();
        }
        let mounts =
            step.as_mapping_get("volumeMounts").is_some() && self.place.path().join("secret").exists();
        let secret = if mounts { self.place.path() } else { container.path() }.join("secret");
        let script = step["script"].as_str().unwrap();
        assert!(!script.contains("$(params") && !script.contains("$(workspaces"), "{script}");
        let script = script.replace("/tmp/", &format!("{}/", container.path().join("tmp").display()));
        let script = script.replace("/etc/attesh-sealing", secret.to_str().unwrap());
        let file = container.path().join(format!("script-{number}-5d02c"));
        put(&file, script);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = clean(file.to_str().unwrap(), &[]);
        command.current_dir(self.expand(spec, task, step["workingDir"].as_str().unwrap())).process_group(0);
        command
            .env("HOME", container.path().join("home"))
            .env("XDG_RUNTIME_DIR", container.path().join("memory"));
        for pair in step["env"].as_sequence().unwrap() {
            command.env(
                pair["name"].as_str().unwrap(),
                self.expand(spec, task, pair["value"].as_str().unwrap()),
            );
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(path) = self.cancel_at.as_deref().filter(|_| step["name"].as_str() == Some("record")) {
            super::wait_for(path);
            super::cancel(child.id());
        }
        let output = child.wait_with_output().unwrap();
        (output.status.success(), text(&output))
    }

    fn build(&mut self) -> bool {
        let (good, log) = self.task("resolve");
        assert!(good, "{log}");
        let (good, log) = self.task("build");
        self.log = log;
        good
    }

    /// What `seal` says, and what verify says later of what it left.
    fn sealed(&self) -> Sealed {
        let (good, log) = self.task("seal");
        (good, log, self.project.later_in(&self.recipe, &self.workspace(), &self.log))
    }
}

#[test]
fn the_recipe_for_tekton_proves_nothing() {
    let mut run = Run::new(MAKES);
    assert!(run.build(), "{}", run.log);
    // The branch moves while the run goes on: it is sealed and verified by what was built.
    let policy = run.project.path("project/ci/build.policy.toml");
    let built = std::fs::read(&policy).unwrap();
    put(&policy, "version = 1");
    run.commit("-q");
    put(&policy, built);
    let (good, log, (code, said)) = run.sealed();
    let verified = "VERIFIED build.intoto.json: 5 of 5 commands ran, in order, exit 0";
    assert!(good && log.contains(verified) && !log.contains("warning"), "{log}");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(verified), "{said}");
}

#[test]
fn the_recipe_for_tekton_lets_a_failure_pass() {
    let mut run = Run::new(FAILS);
    assert!(!run.build(), "{}", run.log);
    refused(run.sealed(), "`make`", true);
    for (makefile, from, to) in [(MAKES, "make check\n", ""), (FAILS, "make\n", "make || touch app\n")] {
        let mut run = Run::new(makefile);
        put(&run.project.path("project/ci/build.sh"), example("build.sh").replace(from, to));
        run.commit("-q");
        assert!(run.build(), "{}", run.log);
        refused(run.sealed(), "the script is another one", true);
    }
    // A build that rewrites the policy in the workspace.
    let mut run =
        Run::new("all: app\napp:\n\t@echo made > app\n\techo version = 1 > ../ci/build.policy.toml\n");
    assert!(!run.build(), "{}", run.log);
    refused(run.sealed(), "`make check`", true);
}

#[test]
fn the_recipe_for_tekton_seals_another_journal() {
    let mut run = Run::new(MAKES);
    assert!(run.build(), "{}", run.log);
    let kept = run.place.path().join("kept");
    let left = |run: &Run, name: &str| run.workspace().join(name);
    copy(&left(&run, ".attesh"), &kept.join(".attesh"));
    copy(&left(&run, "attesh.log"), &kept.join("attesh.log"));
    tamper(&left(&run, ".attesh/journal"));
    refused(run.sealed(), "does not open its commitment", false);
    std::fs::remove_dir_all(run.workspace()).unwrap();
    std::fs::create_dir(run.workspace()).unwrap();
    assert!(run.build(), "{}", run.log);
    copy(&kept.join("attesh.log"), &left(&run, "attesh.log"));
    refused(run.sealed(), "another journal", false);
    // With its own attesh.log it is sealed. The log of the pod is of this run.
    copy(&kept.join(".attesh/journal"), &left(&run, ".attesh/journal"));
    let (good, log, (code, said)) = run.sealed();
    assert!(good, "{log}");
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn a_cancelled_run_of_tekton_leaves_nothing() {
    let mut run = Run::new("");
    let begun = run.project.path("begun");
    let makefile = format!("all:\n\t@touch {}\n\t@sleep 60\n", begun.display());
    put(&run.project.path("project/src/Makefile"), makefile);
    run.commit("-q");
    run.cancel_at = Some(begun);
    assert!(!run.build());
    assert!(run.log.contains("attesh-head "), "{}", run.log);
    refused(run.sealed(), "NOT VERIFIED", true);
}

#[test]
fn the_recipe_for_tekton_is_red_without_a_key() {
    let mut run = Run::new(MAKES);
    std::fs::remove_dir_all(run.place.path().join("secret")).unwrap();
    assert!(run.build(), "{}", run.log);
    let (good, log, (code, _)) = run.sealed();
    assert!(good && code.is_none() && log.contains("not sealed: this namespace has no secret"), "{log}");
}
