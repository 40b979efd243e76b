//! `attesh reconcile`: what an agent's transcript tells of its commands, held against what the kernel
//! told.
//!
//! What lives here: the files of both sides, and the exit status. What does not: the comparison
//! (`agent::reconcile`), what it looks like (`reconciled`).

use std::collections::HashMap;
use std::path::Path;

use super::args::Reconcile;
use super::given::{Exit, by_word};
use super::input::{Input, TRANSCRIPT, Words, open, unopened};
use super::programs::Programs;
use super::reconciled::{Sides, Source};
use super::view::view;
use super::{held, key, page};
use crate::agent::reconcile::{Seen, reconcile};
use crate::agent::transcript::{self, Kind, Told};
use crate::cause::Code;
use crate::failure::{Failure, Kind as FailureKind, Place};
use crate::files;
use crate::seal::envelope::Envelope;
use crate::seal::form;
use crate::session::find;
use crate::text::{Command, visible};
use crate::verify::{self, Mark, Objection};

/// The longest transcript that is read, in bytes.
const TRANSCRIPT_BYTES_MAX: u64 = 1 << 30;
/// The start of a database, as opencode keeps its sessions in.
const DATABASE: &[u8] = b"SQLite format 3\0";

/// The exit status where the two sides do not agree.
const DIFFERENT: u8 = 1;

/// What a recording tells, and what is wrong with it.
struct Recording {
    programs: Programs,
    /// As the first line says it.
    words: &'static str,
    /// Whether a key that is trusted here signed it; of a journal nothing is signed.
    trusted: Option<bool>,
    wrong: Option<Failure>,
}

pub fn run(args: &Reconcile) -> Exit {
    let asked = args.agent.as_deref().map(agent).transpose()?;
    let sources: Vec<Source> =
        args.transcript.iter().map(|path| read(path, asked)).collect::<Result<_, _>>()?;
    let kind = sources[0].transcript.kind;
    if let Some(other) = sources.iter().find(|source| source.transcript.kind != kind) {
        let what = format!(
            "{} is of {}, and {} of {}",
            sources[0].path.display(),
            kind.word(),
            other.path.display(),
            other.transcript.kind.word()
        );
        return Err(Failure::usage(what).next("give the transcripts of one agent"));
    }
    let recording = recording(args)?;
    let (runs, left_out) = recording.programs.of_agent(kind.word());
    if runs.is_empty() && recording.wrong.is_none() {
        let what = format!("{}: no program that attesh run ran for {}", args.what, kind.word());
        let next = "attesh run --author NAME PROGRAM records an agent; name that session or its envelope";
        return Err(Failure::unable(what).next(next));
    }
    let seen: Vec<Seen> = runs.iter().flat_map(|run| run.ran.commands.iter().map(Seen::of)).collect();
    let shells: Vec<u64> =
        runs.iter().flat_map(|run| std::iter::repeat_n(run.shell, run.ran.commands.len())).collect();
    let told = merged(&sources);
    let all = reconcile(told.iter().map(|(_, told)| told), &seen);
    let gaps: Vec<String> = runs.iter().filter_map(|run| run.gap.clone()).collect();
    let agrees = all.agrees() && gaps.is_empty();
    let rules = runs.first().map(|run| run.ran.by()).unwrap_or_default();
    let sides = Sides {
        sources: &sources,
        told: &told,
        seen: &seen,
        shells: &shells,
        all: &all,
        gaps,
        left_out,
        rules,
    };
    if args.json {
        sides.json(recording.trusted, agrees, recording.wrong.as_ref())?;
    } else {
        sides.print(recording.words, agrees)?;
    }
    match recording.wrong {
        Some(failure) => Err(failure),
        None if agrees => Ok(0),
        None => Ok(DIFFERENT),
    }
}

/// The agent that an option names.
fn agent(word: &str) -> Result<Kind, Failure> {
    Kind::of_word(word).ok_or_else(|| {
        Failure::usage(format!("--agent {}: no transcript of it can be read", visible(word.as_bytes())))
            .next("the agents are claude-code, codex, gemini-cli and opencode")
    })
}

/// Reads a transcript.
fn read(path: &Path, asked: Option<Kind>) -> Result<Source, Failure> {
    let bytes = files::read_limited(path, TRANSCRIPT_BYTES_MAX)?;
    let name = path.display();
    if bytes.starts_with(DATABASE) {
        return Err(Failure::new(FailureKind::Integrity, format!("{name}: a database, and no transcript"))
            .next("to make a transcript of a session of opencode type: opencode export SESSION > FILE"));
    }
    let Some(kind) = asked.or_else(|| Kind::of(&bytes)) else {
        let what = format!("{name}: no transcript of an agent that is known here");
        return Err(Failure::new(FailureKind::Integrity, what)
            .next("name one of claude-code, codex, gemini-cli or opencode, or say which with --agent"));
    };
    let transcript = transcript::read(kind, &bytes).map_err(|error| {
        let kind_of =
            if error.is_unknown_version { FailureKind::Unsupported } else { FailureKind::Integrity };
        let failure = Failure::new(
            kind_of,
            format!("{name}: no transcript of {} as it is known here: {error}", kind.word()),
        );
        match error.line.and_then(|line| usize::try_from(line).ok()) {
            Some(line) => failure.place(Place { file: path.to_owned(), line, column: 1 }),
            None => failure,
        }
    })?;
    Ok(Source { path: path.to_owned(), transcript })
}

/// The commands of all transcripts, in the order of their times where all have one. A call that stands
/// in several, as of a session that was resumed, is one.
fn merged(sources: &[Source]) -> Vec<(usize, Told)> {
    let mut all: Vec<(usize, Told)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, source) in sources.iter().enumerate() {
        for told in &source.transcript.commands {
            let place = *places.entry(told.id.as_str()).or_insert(all.len());
            match all.get_mut(place) {
                Some((_, known)) => known.outcome = known.outcome.or(told.outcome),
                None => all.push((at, told.clone())),
            }
        }
    }
    if sources.len() > 1 && all.iter().all(|(_, told)| told.at.is_some()) {
        all.sort_by(|(_, one), (_, other)| one.at.cmp(&other.at));
    }
    all
}

/// The recording: an envelope, a journal or a session.
fn recording(args: &Reconcile) -> Result<Recording, Failure> {
    let path = Path::new(&args.what);
    let (file, session) = if path.exists() || path == Path::new("-") {
        Words::default().path(path)?;
        match open(path).map_err(|error| unopened(path, error))? {
            Input::Envelope(envelope) => {
                let envelope = envelope.map_err(|why| {
                    Failure::because(
                        why.code,
                        format!("{}: neither an attestation nor a journal ({why})", path.display()),
                    )
                    .typing("to see the sessions", Command::new("attesh sessions"))
                })?;
                return sealed(args, &envelope);
            }
            Input::Journal(file) => (file, find::recorded(path)),
            Input::Transcript => {
                return Err(Failure::usage(format!("{}: {TRANSCRIPT}", path.display()))
                    .next("name the envelope beside it (NAME.intoto.json)"));
            }
        }
    } else {
        let session = by_word(&args.what)?;
        (session.journal().try_clone().map_err(|error| Failure::unable(error.to_string()))?, Some(session))
    };
    if !args.trust.is_empty() {
        return Err(Failure::usage(format!(
            "{}: this is a journal; --trust goes with an envelope",
            args.what
        ))
        .next("give the envelope that attesh seal wrote, or leave the option out"));
    }
    let view = view(&file, session.as_ref())?;
    let words = match &view.standing.wrong {
        Some(_) => "NOT INTACT: the journal of a session, and not what was recorded",
        None => "not sealed: the journal of a session",
    };
    Ok(Recording { programs: view.programs, words, trusted: None, wrong: view.standing.wrong })
}

/// What an envelope tells: one that is not what was signed is refused, and of one that nobody signed who
/// is trusted here that is said.
fn sealed(args: &Reconcile, envelope: &Envelope) -> Result<Recording, Failure> {
    let trusted = key::trusted(&args.trust)?;
    let mut verdict = verify::envelope(envelope, &trusted, held::now());
    let refused = |objection: &&Objection| {
        let kind = objection.kind();
        matches!(kind, FailureKind::Integrity | FailureKind::Unsupported)
            && objection.code != Code::FactUnknown
    };
    if let Some(objection) = verdict.failure.as_ref().filter(refused) {
        return Err(page::objected(&args.what, objection));
    }
    let statement = match verdict.statement.take() {
        Some(statement) => *statement,
        None => form::read(envelope.unverified_payload())
            .map_err(|cause| Failure::because(cause.code, format!("{}: {cause}", args.what)))?,
    };
    let is_trusted = verdict.aspects.trust.mark == Mark::Good;
    Ok(Recording {
        programs: Programs::of(&statement.predicate),
        words: match is_trusted {
            true => "sealed: a key that is trusted here signed this",
            false => "NOT TRUSTED: what follows is held against what the file says of itself",
        },
        trusted: Some(is_trusted),
        wrong: verdict.failure.map(|objection| page::objected(&args.what, &objection)),
    })
}
