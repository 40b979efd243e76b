//! `attesh policy`: writes, checks, explains and tries policies; and the policy that
//! `attesh verify` was given.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{
    Masks, Policy as Args, PolicyCheck, PolicyExplain, PolicyFromGithub, PolicyFromGitlab, PolicyFromScript,
    PolicyOutput, PolicyTest, PolicyVerb,
};
use super::export;
use super::given::Exit;
use super::held::{self, Held, parse, read};
use super::input::no_attestation;
use super::key;
use super::mask::asked;
use crate::crypto::sha256;
use crate::encoding::hex;
use crate::failure::{Failure, Kind};
use crate::files::{self, FileError, Overwrite};
use crate::mask::asked::Asked;
use crate::policy::ci::{self, CI_FILE_MAX, Job};
use crate::policy::{self, Hides, Options, Policy, ScriptRule};
use crate::report;
use crate::run::call::bash;
use crate::run::reader::Places;
use crate::run::split;
use crate::script::{SCRIPT_MAX, Script};
use crate::session::masking::masker_of;
use crate::text;
use crate::verify::{self, Objection, Trusted, Verdict};

pub fn run(args: &Args) -> Exit {
    match &args.verb {
        PolicyVerb::FromScript(args) => from_script(args),
        PolicyVerb::FromGitlab(args) => from_gitlab(args),
        PolicyVerb::FromGithub(args) => from_github(args),
        PolicyVerb::Check(args) => check(args),
        PolicyVerb::Explain(args) => explain(args),
        PolicyVerb::Test(args) => test(args),
        PolicyVerb::Export(args) => export::run(args),
    }
}

fn check(args: &PolicyCheck) -> Exit {
    let mut files = Vec::new();
    for path in &args.files {
        let held = read(path)?;
        let scripts = held.policy().scripts.len();
        let commands: usize = held.policy().scripts.iter().map(|script| script.commands.len()).sum();
        if args.json {
            let file = report::path_json(path);
            files.push(json!({"file": file, "scripts": scripts, "commands": commands}));
            continue;
        }
        let path = text::visible(path.display().to_string().as_bytes());
        let (scripts, commands) = (text::count(scripts, "script"), text::count(commands, "command"));
        report::line(&format!("{path}: a policy of {scripts}, {commands}"))?;
    }
    if args.json {
        report::json("attesh.policy-check/v1", json!({"files": files}))?;
    }
    Ok(0)
}

fn explain(args: &PolicyExplain) -> Exit {
    let (policy, _) = parse(&args.file)?;
    if args.json {
        let mut value = report::policy_json(&policy);
        value["file"] = report::path_json(&args.file);
        report::json("attesh.policy-explain/v1", value)?;
        return Ok(0);
    }
    for line in policy.explain() {
        report::line(&text::visible(line.as_bytes()))?;
    }
    Ok(0)
}

/// Splits a script into its units, as the bash of this machine reads it.
fn script(bytes: Vec<u8>) -> Result<Script, Failure> {
    let bash = bash()?;
    let split = split::split(&bash, Places::of(&bash).ok().as_ref(), &bytes)?;
    if let Some(line) = split.ambiguous {
        let what = format!("line {line}: what bash takes for a command depends on its option extglob");
        return Err(Failure::usage(what).next("write the line so that both read it alike"));
    }
    if let Some((line, _)) = split.ranges.last().filter(|_| split.broken) {
        let what = format!("line {line}: bash cannot read the command that begins here");
        return Err(Failure::usage(what).next("to see what bash says of it type: bash -n FILE"));
    }
    Script::new(bytes, split.ranges)
        .ok_or_else(|| Failure::unable("bash named lines that the script does not have"))
}

/// Prints a policy that was made, or writes it.
fn put(text: &str, to: &PolicyOutput) -> Exit {
    // attesh must be able to read the policy that it writes.
    if let Err(error) = Policy::read(text.as_bytes()) {
        return Err(Failure::unable(format!("the policy that was made cannot be read again: {error}")));
    }
    let Some(path) = &to.output else {
        report::out(text.as_bytes())?;
        return Ok(0);
    };
    let overwrite = if to.force { Overwrite::Yes } else { Overwrite::No };
    files::publish(path, text.as_bytes(), 0o644, overwrite).map_err(|error| match error {
        FileError::Exists(_) => {
            Failure::of(Kind::Usage, &error).next("choose another name with -o, or add --force to replace it")
        }
        error => error.into(),
    })?;
    report::say(&format!("wrote {}", path.display()));
    Ok(0)
}

fn from_script(args: &PolicyFromScript) -> Exit {
    let named = of_file(&args.file);
    let bytes = files::read_stream(&args.file, SCRIPT_MAX as u64)?;
    let digest = hex(&sha256(&[&bytes]));
    let script = script(bytes).map_err(&named)?;
    let masker = masker_of(&asked(&args.masks)?, script.bytes());
    let rule = ScriptRule::of(&script, &masker).map_err(|why| named(Failure::usage(why)))?;
    let (every_pipe, remarks) = hidden(&script, Options::default(), args.strict, "");
    let opaque = opaque(&rule, "");
    // A script with a masked secret has no digest in a statement.
    let sha256 = (!script.screened(&masker).0.is_masked()).then_some(digest);
    let rule = ScriptRule { sha256, every_pipe, ..rule };
    for remark in remarks.iter().chain(&opaque) {
        report::say(&format!("{}: {remark}", text::visible(args.file.as_os_str().as_bytes())));
    }
    if args.strict {
        refuse(&remarks).map_err(named)?;
    }
    let remarks = [remarks, opaque].concat();
    put(&policy::whole(&args.file.display().to_string(), &remarks, &[], &[rule]), &args.to)
}

/// The lines of which a part is masked that may be anything, in words.
fn opaque(rule: &ScriptRule, place: &str) -> Vec<String> {
    let words = |at: usize| {
        let line = rule.lines[at];
        format!(
            "{place}line {line}: what is masked may hold a command, so this policy denies it; take the secret out of the script, or write opaque = \"as-shown\""
        )
    };
    rule.opaque().map(words).collect()
}

/// Whether the policy asks for each status of a pipeline, and what hides a failure, in words.
fn hidden(script: &Script, options: Options, strict: bool, place: &str) -> (bool, Vec<String>) {
    // Where a `|` stands in other commands too, only pipefail tells of each status.
    let every_pipe = strict && policy::pipes_are_seen(script);
    let mut hidden = policy::hidden(script, options);
    hidden.retain(|(_, what)| !every_pipe || *what != Hides::Pipeline);
    let words = |(line, what): &(u64, Hides)| format!("{place}line {line}: {}", what.words());
    (every_pipe, hidden.iter().map(words).collect())
}

/// Refuses a script with lines that can hide a failure, as `--strict` asks.
fn refuse(hidden: &[String]) -> Result<(), Failure> {
    if hidden.is_empty() {
        return Ok(());
    }
    let lines = text::count(hidden.len(), "line");
    Err(Failure::usage(format!("{lines} of it can hide that something failed, and --strict refuses that")))
}

/// A file of a CI as text.
fn ci_file(path: &Path) -> Result<String, Failure> {
    let bytes = files::read_stream(path, CI_FILE_MAX as u64)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))
}

/// The rules for the blocks of a job, and what their reader should know.
fn rules(job: Job, strict: bool, asked: &Asked) -> Result<(Vec<ScriptRule>, Vec<String>), Failure> {
    let (mut rules, mut told, mut hide) = (Vec::new(), job.remarks, Vec::new());
    for block in job.blocks {
        let place = block.name.as_deref().map_or_else(String::new, |name| format!("{name}: "));
        let split = |text: String| {
            script(text.into_bytes()).map_err(|failure| Failure {
                message: format!("{place}of its block, {}", failure.message),
                ..failure
            })
        };
        let (script, before) = (split(block.text)?, split(block.before)?);
        let (every_pipe, hidden) = hidden(&script, block.options, strict, &place);
        told.extend_from_slice(&hidden);
        hide.extend(hidden);
        if script.units().len() == 0 && !script.bytes().is_empty() {
            told.push(format!("{place}the script has no command"));
            continue;
        }
        let usage = |why: String| Failure::usage(format!("{place}{why}"));
        let masker = &masker_of(asked, &[before.bytes(), script.bytes()].concat());
        let rule = ScriptRule::of(&script, masker).map_err(usage)?;
        told.extend(opaque(&rule, &place));
        let before = policy::texts(&before, masker).map_err(usage)?;
        let before = before.into_iter().map(|(text, _)| text).collect();
        rules.push(ScriptRule { name: block.name, before, runner: block.runner, every_pipe, ..rule });
    }
    if rules.is_empty() {
        return Err(Failure::usage("the script has no command"));
    }
    for remark in &told {
        report::say(&text::visible(remark.as_bytes()));
    }
    if strict {
        refuse(&hide)?;
    }
    Ok((rules, told))
}

/// Puts the file's name before what is wrong with it.
fn of_file(path: &Path) -> impl Fn(Failure) -> Failure {
    move |failure| {
        let message = text::visible(failure.message.as_bytes());
        Failure { message: format!("{}: {message}", path.display()), ..failure }
    }
}

fn from_gitlab(args: &PolicyFromGitlab) -> Exit {
    let job = ci::gitlab(&ci_file(&args.file)?, &args.job).map_err(Failure::usage);
    written(job, args.strict, &args.masks, (&args.job, &args.file), &args.to)
}

/// Writes the policy for a job of a file.
fn written(
    job: Result<Job, Failure>,
    strict: bool,
    masks: &Masks,
    (name, file): (&str, &Path),
    to: &PolicyOutput,
) -> Exit {
    let asked = asked(masks)?;
    let made = job.and_then(|mut job| {
        let context = std::mem::take(&mut job.context);
        Ok((context, rules(job, strict, &asked)?))
    });
    let (context, (rules, remarks)) = made.map_err(of_file(file))?;
    let from = format!("job {name} of {}", file.display());
    put(&policy::whole(&from, &remarks, &context, &rules), to)
}

fn from_github(args: &PolicyFromGithub) -> Exit {
    let mut exprs = Vec::new();
    for expr in &args.expr {
        let pair = expr.split_once('=').filter(|(name, _)| !name.trim().is_empty());
        let (name, value) = pair.ok_or_else(|| {
            Failure::usage(format!("--expr {expr}: not NAME=VALUE")).next("as in --expr 'matrix.os=linux'")
        })?;
        exprs.push((name.trim().to_owned(), value.to_owned()));
    }
    let workflow = args.file.to_str().and_then(ci::workflow_of).map(|pattern| ("workflow", vec![pattern]));
    let job = ci::github(&ci_file(&args.file)?, &args.job, &exprs).map(|mut job| {
        // What other workflows call says nothing of its own file.
        job.context.extend(workflow.filter(|_| !job.context.is_empty()));
        job
    });
    let job = job.map_err(Failure::usage);
    written(job, args.strict, &args.masks, (&args.job, &args.file), &args.to)
}

fn test(args: &PolicyTest) -> Exit {
    let held = read(&args.file)?;
    let held = held::with_context(Some(held), &args.context)?.expect("there is a policy");
    let trusted = match (held.keys(), &args.trust[..]) {
        (None, given) => key::trusted(given)?,
        (Some(_), given @ [_, ..]) => key::trusted(given)?,
        (Some(_), []) => {
            let folder = args.file.parent().unwrap_or(Path::new(""));
            let files: Vec<PathBuf> = held.policy().keys.iter().map(|name| folder.join(name)).collect();
            key::trusted(&files)?
        }
    };
    let mut verdicts = Vec::new();
    for path in &args.attestation {
        verdicts.push((path.display().to_string(), judged(path, &held, &trusted)?));
    }
    let mut exit = 0;
    let mut worst = None;
    for (_, verdict) in &verdicts {
        let kind = match (verdict.failure.as_ref().map(Objection::kind), verdict.denials.is_empty()) {
            (Some(Kind::Policy | Kind::Incomplete), false) if args.must_fail => continue,
            (Some(kind), _) => kind,
            (None, _) if args.must_fail => Kind::Policy,
            (None, _) => continue,
        };
        if worst.is_none_or(|have| verify::rank(kind) > verify::rank(have)) {
            (worst, exit) = (Some(kind), kind.exit_code());
        }
    }
    if args.json {
        let files: Vec<Value> = verdicts.iter().map(|(file, verdict)| as_json(file, verdict)).collect();
        report::json("attesh.policy/v1", json!({"exit": exit, "mustFail": args.must_fail, "files": files}))?;
        return Ok(exit);
    }
    for (file, verdict) in &verdicts {
        let (word, lines) = result(verdict);
        for line in lines {
            let (file, line) = (text::visible(file.as_bytes()), text::visible(line.as_bytes()));
            report::line(&format!("{word:<7} {file}: {line}"))?;
        }
    }
    Ok(exit)
}

/// What came of a file: a word, and in words.
fn result(verdict: &Verdict) -> (&'static str, Vec<&str>) {
    let denied = || verdict.denials.iter().map(|denial| denial.text.as_str()).collect();
    match &verdict.failure {
        None => ("met", vec![&verdict.summary]),
        Some(objection) => match objection.kind() {
            Kind::Policy | Kind::Incomplete if !verdict.denials.is_empty() => ("denied", denied()),
            _ => ("failed", vec![&objection.text]),
        },
    }
}

fn as_json(file: &str, verdict: &Verdict) -> Value {
    let (result, lines) = result(verdict);
    let denials: Vec<Value> = verdict.denials.iter().map(report::denial_json).collect();
    let objection = verdict.failure.as_ref();
    let (code, kind) = (objection.map(|found| found.code.word()), objection.map(Objection::kind));
    let (exit, kind) = (kind.map_or(0, Kind::exit_code), kind.map(Kind::word));
    json!({"file": file, "result": result, "kind": kind, "exit": exit, "code": code, "text": lines[0], "denials": denials})
}

/// The verdict on one attestation.
fn judged(path: &Path, held: &Held, trusted: &[Trusted]) -> Result<Verdict, Failure> {
    let envelope = match held::envelope(path)? {
        Ok(envelope) => envelope,
        Err(cause) => return Ok(Verdict::unable(no_attestation(&cause))),
    };
    let mut verdict = verify::envelope(&envelope, trusted, held.at());
    held.judge(&mut verdict, &envelope, path);
    Ok(verdict)
}
