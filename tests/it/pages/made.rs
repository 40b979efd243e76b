//! A statement with everything that one can have.

use attesh::record;
use attesh::seal::statement;
use serde_json::{Value, json};

/// A text of a command in each of its forms.
fn texts() -> [(&'static str, Value); 6] {
    [
        ("command", json!("x")),
        ("commandBase64", json!("/w==")),
        ("commandShown", json!("x")),
        ("commandShownBase64", json!("/w==")),
        ("redacted", json!(true)),
        ("withheld", json!(true)),
    ]
}

/// A plan whose script was taken out.
fn without_units() -> Value {
    json!({"shell": 2, "close": 9, "before": 0, "evidence": "reader", "name": "n", "sha256": null,
        "units": null, "unitCount": 3, "unchanged": true,
        "interpreter": {"path": null, "sha256": null, "version": null, "options": null,
            "arguments": null, "workdir": null, "inherited": []}})
}

/// A statement with every member that there is, commands in all their forms.
pub fn full() -> Value {
    let (hash, time, id) =
        ("0a".repeat(32), "2026-11-22T10:00:00.5Z", "01a20502-4cf2-7b8d-a6d0-ecc6171b3ac0");
    let digest = json!({"sha256": hash});
    let mut commands = Vec::new();
    for (seq, text) in texts().into_iter().enumerate() {
        let mut command = json!({"seq": seq, "shell": 1});
        command[text.0] = text.1;
        for (name, value) in [
            ("exitCode", json!(130)),
            ("stale", json!(true)),
            ("pipeStatus", json!([0, 130])),
            ("signal", json!(2)),
            ("startedAt", json!(time)),
            ("durationMs", json!(3)),
            ("workdir", json!("/")),
            ("outcome", json!("untold")),
            ("unit", json!(1)),
        ] {
            command[name] = value;
        }
        commands.push(command);
    }
    json!({
        "_type": statement::STATEMENT_TYPE,
        "subject": [{"name": "session", "digest": digest}],
        "predicateType": statement::PREDICATE_TYPE,
        "predicate": {
            "recorder": {"id": record::RECORDER_ID, "version": "0", "digest": digest},
            "session": {"id": id, "name": "n", "openedAt": time, "closedAt": time, "shells": [
                {"id": 1, "program": "bash", "version": "5", "hook": "h", "closed": "exit", "exitCode": 0}],
                "host": "h", "user": "u", "previous": format!("{id}:3:{hash}")},
            "journal": {"format": "f", "size": 1, "rootHash": hash, "genesisHash": hash, "headTag": hash,
                "continuity": "UNBROKEN"},
            "heads": [{"size": 1, "rootHash": hash}],
            "outcome": {"commandCount": 1, "failedCount": 1, "unobservedCount": 1, "lostCount": 1,
                "withheldCount": 1, "redactedCount": 1, "pauseCount": 1, "pausedCommandCount": null,
                "anomalyCount": 1, "factCount": 1, "allSucceeded": false, "exitCode": 1, "end": "COMPLETE"},
            "commands": commands,
            "plans": [{"shell": 1, "close": 9, "before": 0, "evidence": "reader", "name": "n",
                "sha256": hash, "units": [{"line": 1, "lastLine": 2, "command": "x"},
                    {"line": 3, "lastLine": 3, "commandBase64": "/w=="},
                    {"line": 4, "lastLine": 4, "commandShown": "x"},
                    {"line": 5, "lastLine": 5, "commandShownBase64": "/w=="}], "unchanged": true,
                "interpreter": {"path": "/bin/bash", "sha256": hash, "version": "5", "options": ["-e"],
                    "arguments": ["x"], "workdir": "/", "inherited": ["BASH_ENV"]}},
                without_units()],
            "anomalies": [{"record": 1, "code": "gap", "incomplete": true, "text": "t"}],
            "clock": {"assurance": "SELF_REPORTED", "bootId": "b", "timeNamespace": "1", "stepCount": 0},
            "transcript": {"sha256": hash, "lines": 1, "bytes": 2},
            "facts": [{"record": 1, "type": "urn:x:y", "at": "command", "shell": 1, "n": 1, "ok": true,
                "must": true, "data": {"name": "1"}, "attached": [
                    {"name": "diff.gz", "size": 1, "sha256": hash, "mediaType": "text/plain"}]}],
            "disclosures": {"algorithm": "attesh field v1", "count": 1, "commitments": [
                {"at": "/commands/4/command", "commitment": "A".repeat(43)}]},
            "origin": {"status": "none", "id": "0123456789abcdef"},
            "sealedAt": time,
            "unrecordedTailMs": 1,
            "extensions": {"urn:x:y": "1"},
            "mustUnderstand": ["urn:x:y"],
        },
    })
}
