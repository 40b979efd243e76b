//! What a script can get hold of: the key that will sign it, and the passphrase that opened it.
//!
//! Root reads every process, so the script runs as another user where the tests run as root; the
//! test itself then looks into the memory of both processes.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use attesh::crypto::sha256;
use attesh::seal::keys::{Passphrase, PrivateKey};
use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::stage::programs::have;
use crate::stage::world::program;

const PASSPHRASE: &str = "correct-horse-battery";
/// Who runs the script where root runs the tests.
const SOMEBODY: u32 = 65_534;

fn seed() -> [u8; 32] {
    sha256(&[b"a seed that stands nowhere else"])
}

struct Place(TempDir);

impl Place {
    /// A folder of the script's user, with a key that the passphrase opens.
    fn new(script: &str) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        let passphrase = Passphrase::new(PASSPHRASE.as_bytes().to_vec());
        let pem = PrivateKey::from_seed(&seed()).to_pkcs8_pem(Some((&passphrase, &[7; 32]))).unwrap();
        fs::copy(program(), place.path("attesh")).unwrap();
        place.put("k.key", pem.as_bytes());
        place.put("k.pub", PrivateKey::from_seed(&seed()).public().to_spki_pem().as_bytes());
        place.put("s.sh", script.as_bytes());
        if geteuid().is_root() {
            for name in ["", "k.key", "k.pub", "s.sh"] {
                chown(place.path(name), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        attesh::files::publish(&self.path(name), bytes, 0o600, attesh::files::Overwrite::Yes).unwrap();
    }

    /// Bash with this text, which calls `./attesh`, as the script's user.
    fn bash(&self, text: &str) -> Command {
        let mut command = match geteuid().is_root() {
            false => Command::new("bash"),
            true => {
                let mut command = Command::new("setpriv");
                let id = SOMEBODY.to_string();
                command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--", "bash"]);
                command
            }
        };
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        command.args(["-c", text]).current_dir(self.0.path());
        command.env_clear().env("ATTESH_COLLECT", "none").env("PATH", path).env("HOME", self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, text: &str) -> (Output, String) {
        let output = self.bash(text).output().unwrap();
        let said = [output.stdout.clone(), output.stderr.clone()].concat();
        (output, String::from_utf8_lossy(&said).into_owned())
    }

    fn is_verified(&self) -> bool {
        let (output, _) = self.run("./attesh verify o.intoto.json --trust k.pub");
        output.status.success()
    }
}

/// How the passphrase can be given, in words of a shell; the variable is only that of attesh.
const WAYS: [&str; 4] = [
    "ATTESH_PASSPHRASE=correct-horse-battery exec ./attesh sh --seal o.intoto.json --force --key k.key s.sh",
    "exec ./attesh sh --seal o.intoto.json --force --key k.key --passphrase-file <(echo correct-horse-battery) s.sh",
    "echo correct-horse-battery > p; exec 9< p; rm p
     exec ./attesh sh --seal o.intoto.json --force --key k.key --passphrase-file /dev/fd/9 s.sh",
    "exec 8< k.key; ATTESH_PASSPHRASE=correct-horse-battery \\
     exec ./attesh sh --seal o.intoto.json --force --key /proc/self/fd/8 s.sh",
];

/// Words of bash that find the process that keeps the key: a child of the script's parent.
const FIND: &str = r#"
for stat in /proc/[0-9]*/stat; do
    { read -r pid name _ of _ < "$stat"; } 2> /dev/null
    if [ "$name" = '(attesh)' ] && [ "$of" = "$PPID" ]; then keeper=$pid; fi
done
"#;

/// Tries all that a program of the same user can do without writing to a file of attesh.
const THIEF: &str = r#"
printf 'mine: %s\n' "${ATTESH_PASSPHRASE-none}"
tr '\0' '\n' < /proc/self/environ
for fd in /proc/self/fd/*; do [ -f "$fd" ] && [ "$fd" != /proc/self/fd/255 ] && head -c 4096 "$fd"; done
printf 'parent %s, keeper %s\n' "$PPID" "${keeper:?}"
for pid in "$PPID" $keeper; do
    cat "/proc/$pid/environ"
    ls "/proc/$pid/fd" && echo OPEN
    for fd in 3 4 5 6 7 8 9 10; do head -c 4096 "/proc/$pid/fd/$fd"; done
    head -c 1 "/proc/$pid/mem" && echo OPEN
    cat "/proc/$pid/maps" && echo OPEN
    if command -v strace; then timeout 2 strace -p "$pid" 2>&1 | grep -q attached && echo OPEN; fi
done
echo asked
true
"#;

#[test]
fn a_script_reads_the_passphrase_or_the_key() {
    if !have("setpriv") {
        return;
    }
    for way in WAYS {
        let place = Place::new(&format!("{FIND}{THIEF}"));
        let (output, said) = place.run(way);
        assert!(output.status.success() && said.contains("\nasked\n"), "{way}: {said}");
        assert!(said.contains("mine: none\n"), "{way}: {said}");
        assert!(!said.contains(PASSPHRASE) && !said.contains("\nOPEN\n"), "{way}: {said}");
        assert!(!said.contains("PRIVATE KEY"), "{way}: {said}");
        assert!(place.is_verified(), "{way}: {said}");
    }
}

/// Whether a process has these bytes in its memory; asked by root.
fn has(pid: &str, bytes: &[u8]) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    maps.lines().any(|line| {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut page = vec![0; usize::try_from(to - from).unwrap()];
        memory.read_exact_at(&mut page, from).is_ok() && memchr::memmem::find(&page, bytes).is_some()
    })
}

#[test]
fn what_opens_the_key_stays_in_a_memory() {
    if !geteuid().is_root() || !have("setpriv") {
        eprintln!("SKIPPED: only root looks into the memory of a hidden process");
        return;
    }
    for way in WAYS {
        let rest = "echo $keeper > keeper\necho $PPID > parent\nwhile [ ! -e go ]; do sleep 0.05; done\n";
        let place = Place::new(&format!("{FIND}{rest}"));
        let mut child = place.bash(way).spawn().unwrap();
        let told = |name: &str| -> String {
            loop {
                let text = fs::read_to_string(place.path(name)).unwrap_or_default();
                if text.ends_with('\n') {
                    return text.trim().to_owned();
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        };
        let (parent, keeper) = (told("parent"), told("keeper"));
        // That the search finds something: the keeper has the key.
        assert!(has(&keeper, &seed()), "{way}: the keeper has no key");
        assert!(!has(&keeper, PASSPHRASE.as_bytes()), "{way}: the keeper has the passphrase");
        assert!(!has(&parent, &seed()), "{way}: the parent has the key");
        assert!(!has(&parent, PASSPHRASE.as_bytes()), "{way}: the parent has the passphrase");
        place.put("go", b"");
        assert!(child.wait().unwrap().success(), "{way}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(place.is_verified(), "{way}: {said}");
    }
}

/// Where the kernel writes images of a memory, it writes none with a key.
#[test]
fn an_image_of_the_memory_has_the_key() {
    if !have("setpriv") {
        return;
    }
    for (signal, of) in [("ABRT", "keeper"), ("KILL", "keeper"), ("QUIT", "keeper"), ("ABRT", "PPID")] {
        let script = format!("{FIND}kill -{signal} ${of}\nsleep 0.2\ntrue\n");
        let place = Place::new(&script);
        let (output, said) = place.run(&format!("ulimit -c unlimited; {}", WAYS[0]));
        // The keeper ignores what a terminal sends. The others end it, and then nothing is sealed.
        let dies = of == "keeper" && signal != "QUIT";
        if dies {
            assert_eq!(output.status.code(), Some(125), "{signal}: {said}");
            assert!(said.contains("the process that held the key is gone"), "{signal}: {said}");
        }
        if of == "keeper" {
            assert_eq!(place.path("o.intoto.json").exists(), !dies, "{signal}: {said}");
        }
        for entry in walk(place.0.path()) {
            let bytes = fs::read(&entry).unwrap_or_default();
            let found = [&seed()[..], PASSPHRASE.as_bytes()]
                .iter()
                .any(|secret| memchr::memmem::find(&bytes, secret).is_some());
            assert!(!found, "{signal} {of}: {}", entry.display());
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_key_of_an_agent_takes_something_from_the_record() {
    if !["setpriv", "ssh-agent", "ssh-add"].into_iter().all(have) {
        return;
    }
    let place = Place::new("cat > f <<X\nfoo\nX\necho hi | cat\n(exit 3)\necho end\n");
    let (_, said) = place.run(
        "eval \"$(ssh-agent)\"; ssh-keygen -q -t ed25519 -N '' -f ag; ssh-add -q ag; rm ag
         ./attesh sh --strict --seal o.intoto.json --key ag.pub s.sh; echo \"status $?\"
         ssh-agent -k; ./attesh verify o.intoto.json --trust ag.pub",
    );
    assert!(said.contains("\nstatus 0\n") && !said.contains("abort"), "{said}");
    assert!(said.contains("\nVERIFIED o.intoto.json: 4 commands recorded, 1 failed"), "{said}");
    assert!(said.contains("read from bash"), "{said}");
}

#[test]
fn a_key_that_cannot_be_opened_is_found_when_the_script_is_over() {
    let place = Place::new("touch ran\n");
    for (way, why) in [
        ("ATTESH_PASSPHRASE=wrong ./attesh sh --seal o --key k.key s.sh", "this passphrase does not open it"),
        ("./attesh sh --seal o --key k.key s.sh", "the key needs a passphrase"),
        ("./attesh sh --seal o --key none s.sh", "none: no such file"),
        (": > e; ./attesh sh --seal o --key e s.sh", "e: empty, but a private key is needed"),
        ("./attesh sh --seal o --key k.pub s.sh", "attesh: "),
    ] {
        let (output, said) = place.run(way);
        assert_eq!(output.status.code(), Some(2), "{way}: {said}");
        assert!(said.contains(why), "{way}: {said}");
        assert!(!place.path("ran").exists(), "{way}: {said}");
    }
    let mode = fs::metadata(place.path("k.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
