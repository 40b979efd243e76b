//! `[context]` of a policy against what the facts of a statement say, and do not say.

use attesh::fact::{CI, GIT};
use attesh::policy::context::Context;
use attesh::seal::statement::Statement;
use serde_json::{Value, json};

use super::judge::{Run, statement, texts};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A fact with these texts, in a record before the first shell or behind it.
fn fact(record: u64, kind: &str, at: &str, data: Value) -> Value {
    json!({"record": record, "type": kind, "at": at, "ok": true, "data": data})
}

fn git(at: &str, commit: &str) -> Value {
    fact(
        if at == "start" { 0 } else { 4 },
        GIT,
        at,
        json!({"commit": commit, "ref": "refs/heads/main", "changedCount": "0",
            "remotes": "{\"origin\":\"git@github.com:acme/app.git\",\"up\":\"https://h/o/p\"}"}),
    )
}

fn ci() -> Value {
    fact(
        0,
        CI,
        "start",
        json!({"system": "github", "repository": "github.com/acme/app", "commit": A, "ref": "refs/heads/main",
            "run": "7", "workflow": "w@refs/heads/main", "job": "j", "event": "push"}),
    )
}

fn with(facts: &[Value]) -> Statement {
    let mut statement = statement(&[Run::of(&["make"])]);
    statement.predicate.facts = serde_json::from_value(json!(facts)).unwrap();
    statement
}

fn denials(facts: &[Value], context: &str) -> Vec<String> {
    texts(&format!("[context]\n{context}\n"), &with(facts))
}

#[test]
fn what_all_facts_say_is_denied() {
    let facts = [ci(), git("start", A), git("stop", A)];
    for context in [
        "repository = 'github.com/acme/app'",
        "repository = ['x/y', 'github.com/acme/*']",
        "ref = 'refs/heads/main'",
        "commit = 'required'\nclean = true",
        &format!("commit = '{A}'"),
        &format!("commit = ['{B}', '{A}']"),
        "run = '7'\nworkflow = 'w@*'\njob = 'j'\nevent = 'push'\nsystem = 'github'",
        "clean = false",
    ] {
        assert_eq!(denials(&facts, context), <[String; 0]>::default(), "{context}");
    }
    // Nobody saw whether it stayed the same.
    let unseen = ["the commit at the stop was not recorded"];
    for context in ["commit = 'required'", &format!("commit = '{A}'")] {
        assert_eq!(denials(&[git("start", A)], context), unseen);
        let mut failed = git("stop", A);
        failed["ok"] = json!(false);
        failed["data"] = json!({"error": "git could not be asked"});
        assert_eq!(denials(&[ci(), git("start", A), failed], context), unseen);
    }
    assert_eq!(denials(&[ci()], "commit = 'required'"), <[String; 0]>::default());
}

#[test]
fn one_fact_that_says_something_else_is_outvoted() {
    let start = format!("git at the start says commit {A}, the policy asks for {B}");
    let facts = [ci(), git("start", A), git("stop", A)];
    let commit = |by: &str| format!("{by} says commit {A}, the policy asks for {B}");
    assert_eq!(
        denials(&facts, &format!("commit = '{B}'")),
        [commit("the CI system"), start.clone(), commit("git at the stop")]
    );
    let moved = [ci(), git("start", A), git("stop", B)];
    assert_eq!(denials(&moved, &format!("commit = '{A}'")).len(), 1);
    let said = format!("the CI system says commit {A}, git at the stop says {B}");
    assert_eq!(denials(&moved, "commit = 'required'"), [said]);
    let mut other = ci();
    other["data"]["repository"] = json!("github.com/evil/app");
    assert_eq!(
        denials(&[other, git("start", A)], "repository = 'github.com/acme/app'"),
        ["the CI system says repository github.com/evil/app, the policy asks for github.com/acme/app"]
    );
    assert_eq!(
        denials(&[git("start", A)], "ref = 'refs/heads/x'"),
        ["git at the start says ref refs/heads/main, the policy asks for refs/heads/x"]
    );
    let mut dirty = git("start", A);
    dirty["data"]["changedCount"] = json!("1");
    assert_eq!(denials(&[dirty], "clean = true"), ["1 path differed from the commit at the start"]);
}

#[test]
fn what_nobody_saw_counts_as_seen() {
    let mut failed = git("start", A);
    failed["ok"] = json!(false);
    let mut redacted = git("start", A);
    redacted["data"]["commit"] = Value::Null;
    // A command of the session could have brought it about.
    let mut late = git("start", A);
    late["record"] = json!(3);
    let about = fact(0, "https://example.org/git", "start", git("start", A)["data"].clone());
    let gone = ["what git at the start said of the commit was redacted or not disclosed"];
    for context in [&format!("commit = '{A}'"), "commit = 'required'"] {
        let facts = [ci(), redacted.clone(), git("stop", A)];
        assert_eq!(denials(&facts, context), gone, "whatever the others say");
        assert!(denials(&[redacted.clone()], context).contains(&gone[0].to_owned()));
    }
    for facts in [&[][..], &[failed], &[late], &[about], &[git("stop", A)]] {
        assert_eq!(denials(facts, &format!("commit = '{A}'")), ["the commit was not recorded"], "{facts:?}");
        assert_eq!(denials(facts, "commit = 'required'"), ["the commit was not recorded"], "{facts:?}");
    }
    assert_eq!(denials(&[git("stop", A)], "ref = '*'"), ["the ref was not recorded"]);
    assert_eq!(denials(&[ci()], "clean = true"), ["the state of the files was not recorded"]);
    let mut far = git("start", A);
    far["data"]["remotes"] = json!("{\"origin\":\"/srv/app.git\"}");
    assert_eq!(denials(&[far], "repository = '*'"), ["the repository was not recorded"]);
    assert_eq!(denials(&[git("start", A)], "run = '*'"), ["the run was not recorded"]);
}

#[test]
fn the_words_of_a_context_leave_something_out() {
    let words = |facts: &[Value]| {
        let statement = with(facts);
        let context = Context::of(&statement);
        (context.is_empty(), context.words())
    };
    let place = "github.com/acme/app, refs/heads/main, commit aaaaaaa";
    assert_eq!(words(&[]), (true, "not recorded".to_owned()));
    assert_eq!(words(&[ci()]), (false, format!("{place}, run 7")));
    assert_eq!(words(&[git("start", A)]), (false, format!("{place} (clean)")));
    let mut dirty = git("start", A);
    dirty["data"]["changedCount"] = json!("2");
    assert_eq!(words(&[ci(), dirty]), (false, format!("{place} (2 paths changed), run 7")));
}

#[test]
fn a_commit_is_any_text() {
    let policy = |context: &str| {
        attesh::policy::Policy::read(format!("version = 1\n[context]\n{context}\n").as_bytes())
    };
    assert!(policy("commit = 'required'").is_ok() && policy(&format!("commit = '{A}'")).is_ok());
    for (context, says) in [
        ("commit = 'HEAD'", "line 3, column 10: commit must be"),
        ("commit = ['required', 'x']", "line 3, column 10: commit must be"),
        ("branch = 'x'", "unknown key \"branch\"; [context] has repository, ref, commit, clean,"),
        ("repository = 'https://github.com/acme/app'", "line 3, column 14: repository must be"),
    ] {
        let error = policy(context).unwrap_err().to_string();
        assert!(error.contains(says), "{context}: {error}");
    }
}
