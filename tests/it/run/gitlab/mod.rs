//! `attesh init bash --ci`: a job of GitLab, as the runner has a shell run it, is taken over by a
//! bash that is watched, is recorded unit by unit, and runs as it would alone.

mod differences;
mod judged;
mod secrets;
mod shape;
mod tricks;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use attesh::script::gitlab;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::programs::have;
use crate::stage::pty::ATTESH;
use crate::stage::shells::{Family, Shell, all, one, shown};

pub use shape::Shape;

const INIT: &str = r#"eval "$(attesh init bash --ci)""#;
/// A variable of the job, which the runner exports in the same text.
const SECRET: &str = "kept-from-the-journal";

/// A project's folder, a home, and a runner.
struct Job {
    root: TempDir,
    shell: PathBuf,
    shape: Shape,
}

impl Job {
    fn new(shell: &Path, shape: Shape) -> Self {
        let root = TempDir::new().unwrap();
        for folder in ["home", "bin", "runtime", "project/src"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(ATTESH, root.path().join("bin/attesh")).unwrap();
        Job { root, shell: shell.to_owned(), shape }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        use std::io::Write as _;
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    fn command(&self, program: &Path) -> Command {
        let path = attesh::paths::variable("PATH").unwrap();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .env("ATTESH_COLLECT", "ci")
            .env("CI_JOB_NAME", "job")
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("HOME", self.path("home"));
        command
            .env_remove("ATTESH_SESSION")
            .env_remove("LD_LIBRARY_PATH")
            .env("XDG_RUNTIME_DIR", self.path("runtime"));
        command.env("GITLAB_CI", "true").env("CI", "true").env("CI_PROJECT_DIR", self.path("project"));
        command.current_dir(self.path("project")).stdin(std::process::Stdio::null());
        command
    }

    /// Has the shell run a list of items, on its standard input as the shell executor does.
    fn run_with(&self, items: &[&str], environment: &[(&str, &Path)]) -> Output {
        let before = format!("export TOKEN={}\n", self.shape.quoted(SECRET));
        let script = self.put("script", &self.shape.script(items, &before));
        let mut command = self.command(&self.shell);
        command.stdin(std::fs::File::open(script).unwrap()).envs(environment.iter().copied());
        command.output().unwrap()
    }

    fn run(&self, items: &[&str]) -> Output {
        self.run_with(&[&[INIT], items].concat(), &[])
    }

    fn attesh(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.command(Path::new(ATTESH)).args(words).output().unwrap();
        (output.status.code(), text(&[output.stdout, output.stderr].concat()))
    }

    /// Seals the journal of the job with a key of its own.
    fn seal(&self) -> (Option<i32>, String) {
        let key = self.path("key");
        if !key.exists() {
            let made = self.attesh(&["key", "generate", "-o", key.to_str().unwrap(), "--no-passphrase"]);
            assert_eq!(made.0, Some(0), "{}", made.1);
        }
        let folder = self.path("project/.attesh");
        let words = [
            "seal",
            folder.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
            "-o",
            "job.intoto.json",
            "--force",
        ];
        self.attesh(&words)
    }

    fn predicate(&self) -> Value {
        let (code, said) = self.seal();
        assert_eq!(code, Some(0), "{said}");
        let envelope = std::fs::read(self.path("project/job.intoto.json")).unwrap();
        let envelope: Value = serde_json::from_slice(&envelope).unwrap();
        let payload = envelope["payload"].as_str().unwrap();
        let payload = attesh::encoding::base64_strict(payload.as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()["predicate"].take()
    }

    /// Each command that was recorded, with its status, but for the runner's own.
    fn commands(&self) -> Vec<String> {
        let predicate = self.predicate();
        let text = |command: &Value| command["command"].as_str().unwrap().to_owned();
        let commands = predicate["commands"].as_array().unwrap().iter();
        let items = commands.filter(|command| !gitlab::is_own(text(command).as_bytes()));
        items.map(|command| format!("{} {}", text(command), command["exitCode"])).collect()
    }

    /// What verify says of the job with the policy of a list of items.
    fn verdict(&self, items: &[&str]) -> (Option<i32>, String) {
        let list: String =
            items.iter().map(|item| format!("    - {}\n", serde_json::to_string(item).unwrap())).collect();
        let yaml = format!("job:\n  before_script:\n    - {INIT}\n  script:\n{list}");
        let yaml = self.put("gitlab-ci.yml", &yaml);
        let words =
            ["policy", "from-gitlab", yaml.to_str().unwrap(), "--job", "job", "-o", "policy.toml", "--force"];
        let (code, said) = self.attesh(&words);
        assert_eq!(code, Some(0), "{said}");
        let key = self.path("key.pub");
        self.attesh(&[
            "verify",
            "job.intoto.json",
            "--trust",
            key.to_str().unwrap(),
            "--policy",
            "policy.toml",
        ])
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A line without the time that the runner prints where a section begins or ends.
fn without_time(line: &str) -> String {
    let mut words: Vec<&str> = line.split(':').collect();
    if words[0].starts_with("section_") {
        words[1] = "TIME";
    }
    words.join(":")
}

/// The newest head in a log.
fn head(log: &str) -> Option<String> {
    log.lines().filter_map(|line| line.strip_prefix("attesh-head ")).next_back().map(str::to_owned)
}

fn bash() -> PathBuf {
    all(Family::Bash).into_iter().find(|shell| shell.label().contains("5.2")).expect("bash 5.2").program
}

/// Each bash that shows where it reads.
fn watched() -> Vec<Shell> {
    let known = ["5.1", "5.2"].into_iter().filter_map(|version| one(Family::Bash, version));
    known.chain(shown()).collect()
}

const EXAMPLE: [&str; 3] = ["cd src/", "echo \"something\"", "true ./..."];

#[test]
fn three_lines_of_a_job_are_not_three_commands() {
    for shell in watched() {
        for shape in Shape::all() {
            let job = Job::new(&shell.program, shape);
            let output = job.run(&EXAMPLE);
            let place = format!("{} {shape:?}", shell.label());
            assert!(output.status.success(), "{place}: {}", text(&output.stderr));
            assert!(text(&output.stdout).contains("\nsomething\n"), "{place}");
            assert_eq!(job.commands(), EXAMPLE.map(|item| format!("{item} 0")), "{place}");
            let (code, said) = job.verdict(&EXAMPLE);
            assert_eq!(code, Some(0), "{place}: {said}");
            let first = said.lines().next().unwrap();
            assert_eq!(first, "VERIFIED job.intoto.json: 3 of 3 commands ran, in order, exit 0", "{place}");
        }
    }
}

#[test]
fn a_job_that_was_changed_passes_the_policy_of_what_it_was() {
    let items = [
        "cd src",
        "echo one",
        "if true; then\n  echo two\n\n  echo three\nfi",
        "test -d ../src",
        "echo four",
    ];
    let mut changed: Vec<(Vec<String>, String)> = Vec::new();
    let owned = || items.map(str::to_owned).to_vec();
    let first = |item: &str| item.lines().next().unwrap().to_owned();
    for (at, item) in items.iter().enumerate() {
        let mut list = owned();
        list.remove(at);
        changed.push((list, first(item)));
        let mut list = owned();
        list.insert(at, "echo more".to_owned());
        changed.push((list, "echo more".to_owned()));
        let mut list = owned();
        list[at] = format!("{item}\nfalse");
        changed.push((list, "`false`".to_owned()));
        if at > 0 {
            let mut list = owned();
            list.swap(at - 1, at);
            changed.push((list, first(item)));
        }
    }
    let mut list = owned();
    list[2] = list[2].replace("echo three", "echo 3");
    changed.push((list, first(items[2])));
    for (list, named) in changed {
        let job = Job::new(&bash(), Shape::default());
        job.run(&list.iter().map(String::as_str).collect::<Vec<_>>());
        job.seal();
        let (code, said) = job.verdict(&items);
        assert_eq!(code, Some(1), "{list:?}: {said}");
        assert!(said.starts_with("NOT VERIFIED (policy)") && said.contains(&named), "{list:?}: {said}");
    }
}

#[test]
fn a_job_does_not_end_as_it_does_alone() {
    let jobs: [&[&str]; 14] = [
        &["true"],
        &["exit 3", "echo never"],
        &["(exit 6)", "echo never"],
        &["f() { return 7; }", "f", "echo never"],
        &[
            "set +e",
            "false",
            "echo \"$? ${PIPESTATUS[*]} $_\"",
            "echo a b; false | true",
            "echo $? ${PIPESTATUS[*]}",
        ],
        &["echo a b", "echo \"$_ $?\"", "echo $LINENO $BASH_SUBSHELL ${-//[cs]/}"],
        &["trap 'echo bye $?' EXIT", "false"],
        &["trap 'echo err $?' ERR", "false"],
        &["set -u", "echo $nothing", "echo never"],
        &["x=1\nif true; then\n  x=2\nfi\necho $x", "for i in 1 2 3; do\n  echo $i\ndone | sort -r", "cat"],
        &["set -x", "true", "set +x"],
        &["sleep 0.01 & wait $!", "jobs", "read line || echo none"],
        &["kill -TERM $BASHPID", "sleep 1"],
        &["echo 'it'\\''s' \"a\\\"b\" \\\\ $'\\t' é", "cat <<END\n$((1+1)) `echo x`\nEND"],
    ];
    for (at, items) in jobs.iter().enumerate() {
        for shape in Shape::all() {
            let [alone, recorded] = [0, 1].map(|recorded| {
                let job = Job::new(&bash(), shape);
                let init = ["eval \"\"", INIT][recorded];
                let output = job.run_with(&[&[init], *items].concat(), &[]);
                let said: Vec<String> = text(&output.stderr)
                    .lines()
                    .filter(|line| !line.starts_with("attesh-head ") && !line.contains("attesh init"))
                    .map(|line| line.replace(job.root.path().to_str().unwrap(), "ROOT"))
                    // bash names the line of its own text.
                    .map(|line| {
                        line.split_once(": line ").map_or(line.clone(), |(_, rest)| {
                            rest.split_once(": ").map_or(rest, |(_, rest)| rest).to_owned()
                        })
                    })
                    .filter(|line| !line.contains("__attesh_") && !line.ends_with("Terminated"))
                    .collect();
                let printed =
                    text(&output.stdout).lines().skip(1).map(without_time).collect::<Vec<_>>().join("\n");
                // The runner's form before 19.1 makes 1 of the status of an item that fails.
                let code = output.status.code().map(|code| if shape.form == 1 { code.min(1) } else { code });
                (code, printed.replace(INIT, "eval \"\""), said)
            });
            assert_eq!(alone, recorded, "job {at} {items:?} {shape:?}");
        }
    }
}

#[test]
fn the_status_of_a_failing_item_is_that_of_the_job() {
    for shape in Shape::all() {
        let job = Job::new(&bash(), shape);
        let output = job.run(&["true", "(exit 6)", "echo never"]);
        assert_eq!(output.status.code(), Some(6), "{shape:?}");
        assert_eq!(job.commands(), ["true 0", "(exit 6) 6"], "{shape:?}");
        let (code, said) = job.verdict(&["true", "(exit 6)", "echo never"]);
        assert_eq!(code, Some(1));
        assert!(said.contains("line 2 `(exit 6)`") && said.contains("ended with 6"), "{said}");
        let (_, log) = job.attesh(&["show", "job.intoto.json"]);
        let never = log.lines().find(|line| line.ends_with("  echo never")).unwrap_or_default();
        assert!(never.starts_with("not reached"), "{log}");
    }
}

#[test]
fn a_job_that_a_signal_ended_is_complete() {
    for shape in Shape::all() {
        for signal in ["TERM", "HUP"] {
            let item = format!("kill -{signal} $BASHPID; sleep 1");
            let job = Job::new(&bash(), shape);
            let output = job.run(&["true", &item, "true"]);
            assert!(!output.status.success(), "{shape:?}");
            let predicate = job.predicate();
            let place = format!("{shape:?} {signal}: {predicate}");
            assert!(!job.commands().contains(&format!("{item} 0")), "{place}");
            assert_eq!(predicate["outcome"]["allSucceeded"], false, "{place}");
            let (code, said) = job.verdict(&["true", &item, "true"]);
            assert!(matches!(code, Some(1 | 4)), "{place}: {said}");
        }
    }
}

#[test]
fn a_job_without_a_standard_error_ends_with_another_status() {
    for shape in Shape::all() {
        let job = Job::new(&bash(), shape);
        let items = ["exec 2>&-", "echo x"];
        assert_eq!(job.run(&items).status.code(), Some(0), "{shape:?}");
        assert_eq!(job.commands(), ["exec 2>&- 0", "echo x 0"], "{shape:?}");
    }
}

#[test]
fn a_trap_of_a_job_hides_how_it_ended() {
    let items = ["true", "trap 'rm -f x; exit 0' EXIT ERR TERM", "trap : DEBUG", "sh -c 'exit 5'"];
    for shape in Shape::all() {
        let job = Job::new(&bash(), shape);
        assert!(job.run(&items).status.success(), "{shape:?}");
        let commands = job.commands();
        assert!(!commands.contains(&"sh -c 'exit 5' 0".to_owned()) && commands.len() == 4, "{commands:?}");
        let (code, said) = job.verdict(&items);
        assert_eq!(code, Some(1), "{shape:?}: {said}");
        assert!(said.contains("line 4 `sh -c 'exit 5'`"), "{shape:?}: {said}");
    }
    // One that was set before the recording goes on in it.
    let job = Job::new(&bash(), Shape::default());
    let output = job.run_with(&["trap 'echo bye $?' EXIT", INIT, "true", "exit 4"], &[]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(text(&output.stdout).matches("bye 4\n").count(), 1, "{}", text(&output.stdout));
    assert_eq!(job.commands(), ["true 0", "exit 4 4"]);
}

#[test]
fn what_a_job_has_set_is_lost_on_the_way() {
    let before = [
        "x=1; y=(a 'b c'); declare -A z=([k]='v w'); readonly r=2; declare -i n=3; export E='e f'",
        "f() { echo \"f $x $1\"; }; alias say=echo; shopt -s expand_aliases nullglob; set -u; umask 027",
        "cd src; exec 5>&1; set -- one 'two three'; x=$'a\\nb\\'c'",
        "hash -p /bin/true here; hash -p '/no/b c' gone; enable -n test kill; complete -F f -o nospace say",
        "pushd /usr; pushd ~; pushd -n '/no/d e'; cd \"$OLDPWD\"; unset IFS PS4 OPTIND RANDOM HOSTNAME",
    ];
    let after = [
        "echo \"$x|${y[1]}|${z[k]}|$r|$n|$E|$#|$2|$(umask)|${PWD##*/}|$-\" | sed 's/c$//;s/s$//'",
        "f 4; say said >&5; echo *.nothing; ( r=3 ) || echo readonly; n=n+1; echo $n $LINENO",
        "declare -p x y z r n; declare -f f; env | grep ^E=",
        "here && type here; hash -t gone; enable -n; dirs -l -p; popd -n; complete -p",
        "for name in IFS PS4 OPTIND RANDOM HOSTNAME; do echo \"$name ${!name-unset}\"; done; y=('a b' c); echo ${y[*]}",
    ];
    for shape in Shape::all() {
        let [alone, ours] = ["eval \"\"", INIT].map(|init| {
            let job = Job::new(&bash(), shape);
            let output = job.run_with(&[&before[..], &[init], &after].concat(), &[]);
            assert!(output.status.success(), "{shape:?}: {}", text(&output.stderr));
            let printed = text(&output.stdout).replace(INIT, "eval \"\"");
            let printed = printed.replace(job.root.path().to_str().unwrap(), "ROOT");
            printed.lines().map(without_time).collect::<Vec<_>>().join("\n")
        });
        assert_eq!(alone, ours, "{shape:?}");
        assert!(ours.contains("\nreadonly\n4 "), "{ours}");
    }
}

#[test]
fn the_variables_of_a_job_get_into_its_journal() {
    let job = Job::new(&bash(), Shape::default());
    assert!(job.run(&["test \"$TOKEN\""]).status.success());
    let journal = std::fs::read(job.path("project/.attesh/journal")).unwrap();
    assert!(!text(&journal).contains(SECRET));
    let predicate = job.predicate();
    let plan = &predicate["plans"][0];
    assert_eq!((&plan["before"], &plan["evidence"]), (&json!(2), &json!("reader")));
}

#[test]
fn an_image_that_reads_the_hook_first_records_another_shell() {
    for shell in watched() {
        let place = shell.label();
        let job = Job::new(&shell.program, Shape::default());
        let hook = job.command(Path::new(ATTESH)).args(["init", "bash", "--ci"]).output().unwrap();
        let hook = job.put("hook.bash", &text(&hook.stdout));
        let items = ["bash -c 'trap -p; echo $-'", "exit 3", "echo never"];
        let output = job.run_with(&[&[INIT], &items[..]].concat(), &[("BASH_ENV", &hook)]);
        assert_eq!(output.status.code(), Some(3), "{place}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("\nhBc\n"), "{place}: {}", text(&output.stdout));
        assert_eq!(job.predicate()["session"]["shells"].as_array().unwrap().len(), 1, "{place}");
    }
}

#[test]
fn a_text_of_bash_that_reads_the_hook_first_is_nowhere() {
    let bash = bash();
    let job = Job::new(&bash, Shape::default());
    let hook = job.command(Path::new(ATTESH)).args(["init", "bash", "--ci"]).output().unwrap();
    let hook = job.put("hook.bash", &text(&hook.stdout));
    let mut command = job.command(&bash);
    command.env("BASH_ENV", &hook).args(["-c", "echo \"$0 $1\"; bash -c 'echo within'; exit 3", "a", "b"]);
    let output = command.current_dir(job.root.path()).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), "a b\nwithin\n".to_owned()));
    assert_eq!(text(&output.stderr).matches("attesh: of this shell attesh records the beginning").count(), 1);
    let predicate = job.predicate();
    let shells = predicate["session"]["shells"].as_array().unwrap();
    assert_eq!((shells.len(), &shells[0]["exitCode"]), (1, &3.into()), "{predicate}");
    let journal = std::fs::read(job.path("project/.attesh/journal")).unwrap();
    assert!(text(&journal).contains("echo within"), "{predicate}");
}

/// A script that asks for its recording: as it is run, and what its text is given by.
#[test]
fn a_script_that_is_given_in_another_way_is_recorded_in_another_way() {
    let script = format!("x=1\n{INIT}\necho \"x $x $0 $*\"\n( exit 4 ) || echo failed $LINENO\nexit 6\n");
    let expected = ["echo \"x $x $0 $*\" 0", "( exit 4 ) || echo failed $LINENO 0", "exit 6 6"];
    let bash = bash();
    let bash = bash.to_str().unwrap();
    for line in [
        format!("{bash} script a b"),
        format!("{bash} -s a b < script"),
        format!("{bash} -e -c \"$(cat script)\" script a b"),
        format!("( exec {bash} script a b )"),
    ] {
        let job = Job::new(Path::new(bash), Shape::default());
        job.put("script", &script);
        let seen = |line: &str| {
            let mut command = job.command(Path::new("sh"));
            command.args(["-c", line]).current_dir(job.root.path()).output().unwrap()
        };
        let output = seen(&line);
        job.put("script", &script.replace(INIT, "eval \"\""));
        let alone = seen(&line);
        assert_eq!(output.status.code(), Some(6), "{line}: {}", text(&output.stderr));
        assert_eq!((alone.stdout, alone.status), (output.stdout, output.status), "{line}");
        assert_eq!(job.commands(), expected, "{line}");
    }
}

#[test]
fn what_cannot_be_taken_over_is_complete() {
    for (items, why) in [
        (&["sleep 0.2 &", INIT, "wait", "true"][..], "a job runs in the background"),
        (&["f() { eval \"$(attesh init bash --ci)\"; }", "f", "true"], "in a function or in a file"),
        (&["eval \"$(attesh init bash --ci)\"; x=1", "true"], "other commands stand on the line"),
    ] {
        let job = Job::new(&bash(), Shape::default());
        let output = job.run_with(items, &[]);
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains(why), "{items:?}: {said}");
        let predicate = job.predicate();
        assert_eq!(predicate["plans"][0]["evidence"], "whole", "{items:?}: {predicate}");
        assert_eq!(predicate["outcome"]["end"], "INCOMPLETE", "{items:?}");
        let (code, said) = job.verdict(&["true"]);
        assert_eq!(code, Some(4), "{items:?}: {said}");
    }
}

#[test]
fn a_shell_that_is_no_bash_says_nothing() {
    // busybox is the shell that it is called by the name of.
    let names = TempDir::new().unwrap();
    let place = crate::stage::programs::ok(names.path(), "sh", &["-c", "command -v busybox || :"]);
    let mut shells = vec![PathBuf::from("dash")];
    if have("busybox") {
        shells.push(names.path().join("ash"));
        std::os::unix::fs::symlink(place.trim(), &shells[1]).unwrap();
    }
    for program in shells {
        for form in 0..3 {
            let job = Job::new(&program, Shape { form, posix: true, ..Shape::default() });
            let program = program.display();
            let output = job.run(&["echo one", "exit 3", "echo never"]);
            let (out, said) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(3), "{program} {form}: {said}");
            assert!(out.contains("\none\n") && !out.contains("never\n"), "{program}: {out}");
            assert!(said.contains("attesh: of this shell attesh records the beginning"), "{program}: {said}");
            let predicate = job.predicate();
            assert_eq!(predicate["commands"].as_array().unwrap().len(), 0);
            let shell = &predicate["session"]["shells"][0];
            assert_eq!((shell["program"].as_str(), shell["exitCode"].as_u64()), (Some("sh"), Some(3)));
            let (code, said) = job.verdict(&["echo one", "exit 3", "echo never"]);
            assert_eq!(code, Some(4), "{said}");
            assert!(said.contains("could not be seen"), "{said}");
        }
    }
}

#[test]
fn the_head_of_a_job_is_lost_with_its_container() {
    let job = Job::new(&bash(), Shape::default());
    let output = job.run(&EXAMPLE);
    let ended = head(&text(&output.stderr)).unwrap();
    // after_script runs in another container: of the session there is only the project's folder.
    std::fs::remove_dir_all(job.path("runtime")).unwrap();
    std::fs::create_dir(job.path("runtime")).unwrap();
    let after = job.run_with(&["attesh stop"], &[]);
    assert!(after.status.success(), "{}", text(&after.stderr));
    assert_eq!(head(&text(&after.stderr)), Some(ended));
}

#[test]
fn a_killed_job_is_complete_or_forgets_what_ran() {
    let job = Job::new(&bash(), Shape::default());
    let output = job.run(&["echo one", "cd src", "kill -9 $BASHPID", "echo never"]);
    assert_eq!(output.status.code(), Some(137), "{}", text(&output.stderr));
    let (code, said) = job.seal();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("6 commands, incomplete"), "{said}");
    let (_, shown) = job.attesh(&["show", "job.intoto.json"]);
    for part in ["echo one", "cd src", "kill -9 $BASHPID"] {
        assert!(shown.contains(part), "{shown}");
    }
    let key = job.path("key.pub");
    let (code, said) = job.attesh(&["verify", "job.intoto.json", "--trust", key.to_str().unwrap()]);
    assert_eq!(code, Some(4), "{said}");
}
