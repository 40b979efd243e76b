//! `attesh verify` takes no more than 64 MiB, whatever it is given, and refuses quickly.
//!
//! The program runs under a bash that prints the most memory it had.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use attesh::files::{Overwrite, publish};
use attesh::policy::POLICY_MAX;
use attesh::seal::envelope::{MAX_ENVELOPE_BYTES, MAX_ESCAPED_BYTES};
use attesh::seal::formats::to_bundle;
use attesh::seal::statement::{SUBJECTS_MAX, Subject};
use attesh::text::toml::TOKENS_MAX;

use crate::policy::judge::{Run, statement};
use crate::stage::world::program;
use crate::vectors::envelopes::{key, sign, whole};

/// The limit in KiB; a program with what a debugger wants has 5 MiB more of itself in memory.
pub(super) const PEAK_KIB: u64 = if cfg!(debug_assertions) { 70 << 10 } else { 64 << 10 };

pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        place.put("signer.pub", key(7).public().to_spki_pem().as_bytes());
        place.put("good", &sign(whole().to_json(), 7).to_json());
        place
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        publish(&self.path(name), bytes, 0o600, Overwrite::Yes).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("verify").args(words).current_dir(self.0.path()).env_clear();
        command.env("ATTESH_COLLECT", "none").env("HOME", self.0.path());
        command
    }

    /// What `attesh verify` prints with these words.
    pub(super) fn says(&self, words: &[&str]) -> String {
        String::from_utf8(self.command(words).output().unwrap().stdout).unwrap()
    }

    /// Exit code and peak memory in KiB of `attesh verify` with these words.
    pub(super) fn verify(&self, words: &[&str]) -> (i32, u64) {
        let mut command = self.command(words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A process that has ended and that nobody has waited for shows no memory: so it is looked
        // at while it runs.
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut peak = 0;
        loop {
            peak = peak.max(high_water(&status).unwrap_or(0));
            if let Some(status) = child.try_wait().unwrap() {
                return (status.code().unwrap_or(-1), peak);
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

fn high_water(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// A text that goes on with `part` until it is as long as an envelope may be.
fn filled(start: &str, part: &str, end: &str) -> Vec<u8> {
    let room = MAX_ENVELOPE_BYTES - start.len() - end.len();
    [start.as_bytes(), part.repeat(room / part.len()).as_bytes(), end.as_bytes()].concat()
}

#[test]
fn a_file_takes_what_its_size_or_its_form_asks_for() {
    let place = Place::new();
    let signature = format!("{{\"keyid\":\"\",\"sig\":\"{}==\"}}", "A".repeat(86));
    let long = |member: &str| filled(&format!("{{\"{member}\":\""), "A", "\"}");
    let bundle = String::from_utf8(to_bundle(&sign(whole().to_json(), 7))).unwrap();
    let completed = |start: &str, part: &str, end: &str| {
        let (before, after) = bundle.split_once("\"tlogEntries\":[]").unwrap();
        filled(&format!("{before}{start}"), part, &format!("{end}{after}"))
    };
    let start = format!(
        "{{\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{signature}],\"payload\":\""
    );
    let files: Vec<(&str, Vec<u8>, i32)> = vec![
        ("objects", filled("", "{\"\":0},", ""), 3),
        ("objects in a list", filled("[", "{\"\":0},", "0]"), 3),
        ("objects in a member", filled("{\"a\":[", "{\"\":0},", "0]}"), 3),
        ("objects as payload", filled("{\"payload\":[", "{\"\":0},", "0]}"), 3),
        ("objects as signatures", filled("{\"signatures\":[", "{\"\":0},", "0]}"), 3),
        ("deep", filled("", "[", ""), 3),
        ("deep objects", filled("", "{\"a\":", ""), 3),
        ("members", filled("{", "\"a\":0,", "\"b\":0}"), 3),
        ("a long name", filled("{\"", "a", "\":0}"), 3),
        ("a long payload", long("payload"), 3),
        ("a long type", long("payloadType"), 3),
        ("a long media type", long("mediaType"), 3),
        ("a long text for a list", long("signatures"), 3),
        ("a long text for an object", long("verificationMaterial"), 3),
        ("a long transcript", long("command"), 3),
        ("signatures", filled("{\"signatures\":[", &format!("{signature},"), "0]}"), 3),
        ("of a stranger", filled(&start, "AAAA", "\"}"), 6),
        ("no base64", filled(&start, "AAA.", "\"}"), 3),
        ("log entries", completed("\"tlogEntries\":[", "{\"a\":\"\"},", "{}]"), 6),
        ("timestamps", completed("\"timestampVerificationData\":{\"a\":\"", "A", "\"}"), 6),
        ("unknown material", completed("\"x\":[", "0,", "0]"), 6),
        ("one byte more", vec![b' '; MAX_ENVELOPE_BYTES + 1], 3),
        ("escapes", filled(&start, "\\u0041", "\"}"), 3),
        ("lines", filled("", "\n", ""), 3),
        ("zeros", vec![0; MAX_ENVELOPE_BYTES], 3),
    ];
    place.put("other.pub", key(8).public().to_spki_pem().as_bytes());
    for (name, bytes, code) in files {
        place.put("file", &bytes);
        let (found, kib) = place.verify(&["file", "--trust", "other.pub"]);
        assert_eq!(found, code, "{name}");
        assert!(kib > 0 && kib <= PEAK_KIB, "{name}: {kib} KiB");
    }
    let escaped = &filled(&start, "\\u0041", "\"}")[..MAX_ESCAPED_BYTES - 3];
    let escaped = &escaped[..escaped.len() - (escaped.len() - start.len()) % 24];
    place.put("file", &[escaped, b"\"}"].concat());
    let (found, kib) = place.verify(&["file", "--trust", "other.pub"]);
    assert!(found == 6 && kib <= PEAK_KIB, "escapes: {found}, {kib} KiB");
}

/// What a key that is trusted signed has its own limits.
#[test]
fn a_statement_at_its_limits_takes_more() {
    let place = Place::new();
    let commands: Vec<String> = (0..10_000).map(|number| format!("echo {number:0>705}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let mut it = statement(&[Run::of(&commands)]);
    let digest = it.subject[0].digest.clone();
    let room = SUBJECTS_MAX - it.subject.len();
    it.subject.splice(
        0..0,
        (0..room).map(|number| Subject { name: format!("dist/{number}"), digest: digest.clone() }),
    );
    let payload = it.to_json();
    assert!(payload.len() > 15 << 20, "{} bytes", payload.len());
    place.put("file", &sign(payload, 7).to_json());
    let (found, kib) = place.verify(&["file", "--trust", "signer.pub"]);
    assert!(found == 0 && kib <= PEAK_KIB, "{found}, {kib} KiB");
    let (found, kib) = place.verify(&["file", "--trust", "signer.pub", "--json"]);
    assert!(found == 0 && kib <= PEAK_KIB, "as JSON: {found}, {kib} KiB");
}

/// A payload with `part` for each number behind `start`, until it is as long as an envelope has room
/// for.
fn stuffed(start: &str, part: impl Fn(usize) -> String) -> Vec<u8> {
    let payload = String::from_utf8(whole().to_json()).unwrap();
    let (before, after) = payload.split_once(start).unwrap_or_else(|| panic!("{start}"));
    let room = MAX_ENVELOPE_BYTES / 4 * 3 - payload.len() - 1000;
    let mut text = format!("{before}{start}");
    for number in 0.. {
        let next = part(number);
        if text.len() + next.len() > room {
            break;
        }
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(&next);
    }
    let closes = if after.starts_with(']') || part(0).ends_with(':') { "" } else { "," };
    format!("{text}{closes}{after}").into_bytes()
}

/// Lists, objects and texts that are as long as the file allows, signed by the key that is trusted.
#[test]
fn what_a_trusted_key_signed_takes_more_than_its_limits() {
    let place = Place::new();
    let fact = |data: &str, attached: &str| {
        format!(
            "{{\"record\":1,\"type\":\"a:b\",\"at\":\"start\",\"ok\":true,\"data\":{{{data}}}{attached}}}"
        )
    };
    let texts: Vec<String> = (0..60).map(|at| format!("\"{at:02}\":\"\"")).collect();
    let file = "{\"name\":\"a\",\"size\":0,\"sha256\":\"\",\"mediaType\":\"\"}";
    let words = vec!["\"\""; 10_000].join(",");
    let plan = format!("{{\"interpreter\":{{\"options\":[{words}]}}}}");
    let unit = "{\"line\":1,\"lastLine\":1,\"command\":\"a\"}";
    let numbers = vec!["0"; 10_000].join(",");
    let text = "a".repeat(20 << 20);
    let extension = String::from_utf8(whole().to_json()).unwrap();
    let extension = extension.strip_suffix("}}").unwrap();
    let mut extensions = format!("{extension},\"extensions\":{{");
    (0..1_500_000).for_each(|at| extensions.push_str(&format!("\"a:{at:07}\":\"\",")));
    extensions.push_str("\"b:\":\"\"}}}");
    let signed: Vec<(&str, Vec<u8>, i32)> = vec![
        ("extensions", extensions.into_bytes(), 3),
        (
            "subjects",
            stuffed("\"subject\":[", |at| format!("{{\"name\":\"{at}\",\"digest\":{{\"sha256\":\"\"}}}}")),
            3,
        ),
        ("heads", stuffed("\"heads\":[", |at| format!("{{\"size\":{at},\"rootHash\":\"\"}}")), 3),
        ("facts", stuffed("\"facts\":[", |_| fact("", "")), 3),
        ("texts of facts", stuffed("\"facts\":[", |_| fact(&texts.join(","), "")), 3),
        (
            "files",
            stuffed("\"facts\":[", |_| fact("", &format!(",\"attached\":[{}]", [file; 99].join(",")))),
            3,
        ),
        (
            "findings",
            stuffed("\"anomalies\":[", |at| {
                format!("{{\"record\":{at},\"code\":\"gap\",\"incomplete\":true,\"text\":\"\"}}")
            }),
            3,
        ),
        (
            "a finding",
            stuffed("\"anomalies\":[", |_| {
                format!("{{\"record\":1,\"code\":\"gap\",\"incomplete\":true,\"text\":\"{text}\"}}")
            }),
            3,
        ),
        ("plans", stuffed("\"plans\":[", |_| "{\"units\":null}".into()), 3),
        ("units", stuffed("\"plans\":[", |_| format!("{{\"units\":[{}]}}", vec![unit; 9_999].join(","))), 3),
        ("words", stuffed("\"plans\":[", |_| plan.clone()), 3),
        ("an unknown list", stuffed("\"commands\":[", |_| format!("{{\"x\":[{numbers}]}}")), 7),
        ("commands", stuffed("\"commands\":[", |_| "{}".into()), 3),
        ("a text for a list", stuffed("\"commands\":", |_| format!("\"{text}\",\"x\":")), 3),
    ];
    for (name, payload, code) in signed {
        let file = sign(payload, 7).to_json();
        assert!((16 << 20..=MAX_ENVELOPE_BYTES).contains(&file.len()), "{name}: {} bytes", file.len());
        place.put("file", &file);
        // As JSON a verdict takes the most.
        let (found, kib) = place.verify(&["file", "--trust", "signer.pub", "--json"]);
        assert_eq!(found, code, "{name}");
        assert!(kib > 0 && kib <= PEAK_KIB, "{name}: {kib} KiB");
    }
}

#[test]
fn what_is_given_beside_a_file_is_read_whole() {
    let place = Place::new();
    let line = key(8).public().to_ssh_line();
    let many = |text: &str| text.repeat((1 << 20) / text.len()).into_bytes();
    place.put("signers", &many(&format!("a {line}\n")));
    place.put("others", &[&many("a ssh-rsa A\n")[..1 << 19], b"\na ssh-rsa A\n", line.as_bytes()].concat());
    // As long as a policy may be, of the shortest parts that TOML has, and of as many as may be.
    let filled = |start: &str, part: &str| {
        let room = (POLICY_MAX - start.len()) / part.len();
        format!("{start}{}", part.repeat(room)).into_bytes()
    };
    place.put("policy", &filled("", "# a remark\n"));
    for (name, start, part) in [
        ("deep", "version = 1\nx = ", "["),
        ("lines", "version = 1\n", "\n"),
        ("items", "version = 1\nx = [", "1,"),
        ("keys", "version = 1\nx", ".a"),
        ("tables", "version = 1\n", "[[a]]\n"),
    ] {
        place.put(name, &filled(start, part));
        place.put(
            &format!("fewer-{name}"),
            format!("{start}{}", part.repeat(TOKENS_MAX / part.len() - 20)).as_bytes(),
        );
    }
    place.put("long", &[b"version = 1\nx = '".to_vec(), vec![b'a'; POLICY_MAX - 18], b"'".to_vec()].concat());
    let mut artifact = fs::File::create_new(place.path("artifact")).unwrap();
    (0..96).for_each(|_| artifact.write_all(&vec![7; 1 << 20]).unwrap());
    let log = format!("{}\n", "no head in this line ".repeat(60));
    place.put("job.log", log.repeat((96 << 20) / log.len()).as_bytes());
    for (words, code) in [
        (&["good", "--trust", "signers"][..], 6),
        (&["good", "--trust", "others"], 6),
        (&["good", "--trust", "signer.pub", "--artifact", "artifact"], 3),
        (&["good", "--trust", "signer.pub", "--expect-head", "job.log"], 2),
    ] {
        let (found, kib) = place.verify(words);
        assert_eq!(found, code, "{words:?}");
        assert!(kib <= PEAK_KIB, "{words:?}: {kib} KiB");
    }
    for policy in ["policy", "deep", "lines", "items", "keys", "tables", "long"] {
        let fewer = format!("fewer-{policy}");
        for policy in [policy, &fewer].into_iter().filter(|name| place.path(name).exists()) {
            let (found, kib) = place.verify(&["good", "--trust", "signer.pub", "--policy", policy]);
            let code = if policy == "fewer-lines" { 0 } else { 2 };
            assert_eq!(found, code, "{policy}");
            assert!(kib <= PEAK_KIB, "{policy}: {kib} KiB");
        }
    }
}
