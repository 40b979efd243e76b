//! `attesh disclose`, and `attesh redact` of an envelope: the texts beside a selective seal.
//!
//! What lives here: the envelope with its file of disclosures, taking lines out of that file, printing
//! some, and checking those of somebody else. What does not: what a line is (`seal::disclosed`), which
//! texts a person can ask for (`journal::redact`).
//!
//! Rules: the envelope is never written; of a file with a line that does not fit nothing is printed, and
//! nothing is taken out.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Disclose, Redact};
use super::given::Exit;
use super::manifests::path_beside;
use super::which::asked;
use super::{held, key};
use crate::failure::{Failure, Kind};
use crate::files::{self, FileError, Overwrite, Published};
use crate::journal::redact::Asked;
use crate::lock;
use crate::report;
use crate::seal::disclosed::{
    BadLine, DISCLOSURES_FILE, DisclosureFacts, Line, MAX_DISCLOSURES_BYTES, meant,
};
use crate::seal::envelope::Envelope;
use crate::seal::form;
use crate::seal::statement::Statement;
use crate::session::find;
use crate::text::{self, Command, Next, count};
use crate::verify;

pub fn run(args: &Disclose) -> Exit {
    match &args.check {
        Some(file) => check(args, file),
        None => disclose(args),
    }
}

/// Prints lines of the file as they stand there.
fn disclose(args: &Disclose) -> Exit {
    let asked = asked(&args.which)?;
    if asked.is_empty() {
        return Err(Failure::usage("nothing says which texts are to be disclosed").next(
            "say which: --command N, --match REGEX, --rule NAME, --workdir, --host, --user or --fact TYPE[.PART]",
        ));
    }
    let (words, asked): (Vec<String>, Vec<Asked>) = asked.into_iter().unzip();
    let statement = statement(&args.envelope, &envelope(&args.envelope)?)?;
    let path = path_beside(&args.envelope, DISCLOSURES_FILE);
    let bytes = files::read_limited(&path, MAX_DISCLOSURES_BYTES as u64)?;
    let lines = opened(&args.envelope, &statement, &path, &bytes)?;
    let (meant, missed) = meant(&asked, &statement.predicate, &lines, false);
    if let Some(at) = missed {
        return Err(nothing(&args.envelope, &path, &words[at], &asked[at], &statement, "disclosed"));
    }
    let lines: Vec<&Line> =
        lines.iter().zip(meant).filter_map(|(line, meant)| meant.then_some(line)).collect();
    if args.json {
        return print_json(args, &lines);
    }
    lines.iter().try_for_each(|line| report::out(&line.to_json()))?;
    Ok(0)
}

/// Holds lines that somebody disclosed against an envelope that a trusted key signed.
fn check(args: &Disclose, file: &Path) -> Exit {
    let envelope = envelope(&args.envelope)?.with_beside(None);
    let verdict = verify::envelope(&envelope, &key::trusted(&args.trust)?, held::now());
    let refused = |kind| matches!(kind, Kind::Integrity | Kind::Untrusted | Kind::Unsupported);
    if let Some(objection) = verdict.failure.filter(|objection| refused(objection.kind())) {
        let what = format!("{}: {}", args.envelope.display(), objection.text);
        return Err(Failure::because(objection.code, what));
    }
    let statement = *verdict.sealed.ok_or_else(|| not_selective(&args.envelope))?;
    let from = if file == Path::new("-") { Path::new("/dev/stdin") } else { file };
    let bytes = files::read_stream(from, MAX_DISCLOSURES_BYTES as u64)?;
    let lines = opened(&args.envelope, &statement, file, &bytes)?;
    if lines.is_empty() {
        let what = format!("{}: there is no line in it", file.display());
        return Err(Failure::usage(what).next("give lines as attesh disclose prints them"));
    }
    let all: Vec<&Line> = lines.iter().collect();
    if args.json {
        return print_json(args, &all);
    }
    for line in all {
        report::line(&format!("{}  {}", line.at, text::visible(&line.text.value)))?;
    }
    let of = statement.predicate.disclosures.map_or(0, |facts| facts.count);
    let (texts, name) = (count(lines.len(), "text"), args.envelope.display());
    report::say(&format!("{texts} of {of} in {name}: as they were signed"));
    Ok(0)
}

fn print_json(args: &Disclose, lines: &[&Line]) -> Exit {
    let envelope = report::path_json(&args.envelope);
    let texts: Vec<Value> = lines.iter().map(|line| as_json(line, true)).collect();
    report::json("attesh.disclose/v1", json!({"envelope": envelope, "texts": texts}))?;
    Ok(0)
}

fn as_json(line: &Line, told: bool) -> Value {
    let mut value = json!({"at": line.at});
    if told {
        value["text"] = json!(String::from_utf8_lossy(&line.text.value));
    }
    value
}

/// Takes lines out of the file beside an envelope.
pub fn redact(args: &Redact, path: &Path, words: &[String], asked: &[Asked]) -> Exit {
    let statement = statement(path, &envelope(path)?)?;
    let beside = path_beside(path, DISCLOSURES_FILE);
    if beside.is_symlink() {
        return Err(FileError::Link(beside).into());
    }
    let mut file = files::open_regular(&beside)?;
    let io = |error| FileError::Io(beside.clone(), error);
    let lock = file.try_clone().map_err(io)?;
    // Two at once would put back what one of them took out.
    let _held = lock::exclusive(&lock, lock::PATIENCE_MS).map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if files::identity(&beside).is_none_or(|now| now.file != (meta.dev(), meta.ino())) {
        let what = format!("{}: another process has just written it", beside.display());
        return Err(Failure::unable(what).next("try again"));
    }
    let bytes = files::read_open(file.try_clone().map_err(io)?, &beside, MAX_DISCLOSURES_BYTES as u64)?;
    let lines = opened(path, &statement, &beside, &bytes)?;
    if !args.dry_run {
        files::remove_unfinished(&beside).map_err(io)?;
    }
    let (gone, missed) = meant(asked, &statement.predicate, &lines, true);
    if let Some(at) = missed {
        return Err(nothing(path, &beside, &words[at], &asked[at], &statement, "taken out"));
    }
    if !args.dry_run {
        let mut new = Published::create(&beside, 0o600)?;
        let left = lines.iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(line, _)| line.to_json());
        let left: Vec<u8> = left.flatten().collect();
        file = new.file().try_clone().map_err(io)?;
        file.write_all(&left).map_err(io)?;
        let own = file.metadata().map_err(io)?;
        if (own.uid(), own.gid()) != (meta.uid(), meta.gid()) {
            fchown(&file, Some(meta.uid()), Some(meta.gid())).map_err(io)?;
        }
        file.set_permissions(Permissions::from_mode(meta.mode() & 0o7777)).map_err(io)?;
        new.publish(Overwrite::Yes)?;
    }
    let gone: Vec<&Line> = lines.iter().zip(&gone).filter_map(|(line, gone)| gone.then_some(line)).collect();
    say(args, path, &gone, lines.len() - gone.len())?;
    if meta.nlink() > 1 && !args.dry_run {
        let names = count(meta.nlink() - 1, "hard link");
        report::say(&format!("the file is kept with its texts by {names} elsewhere: find and remove them"));
    }
    if let Ok(session) = find::by_word(&statement.predicate.session.id) {
        let redact = Command::new("attesh redact").path(session.word());
        let next = Next::typing("to take them out of that", redact);
        report::say(&format!(
            "the journal of session {} may have its texts still; {next}",
            session.short_name()
        ));
    }
    Ok(0)
}

/// What has been taken out is not printed: the log of a job would keep it.
fn say(args: &Redact, path: &Path, gone: &[&Line], left: usize) -> Result<(), Failure> {
    if args.json {
        let texts: Vec<Value> = gone.iter().map(|line| as_json(line, args.dry_run)).collect();
        let envelope = report::path_json(path);
        let value = json!({"envelope": envelope, "dryRun": args.dry_run, "texts": texts, "left": left});
        return report::json("attesh.redact/v1", value);
    }
    for line in gone {
        let text = if args.dry_run {
            text::short(&String::from_utf8_lossy(&line.text.value))
        } else {
            String::new()
        };
        report::line(format!("{}  {text}", line.at).trim_end())?;
    }
    let verb = if args.dry_run { "would be taken out" } else { "taken out" };
    let texts = count(gone.len(), "text");
    report::say(&format!("{}: {texts} {verb}, {left} left", path.display()));
    Ok(())
}

/// There is nothing for a part of what was asked.
fn nothing(
    envelope: &Path,
    path: &Path,
    word: &str,
    asked: &Asked,
    statement: &Statement,
    done: &str,
) -> Failure {
    let commands = statement.predicate.outcome.command_count;
    let why = match asked {
        _ if asked.is_beyond(commands) => {
            format!("the envelope has {}", count(commands, "command"))
        }
        Asked::Commands(_) => "no text is there: it was withheld, or taken out before".to_owned(),
        Asked::Notes(_) => "an envelope has no remarks and reasons".to_owned(),
        _ => "no text that is there fits".to_owned(),
    };
    let failure = Failure::usage(format!("{}: {word}: {why}; nothing was {done}", path.display()));
    failure.typing("to see what there is", Command::new("attesh show").path(envelope))
}

fn envelope(path: &Path) -> Result<Envelope, Failure> {
    held::envelope(path)?.map_err(|cause| {
        Failure::because(cause.code, format!("{}: {cause}", path.display()))
            .next("name the envelope that attesh seal --selective wrote: NAME.intoto.json")
    })
}

/// The statement of a selective seal, whoever signed it.
fn statement(path: &Path, envelope: &Envelope) -> Result<Statement, Failure> {
    let statement = form::read(envelope.unverified_payload())
        .map_err(|cause| Failure::because(cause.code, format!("{}: {cause}", path.display())))?;
    statement.predicate.disclosures.is_some().then_some(statement).ok_or_else(|| not_selective(path))
}

fn not_selective(path: &Path) -> Failure {
    let what =
        format!("{}: its texts are in the envelope itself, which was not sealed selectively", path.display());
    Failure::usage(what)
        .next("give the envelope to nobody who must not read them; the next one seal with --selective")
}

/// The lines of a file, each of which opens its commitment.
fn opened(envelope: &Path, statement: &Statement, path: &Path, bytes: &[u8]) -> Result<Vec<Line>, Failure> {
    let facts: &DisclosureFacts =
        statement.predicate.disclosures.as_ref().ok_or_else(|| not_selective(envelope))?;
    let shown: PathBuf = path.to_owned();
    facts.open(bytes).map_err(|BadLine { number, cause }| {
        Failure::because(cause.code, format!("{}: line {number}: {cause}", shown.display()))
    })
}
