//! What the program seals, read by the verifier that shares no code with it: envelope,
//! transcript and journal hold together, and a change of any of them is found.

use std::fs;
use std::path::Path;

use attesh::seal::envelope::Envelope;
use attesh::seal::keys::PrivateKey;

use crate::pages::seal::Sealed;
use crate::stage::world::put;
use crate::vectors::{python, verifier};

/// Whether the independent verifier takes these files, and its words.
fn takes(python: &Path, folder: &Path, files: [&str; 4]) -> (bool, String) {
    let output = verifier(python).arg("envelope").args(files).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3 | 7)) || said.contains("Error"), "{said}");
    (output.status.success(), said)
}

/// Writes a changed copy of one of the files and expects that the verifier refuses it.
struct Bench<'a> {
    python: &'a Path,
    sealed: &'a Sealed,
    files: [&'a str; 4],
}

impl Bench<'_> {
    fn rejects(&self, which: usize, what: &str, bytes: &[u8]) {
        let good = fs::read(self.sealed.path().join(self.files[which])).unwrap();
        assert_ne!(good, bytes, "{what} changes nothing");
        put(&self.sealed.path().join("changed"), bytes);
        let mut files = self.files;
        files[which] = "changed";
        let (taken, said) = takes(self.python, self.sealed.path(), files);
        assert!(!taken, "{what}: {said}");
    }

    fn read(&self, which: usize) -> Vec<u8> {
        fs::read(self.sealed.path().join(self.files[which])).unwrap()
    }

    /// The envelope again, signed with the right key, over a payload changed in one place.
    fn signed_again(&self, from: &str, to: &str) -> Vec<u8> {
        let envelope = Envelope::read(&self.read(0)).unwrap();
        let text = String::from_utf8(envelope.unverified_payload().to_vec()).unwrap();
        assert!(text.contains(from), "{from} is not in the Statement");
        let key = PrivateKey::from_seed(&[9; 32]);
        put(&self.sealed.path().join("again.pub"), key.public().to_spki_pem().as_bytes());
        let payload = text.replacen(from, to, 1).into_bytes();
        Envelope::sign::<()>(payload, &key.public(), |m| Ok(key.sign(m))).unwrap().to_json()
    }
}

#[test]
fn another_verifier_takes_what_was_changed() {
    let Some(python) = python() else { return };
    let sealed = Sealed::new();
    fs::copy(sealed.journal(), sealed.path().join("journal")).unwrap();
    let files = ["NAME.intoto.json", "key.pub", "NAME.transcript", "journal"];
    let (taken, said) = takes(&python, sealed.path(), files);
    assert!(taken && said.contains("VERIFIED") && said.contains("complete"), "{said}");

    let bench = Bench { python: &python, sealed: &sealed, files };
    for which in [0, 2, 3] {
        let good = bench.read(which);
        for at in [0, good.len() / 4, good.len() / 2, good.len() * 3 / 4, good.len() - 3] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            bench.rejects(which, &format!("bit at {at} of {}", files[which]), &bad);
        }
        let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
        bench.rejects(
            which,
            &format!("{} without its end", files[which]),
            &lines[..lines.len() - 1].concat(),
        );
    }
    let stranger = PrivateKey::from_seed(&[8; 32]).public().to_spki_pem();
    bench.rejects(1, "the key of a stranger", stranger.as_bytes());
}

#[test]
fn another_verifier_takes_a_statement_of_another_session() {
    let Some(python) = python() else { return };
    let sealed = Sealed::new();
    fs::copy(sealed.journal(), sealed.path().join("journal")).unwrap();
    let files = ["NAME.intoto.json", "again.pub", "NAME.transcript", "journal"];
    let bench = Bench { python: &python, sealed: &sealed, files };
    // The signature holds in each: what is wrong is what it says.
    let same = bench.signed_again("\"_type\"", "\"_type\"");
    put(&sealed.path().join("changed"), &same);
    let (taken, said) = takes(&python, sealed.path(), ["changed", files[1], files[2], files[3]]);
    assert!(taken, "{said}");
    for (what, from, to) in [
        ("the text of a command", "\"make test\"", "\"make text\""),
        ("a status", "\"make test\",\"exitCode\":2", "\"make test\",\"exitCode\":0"),
        ("the number of commands", "\"commandCount\":4", "\"commandCount\":3"),
        ("the number of failed ones", "\"failedCount\":1", "\"failedCount\":0"),
        ("the size of the journal", "\"size\":", "\"size\":1"),
        ("another type", "/Statement/v1", "/Statement/v2"),
        ("another predicate", "/shell-session/v0.1", "/shell-session/v0.2"),
    ] {
        bench.rejects(0, what, &bench.signed_again(from, to));
    }
    for name in ["session", "session.transcript"] {
        let other = format!("{name}.not");
        bench.rejects(
            0,
            name,
            &bench.signed_again(&format!("\"name\":\"{name}\""), &format!("\"name\":\"{other}\"")),
        );
    }
}
