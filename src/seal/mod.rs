//! Sealing: keys, the DSSE envelope, and the formats others accept.
//!
//! Pure, taking bytes and giving values: `allowed`, [`committed`], [`derived`], [`disclosed`], [`draft`] with `gathered` and `scribe`,
//! [`envelope`] and how it is read, `facts`, [`few`], [`form`], [`formats`], [`keys`], [`recorded`],
//! [`sizes`], [`statement`], [`subjects`], [`tombstone`], [`trust`].
//! Doors, touching the world: [`agent`] (a socket), [`apart`] (a process that holds a key) and
//! [`signer`] (key files).
//! The pure ones import none of the doors.

pub mod agent;
mod allowed;
pub mod apart;
pub mod committed;
pub mod derived;
pub mod disclosed;
pub mod draft;
pub mod envelope;
mod facts;
pub mod few;
pub mod form;
pub mod formats;
mod gathered;
pub mod keys;
pub mod processes;
mod reading;
pub mod recorded;
mod scribe;
pub mod signer;
pub mod sizes;
pub mod statement;
pub mod subjects;
pub mod tombstone;
pub mod trust;
