//! The policy that a command was given, with the keys that it names.

use std::path::{Path, PathBuf};

use super::input::{Input, TRANSCRIPT, no_attestation, open, unopened};
use super::{key, manifests};
use crate::cause::{Cause, Code};
use crate::clock;
use crate::collect::MATERIALS_FILE;
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::failure::{Failure, Place};
use crate::files;
use crate::policy::context::Context;
use crate::policy::{self, Beside, ContextRule, POLICY_MAX, Policy};
use crate::seal::envelope::Envelope;
use crate::seal::recorded::Recorded;
use crate::text::{self, Next};
use crate::verify::{self, At, Objection, Trusted, Verdict};

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
    /// A policy that asks for nothing.
    fn bare() -> Self {
        Held { policy: Policy::default(), sha256: None, keys: None, at: now() }
    }

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

    /// Adds to an envelope's verdict what the policy says. `path` is where the envelope lies.
    pub fn judge(&self, verdict: &mut Verdict, envelope: &Envelope, path: &Path) {
        let Some(statement) = &verdict.statement else { return };
        let recorded = Recorded::of(&statement.predicate).materials();
        let materials = match recorded.filter(|_| !self.policy.materials.is_empty()) {
            Some(one) => manifests::read_beside(path, MATERIALS_FILE, one),
            None => Ok(None),
        };
        let (materials, other) = match materials {
            Ok(materials) => (materials, None),
            Err(cause) => (None, Some(Objection::of(&cause))),
        };
        let beside = Beside { materials: materials.as_ref(), starts: verdict.starts.as_ref() };
        let ruling = policy::judge(&self.policy, statement, self.at.now_s, &beside);
        if let Some(other) = other {
            verdict.fail(other);
        }
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
    let mut held = held.unwrap_or_else(Held::bare);
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
        let asked = held.policy.context.give(member, value.to_owned());
        asked.map_err(|form| wrong(format!("{member} must be {form}")))?;
    }
    Ok(Some(held))
}

/// Adds that the context is that of another attestation, in the members that the policy names, or
/// else in repository and commit.
pub fn with_same_as(
    held: Option<Held>,
    file: Option<&Path>,
    trusted: &[Trusted],
) -> Result<Option<Held>, Failure> {
    let Some(file) = file else { return Ok(held) };
    let mut held = held.unwrap_or_else(Held::bare);
    let wrong = |failure: Failure| {
        let message = format!("--same-as {}: {}", file.display(), failure.message);
        Failure { message, ..failure }
    };
    let verdict = match envelope(file).map_err(wrong)? {
        Ok(envelope) => {
            let verdict = verify::envelope(&envelope, trusted, held.at);
            // The keys of the policy hold for both.
            match held.keys.as_ref().filter(|_| verdict.failure.is_none()) {
                Some(keys) => verify::envelope(&envelope, keys, held.at),
                None => verdict,
            }
        }
        Err(cause) => Verdict::unable(no_attestation(&cause)),
    };
    if let Some(objection) = &verdict.failure {
        return Err(wrong(Failure::because(objection.code, objection.text.clone())));
    }
    let same_as = held.policy.context.same_as.clone();
    let members = if same_as.is_empty() { vec!["repository", "commit"] } else { same_as };
    for member in members {
        let says = verdict.statement.as_deref().and_then(|statement| Context::of(statement).says(member));
        let says = says.ok_or_else(|| wrong(Failure::usage(format!("it does not say its {member}"))))?;
        if says.contains('*') {
            return Err(wrong(Failure::usage(format!("its {member} is {says}, which would fit many"))));
        }
        let asked = held.policy.context.give(member, says);
        asked.map_err(|form| wrong(Failure::usage(format!("{member} must be {form}"))))?;
    }
    Ok(Some(held))
}

/// An envelope, or why the file is not one.
pub fn envelope(path: &Path) -> Result<Result<Envelope, Cause>, Failure> {
    Ok(match open(path).map_err(|error| unopened(path, error))? {
        Input::Envelope(envelope) => *envelope,
        Input::Transcript => Err(Cause::new(Code::FileOther, TRANSCRIPT)),
        Input::Journal(_) => {
            Err(Cause::new(Code::FileOther, "a journal, not sealed; a policy needs an envelope"))
        }
    })
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
