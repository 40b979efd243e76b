//! The attestation collection of witness: what each of its attestors would have seen.
//!
//! Rules: each registered type at most once; a digest has a name that witness knows. What ties the
//! collection to its session stands in the byproducts of its link, the one free form there is.

use serde_json::{Map, Value, json};

use super::link::{artifacts, environment};
use super::source::{Sealed, named};
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::fact::{ENVIRONMENT, GIT};
use crate::seal::keys::PublicKey;
use crate::seal::statement::FactFacts;

/// The type of the predicate.
pub const COLLECTION_TYPE: &str = "https://witness.testifysec.com/attestation-collection/v0.1";
/// What the command and its status are.
pub const COMMAND_RUN: &str = "https://witness.dev/attestations/command-run/v0.1";
/// What git said.
pub const GIT_TYPE: &str = "https://witness.dev/attestations/git/v0.1";
/// The link, which has the session.
pub const LINK: &str = "https://in-toto.io/attestation/link/v0.3";
const ENVIRONMENT_TYPE: &str = "https://witness.dev/attestations/environment/v0.1";
const MATERIAL: &str = "https://witness.dev/attestations/material/v0.1";
/// What came of it.
pub const PRODUCT: &str = "https://witness.dev/attestations/product/v0.1";
/// The older Statement, which witness writes and reads.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v0.1";
/// The status of a session of which nobody can tell one.
const UNKNOWN_STATUS: i64 = -1;

/// The name under which witness knows a key: the digest of its PEM.
#[must_use]
pub fn keyid(key: &PublicKey) -> String {
    hex(&sha256(&[key.to_spki_pem().as_bytes()]))
}

/// The collection.
pub(super) fn payload(sealed: &Sealed) -> Value {
    let predicate = &sealed.statement.predicate;
    let (opened, closed) = (&*predicate.session.opened_at, &*predicate.session.closed_at);
    let git = predicate.seen_at_start(GIT);
    let status = predicate.outcome.exit_code.map_or(UNKNOWN_STATUS, i64::from);
    let entries = [
        (ENVIRONMENT_TYPE, Some(machine(sealed)), opened, opened),
        (GIT_TYPE, git.and_then(repository), opened, opened),
        (MATERIAL, Some(artifacts(named(sealed.files.materials)).into()), opened, opened),
        (COMMAND_RUN, Some(json!({"cmd": sealed.call(), "exitcode": status})), opened, closed),
        (PRODUCT, Some(products(sealed)), closed, closed),
        (LINK, Some(link(sealed)), closed, closed),
    ];
    let entry = |(kind, attestation, start, end): (&str, Option<Value>, &str, &str)| {
        Some(json!({"type": kind, "attestation": attestation?, "starttime": start, "endtime": end}))
    };
    json!({
        "_type": STATEMENT_TYPE,
        "subject": subjects(sealed, git.and_then(|git| git.text("commit"))),
        "predicateType": COLLECTION_TYPE,
        "predicate": {
            "name": sealed.name,
            "attestations": entries.into_iter().filter_map(entry).collect::<Vec<_>>(),
        },
    })
}

/// What a policy can look the collection up by.
fn subjects(sealed: &Sealed, commit: Option<&str>) -> Vec<Value> {
    let file = |(name, sha256): (String, &str)| json!({"name": format!("{PRODUCT}/file:{name}"), "digest": {"sha256": sha256}});
    let predicate = &sealed.statement.predicate;
    let commit = commit
        .map(|commit| json!({"name": format!("{GIT_TYPE}/commithash:{commit}"), "digest": object(commit)}));
    let session = json!({
        "name": format!("{}/session", sealed.statement.predicate_type),
        "digest": {"sha256": predicate.journal.root_hash},
    });
    sealed.products().map(file).chain(commit).chain([session]).collect()
}

/// The digest of a git object by its length.
fn object(name: &str) -> Value {
    let algorithm = if name.len() == 40 { "sha1" } else { "sha256" };
    json!({ algorithm: name })
}

fn machine(sealed: &Sealed) -> Value {
    let predicate = &sealed.statement.predicate;
    let seen = predicate.seen_at_start(ENVIRONMENT);
    let variables = seen.into_iter().flat_map(|seen| &seen.data);
    let variables =
        variables.filter_map(|(name, value)| Some((name.strip_prefix("env.")?, value.as_deref()?)));
    let known = [
        ("os", seen.and_then(|seen| seen.text("system")).map(str::to_lowercase)),
        ("hostname", predicate.session.host.clone()),
        ("username", predicate.session.user.clone()),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
    let mut machine: Map<String, Value> = known.collect();
    let variables = variables.map(|(name, value)| (name.to_owned(), Value::from(value)));
    machine.insert("variables".into(), variables.collect());
    machine.into()
}

/// A repository that has a commit.
fn repository(git: &FactFacts) -> Option<Value> {
    let commit = git.text("commit")?;
    let names = |name: &str| -> Vec<String> {
        git.text(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let remotes: Map<String, Value> =
        git.text("remotes").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let tags = names("tags").into_iter().map(|tag| format!("refs/tags/{tag}"));
    let reference = git.text("ref");
    let branch = reference.and_then(|reference| reference.strip_prefix("refs/heads/"));
    let mut said = json!({
        "commithash": commit,
        "commitdigest": object(commit),
        "refs": reference.map(str::to_owned).into_iter().chain(tags).collect::<Vec<_>>(),
        "remotes": remotes.into_iter().map(|(_, url)| url).collect::<Vec<_>>(),
        "status": names("changed").into_iter().map(|path| (path, json!({}))).collect::<Map<_, _>>(),
    });
    for (name, value) in [("treehash", git.text("tree")), ("branch", branch)] {
        if let Some(value) = value {
            said[name] = value.into();
        }
    }
    Some(said)
}

fn products(sealed: &Sealed) -> Value {
    let product = |(name, sha256): (String, &str)| {
        let mime_type = "application/octet-stream";
        (name, json!({"mime_type": mime_type, "digest": {"sha256": sha256}}))
    };
    Value::Object(sealed.products().map(product).collect())
}

fn link(sealed: &Sealed) -> Value {
    let material = |(name, sha256): (String, &str)| json!({"name": name, "digest": {"sha256": sha256}});
    json!({
        "name": sealed.name,
        "materials": named(sealed.files.materials).map(material).collect::<Vec<_>>(),
        "byproducts": {"session": sealed.session()},
        "environment": environment(sealed.statement),
    })
}
