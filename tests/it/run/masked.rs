//! A secret in what is recorded: it is nowhere on the disk, and the command and its status are.

use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::encoding::base64;
use serde_json::Value;

use crate::matrix::each;
use crate::stage::canary::{holding, holding_in_any_form};
use crate::stage::programs::{Said, attesh, said};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::Family::{Bash, Fish, Zsh};

/// What stands nowhere else.
const CANARY: &str = "Zq8vR3kT1nWb6Yx";
/// The canary in each way that a script can hold it; each line of it ends with 0 but one.
const SCRIPT: &str = r#"# -----BEGIN RSA PRIVATE KEY-----
# Zq8vR3kT1nWb6Yx
# -----END RSA PRIVATE KEY-----
curl() { :; }; docker() { cat > /dev/null; }; mysql() { :; }
export DEPLOY_TOKEN=Zq8vR3kT1nWb6Yx
curl -H 'Authorization: Bearer Zq8vR3kT1nWb6Yx' https://api.example.com
curl "https://me:Zq8vR3kT1nWb6Yx@example.com/x?access_token=Zq8vR3kT1nWb6Yx"
echo Zq8vR3kT1nWb6Yx | docker login -u me --password-stdin
docker login --password-stdin <<< 'Zq8vR3kT1nWb6Yx'
mysql -u root -p'Zq8vR3kT1nWb6Yx' db
cat > /dev/null << END
password: Zq8vR3kT1nWb6Yx
END
for i in 1; do
    curl --token Zq8vR3kT1nWb6Yx --password Zq8vR3kT1nWb6Yx
done
(exit 3)
"#;

fn is_nowhere(home: &Home, but: &[&str]) {
    for folder in [home.root.path(), home.runtime()] {
        assert_eq!(holding_in_any_form(folder, CANARY, but), Vec::<PathBuf>::new());
    }
}

fn ok(home: &Home, words: &[&str]) -> Said {
    let said = attesh(home, words);
    assert_eq!(said.code, Some(0), "{words:?}: {}{}", said.out, said.err);
    said
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A home with a key, whose scripts are recorded in the session in its folder `s`.
fn home() -> Home {
    let home = Home::new();
    ok(&home, &["key", "generate", "-o", "k", "--no-passphrase"]);
    home
}

fn seal_and_verify(home: &Home, more: &[&str]) -> Said {
    let folder = home.path("work/s");
    ok(home, &["seal", folder.to_str().unwrap(), "-o", "o.intoto.json", "--key", "k"]);
    ok(home, &[&["verify", "o.intoto.json", "--trust", "k.pub"], more].concat())
}

#[test]
fn a_secret_of_a_script_is_on_the_disk() {
    let home = home();
    home.file("work/build.sh", SCRIPT);
    let folder = home.path("work/s");
    let run = attesh(&home, &["sh", "--dir", folder.to_str().unwrap(), "build.sh"]);
    assert_eq!(run.code, Some(3), "{}", run.err);
    ok(&home, &["policy", "from-script", "build.sh", "-o", "p.toml"]);
    seal_and_verify(&home, &[]);
    is_nowhere(&home, &["build.sh"]);
    let log = json(&ok(&home, &["log", folder.to_str().unwrap(), "--json"]).out);
    let commands = log["commands"].as_array().unwrap();
    let statuses: Vec<_> = commands.iter().map(|one| one["exitCode"].as_u64()).collect();
    assert_eq!(statuses, [vec![Some(0); 9], vec![Some(3)]].concat());
    for one in &commands[1..9] {
        assert_eq!(one["textSource"], "masked", "{one}");
        assert!(one["command"].is_null() && one["commandShown"].as_str().unwrap().contains('['), "{one}");
    }
    assert_eq!(commands[1]["commandShown"], "export DEPLOY_TOKEN=[assignment]");
    // The same script meets its own policy, but for the command that failed.
    let judged =
        attesh(&home, &["verify", "o.intoto.json", "--trust", "k.pub", "--policy", "p.toml", "--json"]);
    let denials = json(&judged.out)["files"][0]["denials"].clone();
    let codes: Vec<&str> =
        denials.as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!((judged.code, &codes[..]), (Some(1), &["script.status"][..]), "{}", judged.out);
}

#[test]
fn what_has_the_letters_of_a_masked_command_is_taken_for_it() {
    let home = home();
    let judged = |script: &str| {
        home.file("work/run.sh", script);
        let run = attesh(&home, &["sh", "--seal", "x.intoto.json", "--force", "--key", "k", "run.sh"]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        attesh(&home, &["verify", "x.intoto.json", "--trust", "k.pub", "--policy", "p.toml"]).code
    };
    home.file("work/good.sh", &format!("export A_TOKEN={CANARY}\ntrue\n"));
    ok(&home, &["policy", "from-script", "good.sh", "-o", "p.toml"]);
    let policy = std::fs::read_to_string(home.path("work/p.toml")).unwrap();
    assert!(policy.contains("masked = [1]") && !policy.contains("sha256"), "{policy}");
    assert_eq!(judged(&format!("export A_TOKEN={CANARY}\ntrue\n")), Some(0));
    assert_eq!(judged("export A_TOKEN=[assignment]\ntrue\n"), Some(1));
    // Whoever spells a secret in a policy means what a recorder shows of it.
    home.file(
        "work/p.toml",
        &format!("version = 1\n[[script]]\ncommands = ['export A_TOKEN={CANARY}', 'true']\n"),
    );
    assert_eq!(judged(&format!("export A_TOKEN={CANARY}\ntrue\n")), Some(0));
}

#[test]
fn a_command_hides_behind_the_sign_of_a_secret() {
    let home = home();
    let judged = |script: &str| {
        home.file("work/run.sh", script);
        let run = attesh(&home, &["sh", "--seal", "x.intoto.json", "--force", "--key", "k", "run.sh"]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        attesh(&home, &["verify", "x.intoto.json", "--trust", "k.pub", "--policy", "p.toml"])
    };
    let evil = "${x:=\\$(touch evil)}${x@P}";
    // A piece of a word stands for no command.
    for (good, bad) in [
        ("TOKEN=\"Zq8vR3kT\" true\n", format!("TOKEN=\"abc{evil}\" true\n")),
        (": curl -su \"me:Zq8vR3kT1nWb\" x\n", format!(": curl -su \"me:a{evil}\" x\n")),
        ("sh -c 'export TOKEN=\"Zq8vR3kT\"'\n", "sh -c 'export TOKEN=\"abc$(touch evil)\"'\n".to_owned()),
        (
            "echo \"[db]\npassword = Zq8vR3kT1nWb\"\n",
            "echo \"[db]\npassword = Zq8vR3kT1nWb\" >evil \"all: x\"\n".to_owned(),
        ),
        (
            "cat << 'E' > env\nTOKEN=Zq8vR3kT\nE\n. ./env\n",
            "cat << 'E' > env\nTOKEN=abc$(touch evil)\nE\n. ./env\n".to_owned(),
        ),
    ] {
        home.file("work/good.sh", good);
        ok(&home, &["policy", "from-script", "good.sh", "--force", "-o", "p.toml"]);
        assert_eq!(judged(good).code, Some(0), "{good}");
        assert!(!home.path("work/evil").exists(), "{good}");
        assert_eq!(judged(&bad).code, Some(1), "{bad}");
        assert!(home.path("work/evil").exists(), "{bad} does nothing");
        std::fs::remove_file(home.path("work/evil")).unwrap();
    }
    // What may be a command is denied, also where it is not one, until the policy says otherwise.
    let script = "TOKEN='abc 12345' true\n";
    home.file("work/good.sh", script);
    let made = ok(&home, &["policy", "from-script", "good.sh", "--force", "-o", "p.toml"]);
    assert!(made.err.contains("line 1: what is masked may hold a command"), "{}", made.err);
    let said = judged(script);
    assert!(said.code == Some(1) && said.out.contains("write opaque = \"as-shown\""), "{}", said.out);
    let policy = std::fs::read_to_string(home.path("work/p.toml")).unwrap();
    home.file("work/p.toml", &policy.replace("masked = [1]\n", "masked = [1]\nopaque = 'as-shown'\n"));
    let said = judged(script);
    assert_eq!(said.code, Some(0), "{}", said.out);
}

#[test]
fn a_script_that_says_what_is_secret_does_not_meet_its_own_policy() {
    let home = home();
    for script in [
        "echo '::add-mask::Horse7-Batt3ry9'\necho Horse7-Batt3ry9\n",
        "X='Horse7-Batt3ry9'\necho \"::add-mask::$X\"\necho Horse7-Batt3ry9\n",
        "export DEPLOY='Horse7-Batt3ry9'\necho Horse7-Batt3ry9\n",
    ] {
        home.file("work/run.sh", script);
        let mask = ["--mask-env", "DEPLOY"];
        ok(&home, &[&["policy", "from-script", "run.sh", "--force", "-o", "p.toml"][..], &mask].concat());
        let policy = std::fs::read_to_string(home.path("work/p.toml")).unwrap();
        assert!(!policy.contains("Batt3ry"), "{policy}");
        let sealing = ["--seal", "x.intoto.json", "--force", "--key", "k", "run.sh"];
        ok(&home, &[&["sh"][..], &mask, &sealing].concat());
        // Who writes the script says what is masked, so it may be anything until the policy takes it.
        let verify = ["verify", "x.intoto.json", "--trust", "k.pub", "--policy", "p.toml"];
        let denied = attesh(&home, &verify);
        assert!(denied.code == Some(1) && denied.out.contains("opaque = "), "{}", denied.out);
        home.file("work/p.toml", &policy.replace("\nmasked = ", "\nopaque = 'as-shown'\nmasked = "));
        ok(&home, &verify);
        assert_eq!(
            holding_in_any_form(&home.path("work"), "Horse7-Batt3ry9", &["run.sh"]),
            Vec::<PathBuf>::new()
        );
    }
}

#[test]
fn what_is_denied_may_stand_where_a_secret_is_masked() {
    let home = home();
    home.file("work/run.sh", "export A_TOKEN='echo evil'; eval \"$A_TOKEN\" || true\n");
    let run = attesh(&home, &["sh", "--seal", "x.intoto.json", "--key", "k", "run.sh"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let judged = |policy: &str| {
        home.file("work/p.toml", policy);
        attesh(&home, &["verify", "x.intoto.json", "--trust", "k.pub", "--policy", "p.toml"])
    };
    let denied = judged("version = 1\n[deny]\ncommands = ['evil']\n");
    assert_eq!(denied.code, Some(1), "{}", denied.out);
    assert!((denied.out + &denied.err).contains("as-shown"));
    let shown = judged("version = 1\n[deny]\ncommands = ['evil']\nmasked = 'as-shown'\n");
    assert_eq!(shown.code, Some(0), "{}{}", shown.out, shown.err);
}

/// What is typed; the last of it stands for what a user pastes.
const TYPED: [&str; 5] = [
    "export DEPLOY_TOKEN=Zq8vR3kT1nWb6Yx",
    "echo 'Authorization: Bearer Zq8vR3kT1nWb6Yx' | grep -q x",
    "echo https://me:Zq8vR3kT1nWb6Yx@example.com/x",
    "echo password: Zq8vR3kT1nWb6Yx",
    "echo --token Zq8vR3kT1nWb6Yx; echo --password Zq8vR3kT1nWb6Yx",
];

#[test]
fn a_secret_that_is_typed_is_on_the_disk() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        for line in TYPED {
            terminal.line(line);
        }
        terminal.raw(b"exit 0\r");
        assert!(terminal.ended().is_some(), "{}", shell.label());
        let lines = home.lines();
        let shown = lines.iter().filter(|line| line.contains('[')).count();
        assert!(shown >= TYPED.len(), "{}: {lines:?}", shell.label());
        // A shell keeps its own history, which is none of ours.
        is_nowhere(home, &[".bash_history", ".zsh_history", "fish_history", "history"]);
    });
}

#[test]
fn the_value_of_a_variable_is_on_the_disk() {
    let home = home();
    let folder = home.path("work/s");
    let value = "a phrase of four words";
    let script = format!("echo '{value}'\necho https://example.com/{} | cat\n", base64(value.as_bytes()));
    home.file("work/run.sh", &script);
    let mut command = home.command(Path::new(ATTESH));
    command.env("DEPLOY", value).args(["sh", "--mask-env", "DEPLOY", "--dir"]).arg(&folder).arg("run.sh");
    let run = said(&mut command);
    assert_eq!(run.code, Some(0), "{}", run.err);
    seal_and_verify(&home, &[]);
    for root in [home.root.path(), home.runtime()] {
        assert_eq!(holding_in_any_form(root, value, &["run.sh"]), Vec::<PathBuf>::new());
    }
    let log = ok(&home, &["log", folder.to_str().unwrap()]);
    assert!(log.out.contains("echo '[env:DEPLOY*]'  (masked)\n"), "{}", log.out);
}

/// A step of GitHub: its runner writes secrets into the text of the step.
fn step(home: &Home, text: &str) -> Said {
    home.file("work/step.sh", text);
    let mut command: Command = home.command(Path::new(ATTESH));
    command.env("GITHUB_ACTIONS", "true").env("CI", "true").env("RUNNER_TEMP", home.path("work"));
    command.env("MY_TOKEN", CANARY).args(["sh", "-e", "step.sh"]);
    said(&mut command)
}

#[test]
fn a_secret_of_a_step_is_on_the_disk() {
    let home = Home::new();
    let told = "T0ldByTh3Step1";
    let text = format!("echo {CANARY}\necho '::add-mask::{told}'\nprintf '%s\\n' {told}\n");
    let run = step(&home, &text);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let folder = home.path("work/attesh");
    let log = ok(&home, &["log", folder.to_str().unwrap()]);
    for shown in ["echo [env:MY_TOKEN*]", "echo '::add-mask::[add-mask*]'", "printf '%s\\n' [add-mask*]"] {
        assert!(log.out.contains(shown), "{shown}: {}", log.out);
    }
    is_nowhere(&home, &["step.sh"]);
    for root in [home.root.path(), home.runtime()] {
        assert_eq!(holding_in_any_form(root, told, &["step.sh"]), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_file_of_rules_is_passed_over() {
    let home = home();
    let folder = home.path("work/s");
    let dir = folder.to_str().unwrap();
    home.file("work/rules.toml", "[[rule]]\nname = 'acme'\npattern = 'acme_[a-z]{12}'\n");
    home.file("work/run.sh", "echo acme_abcdefghijkl\n");
    ok(&home, &["sh", "--mask", "rules.toml", "--dir", dir, "run.sh"]);
    // Who joins the session without the option masks what was asked for when it began.
    ok(&home, &["sh", "--dir", dir, "run.sh"]);
    let log = ok(&home, &["log", dir]).out;
    assert_eq!(log.matches("echo [acme*]").count(), 2, "{log}");
    for (text, place) in [
        ("[[rule]]\nname = 'acme'\npattern = 'acme_[a-z'\n", "line 3, column 17"),
        ("rules = 1\n", "line 1, column 1"),
    ] {
        std::fs::create_dir_all(home.path("config/attesh")).unwrap();
        home.file("config/attesh/mask.toml", text);
        for words in [&["start", "other"][..], &["sh", "--strict", "run.sh"], &["mask", "test", "x"]] {
            let refused = attesh(&home, words);
            assert_ne!(refused.code, Some(0), "{words:?}");
            assert!(refused.err.contains("mask.toml") && refused.err.contains(place), "{}", refused.err);
        }
    }
}

#[test]
fn a_name_that_is_a_secret_names_a_session() {
    let home = Home::new();
    let name = format!("ghp_{}", "a1B2".repeat(9));
    let refused = attesh(&home, &["start", &name]);
    assert_eq!(refused.code, Some(5), "{}", refused.err);
    assert!(refused.err.contains("looks like a secret (github-token)"), "{}", refused.err);
    assert!(!refused.err.contains(&name));
}

#[test]
fn a_masked_text_cannot_be_taken_out_by_its_rule() {
    let home = home();
    let folder = home.path("work/s");
    let dir = folder.to_str().unwrap();
    home.file("work/run.sh", &format!("export A_TOKEN={CANARY}\ntrue\n"));
    ok(&home, &["sh", "--dir", dir, "run.sh"]);
    ok(&home, &["stop", dir]);
    let before = ok(&home, &["log", dir]).out;
    assert!(before.contains("export A_TOKEN=[assignment]"), "{before}");
    let redacted = ok(&home, &["redact", dir, "--rule", "assignment"]);
    // The command, and the script that has it in clear letters as well.
    assert!((redacted.out.clone() + &redacted.err).contains("2 texts"), "{}{}", redacted.out, redacted.err);
    assert_eq!(holding(&folder, "[assignment]"), Vec::<PathBuf>::new());
    let verified = ok(&home, &["verify", dir]);
    assert!(verified.out.contains("2 texts redacted"), "{}", verified.out);
}
