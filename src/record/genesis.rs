//! The first record: what the session is.

use super::body::{commitment, one_of};
use super::words::{Closes, StateLevel, Word as _};
use super::{Commitment, Digest, JsonError, Object, ObjectWriter, base64url, hex, hex_member, key};
use crate::encoding::is_uuid;

/// The session before this one, and how it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prev {
    /// Its id.
    pub session: String,
    /// How many records it had.
    pub size: u64,
    /// Its RFC 6962 root, 32 bytes.
    pub root: Digest,
    /// Why it did not go on: `sealed`, `stopped`, `ended`, `tampered`, `lost`.
    pub why: String,
}

/// The first record: what the session is, and the key that verifies this record itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// UUIDv7 in its canonical text form.
    pub session: String,
    /// The name given to it, if any.
    pub name: Option<String>,
    /// The kernel's boot id.
    pub boot_id: String,
    /// Inode of the pid namespace.
    pub pid_ns: u64,
    /// Inode of the time namespace.
    pub time_ns: u64,
    /// The recorder's version.
    pub recorder_version: String,
    /// SHA-256 of the recorder's executable file.
    pub recorder_digest: Digest,
    /// Where the state lives.
    pub state: StateLevel,
    /// The folder of the state file, disclosed.
    pub state_dir: Commitment,
    /// The host's name, disclosed.
    pub host: Commitment,
    /// The user's name, disclosed.
    pub user: Commitment,
    /// The public name of the origin secret, if there is one.
    pub origin_id: Option<[u8; 8]>,
    /// The session before it.
    pub prev: Option<Prev>,
    /// Id of the session that the shell came up in and could not join.
    pub parent: Option<String>,
    /// What ends this session.
    pub closes: Closes,
    /// The key that verifies this record.
    pub verify_key: [u8; 32],
}

pub(super) fn encode_genesis(genesis: &Genesis, out: &mut ObjectWriter) {
    out.text("format", super::FORMAT).text("session", &genesis.session);
    match &genesis.name {
        Some(name) => out.text("name", name),
        None => out.null("name"),
    };
    out.text("bootId", &genesis.boot_id).decimal("pidNs", genesis.pid_ns).decimal("timeNs", genesis.time_ns);
    let mut recorder = ObjectWriter::new();
    recorder.text("version", &genesis.recorder_version).text("sha256", &hex(&genesis.recorder_digest));
    out.raw("recorder", &recorder.finish());
    out.text("protection", "file").text("state", genesis.state.name()).text("closes", genesis.closes.name());
    match &genesis.origin_id {
        Some(id) => out.text("originId", &hex(id)),
        None => out.null("originId"),
    };
    match &genesis.prev {
        None => out.null("prev"),
        Some(prev) => {
            let mut inner = ObjectWriter::new();
            inner.text("session", &prev.session).number("size", prev.size);
            inner.text("root", &hex(&prev.root)).text("why", &prev.why);
            out.raw("prev", &inner.finish())
        }
    };
    match &genesis.parent {
        Some(parent) => out.text("parent", parent),
        None => out.null("parent"),
    };
    out.text("vk", &base64url(&genesis.verify_key));
}

pub(super) fn decode_genesis(object: &mut Object) -> Result<Genesis, JsonError> {
    one_of(object, "format", &[super::FORMAT])?;
    one_of(object, "protection", &["file"])?;
    let missing = |name: &str| JsonError(format!("member \"{name}\" is missing"));
    let mut recorder = object.maybe_object("recorder")?.ok_or_else(|| missing("recorder"))?;
    let recorder_version = recorder.text("version")?;
    let recorder_digest = hex_member("sha256", &recorder.text("sha256")?)?;
    recorder.finish()?;
    let prev = match object.object_or_null("prev")? {
        None => None,
        Some(mut inner) => {
            let prev = Prev {
                session: session_id(&mut inner)?,
                size: inner.number("size")?,
                root: hex_member("root", &inner.text("root")?)?,
                why: one_of(&mut inner, "why", &["sealed", "stopped", "ended", "tampered", "lost"])?,
            };
            inner.finish()?;
            Some(prev)
        }
    };
    let origin_id = match object.text_or_null("originId")? {
        None => None,
        Some(text) => Some(hex_member("originId", &text)?),
    };
    Ok(Genesis {
        session: session_id(object)?,
        name: object.text_or_null("name")?,
        boot_id: object.text("bootId")?,
        pid_ns: object.decimal("pidNs")?,
        time_ns: object.decimal("timeNs")?,
        recorder_version,
        recorder_digest,
        state: StateLevel::take(object, "state")?,
        state_dir: commitment(object, "stateDir")?,
        host: commitment(object, "host")?,
        user: commitment(object, "user")?,
        origin_id,
        prev,
        parent: object.text_or_null("parent")?,
        closes: Closes::take(object, "closes")?,
        verify_key: key(object, "vk")?,
    })
}

fn session_id(object: &mut Object) -> Result<String, JsonError> {
    let text = object.text("session")?;
    match is_uuid(&text) {
        true => Ok(text),
        false => Err(JsonError("member \"session\" is not a UUID in its canonical form".into())),
    }
}
