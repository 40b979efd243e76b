//! The recipe for Woodpecker, as 3.17 runs a step in a container: the commands become one text
//! with lines of the runner's own, in a variable, and /bin/sh reads it from a pipe.
//!
//! What lives here: that text, and steps that share a workspace and nothing else.

use std::path::PathBuf;

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use super::{FAILS, MAKES, Project, Sealed, clean, copy, example, put, recipe, refused, tamper, text};

const NAME: &str = "woodpecker.yml";

/// A pipeline of an event: its workspace, and the log of its step `build`.
struct Pipeline {
    project: Project,
    recipe: String,
    event: &'static str,
    place: TempDir,
    log: String,
}

fn strings(node: Option<&Yaml>) -> Vec<String> {
    match node {
        Some(Yaml::Sequence(list)) => list.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        Some(item) => vec![item.as_str().unwrap().to_owned()],
        None => Vec::new(),
    }
}

/// A word for a shell, as the runner quotes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

impl Pipeline {
    fn new(makefile: &str) -> Self {
        let recipe = recipe(NAME);
        let files = [(".woodpecker.yml", recipe.as_str()), ("ci/build.sh", &example("build.sh"))];
        let project = Project::new(makefile, &files);
        project.set_up(&recipe);
        let pipeline =
            Pipeline { project, recipe, event: "push", place: TempDir::new().unwrap(), log: String::new() };
        pipeline.clone_project();
        pipeline
    }

    fn workspace(&self) -> PathBuf {
        self.place.path().join("workspace")
    }

    fn clone_project(&self) {
        for folder in ["ci", "src"] {
            copy(&self.project.path("project").join(folder), &self.workspace().join(folder));
        }
    }

    /// What a step runs.
    fn script(&self, commands: &[String]) -> String {
        let at = self.workspace();
        let mut script = format!(
            "\nif [ -n \"$CI_NETRC_MACHINE\" ]; then\ncat <<EOF > $HOME/.netrc\nmachine $CI_NETRC_MACHINE\nlogin $CI_NETRC_USERNAME\npassword $CI_NETRC_PASSWORD\nEOF\nchmod 0600 $HOME/.netrc\nfi\nunset CI_NETRC_USERNAME\nunset CI_NETRC_PASSWORD\nunset CI_SCRIPT\nmkdir -p \"{at}\"\ncd \"{at}\"\n",
            at = at.display()
        );
        for command in commands {
            script.push_str(&format!("\necho + {}\n{command}\n", word(command)));
        }
        script
    }

    /// A step in a container of its own: none if its condition does not hold.
    fn step(&self, name: &str, good: bool) -> Option<(bool, String)> {
        // What stands in ${ } or behind $$ is the runner's to replace.
        assert!(!self.recipe.contains("${") && !self.recipe.contains("$$"));
        let documents = Yaml::load_from_str(&self.recipe).unwrap();
        let steps = documents[0]["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| step["name"].as_str() == Some(name)).unwrap();
        let when = step.as_mapping_get("when").and_then(|when| when.as_sequence()?.first());
        let status = strings(when.and_then(|when| when.as_mapping_get("status")));
        let events = strings(when.and_then(|when| when.as_mapping_get("event")));
        let statuses = if status.is_empty() { vec!["success".to_owned()] } else { status };
        if !statuses.iter().any(|status| status == if good { "success" } else { "failure" })
            || !(events.is_empty() || events.iter().any(|event| event == self.event))
        {
            return None;
        }
        let container = TempDir::new().unwrap();
        for folder in ["home", "memory"] {
            std::fs::create_dir(container.path().join(folder)).unwrap();
        }
        let mut command = clean("/bin/sh", &[]);
        command.args(["-c", "echo $CI_SCRIPT | base64 -d | /bin/sh -e"]).current_dir(self.place.path());
        command
            .env("HOME", container.path().join("home"))
            .env("XDG_RUNTIME_DIR", container.path().join("memory"));
        command.env("CI", "woodpecker").env("CI_WORKSPACE", self.workspace()).env("SHELL", "/bin/sh");
        for (name, value) in
            step.as_mapping_get("environment").and_then(Yaml::as_mapping).into_iter().flatten()
        {
            assert_eq!(value["from_secret"].as_str(), Some("sealing_key"));
            command.env(name.as_str().unwrap(), self.project.key());
        }
        let script = self.script(&strings(step.as_mapping_get("commands")));
        command.env("CI_SCRIPT", data_encoding::BASE64.encode(script.as_bytes()));
        let output = command.output().unwrap();
        Some((output.status.success(), text(&output)))
    }

    fn build(&mut self) -> bool {
        let (good, log) = self.step("build", true).unwrap();
        self.log = log;
        good
    }

    /// What `seal` says behind such a build, and what verify says later.
    fn sealed(&self, built: bool) -> Sealed {
        let (good, log) = self.step("seal", built).unwrap();
        (good, log, self.project.later_in(&self.recipe, &self.workspace(), &self.log))
    }
}

#[test]
fn the_recipe_for_woodpecker_proves_nothing() {
    let mut pipeline = Pipeline::new(MAKES);
    assert!(pipeline.build(), "{}", pipeline.log);
    let (good, log, (code, said)) = pipeline.sealed(true);
    let verified = "VERIFIED build.intoto.json: 5 of 5 commands ran, in order, exit 0";
    assert!(good && log.contains(verified), "{log}");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(verified), "{said}");
}

#[test]
fn the_recipe_for_woodpecker_lets_a_failure_pass() {
    let mut pipeline = Pipeline::new(FAILS);
    assert!(!pipeline.build(), "{}", pipeline.log);
    refused(pipeline.sealed(false), "`make`", true);
    for (makefile, from, to) in [(MAKES, "make check\n", ""), (FAILS, "make\n", "make || touch app\n")] {
        let mut pipeline = Pipeline::new(makefile);
        put(&pipeline.workspace().join("ci/build.sh"), example("build.sh").replace(from, to));
        assert!(pipeline.build(), "{}", pipeline.log);
        refused(pipeline.sealed(true), "the script is another one", true);
    }
    // A build that reads what the shell would run next.
    let mut pipeline = Pipeline::new("all:\n\t@cat > /dev/null; echo made > app\ncheck:\n\t@true\n");
    assert!(pipeline.build() && pipeline.log.matches("attesh-head ").count() > 2, "{}", pipeline.log);
}

#[test]
fn the_recipe_for_woodpecker_seals_another_journal() {
    let mut pipeline = Pipeline::new(MAKES);
    assert!(pipeline.build(), "{}", pipeline.log);
    let kept = pipeline.place.path().join("kept");
    copy(&pipeline.workspace(), &kept);
    tamper(&pipeline.workspace().join(".attesh/journal"));
    refused(pipeline.sealed(true), "does not open its commitment", false);
    std::fs::remove_dir_all(pipeline.workspace()).unwrap();
    pipeline.clone_project();
    assert!(pipeline.build(), "{}", pipeline.log);
    copy(&kept.join("attesh.log"), &pipeline.workspace().join("attesh.log"));
    refused(pipeline.sealed(true), "another journal", false);
    // With its own attesh.log it is sealed. The log that Woodpecker keeps is of this pipeline.
    copy(&kept.join(".attesh/journal"), &pipeline.workspace().join(".attesh/journal"));
    let (good, log, (code, said)) = pipeline.sealed(true);
    assert!(good, "{log}");
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn the_recipe_for_woodpecker_is_red_without_a_key() {
    let mut pipeline = Pipeline::new(MAKES);
    pipeline.event = "pull_request";
    assert!(pipeline.build(), "{}", pipeline.log);
    assert_eq!(pipeline.step("seal", true), None);
    let (good, log) = pipeline.step("unsigned", true).unwrap();
    assert!(good && log.contains("\nnot sealed; a pull request has no key"), "{log}");
    pipeline.event = "push";
    assert_eq!(pipeline.step("unsigned", true), None);
}
