//! `attesh policy export`: a policy for the verifiers of others, signed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::args::{ExportFormat, PolicyExport};
use super::given::{Exit, age};
use super::held::{self, Held};
use super::key;
use super::outputs::reserve;
use super::signing::{in_the_open, signer};
use crate::clock;
use crate::failure::{Failure, Kind};
use crate::files::{self, Overwrite};
use crate::policy::Policy;
use crate::policy::export::layout::{self, Layout};
use crate::policy::export::{Expected, witness};
use crate::report;
use crate::seal::derived::{self, link};
use crate::seal::envelope::PAYLOAD_TYPE;
use crate::seal::keys::PublicKey;
use crate::seal::signer::{Signer, passing_key};
use crate::sys;
use crate::text;

/// How long it holds where nobody says it.
const USUAL: &str = "365d";

pub fn run(args: &PolicyExport) -> Exit {
    sys::hide();
    if args.metablock && args.format == ExportFormat::Witness {
        return Err(Failure::usage("--metablock: a policy of witness has no such form")
            .next("leave it out, or write a layout with --format in-toto-layout"));
    }
    let held = held::read(&args.file)?;
    let expected = Expected::of(held.policy()).map_err(|why| {
        let what = format!("{}: {why}, so its transcript cannot be computed", args.file.display());
        Failure::usage(what).next("export a policy whose scripts are entire, each command with one status")
    })?;
    let step = match &args.step {
        Some(step) => step.clone(),
        None => step_of(&args.file)?,
    };
    refuse_odd(&step)?;
    let functionaries = functionaries(args, &held)?;
    let output = output(args, &step);
    let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
    reserve(&output, overwrite, "name another file with -o")?;
    let lasts_ns = age("--expires", args.expires.as_deref().unwrap_or(USUAL))?;
    let expires = clock::now().realtime_ns.checked_add(lasts_ns).and_then(clock::timestamp);
    let expires = expires.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let expires = expires.ok_or_else(|| Failure::usage("--expires: that time is too far away"))?;
    let signer = signer(args.key.as_deref(), args.passphrase_file.as_deref())?;
    let made = Made { policy: held.policy(), expected, step, functionaries, expires, signer };
    let left_out = match args.format {
        ExportFormat::InTotoLayout => made.layout(&output, args.metablock, overwrite)?,
        ExportFormat::Witness => made.witness(&output, overwrite)?,
    };
    let (program, keys) = (args.format.program(), left_out.join(", "));
    report::say(&format!("{program} cannot be asked for these keys of the policy: {keys}"));
    report::line(&text::visible(output.display().to_string().as_bytes()))?;
    Ok(0)
}

/// What is written.
struct Made<'a> {
    policy: &'a Policy,
    expected: Expected,
    step: String,
    functionaries: Vec<PublicKey>,
    expires: String,
    signer: Signer,
}

impl Made<'_> {
    /// Writes the link of what should come out, and then the layout.
    fn layout(
        &self,
        output: &Path,
        metablock: bool,
        overwrite: Overwrite,
    ) -> Result<Vec<&'static str>, Failure> {
        // Nobody keeps this key, so that no other link can take the place of the one that it signs.
        let passing = passing_key().map_err(|error| Failure::unable(files::words(&error)))?;
        let passing = Signer::Key(passing);
        let layout = Layout {
            step: &self.step,
            functionaries: &self.functionaries,
            expecting: &passing.public(),
            expires: &self.expires,
        };
        let written = |signer: &Signer, value: &Value| {
            if metablock {
                return in_the_open(signer, value);
            }
            let keyid = link::keyid(&signer.public());
            enveloped(signer, PAYLOAD_TYPE, value.to_string().into_bytes(), keyid)
        };
        let beside = output.with_file_name(link::file_name(&layout.expected_step(), &passing.public()));
        let expected = written(&passing, &layout.expected(&self.expected))?;
        let whole = written(&self.signer, &layout.layout(self.policy, &self.expected))?;
        files::publish(&beside, &expected, 0o644, overwrite)?;
        files::publish(output, &whole, 0o644, overwrite)?;
        Ok(layout::left_out(self.policy))
    }

    fn witness(&self, output: &Path, overwrite: Overwrite) -> Result<Vec<&'static str>, Failure> {
        let (policy, step) = (self.policy, &self.step);
        let payload = witness::payload(policy, &self.expected, step, &self.functionaries, &self.expires);
        let keyid = derived::witness::keyid(&self.signer.public());
        let written = enveloped(&self.signer, witness::PAYLOAD_TYPE, payload, keyid)?;
        files::publish(output, &written, 0o644, overwrite)?;
        Ok(witness::left_out(policy))
    }
}

fn enveloped(signer: &Signer, kind: &str, payload: Vec<u8>, keyid: String) -> Result<Vec<u8>, Failure> {
    let signed = signer.seal_as(kind, payload, keyid);
    signed.map(|envelope| envelope.to_json()).map_err(|error| Failure::of(Kind::Unable, &error))
}

/// The name of the policy's file, up to its first dot.
fn step_of(file: &Path) -> Result<String, Failure> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let step = name.split('.').next().unwrap_or_default();
    if step.is_empty() {
        let what = format!("{}: this name gives no name for the step", file.display());
        return Err(Failure::usage(what).next("name it with --step, as the files of the seal are called"));
    }
    Ok(step.to_owned())
}

/// A step is a part of the names of files, and some verifiers look for those by a pattern.
fn refuse_odd(step: &str) -> Result<(), Failure> {
    let odd = |one: char| one.is_control() || "/*?[]{}\\".contains(one);
    if step.is_empty() || step.contains(odd) {
        let what = format!("--step {step}: not the name of a step");
        return Err(
            Failure::usage(what).next("name it as the files of the seal are called, without / * ? [ ] { }")
        );
    }
    Ok(())
}

fn output(args: &PolicyExport, step: &str) -> PathBuf {
    let ending = match args.format {
        ExportFormat::InTotoLayout => "layout",
        ExportFormat::Witness => "witness-policy.json",
    };
    args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{step}.{ending}")))
}

/// Who may sign: those named, else those of the policy.
fn functionaries(args: &PolicyExport, held: &Held) -> Result<Vec<PublicKey>, Failure> {
    let named = match &args.functionary[..] {
        [] => None,
        files => Some(key::trusted(files)?),
    };
    let keys = named.as_deref().or(held.keys()).unwrap_or_default();
    if keys.is_empty() {
        let what = format!("{}: it names no keys", args.file.display());
        return Err(Failure::usage(what).next("name who may sign with --functionary KEY.pub"));
    }
    if let Some(limited) = keys.iter().find(|trusted| !trusted.key.validity().is_unlimited()) {
        let what = format!("{}: a key is trusted for a time only", limited.source);
        return Err(Failure::usage(what)
            .next("other verifiers know no such limit: name keys without one, and a time with --expires"));
    }
    let mut functionaries: Vec<PublicKey> = Vec::new();
    for trusted in keys {
        if !functionaries.contains(trusted.key.key()) {
            functionaries.push(trusted.key.key().clone());
        }
    }
    Ok(functionaries)
}
