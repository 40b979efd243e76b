//! A policy of witness that lets nothing pass but the collection of what should have run.
//!
//! Rules: a text of the policy is data in a rule, never a piece of it; each rule denies what it does
//! not find.

use serde_json::{Map, Value, json};

use super::{Expected, must_be_whole, products};
use crate::encoding::base64;
use crate::policy::Policy;
use crate::seal::derived::witness::{COMMAND_RUN, GIT_TYPE, LINK, PRODUCT, keyid};
use crate::seal::keys::PublicKey;

/// The type of the payload.
pub const PAYLOAD_TYPE: &str = "https://witness.testifysec.com/policy/v0.1";

/// What must be in an entry: in words that it is not, and the condition.
type Demand = (String, String);

/// The policy of one step.
#[must_use]
pub fn payload(
    policy: &Policy,
    expected: &Expected,
    step: &str,
    functionaries: &[PublicKey],
    expires: &str,
) -> Vec<u8> {
    let entries = [
        (COMMAND_RUN, Vec::new()),
        (PRODUCT, products(policy).map(product).collect()),
        (LINK, session(policy, expected)),
        (GIT_TYPE, git(policy)),
    ];
    // A session without a commit has no entry of git.
    let asked = entries.into_iter().filter(|(kind, demands)| *kind != GIT_TYPE || !demands.is_empty());
    let attestations = asked.map(|(kind, demands)| json!({"type": kind, "regopolicies": rules(&demands)}));
    let functionary = |key: &PublicKey| json!({"type": "publickey", "publickeyid": keyid(key)});
    let public = |key: &PublicKey| {
        let pem = base64(key.to_spki_pem().as_bytes());
        (keyid(key), json!({"keyid": keyid(key), "key": pem}))
    };
    json!({
        "expires": expires,
        "publickeys": functionaries.iter().map(public).collect::<Map<String, Value>>(),
        "steps": {
            step: {
                "name": step,
                "functionaries": functionaries.iter().map(functionary).collect::<Vec<_>>(),
                "attestations": attestations.collect::<Vec<_>>(),
            },
        },
    })
    .to_string()
    .into_bytes()
}

fn session(policy: &Policy, expected: &Expected) -> Vec<Demand> {
    let transcript = format!("input.byproducts.session.transcript.sha256 == {}", json!(expected.transcript));
    let mut demands = vec![("other commands ran, or with another status".to_owned(), transcript)];
    if must_be_whole(policy) {
        let whole = "input.byproducts.session.whole == true";
        demands
            .push(("the session is not whole: incomplete, paused or redacted".to_owned(), whole.to_owned()));
    }
    if policy.context.clean {
        // witness leaves an empty status out, as it does one that nobody knows.
        let clean = "input.byproducts.session.clean == true";
        demands.push(("paths differed from the commit".to_owned(), clean.to_owned()));
    }
    demands
}

fn product(name: &str) -> Demand {
    (format!("there is no product {name}"), format!("input[{}].digest.sha256", json!(name)))
}

/// What a policy asks of the commit.
fn git(policy: &Policy) -> Vec<Demand> {
    let context = &policy.context;
    let commits = context.members.iter().find(|(_, member, _)| *member == "commit");
    let commit = commits.map(|(_, _, wanted)| {
        ("the commit is another one".to_owned(), format!("input.commithash in {}", json!(wanted)))
    });
    let required = context
        .commit_required
        .then(|| ("the commit was not recorded".to_owned(), "input.commithash".to_owned()));
    commit.into_iter().chain(required).collect()
}

/// Demands as a module of Rego.
fn rules(demands: &[Demand]) -> Vec<Value> {
    if demands.is_empty() {
        return Vec::new();
    }
    let mut module = "package attesh\n\nimport rego.v1\n".to_owned();
    for (at, (why, condition)) in demands.iter().enumerate() {
        module.push_str(&format!(
            "\ndeny contains {} if not holds_{at}\n\nholds_{at} if {condition}\n",
            json!(why)
        ));
    }
    vec![json!({"name": "attesh", "module": base64(module.as_bytes())})]
}

/// The keys of a policy that witness is not asked for.
#[must_use]
pub fn left_out(policy: &Policy) -> Vec<&'static str> {
    let members = policy.context.members.iter();
    let members = members.filter(|(_, member, _)| *member != "commit").map(|(key, ..)| *key);
    members.chain(super::left_out(policy)).collect()
}
