//! attesh
pub mod files;
pub mod passphrase;
pub mod seal;
