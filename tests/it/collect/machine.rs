//! The machine and the CI system, by their variables.

use attesh::fact::{CI, COLLECTION, ENVIRONMENT};
use serde_json::json;

use super::place::Place;

#[test]
fn a_variable_that_nobody_named_is_sealed() {
    let mut place = Place::new();
    place.variables = vec![
        ("SECRET_TOKEN", "canary-1".into()),
        ("MINE", "https://u:canary-2@h/x".into()),
        ("RUSTFLAGS", "-C x".into()),
    ];
    let (key, output) = (place.path("k"), place.path("b"));
    let words = [
        "sh",
        "--collect",
        "environment",
        "--env",
        "MINE",
        "--seal",
        output.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
        "-c",
        "true",
    ];
    assert_eq!(place.attesh("", &words).code, Some(0));
    let sealed = std::fs::read_to_string(&output).unwrap();
    let shown = place.attesh("", &["show", "b", "--json"]).out;
    for text in [&sealed, &shown] {
        assert!(!text.contains("canary") && !text.contains("SECRET_TOKEN"), "{text}");
    }
    let statement = place.record("", "environment", "true");
    let facts = Place::facts(&statement, ENVIRONMENT);
    assert_eq!(facts.len(), 1);
    let data = &facts[0]["data"];
    assert_eq!((&data["system"], &data["env.RUSTFLAGS"]), (&json!("Linux"), &json!("-C x")));
    assert_eq!(data["architecture"], std::env::consts::ARCH);
    assert!(data["kernel"].as_str().is_some_and(|kernel| !kernel.is_empty()), "{data}");
}

#[test]
fn a_job_is_told_without_its_run() {
    let mut place = Place::new();
    let sha = "3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d";
    place.variables = [
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/app"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_SHA", sha),
        ("GITHUB_WORKFLOW", "build"),
        ("GITHUB_JOB", "test"),
        ("GITHUB_RUN_ID", "1182"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_ACTOR", "me"),
        ("GITHUB_TOKEN", "canary"),
        ("GITHUB_WORKFLOW_REF", "acme/app/.github/workflows/build.yml@refs/heads/main"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec();
    let statement = place.record("", "ci", "true");
    assert_eq!(
        Place::facts(&statement, CI)[0]["data"],
        json!({
            "system": "github", "repository": "github.com/acme/app", "ref": "refs/heads/main", "commit": sha,
            "workflow": "acme/app/.github/workflows/build.yml@refs/heads/main", "job": "test", "run": "1182", "attempt": "2",
            "runUrl": "https://github.com/acme/app/actions/runs/1182/attempts/2", "event": "push", "actor": "me",
        })
    );
    assert!(!statement.to_string().contains("canary"));
}

#[test]
fn collectors_that_were_left_out_look() {
    let mut place = Place::new();
    place.repository("app");
    let none = place.record("app", "none", "true");
    // The steps that join the session leave them out, too.
    assert_eq!(none["predicate"]["facts"].as_array().map(Vec::len), Some(1));
    assert_eq!(none["predicate"]["facts"][0]["data"]["collect"], "");
    let folder = place.path("job").to_str().unwrap().to_owned();
    place.variables = vec![("ATTESH_COLLECT", "environment,git,ci".to_owned())];
    for words in [
        &["start", "--dir", &folder, "--collect", "none"][..],
        &["sh", "--dir", &folder, "-c", "true"],
        &["stop", "--dir", &folder],
    ] {
        assert_eq!(place.attesh("app", words).code, Some(0), "{words:?}");
    }
    let journal = std::fs::read_to_string(place.path("job/journal")).unwrap();
    assert_eq!(journal.matches("\"kind\":\"fact\"").count(), 1, "{journal}");
    place.variables.clear();
    let some = place.record("app", "environment", "true");
    let kinds: Vec<_> =
        some["predicate"]["facts"].as_array().unwrap().iter().map(|fact| fact["type"].clone()).collect();
    assert_eq!(kinds, [COLLECTION, ENVIRONMENT]);
    for words in [
        &["sh", "--collect", "weather", "-c", "true"][..],
        &["start", "one", "--collect", "git,"],
        &["start", "one", "--env", "A=B"],
        &["init", "bash", "--collect", "x"],
    ] {
        let said = place.attesh("", words);
        let taken = words.contains(&"git,");
        assert_eq!(said.code, Some(if taken { 0 } else { 2 }), "{words:?}: {}", said.err);
    }
}
