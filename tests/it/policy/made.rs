//! Statements made for tests: a session of scripts that ran, told in every member.

use attesh::record::{RECORDER_ID, Status};
use attesh::seal::statement::{
    CommandFacts, CommandText, PREDICATE_TYPE, STATEMENT_TYPE, SUBJECT_ATTACHED, SUBJECT_SCRIPT, Statement,
};
use attesh::seal::subjects::{attached_subjects, script_subjects};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A command that ran.
#[derive(Clone)]
pub struct Ran {
    pub text: String,
    pub status: Option<Status>,
    pub outcome: Option<&'static str>,
    /// It is the unit of its number.
    pub unit: bool,
}

/// What a shell ran, and its plan.
#[derive(Clone)]
pub struct Run {
    pub units: Option<Vec<String>>,
    pub ran: Vec<Ran>,
    pub evidence: &'static str,
    /// How many of its units had begun before the recording.
    pub before: usize,
    pub unchanged: bool,
    pub options: Value,
    pub arguments: Value,
    pub inherited: Value,
    pub program: &'static str,
    pub closed: Value,
    pub exit: Value,
}

pub fn ran(text: &str, status: Status) -> Ran {
    Ran { text: text.to_owned(), status: Some(status), outcome: None, unit: true }
}

impl Run {
    /// A script of these commands that ran as it should.
    pub fn of(commands: &[&str]) -> Self {
        Run {
            units: Some(commands.iter().map(|text| (*text).to_owned()).collect()),
            ran: commands.iter().map(|text| ran(text, 0)).collect(),
            evidence: "reader",
            before: 0,
            unchanged: true,
            options: json!(["-e"]),
            arguments: json!([]),
            inherited: json!([]),
            program: "bash",
            closed: json!("exit"),
            exit: json!(0),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let lines = self.units.iter().flatten().map(|unit| format!("{unit}\n"));
        lines.collect::<String>().into_bytes()
    }

    /// The digest of the script.
    pub fn sha256(&self) -> String {
        attesh::encoding::hex(&Sha256::digest(self.bytes()))
    }

    /// The plan of a shell that closed with this record.
    fn plan(&self, shell: usize, close: Option<usize>) -> Option<Value> {
        let units = self.units.as_ref()?;
        let mut line = 1;
        let units: Vec<Value> = units
            .iter()
            .map(|unit| {
                let lines = unit.lines().count();
                line += lines;
                json!({"line": line - lines, "lastLine": line - 1, "command": unit})
            })
            .collect();
        let interpreter = json!({"path": "/usr/bin/bash", "sha256": head(0), "version": "5.2",
            "options": self.options, "arguments": self.arguments, "workdir": "/work",
            "inherited": self.inherited});
        Some(json!({"shell": shell, "close": close, "before": self.before,
            "evidence": self.evidence, "name": "build.sh", "sha256": self.sha256(), "units": units, "unchanged": self.unchanged,
            "interpreter": interpreter}))
    }
}

/// The root of a journal of so many records.
fn head(size: usize) -> String {
    attesh::encoding::hex(&Sha256::digest(format!("the head of {size} records")))
}

/// The records of a session with these shells: genesis, then of each shell its open, its plan,
/// its commands and its close, at last end. The index of each open and close, and how many there are.
fn records(runs: &[Run]) -> (Vec<(usize, Option<usize>)>, usize) {
    let finished = |one: &Ran| usize::from(one.status.is_some() || one.outcome.is_some());
    let (mut shells, mut size) = (Vec::new(), 1);
    for run in runs {
        let open = size;
        size += 1 + usize::from(run.units.is_some());
        size += run.ran.iter().map(|one| 1 + finished(one)).sum::<usize>();
        let close = (!run.closed.is_null()).then_some(size);
        size += usize::from(close.is_some());
        shells.push((open, close));
    }
    (shells, size + 1)
}

/// What a plan is named as among the subjects.
fn scripts(runs: &[Run]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let has_bytes = |run: &&Run| run.units.as_ref().is_some_and(|units| !units.is_empty());
    for digest in runs.iter().filter(has_bytes).map(Run::sha256) {
        let name = match all.len() {
            0 => "script:build.sh".to_owned(),
            have => format!("script:build.sh#{}", have + 1),
        };
        if all.iter().all(|(_, have)| *have != digest) {
            all.push((name, digest));
        }
    }
    all
}

/// The commands in order, and their transcript.
fn commands(runs: &[Run]) -> (Vec<Value>, Vec<u8>) {
    let (mut commands, mut transcript) = (Vec::new(), Vec::new());
    for ((shell, _), run) in records(runs).0.into_iter().zip(runs) {
        for (at, one) in run.ran.iter().enumerate() {
            transcript.extend(CommandText::Command(one.text.clone()).transcript_line(one.status));
            let mut command = json!({"seq": commands.len() + 1, "shell": shell, "command": one.text,
                "exitCode": one.status, "startedAt": "2026-11-22T10:00:00Z", "durationMs": 1});
            let unit = (one.unit && run.units.is_some()).then_some(run.before + at + 1);
            command["unit"] = json!(unit);
            if let Some(outcome) = one.outcome {
                command["outcome"] = json!(outcome);
            }
            if let Some(signal) = CommandFacts::signal_of(one.status) {
                command["signal"] = json!(signal);
            }
            commands.push(command);
        }
    }
    (commands, transcript)
}

/// A statement about a session with these shells, which agrees with itself.
pub fn statement(runs: &[Run]) -> Statement {
    let (commands, transcript) = commands(runs);
    let statuses = || runs.iter().flat_map(|run| &run.ran).map(|one| one.status);
    let unobserved = statuses().filter(Option::is_none).count();
    let failures = || statuses().flatten().filter(|status| *status != 0);
    let (failed, first) = (failures().count(), failures().next());
    let (places, size) = records(runs);
    let shells: Vec<Value> = (runs.iter().zip(&places))
        .map(|(run, (open, _))| {
            json!({"id": open, "program": run.program, "version": "5.2", "hook": "h", "closed": run.closed,
                "exitCode": run.exit})
        })
        .collect();
    let plans: Vec<Value> =
        runs.iter().zip(&places).filter_map(|(run, (open, close))| run.plan(*open, *close)).collect();
    let (root, digest) = ("00".repeat(32), attesh::encoding::hex(&Sha256::digest(&transcript)));
    let mut heads: Vec<Value> = std::iter::once(0)
        .chain(places.iter().flat_map(|(open, close)| std::iter::once(*open).chain(*close)))
        .map(|record| json!({"size": record + 1, "rootHash": head(record + 1)}))
        .collect();
    heads.push(json!({"size": size, "rootHash": root}));
    let subject = |name: &str, digest: &str| json!({"name": name, "digest": {"sha256": digest}});
    let mut subjects = vec![subject("bin/app", &root)];
    subjects.extend(scripts(runs).iter().map(|(name, digest)| subject(name, digest)));
    subjects.extend([subject("session.transcript", &digest), subject("session", &root)]);
    let value = json!({
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "recorder": {"id": RECORDER_ID, "version": "0", "digest": {"sha256": root}},
            "session": {"id": "0199f5d4-7b6a-7000-8000-000000000000", "name": null,
                "openedAt": "2026-11-22T10:00:00Z", "closedAt": "2026-11-22T10:01:00Z", "shells": shells,
                "host": null, "user": null, "previous": null},
            "journal": {"format": attesh::record::FORMAT, "size": size, "rootHash": root,
                "genesisHash": head(1), "headTag": root, "continuity": "UNBROKEN"},
            "heads": heads,
            "outcome": {"commandCount": commands.len(), "failedCount": failed,
                "unobservedCount": unobserved, "lostCount": 0, "withheldCount": 0, "redactedCount": 0,
                "pauseCount": 0, "pausedCommandCount": 0, "anomalyCount": 0,
                "factCount": 0, "allSucceeded": failed == 0 && unobserved == 0, "exitCode": first.or((unobserved == 0).then_some(0)), "end": "COMPLETE"},
            "commands": commands,
            "plans": plans,
            "anomalies": [],
            "clock": {"assurance": "SELF_REPORTED", "bootId": "b", "timeNamespace": "1", "stepCount": 0},
            "transcript": {"sha256": digest, "lines": commands.len(), "bytes": transcript.len()},
            "facts": [],
            "origin": {"status": "none", "id": null},
            "sealedAt": "2026-11-22T10:02:00Z",
            "unrecordedTailMs": 60_000,
        },
    });
    serde_json::from_value(value).unwrap()
}

/// Names the scripts of the plans among the subjects, after a change of the plans.
pub fn rename_scripts(statement: &mut Statement) {
    let plans = script_subjects(&statement.predicate.plans, 1000);
    statement.subject.retain(|subject| !subject.name.starts_with(SUBJECT_SCRIPT));
    let at = statement.subject.iter().position(|subject| subject.name == "session.transcript").unwrap();
    statement.subject.splice(at..at, plans);
}

/// Names the files that travel with the facts among the subjects, after a change of the facts.
pub fn rename_attached(statement: &mut Statement) {
    let files = attached_subjects(&statement.predicate.facts, 1000);
    statement.subject.retain(|subject| !subject.name.starts_with(SUBJECT_ATTACHED));
    let at = statement.subject.iter().position(|subject| subject.name == "session.transcript").unwrap();
    statement.subject.splice(at..at, files);
}

/// Changes the transcript's digest in both of its places.
pub fn set_transcript(statement: &mut Statement, sha256: String) {
    let subject = statement.subject.iter_mut().find(|subject| subject.name == "session.transcript");
    subject.unwrap().digest.sha256.clone_from(&sha256);
    statement.predicate.transcript.sha256 = sha256;
}
