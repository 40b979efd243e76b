//! The recipe for Buildkite, as the agent (3.137) runs a job with hooks of its own: a hook is
//! read by `.` in a wrapper that has its #! line, `command` instead of the step's command, then
//! `post-command` whatever happened, then what artifact_paths names is uploaded. Where a
//! `buildkite-agent` is installed, that one runs the hooks, on a terminal of its own.
//!
//! What lives here: both ways to run a job, and a service that keeps artifacts.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use super::{FAILS, MAKES, Project, Sealed, clean, copy, example, put, recipe, refused, tamper, text, typed};
use crate::stage::pty::ATTESH;
use crate::stage::world::skipped;

const NAME: &str = "buildkite/pipeline.yml";

/// Who runs the hooks.
#[derive(Clone, Debug, PartialEq)]
enum Agent {
    Staged,
    Installed(PathBuf),
}

fn agents() -> Vec<Agent> {
    let path = attesh::paths::variable("PATH").unwrap();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("buildkite-agent")).find(|at| at.exists());
    if found.is_none() {
        skipped("no buildkite-agent is installed: its jobs are staged alone");
    }
    std::iter::once(Agent::Staged).chain(found.map(Agent::Installed)).collect()
}

/// A build of the pipeline.
struct Build {
    project: Project,
    recipe: String,
    agent: Agent,
    pull_request: &'static str,
    /// The step's own variables.
    env: Vec<(&'static str, String)>,
    artifacts: TempDir,
    log: String,
    cancel_at: Option<PathBuf>,
}

impl Build {
    fn new(agent: &Agent, makefile: &str) -> Self {
        let recipe = recipe(NAME);
        let files = [(".buildkite/pipeline.yml", recipe.as_str()), ("ci/build.sh", &example("build.sh"))];
        let project = Project::new(makefile, &files);
        project.set_up(&recipe);
        let artifacts = TempDir::new().unwrap();
        Build {
            project,
            recipe,
            agent: agent.clone(),
            pull_request: "false",
            env: Vec::new(),
            artifacts,
            log: String::new(),
            cancel_at: None,
        }
    }

    /// The job of a step, with these hooks: whether it succeeded, and what it printed.
    fn job(&self, key: &str, hooks: &[(&str, &str)]) -> (bool, String) {
        let documents = Yaml::load_from_str(&self.recipe).unwrap();
        let steps = documents[0]["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| step["key"].as_str() == Some(key)).unwrap();
        let machine = Machine::new(self);
        for (hook, file) in hooks {
            let text = example(&format!("buildkite/{file}"));
            assert!(text.contains("/usr/local/bin/attesh"), "{file}");
            let key = self.project.path("project/sealing.key");
            let text = text.replace("/usr/local/bin/attesh", ATTESH);
            let agent = machine.path("bin/buildkite-agent");
            let text = text.replace("/usr/bin/buildkite-agent", agent.to_str().unwrap());
            let text = text.replace("/etc/buildkite-agent/sealing.key", key.to_str().unwrap());
            put(&machine.path("hooks").join(hook), text);
            machine.executable(&format!("hooks/{hook}"));
        }
        let command = step["command"].as_str().unwrap();
        let cancel_at = self.cancel_at.as_deref().filter(|_| key == "build");
        let (good, log) = match &self.agent {
            Agent::Staged => machine.staged(command, cancel_at),
            Agent::Installed(agent) => machine.installed(agent, command, cancel_at),
        };
        for path in step["artifact_paths"].as_sequence().unwrap().iter().map(|path| path.as_str().unwrap()) {
            let path = path.trim_end_matches("/*");
            if machine.path("work").join(path).exists() {
                copy(&machine.path("work").join(path), &self.artifacts.path().join(key).join(path));
            }
        }
        (good, log)
    }

    fn build(&mut self) -> bool {
        let hooks = [("command", "build-command"), ("post-command", "build-post-command")];
        let (good, log) = self.job("build", &hooks);
        // Buildkite keeps the time before each line, where no terminal shows it.
        self.log = log.lines().map(|line| format!("\x1b_bk;t=1795872000000\x07{line}\r\n")).collect();
        good
    }

    /// What the sealing job says, and what verify says later of what it uploaded.
    fn sealed(&self) -> Sealed {
        let (good, log) = self.job("seal", &[("command", "sealing-command")]);
        let at = self.artifacts.path().join("seal");
        let later = if at.exists() {
            self.project.later(&self.recipe, &at, &self.log)
        } else {
            (None, String::new())
        };
        (good, log, later)
    }
}

/// The machine of an agent, with a checkout.
struct Machine {
    root: TempDir,
    pull_request: &'static str,
    env: Vec<(&'static str, String)>,
}

impl Machine {
    fn new(build: &Build) -> Self {
        let machine = Machine {
            root: TempDir::new().unwrap(),
            pull_request: build.pull_request,
            env: build.env.clone(),
        };
        for folder in ["home", "hooks", "builds", "plugins", "sockets"] {
            std::fs::create_dir(machine.path(folder)).unwrap();
        }
        for folder in ["ci", "src"] {
            copy(&build.project.path("project").join(folder), &machine.path("work").join(folder));
        }
        // The part of the agent that needs the service: it downloads from the step's folder.
        let kept = build.artifacts.path().display();
        let rest = match &build.agent {
            Agent::Staged => "false",
            Agent::Installed(agent) => agent.to_str().unwrap(),
        };
        put(
            &machine.path("bin/buildkite-agent"),
            format!(
                "#!/bin/sh\ncase $1 in\nartifact) shift; from={kept}/$5; at=${{2%/*}}; [ \"$at\" != \"$2\" ] || at=.\n  cd \"$from\" && cp -r --parents $2 \"$OLDPWD/$3\" ;;\n*) exec {rest} \"$@\" ;;\nesac\n"
            ),
        );
        machine.executable("bin/buildkite-agent");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn executable(&self, name: &str) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, program: &str, step: &str) -> std::process::Command {
        let mut command = clean(program, &[self.path("bin")]);
        command.current_dir(self.path("work")).env("HOME", self.path("home")).process_group(0);
        command.env("BUILDKITE", "true").env("CI", "true").env("BUILDKITE_COMMAND", step);
        command.env("BUILDKITE_BUILD_CHECKOUT_PATH", self.path("work"));
        command.env("BUILDKITE_PULL_REQUEST", self.pull_request);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A job as the agent runs it.
    fn staged(&self, step: &str, cancel_at: Option<&Path>) -> (bool, String) {
        let (mut good, mut log) = (true, String::new());
        for hook in ["command", "post-command"] {
            let path = self.path("hooks").join(hook);
            let Ok(hook_text) = std::fs::read_to_string(&path) else { continue };
            let first =
                hook_text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or("#!/bin/bash");
            let dump = format!("env > \"{}\"", self.path("dump").display());
            put(
                &self.path("wrapper"),
                format!(
                    "{first}\n{dump}\n. \"{}\"\nexport BUILDKITE_HOOK_EXIT_STATUS=$?\nexport BUILDKITE_HOOK_WORKING_DIR=\"${{PWD}}\"\n{dump}\nexit $BUILDKITE_HOOK_EXIT_STATUS",
                    path.display()
                ),
            );
            self.executable("wrapper");
            let child = self.command(self.path("wrapper").to_str().unwrap(), step).spawn().unwrap();
            if let Some(path) = cancel_at.filter(|_| hook == "command") {
                super::wait_for(path);
                super::cancel(child.id());
            }
            let output = child.wait_with_output().unwrap();
            log += &text(&output);
            good &= output.status.success();
        }
        (good, log)
    }

    /// A job as the installed agent runs it, without its service.
    fn installed(&self, agent: &Path, step: &str, cancel_at: Option<&Path>) -> (bool, String) {
        let mut command = self.command(agent.to_str().unwrap(), step);
        command.arg("bootstrap");
        for (name, folder) in [
            ("BUILDKITE_HOOKS_PATH", "hooks"),
            ("BUILDKITE_BUILD_PATH", "builds"),
            ("BUILDKITE_PLUGINS_PATH", "plugins"),
            ("BUILDKITE_SOCKETS_PATH", "sockets"),
            ("BUILDKITE_BIN_PATH", "bin"),
        ] {
            command.env(name, self.path(folder));
        }
        for (name, value) in [
            ("BUILDKITE_BOOTSTRAP_PHASES", "plugin,command"),
            ("BUILDKITE_JOB_ID", "5d02c1a9"),
            ("BUILDKITE_AGENT_NAME", "agent"),
            ("BUILDKITE_AGENT_ACCESS_TOKEN", "none"),
            ("BUILDKITE_ORGANIZATION_SLUG", "organization"),
            ("BUILDKITE_PIPELINE_SLUG", "pipeline"),
            ("BUILDKITE_PIPELINE_PROVIDER", "git"),
            ("BUILDKITE_REPO", "none"),
            ("BUILDKITE_COMMIT", "HEAD"),
            ("BUILDKITE_BRANCH", "main"),
            ("BUILDKITE_BUILD_NUMBER", "1"),
            ("BUILDKITE_SHELL", "/bin/bash -e -c"),
            ("BUILDKITE_COMMAND_EVAL", "true"),
            ("BUILDKITE_LOCAL_HOOKS_ENABLED", "false"),
            ("BUILDKITE_PLUGINS_ENABLED", "false"),
            ("BUILDKITE_PTY", "true"),
            ("NO_COLOR", "1"),
        ] {
            command.env(name, value);
        }
        let child = command.spawn().unwrap();
        if let Some(path) = cancel_at {
            super::wait_for(path);
            let id = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
            nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        // A terminal ends its lines so.
        (output.status.success(), text(&output).replace("\r\n", "\n"))
    }
}

#[test]
fn the_recipe_for_buildkite_proves_nothing() {
    for agent in agents() {
        let mut build = Build::new(&agent, MAKES);
        assert!(build.build(), "{agent:?}: {}", build.log);
        let (good, log, (code, said)) = build.sealed();
        let verified = "VERIFIED build.intoto.json: 5 of 5 commands ran, in order, exit 0";
        assert!(good && log.contains(verified), "{agent:?}: {log}");
        assert_eq!(code, Some(0), "{agent:?}: {said}");
        assert!(said.starts_with(verified), "{agent:?}: {said}");
    }
}

#[test]
fn the_recipe_for_buildkite_lets_a_failure_pass() {
    for agent in agents() {
        let mut build = Build::new(&agent, FAILS);
        assert!(!build.build(), "{agent:?}: {}", build.log);
        refused(build.sealed(), "`make`", true);
        for (makefile, from, to) in [(MAKES, "make check\n", ""), (FAILS, "make\n", "make || touch app\n")] {
            let mut build = Build::new(&agent, makefile);
            put(&build.project.path("project/ci/build.sh"), example("build.sh").replace(from, to));
            assert!(build.build(), "{agent:?}: {}", build.log);
            refused(build.sealed(), "the script is another one", true);
        }
    }
}

#[test]
fn the_recipe_for_buildkite_seals_another_journal() {
    for agent in agents() {
        let mut build = Build::new(&agent, MAKES);
        assert!(build.build(), "{agent:?}: {}", build.log);
        let built = build.artifacts.path().join("build");
        let kept = build.artifacts.path().join("kept");
        copy(&built, &kept);
        tamper(&built.join(".attesh/journal"));
        refused(build.sealed(), "does not open its commitment", false);
        std::fs::remove_dir_all(&built).unwrap();
        assert!(build.build(), "{agent:?}: {}", build.log);
        copy(&kept.join("attesh.log"), &built.join("attesh.log"));
        refused(build.sealed(), "another journal", false);
        // With its own attesh.log it is sealed. The log that Buildkite keeps is of this job.
        copy(&kept.join(".attesh/journal"), &built.join(".attesh/journal"));
        let (good, log, (code, said)) = build.sealed();
        assert!(good, "{agent:?}: {log}");
        assert_eq!(code, Some(3), "{agent:?}: {said}");
    }
}

#[test]
fn a_cancelled_job_of_buildkite_leaves_nothing() {
    for agent in agents() {
        let mut build = Build::new(&agent, "");
        let begun = build.project.path("begun");
        let makefile = format!("all:\n\t@touch {}\n\t@sleep 60\n", begun.display());
        put(&build.project.path("project/src/Makefile"), makefile);
        build.cancel_at = Some(begun);
        assert!(!build.build(), "{agent:?}: {}", build.log);
        refused(build.sealed(), "NOT VERIFIED", true);
    }
}

#[test]
fn the_recipe_for_buildkite_seals_a_pull_request() {
    for agent in agents() {
        let mut build = Build::new(&agent, MAKES);
        build.pull_request = "7";
        assert!(build.build(), "{agent:?}: {}", build.log);
        let (good, log, (code, _)) = build.sealed();
        assert!(
            good && code.is_none() && log.contains("not sealed: the build of a pull request"),
            "{agent:?}: {log}"
        );
    }
}

#[test]
fn a_command_of_buildkite_that_is_a_text_is_refused() {
    for agent in agents() {
        let mut build = Build::new(&agent, MAKES);
        let command = "cd src; make; make check";
        build.recipe = build.recipe.replace("command: ci/build.sh", &format!("command: {command}"));
        // The head says how its policy is made.
        put(&build.project.path("project/ci/build.sh"), command);
        let line = typed(&build.recipe).into_iter().find(|line| line.starts_with("attesh policy ")).unwrap();
        let line = line.replace(" --strict", "");
        let output = build.project.command("sh").args(["-ec", &line]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert!(build.build(), "{agent:?}: {}", build.log);
        let (good, log, (code, said)) = build.sealed();
        assert!(
            good && said.starts_with("VERIFIED build.intoto.json: 1 of 1 command ran"),
            "{agent:?}: {log}{said}"
        );
        assert_eq!(code, Some(0));
    }
}

#[test]
fn a_step_of_buildkite_chooses_the_programs_of_the_hook_that_seals() {
    let mut build = Build::new(&Agent::Staged, MAKES);
    assert!(build.build(), "{}", build.log);
    // What the wrapper of the hook calls is the agent's, not the recipe's.
    let (programs, ran) = (build.project.path("programs"), build.project.path("ran"));
    for name in ["attesh", "buildkite-agent", "cp", "git"] {
        put(&programs.join(name), format!("#!/bin/sh\necho {name} >> {}\nexit 1\n", ran.display()));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(programs.join(name), mode).unwrap();
    }
    build.env = vec![
        ("PATH", format!("{}:/usr/bin:/bin", programs.display())),
        ("LD_PRELOAD", "/nonexistent/chosen.so".to_owned()),
        ("GIT_SSH_COMMAND", programs.join("git").display().to_string()),
    ];
    let (good, log, (code, said)) = build.sealed();
    assert!(good && !ran.exists(), "{log}");
    assert_eq!(code, Some(0), "{said}");
    // The loader says of each process that it cannot load the file: of the wrapper, and of its env.
    assert!(log.matches("chosen.so").count() <= 2, "{log}");
    assert!(build.recipe.contains("enable-environment-variable-allowlist=true"), "{}", build.recipe);
}
