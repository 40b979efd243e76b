//! A session in a folder of its own, which the steps of a job share, and the heads that the
//! log of the job keeps.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::stage::programs::{Said, said};
use crate::stage::pty::{ATTESH, Home};

/// The heads in a step's part of the log.
fn heads(said: &Said) -> Vec<&str> {
    said.err.lines().filter_map(|line| line.strip_prefix("attesh-head ")).collect()
}

/// A job: what its steps have in the environment, and a folder for it.
struct Job {
    home: Home,
    env: Vec<(&'static str, PathBuf)>,
    /// Whether the steps have a home folder.
    housed: bool,
}

impl Job {
    fn new(env: &[(&'static str, &str)]) -> Self {
        let env = env.iter().map(|(name, value)| (*name, PathBuf::from(value))).collect();
        Job { home: Home::new(), env, housed: true }
    }

    /// A step of GitHub Actions, without a home folder.
    fn github() -> Self {
        let mut job = Job::new(&[("GITHUB_ACTIONS", "true"), ("CI", "true")]);
        job.env.push(("RUNNER_TEMP", job.home.path("work")));
        job.housed = false;
        job
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.home.command(Path::new(program));
        for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            if !self.housed {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn step(&self, words: &[&str]) -> Said {
        said(self.command(ATTESH).args(words))
    }

    fn ok(&self, words: &[&str]) -> Said {
        let said = self.step(words);
        assert_eq!(said.code, Some(0), "{words:?}: {}{}", said.out, said.err);
        said
    }

    /// Fails with this code; what it says.
    fn fails(&self, code: i32, words: &[&str]) -> String {
        let said = self.step(words);
        assert_eq!(said.code, Some(code), "{words:?}: {}{}", said.out, said.err);
        said.out + &said.err
    }

    fn path(&self, name: &str) -> String {
        self.home.path("work").join(name).to_str().unwrap().to_owned()
    }

    fn key(&self) {
        self.ok(&["key", "generate", "-o", "k", "--no-passphrase"]);
    }

    /// Removes the states, as the end of a container does.
    fn forget(&self) {
        let states = self.home.runtime().join("attesh");
        std::fs::remove_dir_all(states).unwrap();
    }
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &str, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    let mut file = std::fs::File::options().create(true).write(true).truncate(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_ref()).unwrap();
}

fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut list: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    list.sort();
    list
}

fn copy(from: &str, to: &str) {
    std::fs::create_dir(to).unwrap();
    for name in names(from) {
        std::fs::copy(format!("{from}/{name}"), format!("{to}/{name}")).unwrap();
    }
}

#[test]
fn a_session_in_a_folder_leaves_its_secret_there_or_is_open_to_others() {
    let job = Job::new(&[]);
    let dir = job.path("deep/er/.attesh");
    let started = job.ok(&["start", "--dir", &dir]);
    assert_eq!(names(&dir), [".gitignore", "journal"]);
    assert_eq!((mode(&dir), mode(&job.path("deep"))), (0o700, 0o700));
    assert_eq!(std::fs::read_to_string(format!("{dir}/.gitignore")).unwrap(), "*\n");
    let journal = std::fs::read_to_string(format!("{dir}/journal")).unwrap();
    let genesis: Value = serde_json::from_str(journal.split('\t').next().unwrap()).unwrap();
    assert_eq!(genesis["closes"], "stop");
    // Outside of CI the session has the user's own secret, which is kept elsewhere.
    assert!(genesis["originId"].is_string(), "{genesis}");
    assert!(job.home.path("state/attesh/origin-secret").exists());
    assert!(job.home.sessions().is_empty());
    assert_eq!(heads(&started), [started.out.trim_end()]);
    let id = genesis["session"].as_str().unwrap();
    assert!(started.out.starts_with(&format!("{id}:1:")), "{}", started.out);
}

#[test]
fn a_step_without_a_home_folder_cannot_use_the_session_of_the_job() {
    let job = Job::github();
    let first = job.ok(&["start"]);
    assert!(!first.err.contains("already"), "{}", first.err);
    // A step is no shell that somebody would have join.
    let told = format!("is open in {}; attesh sh records in it in each step of this job", job.path("attesh"));
    assert!(first.err.contains(&told) && !first.err.contains("attesh init"), "{}", first.err);
    let other = job.home.path("work/other").display().to_string();
    let told = format!("is open; to record a script in it type: attesh sh --dir {other} SCRIPT");
    assert!(job.ok(&["start", "--dir", &other]).err.contains(&told));
    let again: Value = serde_json::from_str(&job.ok(&["start", "--json"]).out).unwrap();
    assert_eq!((&again["joined"], &again["name"]), (&true.into(), &Value::Null));
    assert_eq!(again["folder"], job.path("attesh"));
    job.ok(&["note", "from another step"]);
    let third = job.ok(&["start"]);
    assert!(third.err.contains("is open already"), "{}", third.err);
    assert!(heads(&third)[0].contains(":2:"), "{}", third.err);
    assert!(job.ok(&["status"]).out.contains("state     open"));
    let stopped = job.ok(&["stop"]);
    assert_eq!(heads(&stopped), [stopped.out.trim_end()]);
    assert!(stopped.err.contains(&format!("attesh seal {}", job.path("attesh"))), "{}", stopped.err);
    job.key();
    job.ok(&["seal", "--key", "k", "-o", "a.intoto.json"]);
    let verdict = job.ok(&["verify", "a.intoto.json", "--trust", "k.pub", "--journal", "attesh"]).out;
    assert!(verdict.contains("origin        not authenticated"), "{verdict}");
    // The home that the user database names was not used in its place.
    assert_eq!(names(job.home.path("state").to_str().unwrap()), Vec::<String>::new());
}

#[test]
fn a_user_without_a_home_or_a_name_cannot_open_a_session() {
    use std::os::unix::process::CommandExt;
    const UID: u32 = 54_321;
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can become a user that nobody knows");
        return;
    }
    let root = tempfile::TempDir::new().unwrap();
    let path = |name: &str| root.path().join(name).to_str().unwrap().to_owned();
    chmod(root.path().to_str().unwrap(), 0o755);
    std::fs::copy(ATTESH, path("attesh")).unwrap();
    std::fs::create_dir(path("job")).unwrap();
    std::os::unix::fs::chown(path("job"), Some(UID), Some(UID)).unwrap();
    let step = |words: &[&str], env: &[(&str, &str)]| {
        let mut command = Command::new(path("attesh"));
        command
            .args(words)
            .env_clear()
            .env("ATTESH_COLLECT", "none")
            .envs(env.iter().copied())
            .uid(UID)
            .gid(UID);
        said(command.current_dir(path("job")))
    };
    let dir = path("job/.attesh");
    for env in [&[][..], &[("HOME", "/nonexistent")], &[("HOME", "/")], &[("CI", "true"), ("HOME", "")]] {
        let opened = step(&["start", "--dir", &dir], env);
        assert_eq!(opened.code, Some(0), "{env:?}: {}", opened.err);
        assert_eq!(opened.err.contains("no secret could be made"), env.len() < 2, "{env:?}: {}", opened.err);
        assert_eq!(step(&["start", "--dir", &dir], env).code, Some(0), "{env:?}");
        let stopped = step(&["stop", "--dir", &dir], env);
        assert_eq!(stopped.code, Some(0), "{env:?}: {}", stopped.err);
        let verdict = step(&["verify", &dir, "--expect-head", stopped.out.trim()], env);
        assert!(verdict.out.contains("origin        not authenticated"), "{}{}", verdict.out, verdict.err);
    }
    // Another user's folder.
    let text =
        said(Command::new(ATTESH).args(["start", "--dir", &dir]).env_clear().env("ATTESH_COLLECT", "none"));
    assert_eq!(text.code, Some(2), "{}", text.err);
    assert!(text.err.contains("belongs to user 54321, not to you"), "{}", text.err);
    for state in [format!("/dev/shm/attesh-{UID}"), format!("/tmp/attesh-{UID}")] {
        let _ = std::fs::remove_dir(state);
    }
}

#[test]
fn each_system_has_its_own_default_folder() {
    let cases = [
        (("GITHUB_ACTIONS", "true"), "RUNNER_TEMP", "attesh"),
        (("GITLAB_CI", "true"), "CI_PROJECT_DIR", ".attesh"),
        (("JENKINS_URL", "http://ci.example/"), "WORKSPACE", ".attesh"),
        (("JENKINS_HOME", "/var/lib/jenkins"), "WORKSPACE", ".attesh"),
    ];
    for (env, variable, name) in cases {
        let mut job = Job::new(&[env]);
        job.housed = false;
        // A folder that is not absolute does not count.
        job.env.push((variable, PathBuf::from("work")));
        let text = job.fails(2, &["start"]);
        assert!(variable == "WORKSPACE" || text.contains(variable), "{text}");
        assert!(text.contains("--dir"), "{text}");
        let work = job.home.path("work");
        job.env.last_mut().unwrap().1.clone_from(&work);
        job.ok(&["start", "named"]);
        assert!(work.join(name).join("journal").exists(), "{variable}");
        assert!(heads(&job.ok(&["stop"])).len() == 1);
    }
    for env in [&[][..], &[("CI", "true")], &[("GITHUB_ACTIONS", "false")]] {
        let text = Job::new(env).fails(2, &["start"]);
        assert!(text.contains("neither a name nor a folder"), "{text}");
    }
    // Where the job is of no system that is known it is a job all the same: no secret is made.
    let job = Job::new(&[("CI", "true")]);
    let told = job.ok(&["start", "named"]).err;
    assert!(
        told.contains("to record scripts in it set ATTESH_SESSION=named and run them with attesh sh"),
        "{told}"
    );
    assert!(!job.home.path("state/attesh/origin-secret").exists());
}

#[test]
fn a_session_that_is_over_is_in_the_way() {
    let job = Job::github();
    let dir = job.path("attesh");
    let first = job.ok(&["start"]).out;
    job.ok(&["stop"]);
    let second = job.ok(&["start"]);
    assert!(second.err.contains(&format!("is now in {dir}.1")), "{}", second.err);
    job.forget();
    let third = job.ok(&["start"]);
    assert!(third.err.contains(&format!("is now in {dir}.2")), "{}", third.err);
    // A killed start leaves no session behind, and no obstacle.
    job.ok(&["stop"]);
    std::fs::File::options().write(true).open(format!("{dir}/journal")).unwrap().set_len(10).unwrap();
    write(format!("{dir}/..gitignore.00"), "");
    assert!(job.ok(&["start"]).err.contains(&format!("is now in {dir}.3")));
    assert!(first != second.out && second.out != third.out);
    let old = std::fs::read_to_string(format!("{dir}.1/journal")).unwrap();
    assert!(old.contains(&first[..36]), "the first session is not the one that was moved first");
    job.ok(&["verify", &format!("{dir}.1")]);
}

#[test]
fn two_that_start_at_once_get_two_sessions() {
    let job = Job::github();
    let mut children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = job.command(ATTESH);
            command.args(["start", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut created = 0;
    let mut ids = std::collections::BTreeSet::new();
    for child in children.drain(..) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        created += usize::from(value["joined"] == false);
        ids.insert(value["session"].to_string());
    }
    assert_eq!((created, ids.len()), (1, 1));
    assert_eq!(names(&job.path("")), ["attesh"]);
}

#[test]
fn a_folder_that_is_not_the_sessions_own_is_taken() {
    let job = Job::new(&[]);
    let (file, link, open) = (job.path("file"), job.path("link"), job.path("open"));
    let (full, dangling) = (job.path("full"), job.path("dangling"));
    write(&file, "");
    for (folder, mode) in [(&open, 0o755), (&full, 0o700)] {
        std::fs::create_dir(folder).unwrap();
        chmod(folder, mode);
    }
    write(format!("{full}/notes"), "");
    symlink(&full, &link).unwrap();
    symlink("nowhere", &dangling).unwrap();
    let newline = format!("{full}/a\nb");
    for (dir, why) in [
        (".attesh", ".attesh: not an absolute path; "),
        ("/", "/: not the name of a folder; "),
        (&newline, "control characters"),
        (&file, "file: not a folder; "),
        (&link, "link: a symbolic link is in the way; "),
        (&dangling, "dangling: a symbolic link is in the way; "),
        (&open, "open: others may use it (mode 0755); name another folder, or type: chmod go= "),
        (&full, "full: neither empty nor a session: notes is in it; "),
    ] {
        let text = job.fails(2, &["start", "--dir", dir]);
        assert!(text.contains(why), "{dir}: {text}");
        assert!(!text.contains("attesh-head"), "{text}");
    }
    assert!(job.fails(5, &["start", "--dir", &format!("{file}/x")]).contains("file/x: Not a directory"));
    for verb in ["stop", "status", "seal"] {
        assert!(job.fails(5, &[verb, "--dir", &full]).contains("full: not the folder of a session"));
        assert!(job.fails(5, &[verb, "--dir", &job.path("none")]).contains("none: no such file or folder"));
        job.fails(2, &[verb, "word", "--dir", &full]);
    }
    assert_eq!(names(&full), ["notes"]);
    assert_eq!(names(&open), Vec::<String>::new());
}

#[test]
fn the_secret_is_needed_or_left_in_later_steps() {
    let mut job = Job::github();
    let secret = "0123456789abcdef0123456789abcdef";
    job.env.push(("JOB_SECRET", secret.into()));
    job.ok(&["start", "--secret", "env:JOB_SECRET"]);
    job.ok(&["start", "--secret", "env:JOB_SECRET"]);
    job.env.pop();
    job.ok(&["start"]);
    job.ok(&["note", "later"]);
    write(job.path("another"), "x".repeat(32));
    write(job.path("same"), format!("{secret}\n"));
    assert!(job.fails(2, &["start", "--secret", "another"]).contains("another origin secret"));
    assert!(job.fails(2, &["start", "--secret", "env:JOB_SECRET"]).contains("the variable is not set"));
    job.ok(&["stop"]);
    for name in names(&job.path("attesh")) {
        let text = std::fs::read_to_string(job.path("attesh") + "/" + &name).unwrap();
        assert!(!text.contains(secret), "{name}");
    }
    let verdict = job.ok(&["verify", "attesh", "--secret", "same"]).out;
    assert!(
        verdict.contains("origin        the journal's tags were made with the origin secret"),
        "{verdict}"
    );
    let verdict = job.fails(3, &["verify", "attesh", "--secret", "another"]);
    assert!(verdict.contains("names another origin secret than the one given"), "{verdict}");
    assert!(job.ok(&["verify", "attesh"]).out.contains("origin        not authenticated"));
}

#[test]
fn a_session_of_another_name_is_joined() {
    let job = Job::github();
    job.ok(&["start", "build"]);
    job.ok(&["start", "build"]);
    job.ok(&["start"]);
    assert!(job.fails(2, &["start", "deploy"]).contains("has another name, build"));
    assert!(job.fails(2, &["start", "de ploy"]).contains("cannot be a session's name"));
}

#[test]
fn a_head_does_not_reach_the_outputs_of_the_step() {
    let mut job = Job::github();
    let text = job.fails(2, &["start", "--github-output"]);
    assert!(text.contains("GITHUB_OUTPUT is not set"), "{text}");
    assert!(!job.home.path("work/attesh").exists(), "a session was opened");
    let output = job.home.path("work/output");
    job.env.push(("GITHUB_OUTPUT", output.clone()));
    write(&output, "before=1\n");
    let first = job.ok(&["start", "--github-output"]);
    let last = job.ok(&["stop", "--github-output", "--json"]);
    let last: Value = serde_json::from_str(&last.out).unwrap();
    let expected = format!("before=1\nhead={}head={}\n", first.out, last["head"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(&output).unwrap(), expected);
    job.key();
    job.ok(&["seal", "--key", "k", "-o", "a.intoto.json", "--expect-head", "output"]);
    job.env.last_mut().unwrap().1 = job.home.path("work");
    job.fails(5, &["stop", "--github-output"]);
    job.env.last_mut().unwrap().1 = job.home.path("none/output");
    assert!(job.fails(5, &["start", "--github-output"]).contains("none: no such folder"));
    // A session by name prints no line for a log, and takes the option too.
    let mut job = Job::new(&[]);
    job.env.push(("GITHUB_OUTPUT", output));
    assert_eq!(heads(&job.ok(&["start", "one", "--github-output"])), Vec::<&str>::new());
    assert_eq!(heads(&job.ok(&["stop", "one", "--github-output"])), Vec::<&str>::new());
    job.fails(5, &["stop", "one"]);
}

#[test]
fn the_step_after_the_job_has_nothing_to_say() {
    let job = Job::github();
    let dir = job.path("attesh");
    job.ok(&["start"]);
    let last = job.ok(&["stop"]).out;
    job.forget();
    for words in [&["stop"][..], &["stop", "--dir", &dir], &["stop", &dir]] {
        let again = job.ok(words);
        assert_eq!((heads(&again), &again.out), (vec![last.trim_end()], &last), "{words:?}");
        assert!(again.err.contains("has ended already"), "{}", again.err);
    }
    // The folder comes from elsewhere, as an artifact does.
    copy(&dir, &job.path("copy"));
    chmod(&job.path("copy"), 0o755);
    chmod(&job.path("copy/journal"), 0o644);
    assert_eq!(job.ok(&["stop", "--dir", &job.path("copy")]).out, last);
    let journal = std::fs::read_to_string(format!("{dir}/journal")).unwrap();
    write(job.path("copy/journal"), journal.replace("\"reason\":\"stop\"", "\"reason\":\"seal\""));
    let text = job.fails(3, &["stop", "--dir", &job.path("copy")]);
    assert!(text.contains("not what was recorded") && !text.contains("attesh-head"), "{text}");
    // A job that was killed has no end, and its log gets the head all the same.
    job.ok(&["start"]);
    job.ok(&["note", "x"]);
    let head = job.ok(&["start"]).out;
    job.forget();
    let killed = job.step(&["stop"]);
    assert_eq!((killed.code, heads(&killed)), (Some(5), vec![head.trim_end()]), "{}", killed.err);
    assert!(killed.err.contains(&format!("to sign what there is type: attesh seal {dir}")), "{}", killed.err);
}

#[test]
fn an_artifact_is_not_sealed_where_it_is_unpacked() {
    let job = Job::github();
    let dir = job.path("attesh");
    let mut log = job.ok(&["start"]).err;
    job.ok(&["note", "x"]);
    chmod(&dir, 0o755);
    // Others may use the folder while it is being recorded, so it is not an artifact.
    assert!(job.fails(5, &["status", "--dir", &dir]).contains("others may use it"));
    chmod(&dir, 0o700);
    log += &job.ok(&["stop"]).err;
    write(job.path("log"), &log);
    let copied = job.path("un packed");
    copy(&dir, &copied);
    let other = Job::new(&[]);
    other.key();
    for (mode, file) in [(0o777, 0o666), (0o555, 0o444)] {
        chmod(&format!("{copied}/journal"), file);
        chmod(&copied, mode);
        let log = job.path("log");
        other.ok(&[
            "seal",
            "--force",
            "--dir",
            &copied,
            "--key",
            "k",
            "-o",
            "a.intoto.json",
            "--expect-head",
            &log,
        ]);
        let words = ["verify", "a.intoto.json", "--trust", "k.pub", "--expect-head", &log];
        assert!(other.ok(&words).out.contains("it has gone through all heads given"));
    }
    assert!(other.ok(&["status", "--dir", &copied]).out.contains("state     ended"));
    let text = other.fails(5, &["note", "--session", &copied, "more"]);
    assert!(text.contains("has ended"), "{text}");
    chmod(&copied, 0o700);
}

/// A job that has ended, and its log: heads of 1, 2, 3 and 4 records.
fn logged() -> (Job, String) {
    let job = Job::github();
    let mut log = String::from("2026-11-22T10:00:00.0000000Z ") + &job.ok(&["start"]).err;
    for word in ["one", "two"] {
        job.ok(&["note", word]);
        log += &job.ok(&["start"]).err;
    }
    log += &job.ok(&["stop"]).err;
    write(job.path("log"), &log);
    job.key();
    (job, log)
}

#[test]
fn a_journal_that_the_log_does_not_tell_of_is_sealed() {
    let (job, log) = logged();
    let seal = |more: &[&str]| {
        let words = ["seal", "--force", "--key", "k", "-o", "a.intoto.json"];
        job.step(&[&words[..], more].concat())
    };
    let heads: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once("attesh-head ")?.1)).collect();
    assert_eq!(heads.len(), 4);
    for expected in heads.iter().copied().chain(["log", log.as_str()]) {
        assert_eq!(seal(&["--expect-head", expected]).code, Some(0), "{expected}");
    }
    let both = seal(&["--expect-head", heads[0], "--expect-head", heads[3]]);
    assert_eq!(both.code, Some(0), "{}", both.err);
    let mut piped = job.command("/bin/sh");
    piped.args(["-c", "attesh seal --force --key k --expect-head - <log"]);
    assert_eq!(said(&mut piped).code, Some(0));
    // The root of another size, at the end and in between; one record more; another session.
    let swapped = |size: usize, root: usize| {
        let root = heads[root - 1].rsplit_once(':').unwrap().1;
        let (session, _) = heads[0].split_once(':').unwrap();
        format!("{session}:{size}:{root}")
    };
    let foreign = heads[0].replace(&heads[0][..4], "ffff");
    for (head, why) in [
        (swapped(1, 2), "another journal of the same session: at 1 records"),
        (swapped(2, 1), "another journal of the same session: at 2 records"),
        (swapped(4, 3), "another journal of the same session: at 4 records"),
        (swapped(5, 4), "the journal was cut: it has 4 records"),
        (foreign, "another journal: it is that of session"),
    ] {
        let refused = seal(&["--expect-head", &head]);
        assert_eq!(refused.code, Some(3), "{head}: {}", refused.err);
        assert!(refused.err.contains(why) && refused.err.contains(&head), "{}", refused.err);
        assert!(refused.err.contains("nothing was sealed"), "{}", refused.err);
        // One that fits does not make up for it.
        write(job.path("long"), format!("{log}attesh-head {head}\n"));
        assert_eq!(seal(&["--expect-head", "long"]).code, Some(3));
        let verdict = job.fails(3, &["verify", "attesh", "--expect-head", &head]);
        assert!(verdict.contains("NOT VERIFIED (integrity) attesh: ") && verdict.contains(why), "{verdict}");
    }
    for (given, code, why) in [
        ("k.pub", 2, "it holds no head"),
        ("none", 5, "none: no such file or folder"),
        ("-", 2, "it holds no head"),
        ("attesh-head", 2, "it holds no head"),
    ] {
        let refused = seal(&["--expect-head", given]);
        assert!(refused.code == Some(code) && refused.err.contains(why), "{given}: {}", refused.err);
    }
}

#[test]
fn a_journal_that_was_cut_or_made_again_passes_for_the_one_in_the_log() {
    let (job, _) = logged();
    job.ok(&["verify", "attesh", "--expect-head", "log"]);
    let journal = std::fs::read_to_string(job.path("attesh/journal")).unwrap();
    copy(&job.path("attesh"), &job.path("cut"));
    let three: String = journal.split_inclusive('\n').take(3).collect();
    write(job.path("cut/journal"), three);
    let text = job.fails(3, &["verify", "cut", "--expect-head", "log"]);
    assert!(text.contains("the journal was cut: it has 3 records"), "{text}");
    let dir = job.path("cut");
    let text = job.fails(3, &["seal", "--dir", &dir, "--key", "k", "--expect-head", "log"]);
    assert!(text.contains("the journal was cut: it has 3 records"), "{text}");
    // A session made up afterwards, with the same commands.
    job.ok(&["start"]);
    job.ok(&["note", "one"]);
    let text = job.fails(3, &["seal", "--key", "k", "--expect-head", "log"]);
    assert!(text.contains("another journal: ") && text.contains("nothing was ended"), "{text}");
    assert!(job.ok(&["status"]).out.contains("state     open"), "it was ended");
}

#[test]
fn an_envelope_alone_passes_for_what_it_cannot_tell() {
    let (job, log) = logged();
    job.ok(&["seal", "--key", "k", "-o", "a.intoto.json"]);
    let heads: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once("attesh-head ")?.1)).collect();
    let verify = |more: &[&str]| job.step(&[&["verify", "a.intoto.json", "--trust", "k.pub"], more].concat());
    for ends in [0, 3] {
        let verdict = verify(&["--expect-head", heads[ends]]);
        assert_eq!(verdict.code, Some(0), "{}", verdict.err);
        assert!(verdict.out.contains("it has gone through the head given"), "{}", verdict.out);
    }
    for given in [heads[1], "log"] {
        let verdict = verify(&["--expect-head", given]);
        assert_eq!(verdict.code, Some(2), "{}", verdict.out);
        assert!(verdict.err.contains("name the journal with --journal"), "{}", verdict.err);
        let verdict = verify(&["--expect-head", given, "--journal", "attesh"]);
        assert_eq!(verdict.code, Some(0), "{}{}", verdict.out, verdict.err);
    }
    let longer = heads[3].replace(":4:", ":5:");
    let other = heads[0].replace(&heads[0][..4], "ffff");
    for bad in [longer, other, heads[3].replace(":4:", ":1:"), heads[0].replace(":1:", ":4:")] {
        for more in [&["--expect-head", &bad][..], &["--expect-head", &bad, "--journal", "attesh"]] {
            let verdict = verify(more);
            assert_eq!(verdict.code, Some(3), "{bad}: {}{}", verdict.out, verdict.err);
            assert!(verdict.out.contains("NOT VERIFIED (integrity)"), "{}", verdict.out);
        }
    }
    // If the signature does not hold, the verifier says nothing about heads.
    let untrusted = job.step(&["verify", "a.intoto.json", "--expect-head", heads[0]]);
    assert_eq!(untrusted.code, Some(6), "{}", untrusted.out);
}

#[test]
fn a_session_that_was_altered_while_it_lives_is_moved_away() {
    let job = Job::github();
    job.ok(&["start"]);
    job.ok(&["note", "remark"]);
    let path = job.path("attesh/journal");
    let journal = std::fs::read_to_string(&path).unwrap();
    let text = journal.replace("remark", "remork");
    assert_ne!(text, journal);
    write(&path, text);
    let said = job.fails(3, &["start"]);
    assert!(said.contains(&job.path("attesh")) && !said.contains("attesh-head"), "{said}");
    assert_eq!(names(&job.path("")), ["attesh"]);
}
