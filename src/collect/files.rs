//! Looks at files: what there is before the first command, and what came of the session.
//!
//! What lives here: the facts of materials and products, and what the recorder keeps between the
//! two looks. What does not: which paths are looked at (`tree`), reading them (`read`).
//!
//! Rules: what was kept for the second look counts only with the digest that the first one
//! recorded: nothing that runs in the session can put another memory there.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::patience::Patience;
use super::read::{self, Memory};
use super::tree::{self, Patterns, Places};
use crate::clock::Deadline;
use crate::crypto::sha256_of_many;
use crate::encoding::hex;
use crate::fact::manifest::{BYTES_MAX, Manifest, Special, Thing, sums};
use crate::fact::{Collection, File, MATERIALS, PRODUCTS, Seen, Texts};
use crate::files::{self, Overwrite, words};
use crate::record::{ATTACHED_FOLDER, Disclosures, Fact};
use crate::session::{Session, attached};

/// The manifest of the materials beside the journal.
pub const MATERIALS_FILE: &str = "materials.jsonl";
/// The manifest of the products beside the journal.
pub const PRODUCTS_FILE: &str = "products.jsonl";
/// What a manifest is.
const MEDIA_TYPE: &str = "application/jsonl";
/// The longest memory in bytes.
const MEMORY_MAX: u64 = 1 << 30;

/// What was recorded of the materials when the session began.
pub(super) struct Began {
    /// The fact.
    pub fact: Fact,
    /// Its texts.
    pub texts: Disclosures,
}

/// What was seen, and what of it is kept for the second look.
struct Looked {
    manifest: Manifest,
    ignored: String,
    memory: Memory,
}

/// What is asked, with folder and paths as they are without links: what they lead to cannot change
/// then without being seen.
pub(super) fn resolved(asked: &Collection) -> Collection {
    let of = |name: &String| tree::resolved(&asked.path(), name).unwrap_or_else(|| name.clone());
    let folder = asked.path().canonicalize().map(|path| path.into_os_string().into_vec());
    Collection {
        materials: asked.materials.iter().map(of).collect(),
        folder: folder.unwrap_or_else(|_| asked.folder.clone()),
        ..asked.clone()
    }
}

/// Why the folder of a session is not the one that it began in: a link is in its place, or it is gone.
pub(super) fn is_moved(asked: &Collection) -> Option<String> {
    let folder = asked.path();
    match folder.canonicalize() {
        Ok(real) if real == folder => None,
        Ok(_) => Some("a symbolic link stands in the place of the session's folder, or above it".to_owned()),
        Err(error) => Some(format!("the session's folder: {}", words(&error))),
    }
}

/// The files that are there when a session begins.
pub(super) fn materials(session: &Session, asked: &Collection, patience: Patience) -> Seen {
    let seen = || {
        let patterns = Patterns::new(&asked.products)?;
        let looked = look(session, asked, &patterns, None, &Memory::default(), patience)?;
        let memory = looked.memory.write();
        keep(session, &memory)?;
        let mut seen = fact(MATERIALS, MATERIALS_FILE, &looked.manifest)?;
        seen.texts.add("ignored", looked.ignored);
        seen.texts.add("remembered", hex(&sha256_of_many(&memory)));
        Ok(seen)
    };
    seen().unwrap_or_else(|why: String| Seen::failed(MATERIALS, &why))
}

/// The files that came of a session.
pub(super) fn products(
    session: &Session,
    asked: &Collection,
    began: Option<&Began>,
    patience: Patience,
) -> Seen {
    let seen = || {
        let began = began.filter(|began| began.fact.ok).ok_or("the materials were not recorded")?;
        let before = first_manifest(session, &began.fact)?;
        let memory = remembered(session, began.texts.get("remembered"));
        is_moved(asked).map_or(Ok(()), Err)?;
        let patterns = Patterns::new(&asked.products)?;
        let Looked { manifest: now, ignored, .. } =
            look(session, asked, &patterns, Some(&before), &memory, patience)?;
        let products = now.since(&before).of(|entry| {
            // What nobody could look at may be all that fits.
            patterns.is_empty()
                || patterns.fits(&entry.path)
                || (entry.is_unseen() && patterns.may_fit_in(&entry.path))
        });
        let mut seen = fact(PRODUCTS, PRODUCTS_FILE, &products)?;
        let vanished = |thing: &Thing| *thing == Thing::Special(Special::Vanished);
        let vanished = products.entries().iter().filter(|entry| vanished(&entry.thing)).count();
        seen.texts.add("vanished", vanished.to_string());
        let unseen = products.entries().iter().filter(|entry| entry.is_unseen()).count();
        seen.texts.add("unseen", unseen.to_string());
        seen.texts.add("ignored", ignored);
        seen.texts.add_some("since", began.texts.get("root"));
        let named = products.named();
        let named = named.iter().map(|(name, sha256)| (name.as_str(), sha256.as_str()));
        seen.texts.add("sums", sums(named));
        Ok(seen)
    };
    seen().unwrap_or_else(|why: String| Seen::failed(PRODUCTS, &why))
}

fn look(
    session: &Session,
    asked: &Collection,
    patterns: &Patterns,
    before: Option<&Manifest>,
    known: &Memory,
    patience: Patience,
) -> Result<Looked, String> {
    let limit = patience.files;
    let folder = asked.path();
    let own = session.folder().handle().metadata().ok().map(|meta| (meta.dev(), meta.ino()));
    let until = Deadline::after(limit);
    let over = |why: String| match until.left().is_zero() {
        true => format!("reading the files took longer than {} s", limit.as_secs()),
        false => why,
    };
    let git = patience.asked;
    let places = Places { folder: &folder, named: &asked.materials, patterns, before, own, git, until };
    let tree = tree::walk(&places).map_err(over)?;
    let (entries, memory) = read::read(tree.found.into_iter(), known, until).map_err(over)?;
    Ok(Looked { manifest: Manifest::new(entries), ignored: tree.ignored, memory })
}

/// A fact with its manifest, and what both have to say.
fn fact(kind: &'static str, name: &'static str, manifest: &Manifest) -> Result<Seen, String> {
    let (bytes, root) = manifest.write();
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("the manifest would have more than {BYTES_MAX} bytes"));
    }
    let mut texts = Texts::default();
    texts.add("count", manifest.entries().len().to_string());
    texts.add("files", manifest.files().count().to_string());
    texts.add("bytes", manifest.bytes().to_string());
    texts.add("root", hex(&root));
    let attached = File { name, media_type: MEDIA_TYPE, bytes };
    Ok(Seen { attached: Some(attached), ..Seen::new(kind, texts) })
}

/// The materials as they were recorded.
fn first_manifest(session: &Session, fact: &Fact) -> Result<Manifest, String> {
    let lost = |why: &str| format!("the manifest of the materials {why}");
    let one = fact.attached.first().ok_or_else(|| lost("is not named"))?;
    let bytes = attached::read(session.folder().path(), one).map_err(|cause| cause.to_string())?;
    let bytes = bytes.ok_or_else(|| lost("is not beside the journal"))?;
    Manifest::read(&bytes).ok_or_else(|| lost("has another form"))
}

fn memory_path(session: &Session) -> Option<PathBuf> {
    let folder = session.state_folder().ok()?;
    Some(folder.path().join(session.memory_name()))
}

/// Keeps what the second look can do without reading. Without a place for it all is read again.
fn keep(session: &Session, memory: &[u8]) -> Result<(), String> {
    let Some(path) = memory_path(session) else { return Ok(()) };
    files::publish(&path, memory, 0o600, Overwrite::Yes).map_err(|error| error.to_string())
}

fn remembered(session: &Session, digest: Option<&[u8]>) -> Memory {
    let bytes = memory_path(session).and_then(|path| files::read_limited(&path, MEMORY_MAX).ok());
    let good = bytes.filter(|bytes| digest == Some(hex(&sha256_of_many(bytes)).as_bytes()));
    good.map_or_else(Memory::default, |bytes| Memory::read(&bytes))
}

/// Puts the file of a fact beside a journal.
pub(super) fn attach(folder: &Path, file: &File) -> Result<(), String> {
    let beside = folder.join(ATTACHED_FOLDER);
    let put = files::Folder::create(&beside).and_then(|folder| {
        files::publish(&folder.path().join(file.name), &file.bytes, 0o600, Overwrite::Yes)
    });
    put.map_err(|error| error.to_string())
}
