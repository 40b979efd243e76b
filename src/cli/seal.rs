//! `attesh seal`: end a session, verify it, sign it.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::Seal;
use super::{Outcome, key, secret};
use crate::clock;
use crate::crypto::{OriginSecret, sha256};
use crate::encoding::hex;
use crate::failure::{Failure, Kind};
use crate::files::{self, Overwrite};
use crate::journal::append::digest_of;
use crate::journal::chain::head_token;
use crate::journal::check::{Knowledge, Origin};
use crate::passphrase::{self, Purpose, Sources};
use crate::paths;
use crate::report;
use crate::seal::agent::AgentKey;
use crate::seal::draft::{Draft, DraftError};
use crate::seal::envelope::Envelope;
use crate::seal::formats;
use crate::seal::keys::Passphrase;
use crate::seal::signer::{KeyFile, Signer, generate};
use crate::seal::statement::{
    AGENT_PAYLOAD_MAX, SUBJECT_SESSION, SUBJECT_TRANSCRIPT, SUBJECTS_MAX, Statement,
};
use crate::session::close::{Ending, other_live_shells};
use crate::session::{SEALED, Session, birth, find, short_id};

/// What goes beside the envelope.
struct Outputs {
    envelope: PathBuf,
    bundle: PathBuf,
    transcript: PathBuf,
}

const SUFFIX: &str = ".intoto.json";

pub fn run(args: &Seal) -> Outcome {
    // All that can fail comes first: nothing has ended until the key is open and the names are free.
    let session = the_session(args.session.as_deref())?;
    let outputs = Outputs::new(args, &session)?;
    let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
    outputs.reserve(overwrite)?;
    let subjects = subjects(&args.subject)?;
    let secret = match &args.secret {
        Some(given) => Some(secret(given)?),
        None => session.genesis().origin_id.and_then(birth::own_secret),
    };
    if secret.as_ref().is_some_and(|secret| Some(secret.id()) != session.genesis().origin_id) {
        let what = "--secret: the session names another origin secret, or none; nothing was ended";
        return Err(Failure::usage(what).next("give the secret that attesh start was given, or leave it out"));
    }
    let signer = signer(args)?;
    end_if_live(&session, args.close_others)?;
    let sealed = make(&session, &signer, &outputs, &subjects, secret.as_ref(), overwrite);
    let (envelope, statement) = sealed.map_err(|failure| not_sealed(failure, &session))?;
    let digest = hex(&sha256(&[&envelope.to_json()]));
    let line =
        format!("{} {digest} {}", clock::rfc3339(clock::now().realtime_ns), outputs.envelope.display());
    session.folder().append_line(SEALED, &line)?;
    tell(&session, &outputs, &statement, &digest, args.json)?;
    Ok(0)
}

fn not_sealed(failure: Failure, session: &Session) -> Failure {
    let again = format!(
        "the session has ended and is kept; to try again type: attesh seal {}",
        short_id(session.id())
    );
    Failure::new(failure.kind, format!("{failure}\nnothing was sealed")).next(again)
}

/// The session named, else this shell's, else the newest unsealed one that nobody records in.
fn the_session(word: Option<&str>) -> Result<Session, Failure> {
    if let Some(word) = word {
        return find::by_word(word);
    }
    if let Some(session) = find::surrounding()? {
        return Ok(session);
    }
    let idle = |session: &Session| {
        session.has_end()
            || session
                .with_writer_waiting(5_000, |writer| Ok(other_live_shells(&writer.story()?, None).is_empty()))
                .unwrap_or(true)
    };
    let mut list = find::all()?;
    list.reverse();
    list.into_iter().find(|session| !session.is_sealed() && idle(session)).ok_or_else(|| {
        Failure::unable("there is no ended session that was not sealed yet").next(find::SEE_ALL)
    })
}

impl Outputs {
    fn new(args: &Seal, session: &Session) -> Result<Self, Failure> {
        let envelope = match &args.output {
            Some(path) => path.clone(),
            None => {
                let opened = clock::timestamp(session.opened_ns());
                let opened = opened
                    .map_or_else(|| "unknown".to_owned(), |time| time.strftime("%Y-%m-%dT%H%MZ").to_string());
                PathBuf::from(format!("{opened}-{}{SUFFIX}", short_id(session.id())))
            }
        };
        let Some(name) = envelope.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Err(Failure::usage(format!("-o {}: not the name of a file", envelope.display())));
        };
        let stem = name.strip_suffix(SUFFIX).unwrap_or(&name);
        let beside = |suffix: &str| envelope.with_file_name(format!("{stem}{suffix}"));
        Ok(Outputs { bundle: beside(".sigstore.json"), transcript: beside(".transcript"), envelope })
    }

    /// Sees that all three can be written.
    fn reserve(&self, overwrite: Overwrite) -> Result<(), Failure> {
        for path in [&self.envelope, &self.bundle, &self.transcript] {
            if overwrite == Overwrite::No && path.symlink_metadata().is_ok() {
                return Err(Failure::usage(format!("{}: exists already", path.display()))
                    .next("choose another name with -o, or add --force to replace it"));
            }
        }
        let folder =
            self.envelope.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        files::can_create_in(folder).map_err(Failure::from)
    }
}

fn subjects(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    if paths.len() + 2 > SUBJECTS_MAX {
        return Err(Failure::usage(format!("--subject: at most {} files", SUBJECTS_MAX - 2)));
    }
    let mut list: Vec<(String, String)> = Vec::new();
    for path in paths {
        let name = path
            .to_str()
            .ok_or_else(|| Failure::usage(format!("--subject {}: the name is not UTF-8", path.display())))?;
        if [SUBJECT_SESSION, SUBJECT_TRANSCRIPT].contains(&name) || list.iter().any(|(have, _)| have == name)
        {
            return Err(Failure::usage(format!("--subject {name}: a subject of this name is there already")));
        }
        let file = files::open_regular(path)?;
        let digest = digest_of(&file)
            .map_err(|error| Failure::unable(format!("--subject {name}: {}", files::words(&error))))?;
        list.push((name.to_owned(), hex(&digest)));
    }
    Ok(list)
}

fn signer(args: &Seal) -> Result<Signer, Failure> {
    let sources =
        || Sources { file: args.passphrase_file.clone(), environment: paths::variable("ATTESH_PASSPHRASE") };
    let default = key::default_path()?;
    let path = args.key.clone().unwrap_or_else(|| default.clone());
    let made = match args.key.is_none() && default.symlink_metadata().is_err() {
        true => Some(make_default_key(&default, sources())?),
        false => None,
    };
    let file = KeyFile::open(&path).map_err(key::failure)?;
    let private = match file {
        KeyFile::Public(public) => {
            let socket = paths::variable("SSH_AUTH_SOCK").map(PathBuf::from);
            let agent = AgentKey::find(socket.as_deref(), public)
                .map_err(|error| Failure::of(Kind::Unable, &error))?;
            return Ok(Signer::Agent(agent));
        }
        KeyFile::Private(private) => private,
    };
    if let Some(warning) = private.exposure() {
        report::say(&format!("warning: {warning}"));
    }
    let passphrase = match made {
        None if private.is_encrypted() => {
            let given = passphrase::get(sources(), Purpose::Open(&path));
            Some(given.map_err(|error| key::no_passphrase(&error))?)
        }
        made => made,
    };
    private.unlock(passphrase.as_ref()).map(Signer::Key).map_err(key::failure)
}

/// The first seal makes a key; only with a passphrase, and only where one can be had.
fn make_default_key(path: &Path, sources: Sources) -> Result<Passphrase, Failure> {
    if sources.file.is_none() && sources.environment.is_none() && !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!("there is no sealing key yet ({})", path.display())).next(
            format!("name one with --key FILE, or make one: attesh key generate -o {}", path.display()),
        ));
    }
    report::say(&format!("making your sealing key, {}", path.display()));
    let passphrase =
        passphrase::get(sources, Purpose::Create(path)).map_err(|error| key::no_passphrase(&error))?;
    files::Folder::create(path.parent().expect("a file in a folder"))?;
    let public = generate(path, Some(&passphrase), false).map_err(key::failure)?;
    let trusted = key::trust(&public, "own")?;
    report::say(&format!(
        "made {} ({}); its public half is {}.pub, and {} makes verify trust it here",
        path.display(),
        public.fingerprint(),
        path.display(),
        trusted.display()
    ));
    Ok(passphrase)
}

/// Ends the session, if it still can be, and lets its shells go on in the next one.
fn end_if_live(session: &Session, close_others: bool) -> Result<(), Failure> {
    if session.has_end() {
        return Ok(());
    }
    match super::sessions::end_and_succeed(session, Ending::Seal, close_others) {
        Ok(_) => Ok(()),
        // What cannot be ended any more is sealed as it is: incomplete.
        Err(failure) if failure.kind == Kind::Unable && !session.is_live() => {
            report::say(&format!("the session is sealed without an end: {}", failure.message));
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

fn make(
    session: &Session,
    signer: &Signer,
    outputs: &Outputs,
    subjects: &[(String, String)],
    secret: Option<&OriginSecret>,
    overwrite: Overwrite,
) -> Result<(Envelope, Statement), Failure> {
    let open = || session.journal().try_clone().map(files::from_start);
    let io = |error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let knowledge = Knowledge { secret, threads: 0 };
    let draft = Draft::gather(open().map_err(io)?, knowledge).map_err(|error| match error {
        DraftError::Io(error) => io(error),
        DraftError::Rejected(rejection) => Failure::integrity(format!(
            "the journal is not what was recorded: record {} (byte {}): {}",
            rejection.record, rejection.offset, rejection.why
        )),
    })?;
    if draft.checked().origin == Origin::NotChecked {
        report::say(
            "the journal's origin secret is not at hand: give it with --secret to have the origin checked",
        );
    }
    let mut transcript = files::Published::create(&outputs.transcript, 0o644)?;
    let sealed_at = clock::now().realtime_ns;
    let mut statement = {
        let mut writer = BufWriter::new(transcript.file());
        let statement =
            draft.statement(open().map_err(io)?, &mut writer, subjects, sealed_at, true).map_err(io)?;
        writer.flush().map_err(|error| files::FileError::Io(outputs.transcript.clone(), error))?;
        statement
    };
    let mut payload = statement.to_json();
    if matches!(signer, Signer::Agent(_)) && payload.len() > AGENT_PAYLOAD_MAX {
        // An agent signs short messages only: the transcript's digest stands for the commands.
        statement.predicate.commands = None;
        payload = statement.to_json();
        if payload.len() > AGENT_PAYLOAD_MAX {
            let why = format!(
                "the payload has {} bytes, more than ssh-agent signs; use a key file with --key",
                payload.len()
            );
            return Err(Failure::unable(why));
        }
    }
    let envelope = signer.seal(payload).map_err(|error| Failure::of(Kind::Unable, &error))?;
    transcript.publish(overwrite)?;
    files::publish(&outputs.bundle, &formats::to_bundle(&envelope), 0o644, overwrite)?;
    files::publish(&outputs.envelope, &envelope.to_json(), 0o644, overwrite)?;
    Ok((envelope, statement))
}

fn tell(
    session: &Session,
    outputs: &Outputs,
    statement: &Statement,
    digest: &str,
    json: bool,
) -> Result<(), Failure> {
    let outcome = &statement.predicate.outcome;
    let path = outputs.envelope.display().to_string();
    let head = {
        let root =
            crate::encoding::hex_exact(statement.predicate.journal.root_hash.as_bytes()).unwrap_or_default();
        head_token(session.id(), statement.predicate.journal.size, &root)
    };
    report::say(&format!(
        "sealed session {}: {}, {}; head {head}",
        session.short_name(),
        report::count(outcome.command_count, "command"),
        outcome.end.to_lowercase()
    ));
    if outcome.end != "COMPLETE" {
        let first = statement.predicate.anomalies.iter().find(|anomaly| anomaly.incomplete);
        report::say(&format!("incomplete: {}", first.map_or("see attesh show", |anomaly| &anomaly.text)));
    }
    if json {
        return report::json(
            "attesh.seal/v1",
            json!({"envelope": path, "sha256": digest, "bundle": outputs.bundle, "transcript": outputs.transcript,
                "session": session.id(), "head": head, "end": outcome.end, "commandCount": outcome.command_count}),
        );
    }
    report::line(&path)
}
