//! What sealing and verifying cost, and how many bytes a command takes.
//!
//! `cargo bench --bench journal` writes a journal of 100,000 records with the real writer,
//! then checks, drafts and verifies it with one thread and with two, in turn. Figures, never a
//! test.

use std::fs::File;
use std::os::unix::fs::FileExt;

#[allow(dead_code, reason = "other benches use more of it")]
mod floor;

use attesh::clock;
use attesh::crypto::Seed;
use attesh::journal::append::{Birth, Writer};
use attesh::journal::check::{Knowledge, check};
use attesh::mask::Masker;
use attesh::record::{
    Body, Closes, FORMAT, Finish, From, Genesis, Open, PROTECTION_FILE, Program, RECORDER_ID, Recorder,
    Start, StateLevel, TextSource, Texts,
};
use attesh::seal::draft::Draft;
use attesh::seal::envelope::Envelope;
use attesh::seal::form;
use attesh::seal::keys::PrivateKey;
use attesh::seal::trust::TrustedKey;
use floor::row;

const RECORDS: u64 = 100_000;
const ROUNDS: usize = 5;
const SESSION: &str = "01a20502-4cf2-7b8d-a6d0-ecc6171b3ac0";

fn main() {
    let (journal, state) = (in_memory(), in_memory());
    let seconds = timed(|| write(&journal, &state));
    let bytes = journal.metadata().expect("it is there").len();
    let rate = |seconds: f64| RECORDS as f64 / seconds;
    row("append in one process, no spawn", "", &format!("{:.0} records a second", rate(seconds)), None);
    let each = 2.0 * bytes as f64 / RECORDS as f64;
    row("journal, for a short command", "1,024 bytes", &format!("{each:.0} bytes"), Some(each <= 1024.0));
    let open = || attesh::files::from_start(journal.try_clone().expect("a second handle"));
    for threads in [1, 2] {
        let knowledge = Knowledge { threads, ..Knowledge::default() };
        let verify = median(|| {
            let checked = check(open(), knowledge, &mut |_| {}).expect("it can be read");
            assert!(checked.rejection.is_none() && checked.size == RECORDS);
        });
        let seal = median(|| {
            let draft = Draft::gather(open(), knowledge).unwrap_or_else(|error| panic!("{error:?}"));
            let statement =
                draft.statement(open(), &mut std::io::sink(), &[], 0, true).expect("it can be read again");
            let key = PrivateKey::from_seed(&[7; 32]);
            let sealed: Result<_, ()> =
                Envelope::sign(statement.to_json(), &key.public(), |message| Ok(key.sign(message)));
            assert!(!sealed.expect("it signs").to_json().is_empty());
        });
        for (what, seconds) in [("verify", verify), ("seal", seal)] {
            let cores = if threads == 1 { "one core" } else { "two cores" };
            let target = if threads == 1 { "" } else { "20,000 records a second" };
            let met = (threads == 2).then_some(rate(seconds) >= 20_000.0);
            row(
                &format!("{what} on {cores}"),
                target,
                &format!("{:.0} records a second", rate(seconds)),
                met,
            );
        }
    }
    let peak = peak_kib();
    row(
        &format!("memory for these {RECORDS} records ({} MiB), sealed too", bytes >> 20),
        "64 MiB + 3 x the envelope",
        &format!("{:.1} MiB", peak as f64 / 1024.0),
        Some(peak <= 64 << 10),
    );
    many_attestations();
}

/// 500 attestations of 50 commands, verified one after the other.
fn many_attestations() {
    let (journal, state) = (in_memory(), in_memory());
    write_commands(&journal, &state, 50);
    let open = || attesh::files::from_start(journal.try_clone().expect("a second handle"));
    let draft = Draft::gather(open(), Knowledge::default()).unwrap_or_else(|error| panic!("{error:?}"));
    let statement =
        draft.statement(open(), &mut std::io::sink(), &[], 0, true).expect("it can be read again");
    let key = PrivateKey::from_seed(&[7; 32]);
    let sealed: Result<Envelope, ()> =
        Envelope::sign(statement.to_json(), &key.public(), |message| Ok(key.sign(message)));
    let file = sealed.expect("it signs").to_json();
    let trusted = [TrustedKey::new(key.public())];
    let seconds = median(|| {
        for _ in 0..500 {
            let envelope = Envelope::read(&file).expect("well formed");
            let authentic = envelope.verify(&trusted, |_| None).expect("signed");
            assert!(form::read(authentic.payload()).is_ok());
        }
    });
    let seen = format!("{seconds:.2} s on one core");
    row("500 attestations of 50 commands, verified", "2 s on two cores", &seen, Some(seconds < 2.0));
}

fn write(journal: &File, state: &File) {
    // Genesis, shell-open and end are three of the records; what is left is pairs but one.
    write_commands(journal, state, (RECORDS - 2) / 2);
}

fn write_commands(journal: &File, state: &File, commands: u64) {
    let masker = Masker::default();
    let mut texts = Texts::default();
    let seed = Seed::random();
    for (name, value) in [("stateDir", "/dev/shm"), ("host", "host"), ("user", "user")] {
        texts.commit(name, &masker.screen(value.into()));
    }
    let genesis = Genesis {
        format: FORMAT.to_owned(),
        session: SESSION.to_owned(),
        name: None,
        boot_id: Some(SESSION.to_owned()),
        pid_ns: Some(0),
        time_ns: Some(0),
        recorder: Recorder { id: RECORDER_ID.to_owned(), version: "bench".to_owned(), sha256: Some([0; 32]) },
        protection: PROTECTION_FILE.to_owned(),
        state: StateLevel::Shm.into(),
        origin_id: None,
        prev: None,
        parent: None,
        closes: Closes::Stop,
        vk: seed.public(),
    };
    let session = uuid::Uuid::try_parse(SESSION).expect("a UUID").into_bytes();
    let birth = Birth { session, boot_id: [0; 16], secret: None, seed, masker: &masker };
    let body = Body::Genesis(Box::new(genesis));
    let mut writer = Writer::create(journal, state, &birth, body, &texts, clock::now()).expect("a journal");
    let mut texts = Texts::default();
    texts.commit("workdir", &masker.screen(b"/home/user/src".to_vec()));
    texts.commit("history", &masker.screen(Vec::new()));
    let open = Open {
        program: Program::Bash.into(),
        version: "5.2".to_owned(),
        pid: 1,
        start_ticks: 1,
        native: 0,
        hook: "0123456789abcdef".to_owned(),
        typed: false,
    };
    writer.append(Body::Open(Box::new(open)), &texts, clock::now()).expect("appended");
    for n in 1..=commands {
        let mut texts = Texts::default();
        texts.commit("command", &masker.screen(format!("make test-{n}").into_bytes()));
        texts.commit("workdir", &masker.screen(b"/home/user/src".to_vec()));
        let start = Start {
            shell: 1,
            n,
            native: n,
            skip: 0,
            text_source: TextSource::History,
            truncated: false,
            prev_status: Some(0),
            unit: None,
        };
        writer.append(Body::Start(start), &texts, clock::now()).expect("appended");
        let finish = Finish {
            shell: 1,
            n,
            status: Some(0),
            pipe_status: None,
            from: From::Prompt,
            stale: false,
            outcome: None,
            native: Some(n),
            shell_duration_us: None,
        };
        writer.append(Body::Finish(finish), &Texts::default(), clock::now()).expect("appended");
    }
    let mut byte = [0; 1];
    assert!(journal.read_at(&mut byte, 0).is_ok_and(|count| count == 1));
}

/// A file without a name, in memory.
fn in_memory() -> File {
    tempfile::tempfile_in("/dev/shm").expect("a file in memory")
}

fn timed(work: impl FnOnce()) -> f64 {
    let before = clock::now().boottime_ns;
    work();
    (clock::now().boottime_ns - before) as f64 / 1e9
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| timed(&mut work)).collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
