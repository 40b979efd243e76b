//! `attesh seal`: end a session, verify it, sign it.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Seal, Sealing};
use super::given::{Exit, by_word, secret};
use super::heads;
use super::manifests::{Around, Manifests, beside_the_journal, path_beside};
use super::outputs::Outputs;
use super::sessions::{Ended, end_and_succeed};
use super::signing::{in_the_open, signer, signer_apart};
use super::subjects;
use crate::cause::Code;
use crate::clock;
use crate::crypto::{OriginSecret, sha256};
use crate::encoding::hex;
use crate::failure::{Failure, Kind};
use crate::files::{self, Overwrite};
use crate::journal::check::{Knowledge, Origin};
use crate::journal::heads::KeptHeads;
use crate::journal::story::FindingCode;
use crate::lock;
use crate::report;
use crate::seal::derived::{Files, Format, Sealed};
use crate::seal::disclosed::{Apart, DISCLOSURES_FILE, MAX_DISCLOSURES_BYTES};
use crate::seal::draft::{Draft, DraftError};
use crate::seal::envelope::{Envelope, MAX_ENVELOPE_BYTES, PAYLOAD_TYPE};
use crate::seal::formats;
use crate::seal::signer::Signer;
use crate::seal::statement::{AGENT_PAYLOAD_MAX, Completeness, Statement};
use crate::session::close::EndVerb;
use crate::session::heads::{checked, rejected};
use crate::session::{Session, SessionError, attached, birth, find};
use crate::sys;
use crate::text::{self, Command, Next};
use crate::verify;

pub fn run(args: &Seal) -> Exit {
    sys::hide();
    // What can fail comes first: the session ends only when the key is open and the names are free.
    let kept = heads::expected(&args.expect_head)?;
    let session = match &args.dir {
        Some(dir) => find::in_folder(dir)?,
        None => the_session(args.session.as_deref())?,
    };
    let apart = recorded_elsewhere(&session, args.elsewhere)?;
    let formats = formats(args.format.as_deref(), args.metablock)?;
    let outputs = args.output.clone().map_or_else(|| Outputs::of(&session), Outputs::beside)?;
    let outputs = outputs.selective(args.selective);
    let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
    outputs.reserve(overwrite)?;
    let subjects = subjects::given(&args.subject, &args.subject_digest)?;
    let secret = match &args.secret {
        Some(given) => Some(secret(given)?),
        None => session.genesis().origin_id.and_then(birth::own_secret),
    };
    if secret.as_ref().is_some_and(|secret| Some(secret.id()) != session.genesis().origin_id) {
        let what = "--secret: the session names another origin secret, or none; nothing was ended";
        return Err(Failure::usage(what).next("give the secret that attesh start was given, or leave it out"));
    }
    let signer = signer(args.key.as_deref(), args.passphrase_file.as_deref())?;
    let outputs = outputs.with(&formats, &signer.public());
    outputs.reserve(overwrite)?;
    if !kept.is_empty() && !session.has_end() {
        heads::refuse_another(&kept, &checked(&session, &kept.sizes())?).map_err(|failure| Failure {
            message: format!("{}\nnothing was ended", failure.message),
            ..failure
        })?;
    }
    let ended = end_if_live(&session, apart, args)?;
    let what = What {
        subjects: &subjects,
        files: args.subject.len(),
        secret: secret.as_ref(),
        kept: &kept,
        again: again(args, &session),
    };
    let sealed = sealed(&session, &signer, &outputs, &what, overwrite);
    if let Ok((statement, _)) = &sealed {
        tell(&session, statement);
    }
    if let Some(ended) = ended {
        ended.say_what_goes_on();
    }
    let (statement, digest) = sealed?;
    print(&session, &outputs, &statement, &digest, args.json)?;
    Ok(0)
}

/// Why a session is sealed without an end: it is recorded elsewhere, or that is not known. Only
/// `--elsewhere` allows that.
fn recorded_elsewhere(session: &Session, allowed: bool) -> Result<Option<String>, Failure> {
    match session.elsewhere() {
        Ok(None) => Ok(None),
        Ok(Some(place)) if allowed => Ok(Some(format!("it is recorded {place}"))),
        Ok(Some(place)) => {
            let error = SessionError::Elsewhere(session.short_name().to_owned(), place);
            Err(Failure::from(error)
                .next("seal it there, or add --elsewhere to seal what is here now, without an end"))
        }
        Err(error) if allowed => Ok(Some(format!("it is not known where it is recorded: {error}"))),
        Err(error) => Err(named(session, error.into())
            .next("try again, or add --elsewhere to seal what is here now, without an end")),
    }
}

/// What a seal is made with beside the key.
struct What<'a> {
    subjects: &'a [(String, String)],
    /// How many of them, the first ones, are files.
    files: usize,
    secret: Option<&'a OriginSecret>,
    kept: &'a KeptHeads,
    /// What to type for another try.
    again: Command,
}

/// The same command once more, on the session that was meant.
fn again(args: &Seal, session: &Session) -> Command {
    let mut command = signing(args.key.as_deref(), args.passphrase_file.as_deref(), args.output.as_deref());
    command = args.subject.iter().fold(command, |command, path| command.word("--subject").path(path));
    let given = [
        ("--subject-digest", &args.subject_digest[..]),
        ("--format", args.format.as_slice()),
        ("--secret", args.secret.as_slice()),
        ("--expect-head", &args.expect_head),
    ];
    let given = given.iter().flat_map(|(name, values)| values.iter().map(move |value| (*name, value)));
    command = given.fold(command, |command, (name, value)| command.word(name).word(value));
    for (word, given) in [
        ("--selective", args.selective),
        ("--metablock", args.metablock),
        ("--elsewhere", args.elsewhere),
        ("--force", args.force),
    ] {
        command = if given { command.word(word) } else { command };
    }
    command.path(session.word())
}

/// `attesh seal` with what says by which key it signs, and where to.
fn signing(key: Option<&Path>, passphrase_file: Option<&Path>, output: Option<&Path>) -> Command {
    let given = [("--key", key), ("--passphrase-file", passphrase_file), ("-o", output)];
    given
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .fold(Command::new("attesh seal"), |command, (name, path)| command.word(name).path(path))
}

/// Seals a session that has ended; the statement, and the envelope's digest.
fn sealed(
    session: &Session,
    signer: &Signer,
    outputs: &Outputs,
    what: &What,
    overwrite: Overwrite,
) -> Result<(Statement, String), Failure> {
    // No text is taken out of the journal while an envelope with it is made. Who records on where
    // it has no end must not wait for that.
    let locked = session.has_end().then(|| lock::exclusive(session.journal(), lock::PATIENCE_MS));
    // Where a file system knows no locks it is sealed as it is.
    let _held = match locked {
        Some(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => {
            return Err(not_sealed(SessionError::Busy.into(), &what.again));
        }
        locked => locked,
    };
    let sealed = make(session, signer, outputs, what, overwrite);
    let (statement, digest) = sealed.map_err(|failure| not_sealed(failure, &what.again))?;
    let name = place_of(outputs);
    let size = statement.head().map_or(0, |head| head.size);
    let line = format!("{} {digest} {size} {name}", clock::rfc3339(clock::now().realtime_ns));
    session.list_envelope(&line)?;
    Ok((statement, digest))
}

/// Where the envelope is to be, from the root on: it is looked for from elsewhere.
fn place_of(outputs: &Outputs) -> String {
    let whole = std::path::absolute(&outputs.envelope).unwrap_or_else(|_| outputs.envelope.clone());
    text::visible(whole.as_os_str().as_bytes())
}

/// What `attesh sh --seal` does when its script is over; what can fail early was tried before.
pub struct Later {
    signer: Signer,
    outputs: Outputs,
    overwrite: Overwrite,
    again: Command,
}

impl Later {
    /// Opens the key and checks that the files can be written.
    ///
    /// # Errors
    /// The key cannot be used, or a file cannot be written: a usage error, because nothing has run.
    pub fn new(args: &Sealing, output: &Path) -> Result<Self, Failure> {
        let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
        let formats = formats(args.format.as_deref(), args.metablock)?;
        let outputs = Outputs::beside(output.to_owned())?.selective(args.selective);
        let usage = |failure: Failure| Failure { kind: Kind::Usage, ..failure };
        outputs.reserve(overwrite).map_err(usage)?;
        let (key, passphrase_file) = (args.key.as_deref(), args.passphrase_file.as_deref());
        let signer = signer_apart(key, passphrase_file, 1 + formats.len()).map_err(usage)?;
        let outputs = outputs.with(&formats, &signer.public());
        outputs.reserve(overwrite).map_err(usage)?;
        let again = signing(key, passphrase_file, Some(output));
        let again = args.format.iter().fold(again, |again, list| again.word("--format").word(list));
        let again = if args.selective { again.word("--selective") } else { again };
        let again = if args.metablock { again.word("--metablock") } else { again };
        let again = if args.force { again.word("--force") } else { again };
        Ok(Later { signer, outputs, overwrite, again })
    }

    /// Seals the session, ended or not.
    ///
    /// # Errors
    /// As in `attesh seal`.
    pub fn seal(&self, session: &Session) -> Result<(), Failure> {
        let secret = session.genesis().origin_id.and_then(birth::own_secret);
        let again = self.again.clone().path(session.word());
        let what =
            What { subjects: &[], files: 0, secret: secret.as_ref(), kept: &KeptHeads::default(), again };
        let (statement, _) = sealed(session, &self.signer, &self.outputs, &what, self.overwrite)?;
        tell(session, &statement);
        Ok(())
    }
}

fn not_sealed(failure: Failure, again: &Command) -> Failure {
    let failure = Failure { message: format!("{}\nnothing was sealed", failure.message), ..failure };
    // Trying again changes neither a journal nor the version of this program.
    if failure.next.is_some() || matches!(failure.kind, Kind::Integrity | Kind::Unsupported) {
        return failure;
    }
    failure.typing("the session has ended and is kept; to try again", again.clone())
}

/// The session named, else this shell's, else the job's, else the newest unsealed one in which no shell records.
fn the_session(word: Option<&str>) -> Result<Session, Failure> {
    if let Some(word) = word {
        return by_word(word);
    }
    if let Some(session) = find::surrounding()?.or_else(find::of_job) {
        return Ok(session);
    }
    let mut list = find::all()?;
    list.reverse();
    let mut locked = None;
    for session in list.into_iter().filter(|session| !session.is_sealed()) {
        match session.live_shells() {
            _ if session.has_end() => return Ok(session),
            Ok(0) => return Ok(session),
            Ok(_) | Err(SessionError::Elsewhere(..)) => {}
            Err(error) => locked = Some((session, error)),
        }
    }
    Err(match locked {
        Some((session, error)) => named(&session, error.into()),
        None => Failure::unable("no session has ended and is not sealed yet").next(find::see_all()),
    })
}

/// A failure that says which session it is about.
fn named(session: &Session, failure: Failure) -> Failure {
    Failure { message: format!("session {}: {}", session.short_name(), failure.message), ..failure }
}

/// The formats of a list, the link of it in the older wrapping where that was asked for.
fn formats(list: Option<&str>, metablock: bool) -> Result<Vec<Format>, Failure> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let mut formats = Format::list(list).map_err(|why| {
        let known = Format::ALL.map(Format::word).join(", ");
        Failure::usage(format!("--format {list}: {why}"))
            .next(Next::say(format!("the formats are {known}; name each once, with commas between")))
    })?;
    if metablock {
        let link = formats.iter_mut().find(|format| **format == Format::Link);
        let link = link.ok_or_else(|| {
            Failure::usage("--metablock: the link alone has this form").next("name link with --format, too")
        })?;
        *link = Format::Metablock;
    }
    Ok(formats)
}

/// Ends the session, if it still can be, and lets its shells go on in the next one.
fn end_if_live(session: &Session, apart: Option<String>, args: &Seal) -> Result<Option<Ended>, Failure> {
    if session.has_end() {
        return Ok(None);
    }
    if let Some(why) = apart {
        report::say(&format!("sealing it without an end: {why}"));
        return Ok(None);
    }
    if session.is_another_file() {
        let what = format!(
            "{}: changed from outside: its journal is another file than its recorder's, or a copy; nothing was ended",
            session.folder().path().display()
        );
        return Err(Failure::because(Code::JournalRemembered, what)
        .next("if it is a copy, seal the session that it was copied from, or end that with attesh stop and copy it again"));
    }
    match end_and_succeed(session, EndVerb::Seal, args.close_others) {
        Ok(ended) => Ok(Some(ended)),
        // A session that cannot be ended any more is sealed as it is: incomplete.
        Err(failure) if failure.kind == Kind::Unable && session.is_over() => {
            report::say(&format!("sealing it without an end: {}", failure.message));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// A file that remembers whether it was writing to it that failed.
struct Watched<'a> {
    file: &'a mut File,
    failed: bool,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes).inspect_err(|_| self.failed = true)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush().inspect_err(|_| self.failed = true)
    }
}

/// Drafts, signs and writes; the statement, and the envelope's digest.
fn make(
    session: &Session,
    signer: &Signer,
    outputs: &Outputs,
    what: &What,
    overwrite: Overwrite,
) -> Result<(Statement, String), Failure> {
    let What { subjects, secret, kept, .. } = *what;
    let open = || session.journal().try_clone().map(files::from_start);
    let io = |error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let sizes = kept.sizes();
    let knowledge = Knowledge { secret, sizes: &sizes, ..Knowledge::default() };
    let undrafted = |error| match error {
        DraftError::Io(error) => io(error),
        DraftError::Changed => Failure::because(Code::JournalChanged, Code::JournalChanged.sentence()),
        DraftError::Rejected(rejection) => rejected(&rejection),
    };
    let mut beside = attached::Beside::new(session.folder().path());
    let draft = Draft::gather_with(open().map_err(io)?, knowledge, &mut |passed| beside.look(passed))
        .map_err(undrafted)?;
    heads::refuse_another(kept, draft.checked())?;
    if draft.checked().origin == Origin::NotChecked {
        report::say(
            "attesh does not have the journal's origin secret; to check the origin give it with --secret",
        );
    }
    let sealed_at = clock::now().realtime_ns;
    let last = draft.checked().times_ns.1;
    if sealed_at < last {
        let (now, last) = (clock::rfc3339(sealed_at), clock::rfc3339(last));
        let what = format!("it is {now} by the clock of this machine, and the last record is of {last}");
        return Err(Failure::unable(what).next("set the clock, or seal when it has come to that time"));
    }
    beside_the_journal(beside)?;
    let manifests = Manifests::of_session(session.folder().path(), &draft.recorded())?;
    let subjects = manifests.subjects(&draft.recorded(), subjects, what.files)?;
    session.begin_envelope(&place_of(outputs))?;
    let mut transcript = files::Published::create(&outputs.transcript, 0o644)?;
    let (mut statement, apart) = {
        let mut writer = BufWriter::new(Watched { file: transcript.file(), failed: false });
        let journal = open().map_err(io)?;
        let drafted = match outputs.disclosures {
            Some(_) => draft.selective(journal, &mut writer, &subjects, sealed_at),
            None => draft
                .statement(journal, &mut writer, &subjects, sealed_at, true)
                .map(|statement| (statement, Apart::default())),
        };
        let drafted = drafted.and_then(|drafted| Ok(writer.flush().map(|()| drafted)?));
        let failed = writer.get_ref().failed;
        // The rest of its buffer could not be written either.
        let _ = writer.into_parts();
        drafted.map_err(|error| match error {
            DraftError::Io(error) if failed => files::FileError::Io(outputs.transcript.clone(), error).into(),
            other => undrafted(other),
        })?
    };
    let payload = payload(signer, outputs, &mut statement)?;
    if let Some(why) = verify::objection(&payload) {
        let what = format!("the journal holds what a statement cannot say: {why}");
        return Err(Failure::because(why.code, what));
    }
    let derived = derived(signer, outputs, &statement, &payload, &manifests.around(&subjects))?;
    let (envelope, written) = signed(signer, payload, signer.public().fingerprint())?;
    // A text that was taken out meanwhile must not come into an envelope.
    if !session.is_in_place().map_err(io)? {
        return Err(undrafted(DraftError::Changed));
    }
    transcript.publish(overwrite)?;
    publish_apart(outputs, &apart, overwrite)?;
    manifests.publish(&outputs.envelope, overwrite)?;
    files::publish(&outputs.bundle, &formats::to_bundle(&envelope), 0o644, overwrite)?;
    for (path, bytes) in derived {
        files::publish(path, &bytes, 0o644, overwrite)?;
    }
    files::publish(&outputs.envelope, &written, 0o644, overwrite)?;
    Ok((statement, hex(&sha256(&[&written]))))
}

/// The payload: for an agent a short one.
fn payload(signer: &Signer, outputs: &Outputs, statement: &mut Statement) -> Result<Vec<u8>, Failure> {
    if outputs.disclosures.is_some() && statement.predicate.commands.is_none() {
        let why = "the commands are too many for a statement, and a selective one lists them";
        return Err(Failure::unable(why).next("seal it without --selective"));
    }
    let mut payload = statement.to_json();
    if matches!(signer, Signer::Agent(_)) && payload.len() > AGENT_PAYLOAD_MAX {
        // An agent signs only short messages: the transcript's digest replaces the commands.
        if outputs.disclosures.is_none() {
            statement.predicate.commands = None;
            payload = statement.to_json();
        }
        if payload.len() > AGENT_PAYLOAD_MAX {
            let why = format!("the payload has {} bytes, more than ssh-agent signs", payload.len());
            return Err(Failure::unable(why).next("use a key file with --key"));
        }
    }
    Ok(payload)
}

/// Writes the texts that the statement leaves out, for nobody but the user to read: he hands them on.
/// One of another seal under this name goes.
fn publish_apart(outputs: &Outputs, apart: &Apart, overwrite: Overwrite) -> Result<(), Failure> {
    let Some(path) = &outputs.disclosures else {
        let left = path_beside(&outputs.envelope, DISCLOSURES_FILE);
        return match std::fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(files::FileError::Io(left, error).into())
            }
            _ => Ok(()),
        };
    };
    let io = |error| files::FileError::Io(path.clone(), error);
    let mut file = files::Published::create(path, 0o600)?;
    let mut out = BufWriter::new(file.file());
    apart.write(&mut out).and_then(|()| out.flush()).map_err(io)?;
    drop(out);
    let bytes = file.file().metadata().map_err(io)?.len();
    if bytes > MAX_DISCLOSURES_BYTES as u64 {
        let why = format!("the disclosures have {bytes} bytes, and the limit is {MAX_DISCLOSURES_BYTES}");
        return Err(Failure::unable(why).next("seal it without --selective"));
    }
    Ok(file.publish(overwrite)?)
}

/// The files in the formats of others, signed.
fn derived<'a>(
    signer: &Signer,
    outputs: &'a Outputs,
    statement: &Statement,
    payload: &[u8],
    around: &Around,
) -> Result<Vec<(&'a Path, Vec<u8>)>, Failure> {
    let payload_sha256 = hex(&sha256(&[payload]));
    let files = Files { materials: &around.materials, products: &around.products };
    let name = outputs.name();
    let sealed = Sealed { statement, payload_sha256: &payload_sha256, name: &name, files };
    let file = |(format, path): &'a (Format, PathBuf)| {
        let (value, keyid) = (format.value(&sealed), format.keyid(&signer.public()));
        let bytes = match format {
            Format::Metablock => in_the_open(signer, &value)?,
            _ => signed(signer, value.to_string().into_bytes(), keyid)?.1,
        };
        Ok((path.as_path(), bytes))
    };
    outputs.derived.iter().map(file).collect()
}

/// An envelope, and its file.
fn signed(signer: &Signer, payload: Vec<u8>, keyid: String) -> Result<(Envelope, Vec<u8>), Failure> {
    let envelope = signer.seal_as(PAYLOAD_TYPE, payload, keyid);
    let envelope = envelope.map_err(|error| Failure::of(Kind::Unable, &error))?;
    let written = envelope.to_json();
    if written.len() > MAX_ENVELOPE_BYTES {
        return Err(Failure::unable(format!(
            "the envelope has {} bytes, and the limit is {MAX_ENVELOPE_BYTES}: some names or texts in the journal are too long",
            written.len()
        )));
    }
    Ok((envelope, written))
}

/// Tells the person what was sealed, and whether it is whole.
fn tell(session: &Session, statement: &Statement) {
    let outcome = &statement.predicate.outcome;
    let head = statement.head().map_or_else(String::new, |head| head.to_string());
    report::say(&format!(
        "sealed session {}: {}, {}; head {head}",
        session.shown(),
        text::count(outcome.command_count, "command"),
        outcome.end.name().to_lowercase()
    ));
    if outcome.end != Completeness::Complete {
        let first = statement.predicate.anomalies.iter().find(|anomaly| anomaly.incomplete);
        report::say(&format!("incomplete: {}", first.map_or("see attesh show", |anomaly| &anomaly.text)));
    }
    if let Some(before) =
        statement.predicate.anomalies.iter().find(|anomaly| anomaly.code == FindingCode::AfterLoss)
    {
        report::say(&before.text);
    }
}

/// Tells the program that asked where the envelope is, or everything.
fn print(
    session: &Session,
    outputs: &Outputs,
    statement: &Statement,
    digest: &str,
    json: bool,
) -> Result<(), Failure> {
    let path = outputs.envelope.display().to_string();
    if !json {
        // A program gets the name as it is; on a terminal the name is escaped.
        return match std::io::stdout().is_terminal() {
            true => report::line(&text::visible(outputs.envelope.as_os_str().as_bytes())),
            false => report::line(&path),
        };
    }
    let outcome = &statement.predicate.outcome;
    let head = statement.head().map(|head| head.to_string());
    let (bundle, transcript) = (report::path_json(&outputs.bundle), report::path_json(&outputs.transcript));
    let mut value = json!({"envelope": path, "sha256": digest, "bundle": bundle, "transcript": transcript,
        "session": session.id(), "head": head, "end": outcome.end, "commandCount": outcome.command_count});
    if let Some(path) = &outputs.disclosures {
        value["disclosures"] = report::path_json(path);
    }
    if !outputs.derived.is_empty() {
        let derived = outputs.derived.iter();
        let paths = derived.map(|(format, path)| (format.word().to_owned(), report::path_json(path)));
        value["formats"] = Value::Object(paths.collect());
    }
    report::json("attesh.seal/v1", value)
}
