//! The link of in-toto: one step of a layout, and what it made.
//!
//! Rules: in-toto holds no command and no status against a layout, so the transcript is a product,
//! and only the link of a complete session says so.

use serde_json::{Map, Value, json};

use super::source::{PRODUCT_COMPLETE, Sealed, named};
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::seal::keys::PublicKey;
use crate::seal::statement::Statement;

/// The name under which in-toto knows a key: the digest of its description.
#[must_use]
pub fn keyid(key: &PublicKey) -> String {
    described("", key)
}

/// The name under which in-toto before version 2 knows it: the description had one member more.
pub(super) fn older_keyid(key: &PublicKey) -> String {
    described("\"keyid_hash_algorithms\":[\"sha256\",\"sha512\"],", key)
}

fn described(more: &str, key: &PublicKey) -> String {
    let public = hex(&key.to_bytes());
    let rest =
        format!("\"keytype\":\"ed25519\",\"keyval\":{{\"public\":\"{public}\"}},\"scheme\":\"ed25519\"}}");
    hex(&sha256(&[format!("{{{more}{rest}").as_bytes()]))
}

/// Where in-toto looks for the link of a step that a key signed.
#[must_use]
pub fn file_name(step: &str, key: &PublicKey) -> String {
    format!("{step}.{}.link", &keyid(key)[..8])
}

/// The link of a step.
pub(super) fn payload(sealed: &Sealed) -> Value {
    let Statement { predicate, .. } = sealed.statement;
    let outcome = &predicate.outcome;
    let mut byproducts = json!({"session": sealed.session()});
    if let Some(status) = outcome.exit_code {
        byproducts["return-value"] = status.into();
    }
    let mut products = artifacts(sealed.products());
    if sealed.is_whole() {
        products.insert(PRODUCT_COMPLETE.into(), json!({"sha256": predicate.journal.root_hash}));
    }
    let materials = artifacts(named(sealed.files.materials));
    link(sealed.name, sealed.call(), materials, products, byproducts, environment(sealed.statement))
}

/// A link with its seven members.
pub fn link(
    step: &str,
    command: Vec<String>,
    materials: Map<String, Value>,
    products: Map<String, Value>,
    byproducts: Value,
    environment: Value,
) -> Value {
    json!({
        "_type": "link",
        "byproducts": byproducts,
        "command": command,
        "environment": environment,
        "materials": materials,
        "name": step,
        "products": products,
    })
}

/// Digests by name.
pub fn artifacts<'a>(files: impl Iterator<Item = (String, &'a str)>) -> Map<String, Value> {
    files.map(|(name, sha256)| (name, json!({"sha256": sha256}))).collect()
}

/// Where it ran, as far as that is known.
pub(super) fn environment(statement: &Statement) -> Value {
    let predicate = &statement.predicate;
    let session = &predicate.session;
    let of_plan = predicate.plans.first().and_then(|plan| plan.interpreter.workdir.as_deref());
    let of_command =
        predicate.commands.iter().flatten().next().and_then(|command| command.workdir.as_deref());
    let shell = session.shells.first().map(|shell| format!("{} {}", shell.program, shell.version));
    let known = [
        ("host", session.host.clone()),
        ("shell", shell),
        ("user", session.user.clone()),
        ("workdir", of_plan.or(of_command).map(str::to_owned)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}
