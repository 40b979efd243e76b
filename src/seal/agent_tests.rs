use super::*;
use crate::seal::keys::PrivateKey;
use std::os::unix::net::UnixListener;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes.encode(&mut out).unwrap();
    out
}

fn identities(blobs: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![IDENTITIES_ANSWER];
    out.extend((blobs.len() as u32).to_be_bytes());
    for blob in blobs {
        out.extend(string(blob));
        out.extend(string(b"comment"));
    }
    out
}

fn signature(kind: &[u8], sig: &[u8]) -> Vec<u8> {
    let mut inner = string(kind);
    inner.extend(string(sig));
    let mut out = vec![SIGN_RESPONSE];
    out.extend(string(&inner));
    out
}

/// An agent that gives these answers, one a connection, whatever it is asked.
fn agent(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let _ = stream.write_all(&(answer.len() as u32).to_be_bytes());
            let _ = stream.write_all(&answer);
        }
    });
    (dir, path)
}

fn found(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, AgentKey) {
    let blob = key().public().to_ssh_blob();
    let mut all = vec![identities(&[b"other", &blob])];
    all.extend(answers);
    let (dir, path) = agent(all);
    let key = AgentKey::find(Some(&path), key().public()).unwrap();
    (dir, key)
}

#[test]
fn an_answer_that_is_cut_short_or_too_long_is_nonsense() {
    let list = identities(&[b"one", b"two"]);
    let sig = signature(b"ssh-ed25519", &[1; 64]);
    assert_eq!(parse_identities(&list).unwrap(), [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(parse_signature(&sig).unwrap(), [1; 64]);
    for end in 0..list.len() {
        assert!(matches!(parse_identities(&list[..end]), Err(AgentError::Nonsense(_))), "{end}");
    }
    for end in 0..sig.len() {
        assert!(matches!(parse_signature(&sig[..end]), Err(AgentError::Nonsense(_))), "{end}");
    }
    let more = |mut bytes: Vec<u8>| {
        bytes.push(0);
        bytes
    };
    assert!(parse_identities(&more(list)).is_err());
    assert!(parse_signature(&more(sig)).is_err());
    assert!(parse_signature(&signature(b"rsa-sha2-256", &[1; 64])).is_err());
    assert!(parse_signature(&signature(b"ssh-ed25519", &[1; 63])).is_err());
    // A count that promises more than there is allocates nothing for it.
    assert!(parse_identities(&[IDENTITIES_ANSWER, 0xff, 0xff, 0xff, 0xff]).is_err());
}

#[test]
fn a_signature_counts_once_it_verifies() {
    let right = key().sign(b"message");
    let (_dir, key) = found(vec![signature(b"ssh-ed25519", &right), signature(b"ssh-ed25519", &[1; 64])]);
    assert_eq!(key.sign(b"message").unwrap(), right);
    assert!(matches!(key.sign(b"message"), Err(AgentError::WrongSignature)));
}

#[test]
fn a_refusal_is_told_from_a_lock() {
    let blob = key().public().to_ssh_blob();
    let (_dir, key) = found(vec![vec![FAILURE], identities(&[&blob]), vec![FAILURE], identities(&[])]);
    assert!(matches!(key.sign(b"m"), Err(AgentError::Refused)));
    assert!(matches!(key.sign(b"m"), Err(AgentError::Empty)));
}

#[test]
fn an_agent_without_the_key_is_said_to_be_one() {
    let find = |answer| {
        let (_dir, path) = agent(vec![answer]);
        AgentKey::find(Some(&path), key().public()).err().unwrap()
    };
    assert!(matches!(find(identities(&[])), AgentError::Empty));
    let missing = find(identities(&[b"a", b"b"])).to_string();
    assert!(missing.contains(&key().public().fingerprint()), "{missing}");
    assert!(missing.contains("2 keys"), "{missing}");
    assert!(matches!(find(vec![]), AgentError::Nonsense(_)));
}

#[test]
fn no_socket_and_a_dead_socket_are_clear() {
    let none = AgentKey::find(None, key().public()).err().unwrap();
    assert!(none.to_string().contains("SSH_AUTH_SOCK is not set"));
    let empty = AgentKey::find(Some(Path::new("")), key().public()).err().unwrap();
    assert!(matches!(empty, AgentError::NoSocket));
    let dead = Path::new("/nonexistent/agent");
    let error = AgentKey::find(Some(dead), key().public()).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/agent: "), "{error}");
}

#[test]
fn what_an_agent_will_not_take_is_not_sent() {
    let overhead = 1 + 4 + 51 + 4 + 4;
    let public = key().public();
    let fits = vec![0; MAX_MESSAGE_BYTES - overhead];
    assert_eq!(sign_request(&public, &fits).unwrap().len(), MAX_MESSAGE_BYTES);
    let long = vec![0; fits.len() + 1];
    let error = sign_request(&public, &long).unwrap_err();
    assert!(error.to_string().contains("give --key"), "{error}");
}
