//! attesh: records what a shell ran and turns it into one signed attestation.

pub mod cli;
pub mod clock;
pub mod crypto;
pub mod encoding;
pub mod failure;
pub mod files;
pub mod journal;
pub mod lock;
pub mod passphrase;
pub mod paths;
pub mod process;
pub mod record;
pub mod recorder;
pub mod report;
pub mod seal;
pub mod session;
pub mod sys;
pub mod verify;
