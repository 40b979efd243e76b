//! The files of a session, held against a policy: what was there before, what came of it.
//!
//! What lives here: `[[materials]]` and `[subject]`. What does not: the manifest of the materials,
//! which whoever asks reads beside the envelope.
//!
//! Rules: what was not recorded is denied as not recorded.

use std::collections::HashMap;

use super::{Policy, Ruling};
use crate::cause::Code;
use crate::encoding::hex;
use crate::fact::manifest::{Manifest, Special, Thing};
use crate::seal::recorded::Recorded;
use crate::seal::statement::{Statement, Subject};
use crate::text::count;

/// A file that must have been there before the first command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialRule {
    /// Its path, as the manifest has it.
    pub path: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Holds the files against a policy.
pub(super) fn judge(
    policy: &Policy,
    statement: &Statement,
    materials: Option<&Manifest>,
    ruling: &mut Ruling,
) {
    for name in &policy.subjects {
        if statement.subject(name).is_none() {
            ruling.deny("subject.require", Code::PolicySubject, None, format!("there is no subject {name}"));
        }
    }
    let recorded = Recorded::of(&statement.predicate);
    if policy.products
        && let Some(why) = no_product(&recorded, statement)
    {
        ruling.deny("subject.products", Code::PolicySubject, None, why);
    }
    if policy.materials.is_empty() {
        return;
    }
    let mut deny = |what: String| ruling.deny("materials", Code::PolicyMaterials, None, what);
    let Some(manifest) = materials else {
        let why = recorded.failure().map_or_else(String::new, |why| format!(": {why}"));
        return deny(match recorded.materials() {
            None => format!("the materials were not recorded{why}"),
            Some(_) => {
                "the manifest of the materials is not beside the envelope NAME.intoto.json as NAME.materials.jsonl".to_owned()
            }
        });
    };
    let things: HashMap<String, &Thing> =
        manifest.entries().iter().map(|entry| (entry.name(), &entry.thing)).collect();
    let is_ignored = |path: &str| {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| things.get(&path[..end]) == Some(&&Thing::Special(Special::Ignored)))
    };
    for MaterialRule { path, sha256 } in &policy.materials {
        let what = match things.get(path) {
            Some(Thing::File { sha256: have, .. }) if hex(have) == *sha256 => continue,
            Some(Thing::File { sha256: have, .. }) => format!("had the sha256 {}", hex(have)),
            Some(Thing::Link(_)) => "was a symbolic link".to_owned(),
            _ if is_ignored(path) => {
                "was left out, because git ignores it: name it with --materials".to_owned()
            }
            Some(Thing::Special(kind)) => format!("was no file that could be read ({})", kind.name()),
            None => "was not there".to_owned(),
        };
        deny(format!("the material {path} {what}; the policy asks for {sha256}"));
    }
}

/// Why the files among the subjects are not all products that the recorder saw.
fn no_product(recorded: &Recorded, statement: &Statement) -> Option<String> {
    match (recorded.product_count(), recorded.failure()) {
        (None, Some(why)) => return Some(format!("the products were not recorded: {why}")),
        (None, None) => return Some("the products were not recorded".to_owned()),
        (Some(_), _) if recorded.unseen() > 0 => {
            return Some(format!(
                "{} of the products could not be seen; NAME.products.jsonl lists what and why",
                count(recorded.unseen(), "path")
            ));
        }
        (Some(0), _) => return Some("no file came of the session".to_owned()),
        (Some(_), _) => {}
    }
    let listed = recorded.listed(&statement.subject).map_or(0, <[Subject]>::len);
    let mut others = statement.subject.iter().skip(listed).filter(|subject| subject.is_file());
    let other = others.next()?;
    Some(format!("the subject {} is no product that the recorder saw", other.name))
}
