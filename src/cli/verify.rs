//! `attesh verify`: reads files, hands their bytes to `verify`, prints verdicts.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::args::Verify;
use super::given::{Exit, secret};
use super::held::{self, Held};
use super::input::{Input, TRANSCRIPT, Words, no_attestation, open, unopened};
use super::vsa::Vsa;
use super::{heads, key, manifests};
use crate::cause::{Cause, Code};
use crate::collect::{self, PRODUCTS_FILE};
use crate::crypto::{OriginSecret, sha256};
use crate::encoding::hex;
use crate::fact::manifest;
use crate::failure::{Failure, Kind};
use crate::files::digest_of;
use crate::files::{self, FileError};
use crate::journal::check::{Knowledge, Passed, check};
use crate::journal::heads::{KeptHeads, Known};
use crate::report;
use crate::seal::draft::{Draft, DraftError};
use crate::seal::processes::Starts;
use crate::seal::recorded::Recorded;
use crate::session::{JOURNAL, attached, began, birth, find, origin_of};
use crate::text::{Command, Next};
use crate::verify::{self, Artifact, At, Objection, Products, Tree, Trusted, Verdict, rank};

pub fn run(args: &Verify) -> Exit {
    let vsa = Vsa::new(args)?;
    let own: &[PathBuf] = if vsa.is_some() { &[] } else { &args.key };
    let trusted = key::trusted(&[&args.trust, own].concat())?;
    let secret = args.secret.as_deref().map(secret).transpose()?;
    let kept = heads::expected(&args.expect_head)?;
    let (folders, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        args.artifact.iter().partition(|path| path.is_dir());
    let artifacts: Vec<Artifact> = named.into_iter().map(|path| artifact(path)).collect::<Result<_, _>>()?;
    let trees: Vec<Tree> = folders.into_iter().map(|path| tree(path)).collect::<Result<_, _>>()?;
    let policy = args.policy.as_deref().map(held::read).transpose()?;
    let policy = held::with_context(policy, &args.context)?;
    let policy = held::with_same_as(policy, args.same_as.as_deref(), &trusted)?;
    let at = policy.as_ref().map_or_else(held::now, Held::at);
    let given = Given {
        args,
        trusted: &trusted,
        secret: secret.as_ref(),
        kept: &kept,
        artifacts: &artifacts,
        trees: &trees,
        policy: policy.as_ref(),
        at,
    };
    // What does not go with one file leaves the verdicts on the others standing.
    let words = Words::default();
    let judged = |word: &PathBuf| match words.path(word) {
        Ok(path) => (path.display().to_string(), judge(&path, &given)),
        Err(failure) => (word.display().to_string(), Err(failure)),
    };
    let verdicts: Vec<(String, Result<Verdict, Failure>)> = args.files.iter().map(judged).collect();
    let kind = |verdict: &Result<Verdict, Failure>| match verdict {
        Ok(verdict) => verdict.failure.as_ref().map(Objection::kind),
        Err(failure) => Some(failure.kind),
    };
    let worst = verdicts.iter().filter_map(|(_, verdict)| kind(verdict));
    let exit = worst.max_by_key(|kind| rank(*kind)).map_or(0, Kind::exit_code);
    let digest = policy.as_ref().and_then(Held::sha256);
    let written = match vsa.map_or(Ok(None), |vsa| vsa.write(verdicts[0].1.as_ref(), digest)) {
        // A program gets one answer.
        Err(failure) if args.json => return Err(failure),
        written => written,
    };
    if args.json {
        print_json(&verdicts, exit, written.as_ref().ok().copied().flatten())?;
    } else {
        print(&verdicts, args.verbose)?;
        if trusted.is_empty() && verdicts.iter().any(|(_, verdict)| kind(verdict) == Some(Kind::Untrusted)) {
            report::say(
                "no key is trusted here: name one with --trust KEY.pub, or for good with: attesh key trust KEY.pub",
            );
        }
    }
    for failure in verdicts.iter().filter_map(|(_, verdict)| verdict.as_ref().err()) {
        if failure.kind == Kind::Usage {
            report::say(&failure.to_string());
        }
    }
    written.map(|_| exit)
}

/// Files, and the verdict on each.
type Verdicts = [(String, Result<Verdict, Failure>)];

fn print_json(verdicts: &Verdicts, exit: u8, summary: Option<&Path>) -> Result<(), Failure> {
    let files: Vec<Value> =
        verdicts.iter().map(|(file, verdict)| report::verdict_json(file, verdict.as_ref())).collect();
    let mut value = json!({"exit": exit, "files": files});
    if let Some(path) = summary {
        value["vsa"] = report::path_json(path);
    }
    report::json("attesh.verify/v1", value)
}

fn print(verdicts: &Verdicts, verbose: bool) -> Result<(), Failure> {
    for (file, verdict) in verdicts {
        match verdict {
            Ok(verdict) => report::verdict(file, verdict, verbose)?,
            Err(failure) if failure.kind == Kind::Usage => {}
            Err(failure) => {
                let objection = Objection::new(Code::FileUnable, failure.to_string());
                report::verdict(file, &Verdict::unable(objection), verbose)?;
            }
        }
    }
    Ok(())
}

fn artifact(path: &Path) -> Result<Artifact, Failure> {
    let unread = |error| FileError::Io(path.to_owned(), error);
    let file = files::open_regular(path)?;
    let sha256 = hex(&digest_of(&file).map_err(unread)?);
    let whole = from_the_root(path).map_err(unread)?;
    let name = manifest::name_of(whole.as_os_str().as_bytes());
    Ok(Artifact { shown: path.display().to_string(), path: whole.display().to_string(), name, sha256 })
}

fn tree(path: &Path) -> Result<Tree, Failure> {
    let unread = |why: String| Failure::unable(format!("--artifact {}: {why}", path.display()));
    let contents = collect::contents(path).map_err(unread)?;
    if contents.entries().is_empty() {
        return Err(Failure::usage(format!("--artifact {}: there is no file in it", path.display()))
            .next("name the folder with the files that the session made"));
    }
    let whole = from_the_root(path).map_err(|error| FileError::Io(path.to_owned(), error))?;
    let name = manifest::name_of(whole.as_os_str().as_bytes());
    Ok(Tree { shown: path.display().to_string(), name, contents })
}

/// The manifest of the products, if it lies beside the envelope and files are to be compared.
fn products_beside(path: &Path, verdict: &mut Verdict, given: &Given) -> Products {
    let Some(statement) = verdict.statement.as_ref() else { return Products::default() };
    let recorded = Recorded::of(&statement.predicate);
    let is_asked = !given.trees.is_empty() || !given.artifacts.is_empty();
    let Some(one) = recorded.products().filter(|_| is_asked) else { return Products::default() };
    let shown = manifests::path_beside(path, PRODUCTS_FILE).display().to_string();
    let manifest = match manifests::read_beside(path, PRODUCTS_FILE, one) {
        Ok(manifest) => manifest,
        Err(cause) => {
            verdict.fail(Objection::of(&cause));
            None
        }
    };
    Products { path: shown, manifest }
}

/// A path from the root on, with the names that the user wrote: a link keeps its own name, and
/// only what `..` leads out of is followed.
fn from_the_root(path: &Path) -> std::io::Result<PathBuf> {
    let parts: Vec<Component> = path.components().collect();
    let behind = parts.iter().rposition(|part| *part == Component::ParentDir).map_or(0, |at| at + 1);
    let (up, down) = parts.split_at(behind);
    let base = match up {
        [] => PathBuf::new(),
        up => std::fs::canonicalize(up.iter().collect::<PathBuf>())?,
    };
    std::path::absolute(base.join(down.iter().collect::<PathBuf>()))
}

/// What all files are judged by.
#[derive(Clone, Copy)]
struct Given<'a> {
    args: &'a Verify,
    trusted: &'a [Trusted],
    secret: Option<&'a OriginSecret>,
    kept: &'a KeptHeads,
    artifacts: &'a [Artifact],
    trees: &'a [Tree],
    policy: Option<&'a Held>,
    at: At,
}

/// Judges one file; an option that does not go with it is a usage error.
fn judge(path: &Path, given: &Given) -> Result<Verdict, Failure> {
    let Given { args, secret, .. } = *given;
    let envelope = match open(path) {
        Ok(Input::Journal(file)) => return unsealed(path, file, given),
        Ok(Input::Envelope(envelope)) => *envelope,
        Ok(Input::Transcript) => {
            let why =
                format!("not an attestation: {TRANSCRIPT}; verify the envelope, which ends in .intoto.json");
            return Ok(Verdict::unable(Objection::new(Code::FileOther, why)));
        }
        Err(FileError::TooLong(..)) => Err(Cause::new(Code::EnvelopeLength, "too long for an envelope")),
        Err(error) => {
            let failure = unopened(path, error);
            // The verdict's line names the file already.
            let named = format!("{}: ", path.display());
            let message = failure.message.strip_prefix(&named).unwrap_or(&failure.message);
            return Err(Failure { next: failure.next, ..Failure::because(Code::FileUnable, message) });
        }
    };
    if secret.is_some() && args.journal.is_none() {
        return Err(Failure::usage("--secret has no journal to check: what is given is an envelope")
            .next("name the journal with --journal"));
    }
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(cause) => return Ok(Verdict::unable(no_attestation(&cause))),
    };
    let mut verdict = verify::envelope(&envelope, given.trusted, given.at);
    let known = match &args.journal {
        Some(journal) => against_journal(&mut verdict, journal, given),
        None => None,
    };
    if let Some(policy) = given.policy {
        policy.judge(&mut verdict, &envelope, path);
    }
    let open = verify::with_heads(&mut verdict, given.kept, known);
    if open > 0 && args.journal.is_none() {
        let what = format!(
            "{}: {open} of the heads that were given are not among those that the envelope names",
            path.display()
        );
        return Err(Failure::usage(what).next("name the journal with --journal"));
    }
    let products = products_beside(path, &mut verdict, given);
    verify::with_artifacts(&mut verdict, given.artifacts, given.trees, &products);
    if args.emit_vsa.is_some() {
        verdict.envelope_sha256 = Some(hex(&sha256(&[&envelope.to_json()])));
    }
    Ok(verdict)
}

fn unsealed(path: &Path, file: File, given: &Given) -> Result<Verdict, Failure> {
    let Given { args, secret, kept, .. } = *given;
    if args.journal.is_some() || !args.artifact.is_empty() || given.policy.is_some() {
        let why =
            "this is a journal; --journal, --artifact, --policy, --context and --same-as go with an envelope";
        return Err(Failure::usage(format!("{}: {why}", path.display()))
            .next("give the envelope that attesh seal wrote, or leave these options out"));
    }
    let own = own_secret(&file, secret);
    let sizes = kept.sizes();
    let knowledge = Knowledge { secret: secret.or(own.as_ref()), sizes: &sizes, threads: 0 };
    let remembered = find::remembered(path);
    let mut beside = attached::Beside::new(if path.is_dir() { path } else { folder_of(path) });
    let mut notice = None;
    let look = &mut |passed: &Passed| {
        beside.look(passed);
        if notice.is_none() && passed.story.shells == 0 {
            notice = began::notice_in(passed.record);
        }
    };
    Ok(match check(files::from_start(file), knowledge, look) {
        Ok(checked) => {
            let notice = notice.filter(|_| checked.rejection.is_none());
            let ended_ns = checked.story.ended.then_some(checked.times_ns.1);
            let known = Known::of(&checked);
            let mut verdict = match &remembered {
                Some(remembered) => verify::remembered_journal(checked, remembered),
                None => verify::journal(checked),
            };
            verdict.notice = notice.map(|notice| (notice, ended_ns));
            verify::with_heads(&mut verdict, kept, known);
            verify::with_attached(&mut verdict, beside.missing().map(|missing| missing.count));
            let sealed = find::sealed(path);
            if let Some(sealed) = &sealed {
                verify::with_envelope_elsewhere(&mut verdict, &sealed.to_string());
            }
            if let Some(sealed) = sealed.as_ref().filter(|sealed| sealed.is_there()) {
                let verify = Command::new("attesh verify").path(&sealed.path);
                report::say(&Next::typing("for the verdict on what was sealed", verify).to_string());
            }
            if !args.trust.is_empty() || !args.key.is_empty() || !is_named_as_journal(path) {
                verify::with_seal_wanted(&mut verdict, sealed.is_some());
            }
            verdict
        }
        Err(error) => {
            let text = format!("cannot read it: {}", files::words(&error));
            Verdict::unable(Objection::new(Code::FileUnable, text))
        }
    })
}

/// Whether a path says that it leads to a journal: a folder, or a file of that name. Who names
/// another file asks for something sealed, whatever is in it.
fn is_named_as_journal(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    path.is_dir() || name == JOURNAL || Path::new(name).extension().is_some_and(|ending| ending == JOURNAL)
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// As in sealing: without --secret this user's secret, if the journal names that one.
fn own_secret(journal: &File, given: Option<&OriginSecret>) -> Option<OriginSecret> {
    if given.is_some() {
        return None;
    }
    birth::own_secret(origin_of(journal)?)
}

/// Checks the journal, and drafts the statement again from it to compare with the sealed one.
/// Returns what is known of the journal.
fn against_journal(verdict: &mut Verdict, path: &Path, given: &Given) -> Option<Known> {
    let predicate = &verdict.statement.as_ref()?.predicate;
    let commands = predicate.commands.is_some();
    let is_short = predicate.processes().values().any(|told| told.gap().is_some());
    let selective = verdict.sealed.is_some();
    let path = match Words::default().path(path) {
        Ok(path) if path.is_dir() => path.join(JOURNAL),
        Ok(path) => path,
        Err(failure) => {
            verify::without_journal(verdict, Objection::new(Code::FileUnable, failure.to_string()));
            return None;
        }
    };
    let file = match files::open_regular(&path) {
        Ok(file) => file,
        Err(error) => {
            verify::without_journal(verdict, Objection::new(Code::FileUnable, error.to_string()));
            return None;
        }
    };
    let own = own_secret(&file, given.secret);
    let sizes = given.kept.sizes();
    let knowledge = Knowledge { secret: given.secret.or(own.as_ref()), sizes: &sizes, threads: 0 };
    let unreadable = |error: std::io::Error| Objection::new(Code::FileUnable, files::words(&error));
    let open = || -> Result<Box<dyn Read>, Objection> {
        Ok(Box::new(files::from_start(file.try_clone().map_err(unreadable)?)))
    };
    let undrafted = |error| match error {
        DraftError::Rejected(rejection) => verify::rejected(&rejection),
        DraftError::Io(error) => unreadable(error),
        DraftError::Changed => Objection::of(&Code::JournalChanged.into()),
    };
    let mut beside = attached::Beside::new(folder_of(&path));
    let mut starts = Starts::default();
    let drafted = open().and_then(|journal| {
        let mut look = |passed: &Passed| {
            beside.look(passed);
            if is_short {
                starts.take_record(passed.record);
            }
        };
        let draft = Draft::gather_with(journal, knowledge, &mut look).map_err(undrafted)?;
        let sink = &mut std::io::sink();
        let own = match selective {
            true => draft.selective(open()?, sink, &[], 0).map(|(own, _)| own),
            false => draft.statement(open()?, sink, &[], 0, commands),
        };
        let own = own.map_err(undrafted)?;
        Ok((draft, own))
    });
    match drafted {
        Ok((draft, own)) => {
            verify::with_journal(verdict, draft.checked(), own, starts.told());
            verify::with_protection(verdict, draft.checked());
            verify::with_attached(verdict, beside.missing().map(|missing| missing.count));
            Known::of(draft.checked())
        }
        Err(objection) => {
            let text = format!("{}: {}", path.display(), objection.text);
            verify::without_journal(verdict, Objection { text, ..objection });
            None
        }
    }
}
