//! The first record: what the session is.

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::member::{self, Form as _, OpenWord};
use super::words::{Closes, PrevWhy, StateLevel};
use crate::crypto::Digest;

/// The version of the journal's format, as genesis names it.
pub const FORMAT: &str = "attesh-journal/1";
/// The name that all versions of the format share.
pub const FORMAT_NAME: &str = "attesh-journal/";
/// The recorder of this program, as genesis names it.
pub const RECORDER_ID: &str = "https://attesh.dev/recorder";
/// A protection of the keys that this recorder offers: a file of the same user.
pub const PROTECTION_FILE: &str = "file";
/// The same: the memory of the recorder alone.
pub const PROTECTION_RECORDER: &str = "recorder";

/// The session before this one, and how it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prev {
    /// Its id.
    #[serde(with = "member::Uuid")]
    pub session: String,
    /// How many records it had, at least 1.
    #[serde(with = "member::Positive")]
    pub size: u64,
    /// Its RFC 6962 root, 32 bytes.
    #[serde(with = "member::Hex")]
    pub root: Digest,
    /// Why it did not go on.
    pub why: PrevWhy,
}

/// The program that recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    /// Which, a URI: [`RECORDER_ID`] for this one.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its executable file; none where it could not be read.
    #[serde(with = "member::Nullable::<member::Hex>")]
    pub sha256: Option<Digest>,
}

fn format<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let format = String::deserialize(input)?;
    if format == FORMAT { Ok(format) } else { Err(D::Error::custom(format!("the format is not {FORMAT}"))) }
}

/// The first record: what the session is, and the key that verifies this record itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Genesis {
    /// [`FORMAT`]
    #[serde(deserialize_with = "format")]
    pub format: String,
    /// UUIDv7 in its canonical text form.
    #[serde(with = "member::Uuid")]
    pub session: String,
    /// The name given to it, if any.
    #[serde(deserialize_with = "member::nullable")]
    pub name: Option<String>,
    /// The kernel's boot id, where it has one.
    #[serde(deserialize_with = "member::nullable")]
    pub boot_id: Option<String>,
    /// Inode of the pid namespace, where the kernel has them.
    #[serde(with = "member::Nullable::<member::Decimal>")]
    pub pid_ns: Option<u64>,
    /// Inode of the time namespace, where the kernel has them.
    #[serde(with = "member::Nullable::<member::Decimal>")]
    pub time_ns: Option<u64>,
    /// The program that records.
    pub recorder: Recorder,
    /// Who can read the keys: [`PROTECTION_FILE`].
    pub protection: String,
    /// Where the state lives.
    pub state: OpenWord<StateLevel>,
    /// What ends this session.
    pub closes: Closes,
    /// The public name of the origin secret, if there is one.
    #[serde(with = "member::Nullable::<member::Hex>")]
    pub origin_id: Option<[u8; 8]>,
    /// The session before.
    #[serde(deserialize_with = "member::nullable")]
    pub prev: Option<Prev>,
    /// Id of the session that the shell came up in and could not join.
    #[serde(deserialize_with = "member::nullable")]
    pub parent: Option<String>,
    /// The key that verifies this record.
    #[serde(with = "member::Base64url")]
    pub vk: [u8; 32],
}
