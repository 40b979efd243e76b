//! Verifying a journal takes the same memory whatever its size and whatever is in it.
//!
//! A child verifies what its parent writes into a pipe, and reports its own peak.

use std::io::Write;
use std::process::{Command, Stdio};

use attesh::cause::Code;
use attesh::journal::check::{Knowledge, check};
use attesh::record::{Anomaly, Body, LINE_MAX, Note, NoteWhat};

use crate::stage::signer::{Defect, Edit, Signer, Texts, finish, start};
use crate::stage::world::sized;

/// The limit in KiB.
const PEAK_KIB: u64 = 64 << 10;

/// The child: only does something when its standard input is a pipe from the parent.
#[test]
fn child_that_verifies_its_input() {
    #[expect(clippy::disallowed_methods, reason = "how the parent tells its child from the test run")]
    if std::env::var_os("ATTESH_MEMORY_CHILD").is_none() {
        return;
    }
    let knowledge = Knowledge { threads: 2, ..Knowledge::default() };
    let checked = check(std::io::stdin().lock(), knowledge, &mut |_| {}).unwrap();
    let status = String::from_utf8(std::fs::read("/proc/self/status").unwrap()).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap();
    println!("MEASURED {kib} {} {:?}", checked.size, checked.rejection.map(|rejection| rejection.cause.code));
}

/// Peak in KiB, records verified and the rejection, of a journal that goes on until it has this many bytes.
fn peak(name: &str, bytes: usize, next: &dyn Fn(&mut Signer)) -> (u64, u64, String) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "verify::memory::child_that_verifies_its_input",
        "--nocapture",
        "--test-threads=1",
    ]);
    child.env("ATTESH_MEMORY_CHILD", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let mut signer = Signer::base();
    let mut written = 0;
    while written < bytes {
        next(&mut signer);
        // A child that rejects stops reading.
        if pipe.write_all(&signer.bytes).is_err() {
            break;
        }
        written += signer.bytes.len();
        signer.bytes.clear();
        signer.starts.clear();
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.split_once("MEASURED "))
        .unwrap_or_else(|| panic!("{name}: {text}"));
    println!("{name}: {} MiB read, {} KiB, records, rejection", written >> 20, line.1);
    let [kib, records, rejection] = line.1.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    (kib.parse().unwrap(), records.parse().unwrap(), rejection.to_owned())
}

fn long_text(signer: &mut Signer) {
    let n = signer.size();
    let (body, texts) = start(1, n, n, &vec![b'x'; LINE_MAX - 2000]);
    signer.push(body, &texts, Defect::None);
}

fn long_list(signer: &mut Signer) {
    let edit: Edit = &|core| {
        let list = format!("\"pipeStatus\":[{}0],\"from\"", "0,".repeat(32_000));
        crate::stage::signer::swap("\"from\"", &list)(core)
    };
    signer.push(finish(1, 1, 0), &Texts::default(), Defect::Core(edit));
}

fn long_word(signer: &mut Signer) {
    let body = Body::Anomaly(Anomaly { what: "x".repeat(60_000) });
    signer.push(body, &Texts::default(), Defect::None);
}

fn short_lines(signer: &mut Signer) {
    for _ in 0..500 {
        let body = Note { shell: None, what: NoteWhat::Remark, status: None, native: None };
        signer.push(Body::Note(body), &Texts::default(), Defect::None);
    }
}

#[test]
fn memory_grows_with_the_journal() {
    let bytes = sized(256, 1024) << 20;
    for (name, share, next) in [
        ("lines of 2 MiB", 2, &long_text as &dyn Fn(&mut Signer)),
        ("lists of 32,000 statuses", 4, &long_list),
        ("words of 60,000 letters", 4, &long_word),
        ("short lines", 16, &short_lines),
    ] {
        let (kib, records, rejection) =
            peak(name, bytes / if crate::stage::world::long() { 1 } else { share }, next);
        assert!(kib <= PEAK_KIB, "{name}: {kib} KiB");
        assert!(records > 60, "{name}: {records} records");
        assert_eq!(rejection, "None", "{name}");
    }
    // A line without an end is refused at the limit, not read to its end.
    let endless: &dyn Fn(&mut Signer) = &|signer| signer.bytes.extend_from_slice(&vec![b'x'; 1 << 20]);
    let (kib, records, rejection) = peak("a line without an end", bytes, endless);
    assert!(kib <= PEAK_KIB && records == 2, "{kib} KiB, {records} records");
    assert_eq!(rejection, format!("{:?}", Some(Code::LineLength)));
}
