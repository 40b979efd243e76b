//! A door: signing with a key that an ssh-agent holds.
//!
//! Lives here: the two messages of the agent protocol that attesh needs (list the keys,
//! sign), and the socket. The caller names the socket; the environment is not read.
//!
//! Rules: an agent's answer is a stranger's bytes: its length is limited, it is parsed
//! strictly, and a signature counts only once it verifies. No wait is endless.

use std::error::Error;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ssh_encoding::{Decode as _, Encode as _, Reader as _};

use super::keys::{PublicKey, SIGNATURE_BYTES, SSH_ED25519};
use crate::text::{Fault, Next};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const FAILURE: u8 = 5;

/// OpenSSH's agent hangs up on a longer message, and sends none that is longer.
const MAX_MESSAGE_BYTES: usize = 256 << 10;
/// A list comes at once. A signature may wait for somebody to confirm it.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
const SIGN_TIMEOUT: Duration = Duration::from_secs(120);

/// A key that an agent holds.
pub struct AgentKey {
    socket: PathBuf,
    key: PublicKey,
}

impl AgentKey {
    /// Asks the agent at `socket` (the value of `SSH_AUTH_SOCK`) whether it holds this key.
    pub fn find(socket: Option<&Path>, key: PublicKey) -> Result<Self, AgentError> {
        let socket = socket.filter(|path| !path.as_os_str().is_empty()).ok_or(AgentError::NoSocket)?;
        let held = list(socket)?;
        let blob = key.to_ssh_blob();
        if held.contains(&blob) {
            let socket = socket.to_owned();
            return Ok(Self { socket, key });
        }
        Err(if held.is_empty() {
            AgentError::Empty
        } else {
            AgentError::Missing { fingerprint: key.fingerprint(), held: held.len() }
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.key
    }

    /// Has the agent sign a message.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], AgentError> {
        let request = sign_request(&self.key, message)?;
        let answer = exchange(&self.socket, &request, SIGN_TIMEOUT)?;
        let sig = match parse_signature(&answer) {
            // A locked agent lists no key, which explains the refusal.
            Err(AgentError::Refused) if list(&self.socket).is_ok_and(|held| held.is_empty()) => {
                return Err(AgentError::Empty);
            }
            other => other?,
        };
        if !self.key.verify(message, &sig) {
            return Err(AgentError::WrongSignature);
        }
        Ok(sig)
    }
}

fn list(socket: &Path) -> Result<Vec<Vec<u8>>, AgentError> {
    parse_identities(&exchange(socket, &[REQUEST_IDENTITIES], LIST_TIMEOUT)?)
}

fn sign_request(key: &PublicKey, message: &[u8]) -> Result<Vec<u8>, AgentError> {
    let blob = key.to_ssh_blob();
    let length = 1 + 4 + blob.len() + 4 + message.len() + 4;
    if length > MAX_MESSAGE_BYTES {
        return Err(AgentError::TooLarge { bytes: message.len() });
    }
    let no_flags = 0_u32;
    let mut request = vec![SIGN_REQUEST];
    blob.encode(&mut request)
        .and_then(|()| message.encode(&mut request))
        .and_then(|()| no_flags.encode(&mut request))
        .expect("lengths were checked");
    Ok(request)
}

/// The keys' binary forms, of whatever type.
fn parse_identities(answer: &[u8]) -> Result<Vec<Vec<u8>>, AgentError> {
    let [IDENTITIES_ANSWER, body @ ..] = answer else {
        return Err(refusal(answer));
    };
    let mut body = body;
    let reader = &mut body;
    let cut = |_| AgentError::Nonsense("a list of keys that is cut short");
    let count = u32::decode(reader).map_err(cut)?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(Vec::<u8>::decode(reader).map_err(cut)?);
        let _comment = Vec::<u8>::decode(reader).map_err(cut)?;
    }
    if !reader.is_finished() {
        return Err(AgentError::Nonsense("bytes after the list of keys"));
    }
    Ok(keys)
}

fn parse_signature(answer: &[u8]) -> Result<[u8; SIGNATURE_BYTES], AgentError> {
    let [SIGN_RESPONSE, body @ ..] = answer else {
        return Err(refusal(answer));
    };
    let mut body = body;
    let reader = &mut body;
    let cut = |_| AgentError::Nonsense("a signature that is cut short");
    let whole = Vec::<u8>::decode(reader).map_err(cut)?;
    if !reader.is_finished() {
        return Err(AgentError::Nonsense("bytes after the signature"));
    }
    let mut inner = whole.as_slice();
    let reader = &mut inner;
    let kind = Vec::<u8>::decode(reader).map_err(cut)?;
    let sig = Vec::<u8>::decode(reader).map_err(cut)?;
    if kind != SSH_ED25519.as_bytes() || !reader.is_finished() {
        return Err(AgentError::Nonsense("a signature of another kind"));
    }
    sig.as_slice().try_into().map_err(|_| AgentError::Nonsense("a signature of another length"))
}

fn refusal(answer: &[u8]) -> AgentError {
    match answer {
        [FAILURE] => AgentError::Refused,
        _ => AgentError::Nonsense("an answer to another question"),
    }
}

/// One request, one answer, one connection.
fn exchange(socket: &Path, request: &[u8], timeout: Duration) -> Result<Vec<u8>, AgentError> {
    let unreachable = |error| AgentError::Unreachable { socket: socket.to_owned(), error };
    let mut stream = UnixStream::connect(socket).map_err(unreachable)?;
    stream
        .set_read_timeout(Some(timeout))
        .and_then(|()| stream.set_write_timeout(Some(timeout)))
        .map_err(unreachable)?;
    let talk = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AgentError::NoAnswer(timeout),
        _ => unreachable(error),
    };
    let mut framed = Vec::with_capacity(4 + request.len());
    let length = u32::try_from(request.len()).expect("requests are short");
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(request);
    stream.write_all(&framed).map_err(talk)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(talk)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE_BYTES {
        return Err(AgentError::Nonsense("an answer that is too long"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).map_err(talk)?;
    Ok(answer)
}

/// Why the agent did not sign.
#[derive(Debug)]
pub enum AgentError {
    /// `SSH_AUTH_SOCK` is not set.
    NoSocket,
    /// No agent listens there, or the connection broke.
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It took too long.
    NoAnswer(Duration),
    /// It lists no key: it has none, or it is locked.
    Empty,
    /// It holds other keys.
    Missing {
        /// The key that was asked for.
        fingerprint: String,
        /// How many it holds.
        held: usize,
    },
    /// It holds the key and refuses to sign.
    Refused,
    /// More than an agent takes.
    TooLarge {
        /// Bytes to be signed.
        bytes: usize,
    },
    /// Its answer is not what the protocol says.
    Nonsense(&'static str),
    /// Its signature does not verify.
    WrongSignature,
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh-agent: ")?;
        match self {
            Self::NoSocket => f.write_str("SSH_AUTH_SOCK is not set, so attesh finds no agent"),
            Self::Unreachable { socket, error } => {
                write!(f, "{}: {}", socket.display(), crate::files::words(error))
            }
            Self::NoAnswer(timeout) => write!(f, "no answer within {} s", timeout.as_secs()),
            Self::Empty => f.write_str("it shows no keys"),
            Self::Missing { fingerprint, held } => {
                write!(f, "{fingerprint} is not among the {held} keys it holds")
            }
            Self::Refused => {
                f.write_str("it holds the key and refused to sign (confirm the signature when it asks)")
            }
            Self::TooLarge { bytes } => {
                write!(f, "{bytes} bytes to sign, and agents take {} KiB at most", MAX_MESSAGE_BYTES >> 10)
            }
            Self::Nonsense(what) => write!(f, "it sent {what}"),
            Self::WrongSignature => f.write_str("it sent a signature that does not verify"),
        }
    }
}

impl Error for AgentError {}

impl Fault for AgentError {
    fn next(&self) -> Option<Next> {
        let sentence = match self {
            Self::NoSocket => "start one with: eval \"$(ssh-agent)\", or give --key the private key",
            Self::Empty => "add the key with ssh-add FILE, or unlock the agent with ssh-add -X",
            Self::Missing { .. } => "add it with ssh-add FILE",
            Self::TooLarge { .. } => "give --key the private key",
            _ => return None,
        };
        Some(sentence.into())
    }
}

#[cfg(test)]
mod tests {
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
        assert!(error.told().contains("give --key"), "{error}");
    }
}
