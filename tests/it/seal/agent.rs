//! Signing through a real ssh-agent.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use attesh::seal::agent::{AgentError, AgentKey};
use attesh::seal::keys::PublicKey;
use attesh::seal::signer::{KeyFile, SignError, Signer};
use attesh::seal::trust::TrustedKey;
use attesh::text::Fault;

use crate::stage::programs::{bash, have};

/// An agent of its own, that ends with the test.
struct Agent {
    process: Child,
    dir: tempfile::TempDir,
}

impl Agent {
    fn start() -> Option<Self> {
        if !have("ssh-agent") || !have("ssh-add") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let process = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(dir.path().join("agent"))
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let this = Self { process, dir };
        for _ in 0..500 {
            if this.socket().exists() {
                return Some(this);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the agent does not start");
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn socket(&self) -> PathBuf {
        self.dir().join("agent")
    }

    fn bash(&self, script: &str) {
        bash(self.dir(), &format!("export SSH_AUTH_SOCK=$PWD/agent; {script}"));
    }

    /// Makes a key, adds it, and gives what `--key X.pub` finds.
    fn add(&self, options: &str) -> PublicKey {
        self.bash(&format!(
            "rm -f key key.pub; ssh-keygen -q -t ed25519 -f key -N ''; ssh-add -q {options} key; rm key"
        ));
        match KeyFile::open(&self.dir().join("key.pub")).unwrap() {
            KeyFile::Public(key) => key,
            KeyFile::Private(_) => panic!("a public key was written"),
        }
    }

    fn find(&self, key: &PublicKey) -> Result<AgentKey, AgentError> {
        AgentKey::find(Some(&self.socket()), key.clone())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_agents_signature_makes_an_envelope_that_verifies() {
    let Some(agent) = Agent::start() else { return };
    agent.add("");
    agent.bash("ssh-keygen -q -t ecdsa -f other -N ''; ssh-add -q other");
    let key = agent.add("");
    let signer = Signer::Agent(agent.find(&key).unwrap());
    let envelope = signer.seal(b"{\"a\":1}".to_vec()).unwrap();
    let trusted = [TrustedKey::new(key)];
    let authentic = envelope.verify(&trusted, |_| None).unwrap();
    assert_eq!(authentic.payload(), b"{\"a\":1}");
}

#[test]
fn a_key_the_agent_does_not_hold_is_named() {
    let Some(agent) = Agent::start() else { return };
    let gone = agent.add("");
    agent.bash("ssh-add -q -D");
    assert!(matches!(agent.find(&gone), Err(AgentError::Empty)));
    agent.add("");
    let error = agent.find(&gone).err().unwrap().told();
    assert!(error.contains(&gone.fingerprint()) && error.contains("ssh-add FILE"), "{error}");
}

#[test]
fn a_locked_agent_is_said_to_be_perhaps_locked() {
    let Some(agent) = Agent::start() else { return };
    let key = agent.add("");
    let held = agent.find(&key).unwrap();
    // Without a terminal ssh-add -x asks a program.
    agent.bash("printf '#!/bin/sh\\necho secret\\n' > ask; chmod +x ask; SSH_ASKPASS=$PWD/ask SSH_ASKPASS_REQUIRE=force ssh-add -q -x 2>/dev/null");
    assert!(matches!(held.sign(b"m"), Err(AgentError::Empty)));
    let error = agent.find(&key).err().unwrap().told();
    assert!(error.contains("ssh-add -X"), "{error}");
}

#[test]
fn a_denied_confirmation_is_a_refusal() {
    let Some(agent) = Agent::start() else { return };
    let key = agent.add("-c");
    let held = agent.find(&key).unwrap();
    let refused = held.sign(b"m").unwrap_err();
    // What to type to seal again is for the caller to say.
    assert!(matches!(refused, AgentError::Refused) && refused.next().is_none());
    assert!(refused.to_string().contains("confirm the signature when it asks"), "{refused}");
}

/// The limit that is checked here is the one that OpenSSH's agent has.
#[test]
fn the_longest_message_an_agent_takes_is_signed() {
    let Some(agent) = Agent::start() else { return };
    let key = agent.add("");
    let held = agent.find(&key).unwrap();
    let overhead = 1 + 4 + 51 + 4 + 4;
    let longest = vec![b'x'; (256 << 10) - overhead];
    held.sign(&longest).unwrap();
    let signer = Signer::Agent(held);
    let error = signer.seal(vec![b'x'; 256 << 10]).err().unwrap();
    assert!(matches!(error, SignError::Agent(AgentError::TooLarge { .. })));
    assert!(error.told().contains("--key"), "{error}");
}

#[test]
fn an_agent_that_died_is_unreachable() {
    let Some(mut agent) = Agent::start() else {
        return;
    };
    let key = agent.add("");
    let held = agent.find(&key).unwrap();
    agent.process.kill().unwrap();
    agent.process.wait().unwrap();
    assert!(matches!(held.sign(b"m"), Err(AgentError::Unreachable { .. })));
}
