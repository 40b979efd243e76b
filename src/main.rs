//! attesh.
fn main() {}
