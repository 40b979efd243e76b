//! Opens a session, joins one that lives, and opens the successor of one that is over.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::close;
use super::masking;
use super::next::{is_replaced, next_of, point_to};
use super::program;
use super::shells::{self, asking, namespace};
use super::whose;
use super::{JOURNAL, Result, Session, SessionError, short_id, state_name};
use crate::clock;
use crate::crypto::{self, Digest, OriginSecret, Seed};
use crate::files::{FileError, Folder};
use crate::journal::append::{AppendError, Birth, Writer, head_of};
use crate::journal::head::Head;
use crate::lock::{self, PATIENCE_MS};
use crate::mask::Masker;
use crate::os::memory;
use crate::os::proc::{self, BootId};
use crate::paths;
use crate::record::{
    Body, CloseReason, Closes, FORMAT, Genesis, Open, PROTECTION_FILE, PROTECTION_RECORDER, Prev, PrevWhy,
    Program, RECORDER_ID, Recorder, StateLevel, Texts, Unseen,
};
use crate::text::{Command, Fault, Next, told, visible};

/// How many sessions are followed from one to the next before it counts as a ring.
const FOLLOW_MAX: usize = 1000;
/// The longest origin secret that is read, in bytes.
const SECRET_MAX: u64 = 64 << 10;

/// What a new session is to be.
pub struct NewSession {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What ends it.
    pub closes: Closes,
    /// The origin secret.
    pub secret: Option<OriginSecret>,
    /// The session before it.
    pub prev: Option<Prev>,
    /// The session that the shell started in and could not join.
    pub parent: Option<String>,
    /// Its keys are in the memory of its recorder alone.
    pub kept: bool,
}

impl NewSession {
    /// One without a name, that follows none.
    #[must_use]
    pub fn new(closes: Closes, secret: Option<OriginSecret>) -> Self {
        NewSession { name: None, closes, secret, prev: None, parent: None, kept: false }
    }
}

/// What a shell says of itself when it joins.
pub struct Shell {
    /// Which shell.
    pub program: Program,
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u64,
    /// Its own counter.
    pub native: u64,
    /// Digest of the hook's text.
    pub hook: String,
    /// Whether the hook was typed in.
    pub typed: bool,
    /// The folder it is in.
    pub workdir: Vec<u8>,
    /// The history settings that can hide text.
    pub history: Vec<u8>,
}

/// The secret of this user, made once.
///
/// # Errors
/// It could not be read or made.
pub fn default_secret() -> Result<OriginSecret> {
    let path = paths::origin_secret().ok_or_else(no_home)?;
    let folder = Folder::create(path.parent().expect("a file in a folder"))?;
    let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let text = crate::encoding::hex(&crypto::random::<32>());
    match folder.publish_new(name, format!("{text}\n").as_bytes()) {
        Ok(()) | Err(FileError::Exists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let bytes = folder.read(name, SECRET_MAX)?;
    secret_from(bytes).ok_or_else(|| {
        let why = format!("{}: shorter than 32 bytes", path.display());
        SessionError::Nowhere(why, Some(Next::typing("to remove it", Command::new("rm").path(&path))))
    })
}

/// The secret of a session that was given none: this user's. In CI it is `None`, because every
/// step can read what the user can.
///
/// # Errors
/// It could not be read or made.
pub fn usual_secret() -> Result<Option<OriginSecret>> {
    if paths::ci().is_some() { Ok(None) } else { default_secret().map(Some) }
}

/// The secret of this user, if it has this id; never makes one.
#[must_use]
pub fn own_secret(id: [u8; 8]) -> Option<OriginSecret> {
    let path = paths::origin_secret()?;
    let folder = Folder::open(path.parent()?).ok()?;
    let bytes = folder.read(path.file_name()?.to_str()?, SECRET_MAX).ok()?;
    secret_from(bytes).filter(|secret| secret.id() == id)
}

/// A secret from the bytes of a file or variable: a newline at the end does not count.
#[must_use]
pub fn secret_from(mut bytes: Vec<u8>) -> Option<OriginSecret> {
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    OriginSecret::new(bytes)
}

fn no_home() -> SessionError {
    SessionError::Nowhere(
        "there is no home folder to keep sessions in".into(),
        Some("set XDG_STATE_HOME to an absolute path".into()),
    )
}

/// Creates a session: folder, state, journal, genesis, in this order.
///
/// # Errors
/// Something could not be created; what was is removed again.
pub fn birth(new: NewSession) -> Result<Session> {
    let root = Folder::create(&paths::sessions().ok_or_else(no_home)?)?;
    let id = new_id();
    let folder = Folder::create(&root.path().join(id.hyphenated().to_string()))?;
    birth_in(new, id, &folder).inspect_err(|_| {
        let _ = std::fs::remove_dir(folder.path());
    })
}

/// Creates a session in an existing folder without a journal.
pub(super) fn birth_in(new: NewSession, id: uuid::Uuid, folder: &Folder) -> Result<Session> {
    let text = id.hyphenated().to_string();
    if folder.path().as_os_str().as_bytes().contains(&b'\n') {
        return Err(SessionError::Nowhere(
            "the path of the session's folder has a newline in it".into(),
            None,
        ));
    }
    let asked = masking::usual()?;
    let (level, state_folder) = state_folder()?;
    let kept = new.kept;
    let state = state_folder.create_file(&state_name(&text))?;
    let made = masking::keep(&asked, &state_folder, &text).and_then(|()| {
        write_genesis(new, id, &masking::masker(&asked), level, &state_folder, folder, &state)
    });
    if let Err(error) = made {
        let _ = state_folder.remove(&state_name(&text));
        let _ = state_folder.remove(&masking::name(&text));
        let _ = folder.remove(JOURNAL);
        return Err(error);
    }
    let session = Session::open(folder.path())?;
    if kept && let Err(error) = session.take_state() {
        let _ = session.remove();
        return Err(error);
    }
    Ok(session)
}

fn write_genesis(
    new: NewSession,
    id: uuid::Uuid,
    masker: &Masker,
    level: StateLevel,
    state_folder: &Folder,
    folder: &Folder,
    state: &File,
) -> Result<()> {
    let journal = folder.create_file(JOURNAL)?;
    let seed = Seed::random();
    let boot = proc::boot_id().ok();
    let mut texts = Texts::default();
    if let Some(name) = &new.name {
        not_secret(name, masker)?;
    }
    let state_dir = masker.screen(state_folder.path().as_os_str().as_bytes().to_vec());
    if state_dir.is_masked() {
        // Nobody would find the state again.
        let what = "the path of the folder for the state of a session has what looks like a secret";
        return Err(SessionError::Nowhere(what.into(), Some("give XDG_RUNTIME_DIR another name".into())));
    }
    texts.commit("stateDir", &state_dir);
    if let Ok(host) = whose::host() {
        texts.commit("host", &masker.screen(host));
    }
    texts.commit("user", &masker.screen(whose::user()));
    let genesis = Genesis {
        format: FORMAT.to_owned(),
        session: id.hyphenated().to_string(),
        name: new.name,
        boot_id: boot.map(BootId::text),
        pid_ns: namespace("pid")?,
        time_ns: namespace("time")?,
        recorder: Recorder {
            id: RECORDER_ID.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: recorder_digest(level, state_folder),
        },
        protection: if new.kept { PROTECTION_RECORDER } else { PROTECTION_FILE }.to_owned(),
        state: level.into(),
        origin_id: new.secret.as_ref().map(OriginSecret::id),
        prev: new.prev,
        parent: new.parent,
        closes: new.closes,
        vk: seed.public(),
    };
    let birth = Birth {
        session: id.into_bytes(),
        boot_id: boot.map_or([0; 16], BootId::bytes),
        secret: new.secret.as_ref(),
        seed,
        masker,
    };
    Writer::create(&journal, state, &birth, Body::Genesis(Box::new(genesis)), &texts, clock::now())?;
    Ok(())
}

/// Refuses a name that looks like a secret: it stands in clear in the first record.
///
/// # Errors
/// It does.
pub fn not_secret(name: &str, masker: &Masker) -> Result<()> {
    match masker.mask(name.as_bytes()) {
        None => Ok(()),
        Some(masked) => {
            let what = format!("the name of the session looks like a secret ({})", masked.rules.join(", "));
            Err(SessionError::Nowhere(what, Some("give it another name".into())))
        }
    }
}

pub(super) fn new_id() -> uuid::Uuid {
    let ms = clock::now().realtime_ns / 1_000_000;
    uuid::Builder::from_unix_timestamp_millis(ms, &crypto::random()).into_uuid()
}

fn recorder_digest(level: StateLevel, states: &Folder) -> Option<Digest> {
    let in_memory = level != StateLevel::Disk;
    program::digest(&proc::program().ok()?, in_memory.then_some(states))
}

/// The best folder in which a state can be kept; a name that somebody else has taken is skipped.
fn state_folder() -> Result<(StateLevel, Folder)> {
    let mut tried = Vec::new();
    for (word, path) in paths::state_candidates() {
        let level = StateLevel::from_name(word).expect("one of genesis's words");
        let base = path.parent().unwrap_or(Path::new("/"));
        if level != StateLevel::Disk && !memory::is_in_memory(base) {
            tried.push(format!("{}: not in memory", base.display()));
            continue;
        }
        match Folder::create(&path) {
            Ok(folder) => return Ok((level, folder)),
            Err(error) => tried.push(error.told()),
        }
    }
    let why = format!("no folder can hold the state of a session:\n  {}", tried.join("\n  "));
    Err(SessionError::Nowhere(why, None))
}

/// Whether a shell of this process may join the session: same user (the folder says so),
/// same boot, same pid namespace.
///
/// # Errors
/// The kernel does not tell it.
pub(super) fn may_join(session: &Session) -> Result<bool> {
    shells::is_here(session.genesis())
}

/// Appends this shell's `shell-open`; an open shell of the same process is closed as replaced.
/// The answer is the head behind it: its index is one less than the head's size.
///
/// # Errors
/// The session cannot be appended to, or the shell's process is gone.
pub fn join(session: &Session, shell: &Shell) -> Result<Head> {
    open(session, shell, true)
}

/// The same beside an open shell of the same process, which is closed by whoever records both.
///
/// # Errors
/// As of [`join`].
pub fn join_beside(session: &Session, shell: &Shell) -> Result<Head> {
    open(session, shell, false)
}

fn open(session: &Session, shell: &Shell, replaces: bool) -> Result<Head> {
    let Some(stat) = proc::stat(shell.pid).map_err(asking("look at the shell's process"))? else {
        return Err(SessionError::Nowhere(format!("no process has the id {}", shell.pid), None));
    };
    session.with_writer_waiting(PATIENCE_MS, |writer| {
        let story = writer.story()?;
        for (at, live) in story
            .live
            .iter()
            .filter(|(_, live)| replaces && (live.pid, live.start_ticks) == (shell.pid, stat.start_ticks))
        {
            if let Some(running) = live.running {
                close::finish_unseen(writer, *at, running.n, Unseen::Replaced)?;
            }
            close::close_shell(writer, *at, CloseReason::Replaced, None, None, shell.workdir.clone())?;
        }
        let mut texts = Texts::default();
        let open = Open {
            program: shell.program.into(),
            version: shell.version.clone(),
            pid: shell.pid,
            start_ticks: stat.start_ticks,
            native: shell.native,
            hook: shell.hook.clone(),
            typed: shell.typed,
        };
        texts.commit("workdir", &writer.masker().screen(shell.workdir.clone()));
        texts.commit("history", &writer.masker().screen(shell.history.clone()));
        Ok(writer.append(Body::Open(Box::new(open)), &texts, clock::now())?)
    })
}

/// A session that ends with its last shell and follows no other.
///
/// # Errors
/// It could not be created.
pub fn own_session(kept: bool) -> Result<Session> {
    let secret = usual_secret()?;
    birth(NewSession { kept, ..NewSession::new(Closes::LastShell, secret) })
}

/// The session for a shell that starts with `exported` in ATTESH_SESSION: that session, if the
/// shell may join it and it lives; else a new one, which names the other as parent, and what is to
/// be told of that.
///
/// # Errors
/// No session can be created.
pub fn for_new_shell(exported: Option<&Path>) -> Result<(Session, Option<String>)> {
    match around(exported) {
        Ok(session) => Ok((session, None)),
        Err(apart) => instead(Apart { why: apart.why.filter(|_| !apart.inherited), ..apart }),
    }
}

/// The session of a shell or a script that is not in the one that ATTESH_SESSION names, and what is
/// to be told of that.
///
/// # Errors
/// No session can be created.
pub fn instead(apart: Apart) -> Result<(Session, Option<String>)> {
    let (secret, parent) = (usual_secret()?, apart.parent);
    let session = birth(NewSession { parent, ..NewSession::new(Closes::LastShell, secret) })?;
    let said = apart.why.map(|why| format!("{why}; recording in session {} instead", session.short_name()));
    Ok((session, said))
}

/// Why a shell is not in the session that ATTESH_SESSION names.
#[derive(Debug, Default)]
pub struct Apart {
    /// The session's id, if it exists.
    pub parent: Option<String>,
    /// What is told of it; nothing if the variable is not set.
    pub why: Option<String>,
    /// Whether a hook exported the name: it reaches all that was started in such a shell, and that
    /// may outlive the session by far. So a new shell says nothing of it.
    pub inherited: bool,
}

/// The session that a shell started in, if the shell may join it and it lives.
///
/// # Errors
/// The variable names no session, or one that the shell cannot join.
pub fn around(exported: Option<&Path>) -> std::result::Result<Session, Apart> {
    let Some(exported) = exported else { return Err(Apart::default()) };
    let word = visible(exported.as_os_str().as_bytes());
    let told = |why: &dyn std::fmt::Display| Some(format!("{} is {word}: {why}", paths::SESSION_VARIABLE));
    let session = match super::find::exported(exported) {
        Ok(session) => session,
        Err(failure) => {
            let inherited = was_exported(exported);
            return Err(Apart { parent: None, why: told(&failure.message), inherited });
        }
    };
    // A hook exports a folder; a word is what a person sets.
    let (parent, inherited) = (Some(session.id().to_owned()), exported.is_absolute());
    let recorded = may_join(&session).and_then(|may| match may {
        true => Ok(None),
        false => Ok(Some(session.elsewhere()?.unwrap_or_else(|| "since another boot".to_owned()))),
    });
    match recorded {
        Ok(None) => {}
        Ok(Some(place)) => {
            let why = told(&format_args!("that session is recorded {place}"));
            return Err(Apart { parent, why, inherited });
        }
        Err(error) => return Err(Apart { parent, why: told(&error), inherited: false }),
    }
    let over = session.over_words();
    let why = || told(&format_args!("that session {over}"));
    follow_live(session).ok_or_else(|| Apart { parent, why: why(), inherited })
}

/// Whether a hook may have exported a folder that holds no session of this user: that of a session
/// that was removed, or another user's, which `sudo -E` passes on.
fn was_exported(folder: &Path) -> bool {
    let removed = || {
        let id = folder.file_name().and_then(|name| uuid::Uuid::try_parse(name.to_str()?).ok());
        let own = paths::sessions().is_some_and(|root| folder.parent() == Some(&root));
        id.is_some() && own && folder.symlink_metadata().is_err()
    };
    let of_another = || folder.join(JOURNAL).symlink_metadata().is_ok_and(|meta| meta.uid() != own_uid());
    folder.is_absolute() && (removed() || of_another())
}

fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn follow_live(mut session: Session) -> Option<Session> {
    for _ in 0..FOLLOW_MAX {
        match session.next().ok()? {
            Some((path, root)) => {
                session = Session::open(&path).ok().filter(|next| *next.genesis_root() == root)?;
            }
            None => return session.with_writer_waiting(PATIENCE_MS, |_| Ok(())).is_ok().then_some(session),
        }
    }
    None
}

/// The session that a shell of the session at `folder` goes on in, and what to tell its user.
///
/// # Errors
/// The session is not over but cannot be used now, or no successor can be created.
pub fn successor(folder: &Path, genesis: &Digest) -> Result<(Session, Option<String>)> {
    let (mut folder, mut genesis) = (folder.to_owned(), *genesis);
    let mut warning = None;
    for _ in 0..FOLLOW_MAX {
        let replaced = is_replaced(&folder, &genesis);
        if let Some((path, root)) = next_of(&folder, replaced)? {
            (folder, genesis) = (path, root);
            continue;
        }
        let live = Session::open(&folder).and_then(|session| {
            session.with_writer_waiting(PATIENCE_MS, |writer| close::expect_genesis(writer, &genesis))?;
            Ok(session)
        });
        let over = match live {
            Ok(session) => return Ok(with_warning(session, warning)),
            Err(_) if replaced => close::other_genesis(),
            Err(error) if error.is_over() => error,
            Err(error) => return Err(error),
        };
        let prev = how_it_stood(&folder, &genesis, &over);
        if matches!(prev.why, PrevWhy::Tampered | PrevWhy::Lost) {
            let what = format!("session {} cannot go on: {}", short_id(&prev.session), over.reason());
            warning = Some((what, over.next()));
        }
        let next = birth_after(prev)?;
        if let Err(error) = point_to(&folder, replaced, &next) {
            discard(&next);
            match error {
                // Another shell was first: follow it.
                SessionError::File(FileError::Exists(_)) => continue,
                other => return Err(other),
            }
        }
        return Ok(with_warning(next, warning));
    }
    let why = format!(
        "{}: more than {FOLLOW_MAX} sessions follow one another from here, or they form a ring",
        folder.display()
    );
    Err(SessionError::Nowhere(why, Some("open a new shell: it is recorded in a session of its own".into())))
}

/// The id of the session whose folder this is, if the folder is named by one.
fn folder_id(folder: &Path) -> String {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    uuid::Uuid::try_parse(name).unwrap_or_default().hyphenated().to_string()
}

/// A successor, and what its shell is told: what was lost, where recording goes on, what to do.
fn with_warning(session: Session, lost: Option<(String, Option<Next>)>) -> (Session, Option<String>) {
    let warning = lost.map(|(what, next)| {
        told(&format!("{what}; recording goes on in session {}", session.short_name()), next.as_ref())
    });
    (session, warning)
}

/// Creates the session after one that has just ended with this head.
///
/// # Errors
/// It could not be created, or somebody else has created it.
pub fn succeed(session: &Session, head: Head, why: PrevWhy) -> Result<Session> {
    let prev = Prev { session: session.id().to_owned(), size: head.size, root: head.root, why };
    let next = birth_after(prev)?;
    match point_to(session.folder().path(), false, &next) {
        Ok(()) => Ok(next),
        Err(error) => {
            discard(&next);
            Err(error)
        }
    }
}

/// A session of this user that names the one before it.
fn birth_after(prev: Prev) -> Result<Session> {
    let secret = usual_secret()?;
    birth(NewSession { prev: Some(prev), ..NewSession::new(Closes::LastShell, secret) })
}

fn discard(session: &Session) {
    if let Ok(folder) = session.state_folder() {
        let _ = folder.remove(&state_name(session.id()));
    }
    let _ = session.folder().remove(JOURNAL);
    let _ = std::fs::remove_dir(session.folder().path());
}

/// How a session that is over stood: by its state if that keeps a head, else by its journal, else
/// by what the shell knows of it.
fn how_it_stood(folder: &Path, genesis: &Digest, over: &SessionError) -> Prev {
    let why = match over {
        SessionError::Append(AppendError::Ended) => PrevWhy::Ended,
        SessionError::Append(AppendError::Tampered(_)) => PrevWhy::Tampered,
        _ => PrevWhy::Lost,
    };
    let mut prev = Prev { session: folder_id(folder), size: 1, root: *genesis, why };
    let Ok(session) = Session::open(folder) else { return prev };
    if session.genesis_root() != genesis {
        return prev;
    }
    prev.session = session.id().to_owned();
    let kept = session.kept().map(|kept| kept.head);
    if let Some(head) = kept.or_else(|| head_of(session.journal(), session.uuid()).ok()) {
        (prev.size, prev.root) = (head.size, head.root);
    }
    prev
}

/// Opens a session under a name that no live session has.
///
/// # Errors
/// The name is taken, or the session could not be created.
pub fn birth_named(name: &str, secret: Option<OriginSecret>) -> Result<Session> {
    let root = Folder::create(&paths::sessions().ok_or_else(no_home)?)?;
    let _lock = lock::exclusive(root.handle(), PATIENCE_MS).map_err(|_| SessionError::Busy)?;
    if let Some(taken) = super::find::all()?
        .into_iter()
        .find(|session| session.genesis().name.as_deref() == Some(name) && session.may_be_live())
    {
        return Err(SessionError::Taken(name.to_owned(), short_id(taken.id()).to_owned()));
    }
    if let Some(other) = super::find::all()?.into_iter().find(|other| super::find::fits(name, other.id())) {
        return Err(SessionError::AnId(name.to_owned(), other.short_name().to_owned()));
    }
    birth(NewSession { name: Some(name.to_owned()), ..NewSession::new(Closes::Stop, secret) })
}
