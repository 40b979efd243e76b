//! The policy that a command was given, with the keys that it names.

use std::path::{Path, PathBuf};

use super::key;
use crate::clock;
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::failure::{Failure, Place};
use crate::files;
use crate::policy::{self, ContextRule, POLICY_MAX, Policy};
use crate::seal::envelope::Envelope;
use crate::text::{self, Next};
use crate::verify::{self, At, Trusted, Verdict};

/// A policy with the keys that it names.
pub struct Held {
    policy: Policy,
    sha256: Option<String>,
    keys: Option<Vec<Trusted>>,
    at: At,
}

/// What is judged without a policy is judged by this time.
pub fn now() -> At {
    At::time(i64::try_from(clock::now().realtime_ns / 1_000_000_000).unwrap_or(i64::MAX))
}

impl Held {
    /// What it asks for.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The keys that it names, if it names any.
    pub fn keys(&self) -> Option<&[Trusted]> {
        self.keys.as_deref()
    }

    /// The digest of its file in hexadecimal, where it has one.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// The time at which what it is held against is judged.
    pub fn at(&self) -> At {
        self.at
    }

    /// Adds to an envelope's verdict what the policy says.
    pub fn judge(&self, verdict: &mut Verdict, envelope: &Envelope) {
        let Some(statement) = &verdict.statement else { return };
        let ruling = policy::judge(&self.policy, statement, self.at.now_s);
        let of_keys = self.keys.as_ref().map(|keys| verify::envelope(envelope, keys, self.at));
        verify::with_policy(verdict, ruling, of_keys.as_ref());
    }
}

/// Reads a policy, and the keys that it names beside itself.
pub fn read(path: &Path) -> Result<Held, Failure> {
    let (policy, sha256) = parse(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files: Vec<PathBuf> = policy.keys.iter().map(|name| folder.join(name)).collect();
    let keys = if files.is_empty() { None } else { Some(key::trusted(&files)?) };
    let at = At { keys_when_sealed: policy.keys_when_sealed, ..now() };
    Ok(Held { policy, sha256: Some(sha256), keys, at })
}

/// Adds what `--context` asks for, MEMBER=VALUE each; without a policy that is all that is asked.
pub fn with_context(held: Option<Held>, pairs: &[String]) -> Result<Option<Held>, Failure> {
    if pairs.is_empty() {
        return Ok(held);
    }
    let bare = || Held { policy: Policy::default(), sha256: None, keys: None, at: now() };
    let mut held = held.unwrap_or_else(bare);
    for pair in pairs {
        let wrong = |what: String| Failure::usage(format!("--context {pair}: {what}"));
        let known = || ContextRule::MEMBERS.map(|(_, member)| member).join(", ");
        let split = pair.split_once('=').filter(|(_, value)| !value.is_empty());
        let (member, value) = split.ok_or_else(|| {
            wrong("not MEMBER=VALUE".to_owned())
                .next("write a member and its value, as in --context ref=refs/heads/main")
        })?;
        if !ContextRule::MEMBERS.iter().any(|(_, known)| *known == member) {
            return Err(wrong(format!("{member} is no member of a context"))
                .next(Next::say(format!("the members are {}", known()))));
        }
        let asked = held.policy.context.ask(member, vec![value.to_owned()]);
        asked.map_err(|form| wrong(format!("{member} must be {form}")))?;
    }
    Ok(Some(held))
}

/// A policy, and the digest of its file in hexadecimal.
///
/// # Errors
/// It cannot be read.
pub fn parse(path: &Path) -> Result<(Policy, String), Failure> {
    let bytes = files::read_stream(path, POLICY_MAX as u64)?;
    let policy = Policy::read(&bytes).map_err(|error| {
        let what = text::visible(error.what.as_bytes());
        let place = Place { file: path.to_owned(), line: error.line, column: error.column };
        Failure::usage(format!("{}: line {}, column {}: {what}", path.display(), error.line, error.column))
            .place(place)
            .next("to read what a policy may have type: attesh man policy.5")
    })?;
    Ok((policy, hex(&sha256(&[&bytes]))))
}
