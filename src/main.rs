//! attesh: a hook's call goes to the recorder, that of a CI block to `run`, all else to the commands.

use std::process::ExitCode;

use attesh::sys::arena::Arena;

#[global_allocator]
static ALLOCATOR: Arena = Arena::closed();

fn main() -> ExitCode {
    // Every process of attesh may hold texts or keys.
    attesh::sys::hide();
    attesh::report::keep_panics_quiet();
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        Some(word) if word == attesh::protocol::COMMAND => {
            ALLOCATOR.open();
            ExitCode::from(attesh::recorder::run(words))
        }
        Some(word) if word == "block" => ExitCode::from(attesh::run::block::run(words)),
        _ => ExitCode::from(attesh::cli::run(std::env::args_os())),
    }
}
