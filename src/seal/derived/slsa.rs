//! Provenance of SLSA, version 1: what was built from what, and how.
//!
//! Rules: the builder is the recorder, and nothing here claims a level: who signed decides what the
//! file is worth.

use serde_json::{Value, json};

use super::source::{Sealed, named};
use crate::fact::{CI, GIT, url};
use crate::seal::statement::{PlanFacts, STATEMENT_TYPE};

/// The type of the predicate.
const PROVENANCE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// What the external parameters mean: attesh-seal(5).
const BUILD_TYPE: &str = "https://attesh.dev/build/script/v1";

/// The provenance.
pub(super) fn payload(sealed: &Sealed) -> Value {
    let predicate = &sealed.statement.predicate;
    let (session, recorder) = (&predicate.session, &predicate.recorder);
    let run = predicate.seen_at_start(CI).and_then(|ci| ci.text("runUrl"));
    let invocation = run.map_or_else(|| format!("urn:uuid:{}", session.id), str::to_owned);
    json!({
        "_type": STATEMENT_TYPE,
        "subject": sealed.products().map(described).collect::<Vec<_>>(),
        "predicateType": PROVENANCE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"scripts": predicate.plans.iter().map(script).collect::<Vec<_>>()},
                "internalParameters": {"session": sealed.session()},
                "resolvedDependencies": dependencies(sealed),
            },
            "runDetails": {
                "builder": {"id": recorder.id, "version": {"attesh": recorder.version}},
                "metadata": {
                    "invocationId": invocation,
                    "startedOn": session.opened_at,
                    "finishedOn": session.closed_at,
                },
                "byproducts": [
                    described(("session.transcript".to_owned(), &predicate.transcript.sha256)),
                    described(("session".to_owned(), &predicate.journal.root_hash)),
                    described(("session.payload".to_owned(), sealed.payload_sha256)),
                ],
            },
        },
    })
}

/// A file as SLSA describes a resource.
fn described((name, sha256): (String, &str)) -> Value {
    json!({"name": name, "digest": {"sha256": sha256}})
}

/// A script that was to run, and what it was given.
fn script(plan: &PlanFacts) -> Value {
    let units =
        plan.units.as_ref().map(|units| units.iter().map(|unit| unit.text.clone()).collect::<Vec<_>>());
    let units = units.map(|units| serde_json::to_value(units).unwrap_or_default());
    json!({
        "name": plan.name,
        "sha256": plan.sha256,
        "arguments": plan.interpreter.arguments,
        "units": units,
    })
}

/// What it began with: the commit, and the materials.
fn dependencies(sealed: &Sealed) -> Vec<Value> {
    let git = sealed.statement.predicate.seen_at_start(GIT);
    let commit = git.and_then(|git| {
        let commit = git.text("commit")?;
        let mut described = json!({"name": "source", "digest": {"gitCommit": commit}});
        let remotes: Option<Value> = git.text("remotes").and_then(|text| serde_json::from_str(text).ok());
        let origin = remotes.as_ref().and_then(|remotes| remotes["origin"].as_str());
        if let Some(repository) = origin.and_then(url::repository) {
            let reference = git.text("ref").map_or_else(String::new, |reference| format!("@{reference}"));
            described["uri"] = format!("git+https://{repository}{reference}").into();
        }
        Some(described)
    });
    commit.into_iter().chain(named(sealed.files.materials).map(described)).collect()
}
