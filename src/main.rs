//! attesh: a hook's call goes to the recorder, that of a CI block to `run`, all else to the commands.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;

/// A recorder lives for a millisecond: that of musl asks the kernel for memory twenty times in it.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    // Every process of attesh may hold texts or keys.
    attesh::sys::hide();
    attesh::report::keep_panics_quiet();
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        Some(word) if word == attesh::protocol::COMMAND => ExitCode::from(attesh::recorder::run(words)),
        Some(word) if word == "block" => {
            attesh::sys::share_allocator();
            ExitCode::from(attesh::run::block::run(words))
        }
        _ => {
            attesh::sys::share_allocator();
            ExitCode::from(attesh::cli::run(std::env::args_os()))
        }
    }
}
