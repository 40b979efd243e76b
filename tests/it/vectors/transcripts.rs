//! Transcripts beside an envelope: the one that was sealed, and others that say nearly the
//! same. MANIFEST says which is which, and why.

use std::collections::BTreeMap;

use attesh::cause::Code;
use attesh::crypto::sha256;
use attesh::encoding::hex;
use attesh::record::Status;
use attesh::seal::envelope::Envelope;
use attesh::seal::statement::{CommandText, Statement};
use attesh::seal::trust::TrustedKey;
use attesh::verify::{self, At, Trusted};

use super::envelopes::{key, sign};
use super::{files_of, kept};
use crate::policy::judge::{NOW_S, Run, set_transcript, statement};
use crate::verify::asked::artifact;

const HEADER: &str = "\
# Transcripts, and whether each is the one of an envelope. Columns, separated by tabs:
#   file      NAME.transcript beside this file
#   envelope  NAME.intoto.json beside this file, sealed with signer.pub
#   must      subject: its digest is that of a subject; other: it is not
#   why       in words
# Made from fixed seeds by the test that compares them: see tests/it/vectors/transcripts.rs.
";

/// A session with a command in each form, and its transcript.
fn session(texts: &[(CommandText, Option<Status>)]) -> (Statement, Vec<u8>) {
    let mut run = Run::of(&vec!["x"; texts.len()]);
    run.units = None;
    for (ran, (_, status)) in run.ran.iter_mut().zip(texts) {
        ran.status = *status;
    }
    let mut statement = statement(&[run]);
    for (command, (text, _)) in statement.predicate.commands.iter_mut().flatten().zip(texts) {
        command.text = text.clone();
    }
    let redacted = texts.iter().filter(|(text, _)| matches!(text, CommandText::Redacted(_))).count();
    statement.predicate.outcome.redacted_count = redacted as u64;
    let transcript: Vec<u8> = texts.iter().flat_map(|(text, status)| text.transcript_line(*status)).collect();
    statement.predicate.transcript.bytes = transcript.len() as u64;
    set_transcript(&mut statement, hex(&sha256(&[&transcript])));
    (statement, transcript)
}

fn texts() -> Vec<(CommandText, Option<Status>)> {
    vec![
        (CommandText::new(b"cd src/"), Some(0)),
        (CommandText::new("printf '\u{1b}[1m\u{7f}\t\"\\ \u{fc} \u{2028} \u{1f512}'\n".as_bytes()), Some(0)),
        (CommandText::new(b"cat \xff\xfe"), Some(1)),
        (CommandText::Withheld(true), Some(0)),
        (CommandText::Redacted(true), Some(130)),
        (CommandText::new(b""), Some(0)),
        (CommandText::new(b"attesh seal"), None),
    ]
}

/// The files: name, envelope, whether it is the one that was sealed, why, bytes.
fn all() -> Vec<(&'static str, &'static str, bool, &'static str, Vec<u8>)> {
    let (_, good) = session(&texts());
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let swap = |from: &str, to: &str| {
        let text = String::from_utf8(good.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let (last, first) = (lines[..lines.len() - 1].concat(), lines[1..].concat());
    let other = |name, why, bytes| (name, "session", false, why, bytes);
    vec![
        ("whole", "session", true, "the one that was sealed: a command in each form", good.clone()),
        ("nothing", "nothing", true, "a session without commands has a transcript without lines", Vec::new()),
        ("nothing-but-a-newline", "nothing", false, "a newline is a line", b"\n".to_vec()),
        ("of-another", "nothing", false, "the transcript of another session", good.clone()),
        other("empty", "nothing is left of it", Vec::new()),
        other("last-line-missing", "the last command is not there", last),
        other("first-line-missing", "the first command is not there", first),
        other("line-twice", "a command is there twice", [lines[0], &good].concat()),
        other("lines-swapped", "another order", [lines[1], lines[0], &lines[2..].concat()].concat()),
        other("torn", "no newline at its end", good[..good.len() - 1].to_vec()),
        other("newline-more", "a blank line at its end", [&good[..], b"\n"].concat()),
        other("carriage-returns", "lines end as on Windows", swap("\n", "\r\n")),
        other("byte-order-mark", "it begins with a byte order mark", [b"\xef\xbb\xbf", &good[..]].concat()),
        other("status", "a failure is told as a success", swap("\"exitCode\":1}", "\"exitCode\":0}")),
        other("status-unknown", "an unknown status is told as a success", swap("null", "0")),
        other("text", "another text", swap("cd src/", "cd src")),
        other("redacted-as-withheld", "redacted is not withheld", swap("redacted", "withheld")),
        other("blank", "the same JSON with a blank", swap("\":", "\": ")),
        other("escape", "the same JSON with another escape", swap("src/", "src\\/")),
        other("capital-escape", "an escape in capitals", swap("\\u001b", "\\u001B")),
        other("escaped-umlaut", "a character escaped that needs none", swap("\u{fc}", "\\u00fc")),
        other(
            "order",
            "the members in another order",
            swap("\"command\":\"cd src/\",\"exitCode\":0", "\"exitCode\":0,\"command\":\"cd src/\""),
        ),
    ]
}

#[test]
fn the_transcripts_are_not_those_of_the_cases() {
    let mut manifest = HEADER.to_owned();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, envelope, is_subject, why, bytes) in all() {
        let must = if is_subject { "subject" } else { "other" };
        manifest.push_str(&format!("{name}\t{envelope}\t{must}\t{why}\n"));
        assert!(files.insert(format!("{name}.transcript"), bytes).is_none(), "{name} is there twice");
    }
    files.insert("MANIFEST".into(), manifest.into_bytes());
    files.insert("signer.pub".into(), key(7).public().to_spki_pem().into_bytes());
    for (name, texts) in [("session", texts()), ("nothing", Vec::new())] {
        let (statement, _) = session(&texts);
        files.insert(format!("{name}.intoto.json"), sign(statement.to_json(), 7).to_json());
    }
    kept("transcripts", &files);
}

#[test]
fn a_transcript_is_taken_for_another() {
    let files = files_of("transcripts");
    let trusted = [Trusted { key: TrustedKey::new(key(7).public()), source: "signer.pub".into() }];
    let text = String::from_utf8(files["MANIFEST"].clone()).unwrap();
    let mut count = 0;
    for row in text.lines().filter(|line| !line.starts_with('#')) {
        let [name, envelope, must, _] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let envelope = Envelope::read(&files[&format!("{envelope}.intoto.json")]).unwrap();
        let mut verdict = verify::envelope(&envelope, &trusted, At::time(NOW_S));
        assert!(verdict.failure.is_none(), "{name}: {:?}", verdict.failure);
        let bytes = &files[&format!("{name}.transcript")];
        let given = artifact(&format!("{name}.transcript"), &hex(&sha256(&[bytes])));
        verify::with_artifacts(&mut verdict, &[given], &[], &verify::Products::default());
        let code = verdict.failure.map(|one| one.code);
        assert_eq!(code, (must == "other").then_some(Code::ArtifactSubject), "{row}");
        // The lines are those of the commands, byte by byte.
        let statement = verdict.statement.unwrap();
        let commands = statement.predicate.commands.iter().flatten();
        let lines: Vec<u8> = commands.flat_map(|one| one.text.transcript_line(one.exit_code)).collect();
        assert_eq!(lines == *bytes, must == "subject", "{row}");
        count += 1;
    }
    assert!(count >= 20, "{count} transcripts");
}
