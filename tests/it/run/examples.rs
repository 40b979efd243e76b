//! The recipes in `examples/`, run as the runners run them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use crate::run::gitlab::Shape;
use crate::stage::pty::ATTESH;

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn put(path: &Path, text: &str) {
    use std::io::Write as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A runner of GitHub: its folders, and what a step may change.
struct Runner {
    root: TempDir,
    /// Outputs of the job's steps, as `steps.ID.outputs.NAME`.
    outputs: BTreeMap<String, String>,
    log: String,
}

impl Runner {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        for folder in ["home", "temp", "work"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Runner { root, outputs: BTreeMap::new(), log: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut path = std::env::split_paths(&attesh::paths::variable("PATH").unwrap()).collect::<Vec<_>>();
        let added = std::fs::read_to_string(self.path("github_path")).unwrap_or_default();
        path.splice(0..0, added.lines().map(PathBuf::from));
        let mut command = Command::new(program);
        command.current_dir(self.path("work")).env("PATH", std::env::join_paths(path).unwrap());
        for (name, value) in [
            ("HOME", self.path("home")),
            ("RUNNER_TEMP", self.path("temp")),
            ("GITHUB_PATH", self.path("github_path")),
            ("GITHUB_OUTPUT", self.path("github_output")),
            ("ATTESH_BINARY", PathBuf::from(ATTESH)),
        ] {
            command.env(name, value);
        }
        command.env("GITHUB_ACTIONS", "true").env("CI", "true");
        command.env_remove("ATTESH_SESSION").env_remove("LD_LIBRARY_PATH").env_remove("XDG_RUNTIME_DIR");
        command.stdin(std::process::Stdio::null());
        command
    }

    /// One `run:` step: the block goes into a file, its path in the place of {0}.
    fn step(&mut self, number: usize, shell: &str, block: &str, environment: &[(String, String)]) -> Output {
        let file = self.path("temp").join(format!("{number:08x}.sh"));
        put(&file, block);
        // As the runner has it for `shell: bash`.
        let shell = if shell == "bash" { "bash --noprofile --norc -e -o pipefail {0}" } else { shell };
        let words: Vec<String> =
            shell.split(' ').map(|word| word.replace("{0}", file.to_str().unwrap())).collect();
        // The first word is looked up on the path that earlier steps have made.
        let mut command = self.command("env");
        command.args(&words).envs(environment.iter().cloned());
        let output = command.output().unwrap();
        self.log.push_str(&String::from_utf8_lossy(&output.stdout));
        self.log.push_str(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// All `run:` steps of a job; a failure ends it but for those that run always.
    fn job(&mut self, workflow: &Yaml, job: &str, replace: &dyn Fn(&str) -> String) -> bool {
        let default = workflow["defaults"]["run"]["shell"].as_str().unwrap().to_owned();
        let mut good = true;
        for (number, step) in workflow["jobs"][job]["steps"].as_sequence().unwrap().iter().enumerate() {
            let get = |name: &str| step.as_mapping_get(name).and_then(Yaml::as_str);
            let Some(block) = get("run") else { continue };
            if !good && get("if") != Some("always()") {
                continue;
            }
            let environment: Vec<(String, String)> = step
                .as_mapping_get("env")
                .and_then(Yaml::as_mapping)
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.as_str().unwrap().to_owned(), replace(value.as_str().unwrap())))
                .collect();
            let shell = get("shell").unwrap_or(&default).to_owned();
            good &= self.step(number, &shell, block, &environment).status.success();
            let written = std::fs::read_to_string(self.path("github_output")).unwrap_or_default();
            let _ = std::fs::remove_file(self.path("github_output"));
            for (name, value) in written.lines().filter_map(|line| line.split_once('=')) {
                let id = get("id").unwrap();
                self.outputs.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        good
    }
}

/// The build job with this makefile, then the sealing job on its artifact; both must be as
/// told. Gives back what verify says of it with the policy of the workflow.
fn github(makefile: &str, builds: bool) -> (Option<i32>, String) {
    match github_sealed(makefile, builds) {
        Ok(verdict) => verdict,
        Err(log) => panic!("{log}"),
    }
}

/// The same; what the sealing job said, if it failed.
fn github_sealed(makefile: &str, builds: bool) -> Result<(Option<i32>, String), String> {
    let text = example("github-actions.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let workflow = &documents[0];
    let mut build = Runner::new();
    put(&build.path("work/src/Makefile"), makefile);
    assert_eq!(build.job(workflow, "build", &str::to_owned), builds, "{}", build.log);
    assert!(build.log.contains("attesh-head "), "{}", build.log);
    let output = |name: &str| {
        let from = workflow["jobs"]["build"]["outputs"][name].as_str().unwrap();
        let from = from.strip_prefix("${{ ").and_then(|from| from.strip_suffix(" }}")).unwrap();
        build.outputs.get(from).unwrap_or_else(|| panic!("{}", build.log)).clone()
    };
    let (first, head) = (output("first"), output("head"));

    let mut seal = Runner::new();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(build.path("temp/attesh"))
        .arg(seal.path("work/journal"))
        .status()
        .unwrap();
    assert!(copied.success());
    let key = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output().unwrap();
    let key = String::from_utf8(key.stdout).unwrap();
    put(&seal.path("key"), &key);
    let replace = |value: &str| match value {
        "${{ needs.build.outputs.first }}" => first.clone(),
        "${{ needs.build.outputs.head }}" => head.clone(),
        "${{ secrets.SEALING_KEY }}" => key.clone(),
        other => panic!("{other}"),
    };
    if !seal.job(workflow, "seal", &replace) {
        return Err(seal.log);
    }
    let run = |words: &[&str]| seal.command(ATTESH).args(words).output().unwrap();
    let path = |name: &str| seal.path(name).to_str().unwrap().to_owned();
    put(&seal.path("build.yml"), &text);
    let made =
        run(&["policy", "from-github", &path("build.yml"), "--job", "build", "-o", &path("policy.toml")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let public = Command::new("openssl").args(["pkey", "-pubout", "-in", &path("key")]).output().unwrap();
    put(&seal.path("key.pub"), &String::from_utf8(public.stdout).unwrap());
    let verified =
        run(&["verify", "build.intoto.json", "--trust", &path("key.pub"), "--policy", &path("policy.toml")]);
    Ok((verified.status.code(), String::from_utf8_lossy(&verified.stdout).into_owned()))
}

#[test]
fn the_recipe_for_github_proves_nothing() {
    let (code, said) = github("all:\n\t@echo made\ncheck:\n\t@echo checked\n", true);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("VERIFIED build.intoto.json: 4 of 4 commands ran, in order, exit 0"), "{said}");
}

#[test]
fn the_recipe_for_github_lets_a_failure_pass() {
    let (code, said) = github("all:\n\t@false\ncheck:\n\t@echo checked\n", false);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("line 3 `make`"), "{said}");
}

#[test]
fn the_recipe_for_github_seals_a_session_that_the_build_made_anew() {
    let anew = "all:\n\trm -rf $$RUNNER_TEMP/attesh\n\tattesh start\ncheck:\n\t@true\n";
    let said = github_sealed(anew, true).unwrap_err();
    assert!(said.contains("--expect-head: "), "{said}");
}

/// A folder with a home, a workspace, and attesh on its path.
fn job_place() -> (TempDir, PathBuf) {
    let place = TempDir::new().unwrap();
    std::fs::create_dir(place.path().join("home")).unwrap();
    std::fs::create_dir_all(place.path().join("bin")).unwrap();
    std::os::unix::fs::symlink(ATTESH, place.path().join("bin/attesh")).unwrap();
    let work = place.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let key = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output().unwrap();
    put(&place.path().join("key"), &String::from_utf8(key.stdout).unwrap());
    let key = place.path().join("key");
    let public =
        Command::new("openssl").args(["pkey", "-pubout", "-in", key.to_str().unwrap()]).output().unwrap();
    put(&place.path().join("key.pub"), &String::from_utf8(public.stdout).unwrap());
    (place, work)
}

fn in_place(place: &TempDir, program: &str) -> Command {
    let path = attesh::paths::variable("PATH").unwrap();
    let folders = std::iter::once(place.path().join("bin")).chain(std::env::split_paths(&path));
    let mut command = Command::new(program);
    command.env("PATH", std::env::join_paths(folders).unwrap()).env("HOME", place.path().join("home"));
    command.env("SEALING_KEY", place.path().join("key"));
    command.env_remove("ATTESH_SESSION").env_remove("LD_LIBRARY_PATH").env_remove("XDG_RUNTIME_DIR");
    command.current_dir(place.path().join("work")).stdin(std::process::Stdio::null());
    command
}

/// Verifies build.intoto.json with the policy made from this text.
fn verdict(place: &TempDir, from: &[&str], text: &str) -> String {
    put(&place.path().join("policy.from"), text);
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let run = |words: &[&str]| in_place(place, ATTESH).args(words).output().unwrap();
    let (source, policy) = (path("policy.from"), path("policy.toml"));
    let words = [&["policy"], from, &[source.as_str(), "-o", policy.as_str()]].concat();
    let made = run(&words);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said =
        run(&["verify", "build.intoto.json", "--trust", &path("key.pub"), "--policy", &path("policy.toml")]);
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

/// What GitLab's runner has a shell run of a job, as the shell executor does: on standard input.
fn gitlab(place: &TempDir, job: &Yaml, parts: &[&str]) -> (Option<i32>, String) {
    let list = parts.iter().flat_map(|part| job[*part].as_sequence().unwrap());
    let items: Vec<&str> = list.map(|item| item.as_str().unwrap()).collect();
    let file = place.path().join("body");
    put(&file, &Shape::default().script(&items, ""));
    let mut command = in_place(place, "bash");
    command.stdin(std::fs::File::open(&file).unwrap());
    command.env("GITLAB_CI", "true").env("CI", "true").env("CI_PROJECT_DIR", place.path().join("work"));
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_recipe_for_gitlab_proves_nothing() {
    let text = example("gitlab-ci.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let job = |name: &str| &documents[0][name];
    for (script, verified) in
        [("cd src\necho built\n", "2 of 2 commands ran"), ("cd src\nfalse\n", "NOT VERIFIED (policy)")]
    {
        let (place, work) = job_place();
        std::fs::create_dir(work.join("src")).unwrap();
        put(&work.join("ci/build.sh"), script);
        let (code, said) = gitlab(&place, job("build"), &["script"]);
        assert_eq!(code == Some(0), verified.starts_with('2'), "{said}");
        let (code, said) = gitlab(&place, job("build"), &["after_script"]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = gitlab(&place, job("seal"), &["script"]);
        assert_eq!(code, Some(0), "{said}");
        let said = verdict(&place, &["from-script"], script);
        assert!(said.contains(verified), "{said}");
    }
}

#[test]
fn the_recipe_for_a_list_of_gitlab_proves_nothing() {
    let text = example("gitlab-ci-list.yml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let job = |name: &str| &documents[0][name];
    for (makefile, verified) in [
        ("all:\n\t@echo made\n", "3 of 3 commands ran, in order, exit 0"),
        ("all:\n\t@false\n", "line 3 `if test -f Makefile; then"),
    ] {
        let (place, work) = job_place();
        put(&work.join("src/Makefile"), makefile);
        let (code, said) = gitlab(&place, job("build"), &["before_script", "script"]);
        assert_eq!(code == Some(0), verified.starts_with('3'), "{said}");
        let (code, said) = gitlab(&place, job("build"), &["after_script"]);
        assert!(code == Some(0) && said.contains("attesh-head "), "{said}");
        let (code, said) = gitlab(&place, job("seal"), &["script"]);
        assert_eq!(code, Some(0), "{said}");
        let said = verdict(&place, &["from-gitlab", "--job", "build"], &text);
        assert!(said.contains(verified), "{said}");
    }
}

#[test]
fn the_recipe_for_jenkins_proves_nothing() {
    let text = example("Jenkinsfile");
    let (place, work) = job_place();
    std::fs::create_dir(work.join("src")).unwrap();
    put(&work.join("src/Makefile"), "all:\n\t@echo made\n");
    // The blocks of `sh`, in order; what is in post comes before the next stage.
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) =
        [" sh '", " sh(script: '"].iter().filter_map(|word| Some(rest.find(word)? + word.len())).min()
    {
        let named = rest[..at].rsplit_once("env.").and_then(|(_, name)| name.strip_suffix(" = sh(script: '"));
        let after = &rest[at..];
        let (block, left) = match after.strip_prefix("''") {
            Some(long) => long.split_once("'''").unwrap(),
            None => after.split_once('\'').unwrap(),
        };
        blocks.push((named, block));
        rest = left;
    }
    assert_eq!(blocks.len(), 4, "{blocks:?}");
    let mut environment: Vec<(&str, String)> = Vec::new();
    for (named, block) in &blocks {
        let file = work.join("script.sh");
        put(&file, block);
        let mut command = if block.starts_with("#!") {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            in_place(&place, file.to_str().unwrap())
        } else {
            let mut command = in_place(&place, "sh");
            command.arg("-xe").arg(&file);
            command
        };
        command.env("JENKINS_URL", "x").env("WORKSPACE", &work).envs(environment.iter().cloned());
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        environment.extend(named.map(|name| (name, printed)));
        assert!(output.status.success(), "{block}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::remove_file(&file).unwrap();
    }
    let said = verdict(&place, &["from-script"], blocks[1].1);
    assert!(said.contains("3 of 3 commands ran"), "{said}");
}
