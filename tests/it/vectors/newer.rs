//! Payloads that are signed as they should be and are of a version or a type that is not known.

use attesh::cause::Code;
use attesh::journal::story::FindingCode;
use attesh::seal::statement::{Completeness, Statement};
use serde_json::json;

use super::envelopes::{Cases, finding, sign, sign_as, whole};
use super::said::{extend, fact};
use crate::stage::signer::swap;

/// What a newer attesh may write: it is not known here, and nobody says that it was changed.
pub fn unsupported(cases: &mut Cases) {
    let good = whole().to_json();
    for (name, kind) in [
        ("type-of-json", "application/json"),
        ("type-in-capitals-signed", "application/vnd.in-toto+JSON"),
        ("type-empty", ""),
    ] {
        let why = "the payload is of the type";
        cases.refused(name, Code::EnvelopeType, why, sign_as(kind, &good, 7));
    }
    let untrusted = "the one trusted key did not make it";
    let stranger = sign_as("application/json", &good, 8);
    cases.refused("type-of-a-stranger", Code::SignatureUntrusted, untrusted, stranger);
    // Bytes that are no statement are not looked at under another type.
    cases.refused("type-of-no-statement", Code::EnvelopeType, "-", sign_as("text/plain", b"\xff", 7));
    let swapped = |from: &str, to: &str| swap(from, to)(good.clone());
    let slsa = json!({"_type": "https://in-toto.io/Statement/v1", "subject": [],
        "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition": {}}});
    for (name, payload) in [
        ("other-statement", swapped("/Statement/v1", "/Statement/v2")),
        ("older-statement", swapped("/Statement/v1", "/Statement/v0.1")),
        ("newer-predicate", swapped("shell-session/v0.1", "shell-session/v9")),
        (
            "newer-predicate-with-more",
            swap("\"sealedAt\":", "\"more\":1, \"sealedAt\":")(swapped("session/v0.1", "session/v0.2")),
        ),
        (
            "newer-statement-untyped",
            swap("\"predicateType\"", "\"claim\"")(swapped("/Statement/v1", "/Statement/v2")),
        ),
        (
            "newer-statement-typed-otherwise",
            b"{\"_type\":\"https://in-toto.io/Statement/v2\",\"predicateType\":{\"uri\":\"urn:x:y\"}}"
                .to_vec(),
        ),
        ("foreign-predicate", serde_json::to_vec(&slsa).unwrap()),
    ] {
        cases.refused(name, Code::StatementType, "-", sign(payload, 7).to_json());
    }
    let mut add = |name: &str, code: Code, why: &str, edit: fn(&mut Statement)| {
        let mut it = whole();
        edit(&mut it);
        cases.refused(name, code, why, sign(it.to_json(), 7).to_json());
    };
    add("must-understand", Code::StatementMust, "https://example.org/more", |it| {
        extend(it, "https://example.org/more", true);
    });
    // One that need not be understood stands beside it.
    add("must-understand-one-of-two", Code::StatementMust, "urn:x:y", |it| {
        extend(it, "https://example.org/more", false);
        extend(it, "urn:x:y", true);
    });
    add("fact-must", Code::FactUnknown, "record 6 is a fact of the type https://example.org/git", |it| {
        fact(it).must = true;
    });
    add("fact-must-incomplete", Code::FactUnknown, "record 6 is a fact", |it| {
        fact(it).must = true;
        it.predicate.outcome.end = Completeness::Incomplete;
        it.predicate.anomalies.push(finding(1, FindingCode::NoEnd, "no end"));
    });
    add("end-incomplete-without-finding", Code::StatementEnd, "no finding says why", |it| {
        it.predicate.outcome.end = Completeness::Incomplete;
    });
    add("fact-must-contradicts", Code::StatementCount, "outcome.factCount is less", |it| {
        fact(it).must = true;
        it.predicate.outcome.fact_count = 1;
    });
}
