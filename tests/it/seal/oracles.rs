//! The files that `tests/oracles` shows to the programs that read the formats of others: a good set
//! of one session, and sets in which one thing is wrong.
//!
//! Each set is whole: layout, links, collection, provenance, summary, policy of witness, product. The
//! sessions are real ones; what no session can do is signed here with the right key.

use std::path::{Path, PathBuf};
use std::process::Command;

use attesh::files::{Overwrite, publish};
use attesh::seal::derived::{link, witness};
use attesh::seal::envelope::{Envelope, PAYLOAD_TYPE};
use attesh::seal::keys::PrivateKey;
use serde_json::{Value, json};

use crate::stage::programs::bash;
use crate::stage::world::{World, put};

/// One unit a line but for the last; the second has a status by what is in the home.
const SCRIPT: &str =
    "cd /\ntest -e \"$HOME/mark\"\necho 'ünïcode \\ \" /' | cat\nif true; then\n  true\nfi\n";

fn ci() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn stranger() -> PrivateKey {
    PrivateKey::from_seed(&[8; 32])
}

fn owner() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

/// Where the sets are made, and where they go.
struct Maker<'a> {
    world: World,
    sets: &'a Path,
    refused: Vec<(String, Value)>,
}

/// What is special about a session.
struct Session<'a> {
    script: &'a str,
    key: &'a str,
    product: bool,
    stopped: bool,
}

const USUAL: Session<'static> = Session { script: SCRIPT, key: "ci.key", product: true, stopped: true };

impl Maker<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.world.home.path().join(name)
    }

    fn set(&self, name: &str) -> PathBuf {
        self.sets.join(name)
    }

    fn attesh(&self, words: &[&str]) -> Command {
        let mut command = self.world.attesh(words);
        command.current_dir(self.at("repo")).env("PATH", "/usr/bin:/bin");
        command.env("ATTESH_COLLECT", "environment,git");
        command
    }

    fn run(&self, words: &[&str]) {
        let output = self.attesh(words).stderr(std::process::Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }

    /// The keys, a repository with a product, and the policies of who owns it.
    fn prepare(&self) {
        std::fs::create_dir_all(self.at("repo")).unwrap();
        for (name, key) in [("ci", ci()), ("stranger", stranger()), ("owner", owner())] {
            put(&self.at(&format!("{name}.key")), key.to_pkcs8_pem(None).unwrap().as_bytes());
            put(&self.at(&format!("{name}.pub")), key.public().to_spki_pem().as_bytes());
        }
        put(&self.at("mark"), b"");
        put(&self.at("repo/app"), b"the product\n");
        put(&self.at("build.sh"), SCRIPT.as_bytes());
        let git = "git init -q . && git add app && git -c user.name=a -c user.email=a@b commit -qm one";
        bash(&self.at("repo"), git);
        let commit = bash(&self.at("repo"), "git rev-parse HEAD");
        self.run(&["policy", "from-script", "../build.sh", "-o", "../script.toml"]);
        let policy = std::fs::read_to_string(self.at("script.toml")).unwrap();
        let more = format!(
            "\n[context]\ncommit = '{}'\nclean = true\n[subject]\nrequire = ['app']\n",
            commit.trim()
        );
        put(&self.at("build.policy.toml"), format!("{policy}{more}").as_bytes());
    }

    /// The layouts and the policy of witness, by the key of this name, into a set.
    fn policies(&self, set: &str, by: &str, more: &[&str]) {
        let folder = self.set(set).display().to_string();
        std::fs::create_dir_all(format!("{folder}/metablock")).unwrap();
        let by = self.at(by).display().to_string();
        let layout = ["--format", "in-toto-layout"];
        let each: [(&[&str], &str); 3] = [
            (&layout, "build.layout"),
            (&[&layout[..], &["--metablock"]].concat(), "metablock/build.layout"),
            (&["--format", "witness"], "build.witness-policy.json"),
        ];
        for (format, name) in each {
            let output = format!("{folder}/{name}");
            let words = ["policy", "export", "../build.policy.toml", "--key", &by, "-o", &output];
            self.run(&[&words[..], format, &["--functionary", "../ci.pub", "--force"], more].concat());
        }
    }

    /// A session, sealed into a set in all formats.
    fn session(&self, set: &str, session: &Session) {
        std::fs::create_dir_all(self.set(set)).unwrap();
        let job = self.at(&format!("job-{set}")).display().to_string();
        let script = self.at(&format!("{set}.sh"));
        put(&script, session.script.as_bytes());
        self.run(&["start", "--dir", &job]);
        let ran = self.attesh(&["sh", "--dir", &job, script.to_str().unwrap()]).status().unwrap();
        assert!(ran.code().is_some());
        let folder = match session.stopped {
            true => job.clone(),
            // An artifact that was unpacked: it is sealed as it is, and has no end.
            false => format!("{job}-unpacked"),
        };
        if session.stopped {
            self.run(&["stop", "--dir", &job]);
        } else {
            bash(self.world.home.path(), &format!("cp -r '{job}' '{folder}' && chmod -R a+rX '{folder}'"));
            bash(self.world.runtime.path(), "rm attesh/*.state");
        }
        let key = self.at(session.key).display().to_string();
        let product: &[&str] = if session.product { &["--subject", "app"] } else { &[] };
        let more: &[&str] = if session.stopped { &[] } else { &["--elsewhere"] };
        let formats: [(&[&str], &str); 2] = [(&[], "build"), (&["--metablock"], "metablock/build")];
        std::fs::create_dir_all(self.set(set).join("metablock")).unwrap();
        for (form, name) in formats {
            let output = self.set(set).join(format!("{name}.intoto.json")).display().to_string();
            let words = ["seal", "--dir", &folder, "--key", &key, "--force", "-o", &output];
            self.run(&[&words[..], &["--format", "link,witness,slsa"], form, product, more].concat());
        }
        std::fs::copy(self.at("repo/app"), self.set(set).join("app")).unwrap();
    }

    /// A set of another session, which the verifiers of these formats refuse.
    fn other(&mut self, set: &str, formats: &[&str], session: &Session) {
        self.session(set, session);
        let policies = "cp good/build.layout good/build.expected.*.link good/build.witness-policy.json";
        let older = "cp good/metablock/build.layout good/metablock/build.expected.*.link";
        bash(self.sets, &format!("{policies} {set} && {older} {set}/metablock"));
        self.refused.push((set.to_owned(), json!(formats)));
    }

    /// The good set with a change, which the verifiers of these formats refuse.
    fn changed(&mut self, set: &str, formats: &[&str], change: impl FnOnce(&Maker, &Path)) {
        bash(self.sets, &format!("rm -rf '{set}' && cp -r good '{set}'"));
        change(self, &self.set(set));
        self.refused.push((set.to_owned(), json!(formats)));
    }
}

fn link_of(key: &PrivateKey) -> String {
    link::file_name("build", &key.public())
}

fn write(path: &Path, bytes: &[u8]) {
    publish(path, bytes, 0o644, Overwrite::Yes).unwrap();
}

/// Changes the payload of a file, and has the same key sign it again, so that only what the payload
/// says is wrong.
fn signed_again(path: &Path, payload_type: &str, change: impl FnOnce(&mut Value)) {
    let envelope = Envelope::read(&std::fs::read(path).unwrap()).unwrap();
    let mut payload: Value = serde_json::from_slice(envelope.unverified_payload()).unwrap();
    change(&mut payload);
    let (payload, keyid) = (payload.to_string().into_bytes(), envelope.keyid().to_owned());
    let sign = |message: &[u8]| Ok::<_, std::convert::Infallible>(ci().sign(message));
    let Ok(envelope) = Envelope::sign_as(payload_type, payload, keyid, sign);
    write(path, &envelope.to_json());
}

/// Changes the text of a file, so that its signature does not hold.
fn torn(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    write(path, value.to_string().as_bytes());
}

/// One bit of the base64 of a member.
fn flip(text: &mut Value) {
    let old = text.as_str().unwrap().to_owned();
    let at = old.len() / 2;
    let other = if old.as_bytes()[at] == b'A' { "B" } else { "A" };
    *text = format!("{}{other}{}", &old[..at], &old[at + 1..]).into();
}

/// What was done in the sessions: commands, statuses, products, commits.
fn other_sessions(maker: &mut Maker) {
    let both = ["link", "witness"];
    let lines: Vec<&str> = SCRIPT.lines().collect();
    let swapped = SCRIPT.replacen("cd /\n", "", 1).replacen("if true", "cd /\nif true", 1);
    for (set, script) in [
        ("extra", SCRIPT.replacen("if true", "true extra\nif true", 1)),
        ("extra-last", format!("{SCRIPT}true extra\n")),
        ("missing", SCRIPT.replacen(lines[2], "", 1)),
        ("missing-last", SCRIPT.replacen("if true; then\n  true\nfi\n", "", 1)),
        ("reordered", swapped),
        ("replaced", SCRIPT.replacen("cd /", "cd /tmp", 1)),
        ("blanks", SCRIPT.replacen("  true\n", "   true\n", 1)),
        ("nothing", "\n".to_owned()),
    ] {
        maker.other(set, &both, &Session { script: &script, ..USUAL });
    }
    std::fs::remove_file(maker.at("mark")).unwrap();
    maker.other("failed", &both, &USUAL);
    put(&maker.at("mark"), b"");
    maker.other("incomplete", &both, &Session { stopped: false, ..USUAL });
    maker.other("no-product", &both, &Session { product: false, ..USUAL });
    maker.other("stranger", &both, &Session { key: "stranger.key", ..USUAL });
    put(&maker.at("repo/app"), b"another product\n");
    maker.other("dirty", &["witness"], &USUAL);
    bash(&maker.at("repo"), "git -c user.name=a -c user.email=a@b commit -qam two");
    maker.other("another-commit", &["witness"], &USUAL);
    bash(&maker.at("repo"), "git checkout -q HEAD^");
}

/// What was done to the files.
fn changed_files(maker: &mut Maker) {
    let (link, all) = (link_of(&ci()), ["link", "witness", "slsa", "vsa"]);
    let files = [&*link, "build.witness.json", "build.slsa.json", "vsa.json"];
    let each = |change: fn(&mut Value)| {
        move |_: &Maker, set: &Path| {
            for file in ["build.witness.json", "build.slsa.json", "vsa.json", &link_of(&ci())] {
                torn(&set.join(file), change);
            }
        }
    };
    maker.changed("payload-flipped", &all, each(|value| flip(&mut value["payload"])));
    maker.changed("signature-flipped", &all, each(|value| flip(&mut value["signatures"][0]["sig"])));
    maker.changed("payload-type", &all, each(|value| value["payloadType"] = "application/json".into()));
    maker.changed("no-signature", &all, each(|value| value["signatures"] = json!([])));
    maker.changed("signed-for-another-type", &all, |_, set| {
        for file in files {
            signed_again(&set.join(file), "text/plain", |_| {});
            torn(&set.join(file), |value| value["payloadType"] = PAYLOAD_TYPE.into());
        }
    });
    maker.changed("stranger-renamed", &["link"], |maker, set| {
        std::fs::copy(maker.set("stranger").join(link_of(&stranger())), set.join(&link)).unwrap();
    });
    maker.changed("absent", &["link", "witness"], |_, set| {
        std::fs::remove_file(set.join(&link)).unwrap();
        std::fs::remove_file(set.join("build.witness.json")).unwrap();
    });
}

/// What the right key signed, and no sealer would.
fn signed_wrongly(maker: &mut Maker) {
    let link = link_of(&ci());
    maker.changed("wrong-type", &["link", "witness"], |_, set| {
        signed_again(&set.join(&link), PAYLOAD_TYPE, |link| link["_type"] = "layout".into());
        signed_again(&set.join("build.witness.json"), PAYLOAD_TYPE, |all| {
            all["predicate"]["attestations"][3]["type"] = "https://example.org/run/v1".into();
        });
    });
    // witness does not look at it, and so refuses nothing here.
    maker.changed("predicate-type", &["slsa", "vsa"], |_, set| {
        for file in ["build.witness.json", "build.slsa.json", "vsa.json"] {
            let other = |all: &mut Value| all["predicateType"] = "https://example.org/a".into();
            signed_again(&set.join(file), PAYLOAD_TYPE, other);
        }
    });
    maker.changed("mixed", &["session"], |maker, set| {
        let others = [&*link, "build.witness.json", "build.slsa.json"];
        for file in others {
            std::fs::copy(maker.at("second").join(file), set.join(file)).unwrap();
        }
    });
    maker.changed("another-transcript", &["link", "witness"], |_, set| {
        let other = "d".repeat(64);
        signed_again(&set.join(&link), PAYLOAD_TYPE, |link| {
            link["products"]["session.transcript"]["sha256"] = other.clone().into();
        });
        signed_again(&set.join("build.witness.json"), PAYLOAD_TYPE, |all| {
            let entries = all["predicate"]["attestations"].as_array_mut().unwrap();
            let link = entries.iter_mut().find(|entry| entry["type"] == witness::LINK).unwrap();
            link["attestation"]["byproducts"]["session"]["transcript"]["sha256"] = other.into();
        });
    });
    maker.changed("without-the-session", &["link", "witness"], |_, set| {
        signed_again(&set.join(&link), PAYLOAD_TYPE, |link| {
            link["products"].as_object_mut().unwrap().remove("session.transcript");
        });
        signed_again(&set.join("build.witness.json"), PAYLOAD_TYPE, |all| {
            let entries = all["predicate"]["attestations"].as_array_mut().unwrap();
            entries.retain(|entry| entry["type"] != witness::LINK);
        });
    });
    maker.changed("another-step", &["witness"], |_, set| {
        signed_again(&set.join("build.witness.json"), PAYLOAD_TYPE, |all| {
            all["predicate"]["name"] = "other".into();
        });
    });
    maker.changed("another-artifact", &["witness"], |_, set| write(&set.join("app"), b"another product\n"));
    maker.changed("unknown-digest", &["link"], |_, set| {
        signed_again(&set.join(&link), PAYLOAD_TYPE, |link| {
            link["products"]["session.transcript"] = json!({"sha512": "d".repeat(128)});
        });
    });
}

/// What was done to the policies.
fn changed_policies(maker: &mut Maker) {
    let both = ["link", "witness"];
    for (set, by, more) in [
        ("policy-expired", "owner.key", &["--expires", "0s"][..]),
        ("policy-of-a-stranger", "stranger.key", &[]),
    ] {
        maker.changed(set, &both, |maker, _| maker.policies(set, by, more));
    }
    // The link of an older export, and a session that it fits.
    maker.changed("older-expectation", &both, |maker, set| {
        let (policy, script) = (maker.at("build.policy.toml"), SCRIPT.replacen("cd /", "cd /tmp", 1));
        let newer = std::fs::read(&policy).unwrap();
        let text = String::from_utf8(newer.clone()).unwrap().replacen("'cd /'", "'cd /tmp'", 1);
        put(&policy, text.as_bytes());
        let name = set.file_name().unwrap().to_str().unwrap();
        let older = "older-export";
        std::fs::create_dir_all(maker.set(older)).unwrap();
        maker.policies(older, "owner.key", &[]);
        put(&policy, &newer);
        maker.session(name, &Session { script: &script, ..USUAL });
        let expected = "expected=$(ls good/build.expected.*.link) && cp older-export/build.expected.*.link";
        bash(maker.sets, &format!("{expected} {name}/${{expected#good/}} && rm -r older-export"));
    });
}

/// docs/interop.md has a row for each set, which says who refuses it.
fn page_says(refused: &[(String, Value)]) {
    let page = include_str!("../../../docs/interop.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let sets: Vec<&str> = rows.iter().filter_map(|row| row.split('`').nth(1)).collect();
    for (set, formats) in refused {
        let formats = formats.as_array().unwrap();
        let refuses = |format: &str| if formats.contains(&json!(format)) { " refuses" } else { "" };
        let cells = format!("|{} |{} |{} |", refuses("link"), refuses("witness"), refuses("slsa"));
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{set}` |")));
        assert!(row.is_some_and(|row| row.ends_with(&cells)), "{set}: {row:?}, {cells}");
        assert_eq!(formats.contains(&json!("slsa")), formats.contains(&json!("vsa")), "{set}");
    }
    let made: Vec<&str> = refused.iter().map(|(set, _)| set.as_str()).collect();
    assert!(sets.iter().all(|set| made.contains(set)), "a row of a set that is not made: {sets:?}");
}

/// Writes all sets below a folder, and what is to be refused of each.
pub fn written(folder: &Path) {
    let sets = folder.join("derived");
    let _ = std::fs::remove_dir_all(&sets);
    std::fs::create_dir_all(&sets).unwrap();
    let mut maker = Maker { world: World::new(), sets: &sets, refused: Vec::new() };
    maker.prepare();
    maker.session("good", &USUAL);
    maker.policies("good", "owner.key", &[]);
    let good = |name: &str| sets.join("good").join(name).display().to_string();
    let words =
        ["verify", &good("build.intoto.json"), "--trust", "../ci.pub", "--policy", "../build.policy.toml"];
    // By the key of who seals, so that one key opens all of a set.
    maker.run(&[&words[..], &["--emit-vsa", &good("vsa.json"), "--key", "../ci.key"]].concat());
    maker.session("second", &USUAL);
    bash(&sets, &format!("mv second '{}'", maker.at("second").display()));
    other_sessions(&mut maker);
    changed_files(&mut maker);
    signed_wrongly(&mut maker);
    changed_policies(&mut maker);
    write(&sets.join("owner.pub"), owner().public().to_spki_pem().as_bytes());
    page_says(&maker.refused);
    let refused: Value = maker.refused.drain(..).collect::<serde_json::Map<_, _>>().into();
    write(&sets.join("refused.json"), refused.to_string().as_bytes());
}
