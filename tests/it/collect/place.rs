//! A home with git's own settings and a key, in which sessions are recorded and sealed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use attesh::seal::envelope::Envelope;

use crate::stage::programs::{Said, said};
use crate::stage::pty::{ATTESH, Home};

pub struct Place {
    pub home: Home,
    /// Variables that attesh is given beside those of the home.
    pub variables: Vec<(&'static str, String)>,
}

impl Place {
    pub fn new() -> Self {
        let home = Home::new();
        home.file(
            ".gitconfig",
            "[user]\nname = a\nemail = a@b\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n",
        );
        let place = Place { home, variables: Vec::new() };
        let made = place.attesh("", &["key", "generate", "-o", "k", "--no-passphrase"]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path("work").join(name)
    }

    /// Runs a script in the working folder.
    pub fn sh(&self, script: &str) -> String {
        let mut command = self.home.command(Path::new("/bin/bash"));
        let said = said(command.args(["-ec", script]).current_dir(self.path("")));
        assert_eq!(said.code, Some(0), "{script}: {}{}", said.out, said.err);
        said.out
    }

    /// A repository with one commit, in a folder of this name.
    pub fn repository(&self, name: &str) {
        self.sh(&format!("git init -q {name}; cd {name}; echo hi >f; git add f; git commit -qm one"));
    }

    pub fn attesh(&self, folder: &str, words: &[&str]) -> Said {
        let mut command = self.home.command(Path::new(ATTESH));
        command
            .args(words)
            .current_dir(self.path(folder))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        said(&mut command)
    }

    /// Records a script in a folder and seals it as `a` in the working folder; its statement.
    pub fn record(&self, folder: &str, collect: &str, script: &str) -> Value {
        let (key, output) = (self.path("k"), self.path("a"));
        let (key, output) = (key.to_str().unwrap(), output.to_str().unwrap());
        let ran = self.attesh(
            folder,
            &["sh", "--collect", collect, "--seal", output, "--force", "--key", key, "-c", script],
        );
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let bytes = std::fs::read(output).unwrap();
        let envelope = Envelope::read(&bytes).unwrap();
        serde_json::from_slice(envelope.unverified_payload()).unwrap()
    }

    /// The facts of a type, in order.
    pub fn facts(statement: &Value, kind: &str) -> Vec<Value> {
        let facts = statement["predicate"]["facts"].as_array().unwrap();
        facts.iter().filter(|fact| fact["type"] == kind).cloned().collect()
    }
}
