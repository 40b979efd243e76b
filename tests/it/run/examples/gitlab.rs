//! GitLab's recipes, as gitlab-runner 19.3 has a shell run a job: before_script and script are
//! one text on the shell's standard input, after_script is a second text.
//!
//! What lives here: jobs, artifacts, and what a container takes with it. Between script and
//! after_script the runner stops the container; after a cancelled script it removes it. Either
//! way processes and folders in memory are gone, and the project's folder stays. What does not:
//! the text itself, which `run::gitlab` has.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use super::{FAILS, MAKES, Project, Sealed, clean, copy, example, put, recipe, refused, tamper, text};
use crate::run::gitlab::Shape;

const FILE: &str = "gitlab-ci.yml";
const LIST: &str = "gitlab-ci-list.yml";

/// A pipeline: the recipe as it was set up, and what it left behind.
struct Pipeline {
    project: Project,
    recipe: String,
    /// What the runner runs: the recipe, or what somebody made of it.
    runs: String,
    key: String,
    artifacts: TempDir,
    log: String,
    cancel_at: Option<PathBuf>,
    /// What the runner's version and flags make of a list.
    shape: Shape,
}

impl Pipeline {
    fn new(name: &str, makefile: &str) -> Self {
        let recipe = recipe(name);
        let script = example("build.sh");
        let project = Project::new(makefile, &[(".gitlab-ci.yml", &recipe), ("ci/build.sh", &script)]);
        project.set_up(&recipe);
        let key = project.key();
        let (runs, artifacts) = (recipe.clone(), TempDir::new().unwrap());
        Pipeline {
            project,
            recipe,
            runs,
            key,
            artifacts,
            log: String::new(),
            cancel_at: None,
            shape: Shape::default(),
        }
    }

    /// The same, but something of what the runner runs was changed: of the script, or of the list.
    fn forged(name: &str, makefile: &str, from: &str, to: &str) -> Self {
        let mut pipeline = Pipeline::new(name, makefile);
        if name == FILE {
            let script = example("build.sh");
            assert!(script.contains(from), "{from}");
            put(&pipeline.project.path("project/ci/build.sh"), script.replace(from, to));
        } else {
            assert!(pipeline.recipe.contains(from), "{from}");
            pipeline.runs = pipeline.recipe.replace(from, to);
        }
        pipeline
    }

    /// A job on a machine of its own: what it printed, and whether it succeeded.
    fn job(&self, name: &str) -> (bool, String) {
        let documents = Yaml::load_from_str(&self.runs).unwrap();
        let (file, job) = (&documents[0], &documents[0][name]);
        let machine = TempDir::new().unwrap();
        let (work, kept) = (machine.path().join("work"), machine.path().join("work.tmp"));
        copy(&self.project.path("project/ci"), &work.join("ci"));
        copy(&self.project.path("project/src"), &work.join("src"));
        if self.artifacts.path().join("build").exists() {
            copy(&self.artifacts.path().join("build"), &work);
        }
        let mut variables: Vec<(String, String)> = Vec::new();
        for (name, value) in file["variables"].as_mapping().unwrap() {
            variables.push((name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()));
        }
        if name == "seal" && !self.key.is_empty() {
            // A variable of type file: its value is the path, and everybody may read the file.
            put(&kept.join("SEALING_KEY"), &self.key);
            variables.push(("SEALING_KEY".into(), kept.join("SEALING_KEY").to_str().unwrap().into()));
        }
        let place = Machine { root: &machine, variables, shape: self.shape };
        let part = |part: &str| items(job.as_mapping_get(part));
        let before = job
            .as_mapping_get("before_script")
            .or_else(|| file.as_mapping_get("default")?.as_mapping_get("before_script"));
        let script = [items(before), part("script")].concat();
        let cancelled = self.cancel_at.as_deref().filter(|_| name == "build");
        let (mut good, mut log) = place.run(&script, cancelled);
        let after = part("after_script");
        if !after.is_empty() {
            place.restart();
            log += &place.run(&after, None).1;
        }
        let always = job["artifacts"].as_mapping_get("when").and_then(Yaml::as_str) == Some("always");
        for path in job["artifacts"]["paths"].as_sequence().unwrap().iter().map(|path| path.as_str().unwrap())
        {
            let path = path.trim_end_matches('/');
            if (good || always) && work.join(path).exists() {
                copy(&work.join(path), &self.artifacts.path().join(name).join(path));
            }
        }
        good &= cancelled.is_none();
        (good, log)
    }

    fn build(&mut self) -> bool {
        let (good, log) = self.job("build");
        self.log = log;
        good
    }

    /// What the sealing job says, and what verify says later of what it left behind.
    fn sealed(&self) -> Sealed {
        let (good, log) = self.job("seal");
        let at = self.artifacts.path().join("seal");
        let later = if at.exists() {
            self.project.later(&self.recipe, &at, &self.log)
        } else {
            (None, String::new())
        };
        (good, log, later)
    }
}

/// The items of a list, and of lists in it.
fn items(node: Option<&Yaml>) -> Vec<String> {
    match node {
        None => Vec::new(),
        Some(Yaml::Sequence(list)) => list.iter().flat_map(|item| items(Some(item))).collect(),
        Some(item) => vec![item.as_str().unwrap().to_owned()],
    }
}

struct Machine<'a> {
    root: &'a TempDir,
    variables: Vec<(String, String)>,
    shape: Shape,
}

impl Machine<'_> {
    fn run(&self, items: &[String], cancel_at: Option<&Path>) -> (bool, String) {
        let root = self.root.path();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        put(&root.join("text"), self.shape.script(&items, ""));
        for folder in ["home", "memory"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let mut command: Command = clean("bash", &[]);
        command.stdin(std::fs::File::open(root.join("text")).unwrap()).current_dir(root.join("work"));
        command.env("HOME", root.join("home")).env("XDG_RUNTIME_DIR", root.join("memory"));
        command.env("GITLAB_CI", "true").env("CI", "true").env("CI_PROJECT_DIR", root.join("work"));
        command.env("CI_JOB_NAME", "build");
        command.envs(self.variables.iter().cloned()).process_group(0);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(path) = cancel_at {
            super::wait_for(path);
            super::cancel(child.id());
        }
        let output = child.wait_with_output().unwrap();
        (output.status.success(), text(&output))
    }

    /// The container stops: what was in memory is gone.
    fn restart(&self) {
        std::fs::remove_dir_all(self.root.path().join("memory")).unwrap();
    }
}

#[test]
fn the_recipes_for_gitlab_prove_nothing() {
    for (name, count) in [(FILE, "5 of 5"), (LIST, "3 of 3")] {
        let mut pipeline = Pipeline::new(name, MAKES);
        assert!(pipeline.build(), "{name}: {}", pipeline.log);
        let (good, log, (code, said)) = pipeline.sealed();
        let verified = format!("VERIFIED build.intoto.json: {count} commands ran, in order, exit 0");
        assert!(good && log.contains(&verified), "{name}: {log}");
        assert!(!log.contains("warning"), "{name}: {log}");
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(said.starts_with(&verified), "{name}: {said}");
    }
}

#[test]
fn the_list_of_gitlab_is_another_under_another_runner() {
    let mut pipeline = Pipeline::new(LIST, MAKES);
    for shape in Shape::all() {
        pipeline.shape = shape;
        assert!(pipeline.build(), "{shape:?}: {}", pipeline.log);
        let (good, log, (code, said)) = pipeline.sealed();
        assert!(good && code == Some(0), "{shape:?}: {log}{said}");
        assert!(said.starts_with("VERIFIED build.intoto.json: 3 of 3 commands ran"), "{shape:?}: {said}");
        for name in ["build", "seal"] {
            std::fs::remove_dir_all(pipeline.artifacts.path().join(name)).unwrap();
        }
    }
}

#[test]
fn the_recipes_for_gitlab_let_a_failure_pass() {
    for (name, words) in [(FILE, "`make`"), (LIST, "line 3 `if test -f Makefile; then")] {
        let mut pipeline = Pipeline::new(name, FAILS);
        assert!(!pipeline.build(), "{name}: {}", pipeline.log);
        refused(pipeline.sealed(), words, true);
    }
}

#[test]
fn the_recipes_for_gitlab_take_a_build_that_leaves_a_line_out() {
    let forged = [
        (FILE, MAKES, "echo \"something\"\n", "", "the script is another one"),
        (LIST, MAKES, "    - echo \"something\"\n", "", "line 2 `echo \"something\"`"),
        (FILE, FAILS, "make\n", "make || touch app\n", "the script is another one"),
        (LIST, FAILS, "        make\n", "        make || touch app\n", "line 3 `if test -f Makefile; then"),
    ];
    for (name, makefile, from, to, words) in forged {
        let mut pipeline = Pipeline::forged(name, makefile, from, to);
        pipeline.build();
        refused(pipeline.sealed(), words, true);
    }
}

#[test]
fn the_recipes_for_gitlab_seal_another_journal() {
    for name in [FILE, LIST] {
        let mut pipeline = Pipeline::new(name, MAKES);
        assert!(pipeline.build(), "{name}: {}", pipeline.log);
        let built = pipeline.artifacts.path().join("build");
        let kept = pipeline.artifacts.path().join("kept");
        copy(&built, &kept);
        tamper(&built.join(".attesh/journal"));
        refused(pipeline.sealed(), "does not open its commitment", false);
        // That of another job, with the log of this one.
        std::fs::remove_dir_all(&built).unwrap();
        assert!(pipeline.build(), "{name}: {}", pipeline.log);
        copy(&kept.join("attesh.log"), &built.join("attesh.log"));
        refused(pipeline.sealed(), "another journal", false);
        // With its own attesh.log it is sealed. The log that GitLab keeps is of this job.
        copy(&kept.join(".attesh/journal"), &built.join(".attesh/journal"));
        let (good, log, (code, said)) = pipeline.sealed();
        assert!(good, "{name}: {log}");
        assert_eq!(code, Some(3), "{name}: {said}");
    }
}

#[test]
fn the_recipes_for_gitlab_take_a_session_that_the_build_made_anew() {
    let anew = "all: app\napp:\n\t@echo made > app\n\trm -rf ../.attesh && ../.attesh-bin/attesh start > ../attesh.log 2>&1\ncheck:\n\t@true\n";
    let mut pipeline = Pipeline::new(FILE, anew);
    pipeline.build();
    let (_, log, (code, said)) = pipeline.sealed();
    assert_ne!(code, Some(0), "{log}{said}");
}

#[test]
fn a_cancelled_job_of_gitlab_leaves_nothing() {
    for name in [FILE, LIST] {
        let mut pipeline = Pipeline::new(name, "");
        let begun = pipeline.project.path("begun");
        let makefile = format!("all:\n\t@touch {}\n\t@sleep 60\n", begun.display());
        put(&pipeline.project.path("project/src/Makefile"), &makefile);
        pipeline.cancel_at = Some(begun);
        assert!(!pipeline.build());
        assert!(pipeline.log.contains("attesh-head "), "{name}: {}", pipeline.log);
        refused(pipeline.sealed(), "NOT VERIFIED", true);
    }
}

#[test]
fn the_recipes_for_gitlab_are_red_without_a_key() {
    for name in [FILE, LIST] {
        let mut pipeline = Pipeline::new(name, MAKES);
        pipeline.key.clear();
        assert!(pipeline.build());
        let (good, log, (code, _)) = pipeline.sealed();
        assert!(
            good && code.is_none() && log.contains("not sealed: this pipeline has no SEALING_KEY"),
            "{log}"
        );
    }
}

#[test]
fn a_job_of_gitlabs_recipes_is_in_a_pipeline_without_the_other() {
    for name in [FILE, LIST] {
        let text = example(name);
        let documents = Yaml::load_from_str(&text).unwrap();
        // What decides whether a pipeline has a job at all: a merge request's has only jobs with rules.
        for word in ["rules", "only", "except"] {
            let [build, seal] = ["build", "seal"].map(|job| documents[0][job].as_mapping_get(word));
            assert_eq!(build, seal, "{name}: {word}");
        }
        assert_eq!(documents[0]["seal"]["when"].as_str(), Some("always"), "{name}");
    }
}
