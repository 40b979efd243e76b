//! A layout of in-toto that lets nothing pass but the link of what should have run.
//!
//! Rules: in-toto compares digests of artifacts and nothing else, so a second link says which
//! transcript should come out, and the layout asks for the same one.

use serde_json::{Map, Value, json};

use super::{Expected, must_be_whole, products};
use crate::encoding::hex;
use crate::policy::{ContextRule, Policy};
use crate::seal::derived::PRODUCT_COMPLETE;
use crate::seal::derived::link::{artifacts, keyid, link};
use crate::seal::keys::PublicKey;
use crate::seal::statement::SUBJECT_TRANSCRIPT;

/// What a layout is made of beside the policy.
pub struct Layout<'a> {
    /// The name of the step.
    pub step: &'a str,
    /// Who may sign its link.
    pub functionaries: &'a [PublicKey],
    /// Who signs the link of what should come out.
    pub expecting: &'a PublicKey,
    /// Until when it holds (RFC 3339, whole seconds).
    pub expires: &'a str,
}

impl Layout<'_> {
    /// The step whose link says what should come out.
    #[must_use]
    pub fn expected_step(&self) -> String {
        format!("{}.expected", self.step)
    }

    /// The link that says what should come out.
    #[must_use]
    pub fn expected(&self, expected: &Expected) -> Value {
        let transcript = (SUBJECT_TRANSCRIPT.to_owned(), expected.transcript.as_str());
        let products = artifacts(std::iter::once(transcript));
        link(&self.expected_step(), Vec::new(), Map::new(), products, json!({}), json!({}))
    }

    /// The layout.
    #[must_use]
    pub fn layout(&self, policy: &Policy, expected: &Expected) -> Value {
        let step = |name: &str, keys: &[&PublicKey], command: &[String], rules: Vec<Vec<&str>>| {
            json!({
                "_type": "step",
                "name": name,
                "expected_command": command,
                "expected_materials": [["ALLOW", "*"]],
                "expected_products": rules,
                "pubkeys": keys.iter().map(|key| keyid(key)).collect::<Vec<_>>(),
                "threshold": 1,
            })
        };
        let from = self.expected_step();
        let mut rules = vec![
            vec!["REQUIRE", SUBJECT_TRANSCRIPT],
            vec!["MATCH", SUBJECT_TRANSCRIPT, "WITH", "PRODUCTS", "FROM", &from],
            vec!["DISALLOW", SUBJECT_TRANSCRIPT],
        ];
        let whole = must_be_whole(policy).then_some(PRODUCT_COMPLETE);
        rules.extend(
            whole
                .into_iter()
                .chain(products(policy))
                .filter(|name| *name != SUBJECT_TRANSCRIPT)
                .map(|name| vec!["REQUIRE", name]),
        );
        rules.push(vec!["ALLOW", "*"]);
        let functionaries: Vec<&PublicKey> = self.functionaries.iter().collect();
        let keys = functionaries.iter().copied().chain([self.expecting]);
        json!({
            "_type": "layout",
            "expires": self.expires,
            "inspect": [],
            "keys": keys.map(|key| (keyid(key), described(key))).collect::<Map<String, Value>>(),
            "readme": "",
            "steps": [
                step(&from, &[self.expecting], &[], vec![vec!["ALLOW", "*"]]),
                step(self.step, &functionaries, &expected.command, rules),
            ],
        })
    }
}

/// A key as a layout has it.
fn described(key: &PublicKey) -> Value {
    json!({
        "keyid": keyid(key),
        "keytype": "ed25519",
        "keyval": {"private": "", "public": hex(&key.to_bytes())},
        "scheme": "ed25519",
    })
}

/// The keys of a policy that a layout cannot ask for.
#[must_use]
pub fn left_out(policy: &Policy) -> Vec<&'static str> {
    let context = policy.context != ContextRule::default();
    context.then_some("context").into_iter().chain(super::left_out(policy)).collect()
}
