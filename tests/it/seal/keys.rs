//! Keys against openssl and ssh-keygen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use attesh::clock;
use attesh::files;
use attesh::seal::keys::{KeyError, Passphrase, PrivateKey, PublicKey};
use attesh::seal::signer::{self, KeyFile, KeyFileProblem, PrivateFile};
use attesh::seal::trust::TrustFile;
use attesh::text::Fault as _;

use crate::stage::programs::{bash, have, ok, run};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec())
}

fn private(path: &Path) -> PrivateFile {
    match KeyFile::open(path).unwrap() {
        KeyFile::Private(file) => file,
        KeyFile::Public(_) => panic!("{} is a public key", path.display()),
    }
}

fn public(path: &Path) -> PublicKey {
    let file = TrustFile::read(&fs::read(path).unwrap(), clock::local_second).unwrap();
    assert_eq!(file.keys.len(), 1);
    file.keys[0].key().clone()
}

fn problem(path: &Path) -> KeyError {
    match KeyFile::open(path).err().unwrap().why {
        KeyFileProblem::Key(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_of_openssl_is_read() {
    if !have("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    bash(
        dir.path(),
        "openssl genpkey -algorithm ed25519 -out key && openssl pkey -in key -pubout -out key.pub
         openssl genpkey -algorithm ed25519 -outform PEM | openssl pkey -text > text",
    );
    let file = private(&dir.path().join("key"));
    assert!(!file.is_encrypted());
    assert_eq!(file.exposure(), None);
    let key = file.unlock(None).unwrap();
    assert_eq!(key.public(), public(&dir.path().join("key.pub")));
    assert_eq!(key.public().to_spki_pem(), fs::read_to_string(dir.path().join("key.pub")).unwrap());
    // What openssl prints beside the block does not disturb.
    assert!(private(&dir.path().join("text")).unlock(None).is_ok());
}

#[test]
fn encrypted_keys_of_openssl_are_read() {
    if !have("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    bash(dir.path(), "openssl genpkey -algorithm ed25519 -out plain");
    let plain = private(&dir.path().join("plain")).unlock(None).unwrap();
    for how in ["-v2 aes-256-cbc", "-v2 aes-128-cbc", "-v2 aes-192-cbc", "-scrypt"] {
        bash(dir.path(), &format!("openssl pkcs8 -topk8 {how} -in plain -out key -passout 'pass:öpen me'"));
        let file = private(&dir.path().join("key"));
        assert!(file.is_encrypted(), "{how}");
        let key = file.unlock(Some(&passphrase("öpen me"))).unwrap();
        assert_eq!(key.public(), plain.public(), "{how}");
        let wrong = file.unlock(Some(&passphrase("open me"))).err().unwrap();
        assert!(matches!(wrong.why, KeyFileProblem::Key(KeyError::WrongPassphrase)), "{how}: {wrong}");
        let none = file.unlock(None).err().unwrap().told();
        assert!(none.contains("--passphrase-file"), "{how}: {none}");
    }
    for how in ["-v1 PBE-SHA1-3DES", "-v2 des3", "-v2 aes-256-cbc -v2prf hmacWithSHA1"] {
        bash(dir.path(), &format!("openssl pkcs8 -topk8 {how} -in plain -out old -passout pass:x"));
        let file = dir.path().join("old");
        let why = match KeyFile::open(&file) {
            Err(error) => error.to_string(),
            Ok(KeyFile::Private(file)) => file.unlock(Some(&passphrase("x"))).err().unwrap().to_string(),
            Ok(KeyFile::Public(_)) => unreachable!(),
        };
        assert!(why.contains("encrypted in a way that attesh does not read"), "{how}: {why}");
    }
}

#[test]
fn what_openssl_makes_of_other_types_is_refused_by_name() {
    if !have("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    for (how, kind) in [
        ("genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256", "EC"),
        ("genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024", "RSA"),
        ("genpkey -algorithm ed448", "Ed448"),
        ("genpkey -algorithm x25519", "X25519"),
        ("ecparam -genkey -noout -name prime256v1", "EC"),
    ] {
        bash(
            dir.path(),
            &format!("openssl {how} -out key 2>/dev/null; openssl pkey -in key -pubout -out key.pub"),
        );
        assert_eq!(problem(&key), KeyError::NotEd25519(kind.to_owned()));
        let trusted = TrustFile::read(&fs::read(dir.path().join("key.pub")).unwrap(), clock::local_second);
        let error = trusted.err().unwrap().to_string();
        assert!(error.contains(&format!("type {kind}")), "{error}");
    }
}

#[test]
fn our_keys_are_read_by_openssl() {
    if !have("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    for secret in [None, Some("a passphrase")] {
        let secret_bytes = secret.map(passphrase);
        let generated = signer::generate(&key, secret_bytes.as_ref(), true).unwrap();
        let pass = format!("pass:{}", secret.unwrap_or("unused"));
        let printed = ok(dir.path(), "openssl", &["pkey", "-in", "key", "-pubout", "-passin", &pass]);
        assert_eq!(printed, fs::read_to_string(dir.path().join("key.pub")).unwrap());
        let checked = ["pkey", "-pubin", "-in", "key.pub", "-noout"];
        ok(dir.path(), "openssl", &checked);
        let file = private(&key);
        assert_eq!(file.is_encrypted(), secret.is_some());
        assert_eq!(file.unlock(secret_bytes.as_ref()).unwrap().public(), generated);
        if secret.is_some() {
            let wrong = ["pkey", "-in", "key", "-noout", "-passin", "pass:wrong"];
            assert!(!run(dir.path(), "openssl", &wrong).status.success());
        }
    }
}

#[test]
fn a_generated_pair_is_private_and_never_replaces_another() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let first = signer::generate(&key, None, false).unwrap();
    let mode = |name: &str| {
        let path = dir.path().join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("key"), 0o600);
    assert_eq!(mode("key.pub") & 0o622, 0o600);
    let error = signer::generate(&key, None, false).err().unwrap().told();
    assert!(error.contains("--force"), "{error}");
    // The public half alone in the way: nothing is written.
    fs::remove_file(&key).unwrap();
    assert!(signer::generate(&key, None, false).is_err());
    assert!(!key.exists());
    assert_eq!(public(&dir.path().join("key.pub")), first);
    let second = signer::generate(&key, None, true).unwrap();
    assert_ne!(first, second);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn keys_of_ssh_keygen_are_read() {
    if !have("ssh-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (secret, cipher) in [
        ("", "aes256-ctr"),
        ("open me", "aes256-ctr"),
        ("open me", "aes256-cbc"),
        ("open me", "aes256-gcm@openssh.com"),
        ("open me", "chacha20-poly1305@openssh.com"),
    ] {
        bash(
            dir.path(),
            &format!(
                "rm -f key key.pub; ssh-keygen -q -t ed25519 -f key -C 'a comment' -N '{secret}' -Z {cipher}"
            ),
        );
        let file = private(&dir.path().join("key"));
        assert_eq!(file.is_encrypted(), !secret.is_empty());
        let given = (!secret.is_empty()).then(|| passphrase(secret));
        let key = file.unlock(given.as_ref()).unwrap();
        assert_eq!(key.public(), public(&dir.path().join("key.pub")), "{cipher}");
        if given.is_some() {
            let wrong = file.unlock(Some(&passphrase("x"))).err().unwrap();
            assert!(matches!(wrong.why, KeyFileProblem::Key(KeyError::WrongPassphrase)), "{cipher}: {wrong}");
        }
    }
    for kind in ["rsa", "ecdsa"] {
        for secret in ["", "x"] {
            bash(dir.path(), &format!("rm -f key key.pub; ssh-keygen -q -t {kind} -f key -N '{secret}'"));
            let why = problem(&dir.path().join("key"));
            assert!(matches!(why, KeyError::NotEd25519(_)), "{kind}: {why:?}");
        }
    }
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    if !have("ssh-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for seed in 0..8 {
        let key = PrivateKey::from_seed(&[seed; 32]).public();
        let line = format!("{} comment\n", key.to_ssh_line());
        files::publish(&dir.path().join("k.pub"), line.as_bytes(), 0o600, files::Overwrite::Yes).unwrap();
        let printed = ok(dir.path(), "ssh-keygen", &["-l", "-f", "k.pub"]);
        assert_eq!(printed.split(' ').nth(1), Some(key.fingerprint().as_str()));
    }
}

/// ssh-keygen reads the same lines with the same result: trusted or not.
#[test]
fn allowed_signers_mean_what_ssh_keygen_takes_them_for() {
    if !have("ssh-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    bash(
        dir.path(),
        "ssh-keygen -q -t ed25519 -f key -N ''; echo m > m; ssh-keygen -q -Y sign -f key -n attesh m 2>/dev/null",
    );
    let line = fs::read_to_string(dir.path().join("key.pub")).unwrap();
    let at = 1_767_323_040; // 2026-01-02 03:04 UTC
    for (options, trusted) in [
        ("", true),
        ("namespaces=\"attesh\"", true),
        ("namespaces=\"git,att*\"", true),
        ("namespaces=\"git\"", false),
        ("namespaces=\"*,!attesh\"", false),
        ("valid-after=\"20260102Z\"", true),
        ("valid-after=\"202601020304Z\"", true),
        ("valid-after=\"20260102030401Z\"", false),
        ("valid-before=\"202601020304Z\"", true),
        ("valid-before=\"20260102030359Z\"", false),
        ("valid-before=\"20260103Z\",valid-after=\"20260101Z\"", true),
        ("cert-authority", false),
    ] {
        let signers = format!("me {options} {line}");
        files::publish(&dir.path().join("s"), signers.as_bytes(), 0o600, files::Overwrite::Yes).unwrap();
        let script = "ssh-keygen -Y verify -f s -I me -n attesh -O verify-time=20260102030400Z -s m.sig < m >/dev/null 2>&1 && echo yes || echo no";
        let theirs = bash(dir.path(), script) == "yes\n";
        let ours = TrustFile::read(signers.as_bytes(), clock::local_second)
            .is_ok_and(|file| file.keys[0].validity().holds_at(at));
        assert_eq!((theirs, ours), (trusted, trusted), "{options}");
    }
}

#[test]
fn a_plain_key_that_others_can_read_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let exposure = |secret: Option<&Passphrase>, mode| {
        signer::generate(&key, secret, true).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        private(&key).exposure()
    };
    assert_eq!(exposure(None, 0o600), None);
    assert_eq!(exposure(None, 0o400), None);
    let warning = exposure(None, 0o644).unwrap();
    assert!(warning.contains("open to everybody (mode 0644); type: chmod 600 "), "{warning}");
    assert!(exposure(None, 0o640).unwrap().contains("open to its group"));
    assert_eq!(exposure(Some(&passphrase("x")), 0o644), None);
}
