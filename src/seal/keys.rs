//! Ed25519 keys out of bytes and into bytes.
//!
//! Lives here: the public key and its three spellings (SPKI PEM, OpenSSH line, fingerprint),
//! the private key and the files it is read from (PKCS#8 plain and PBES2, OpenSSH plain
//! and encrypted) and written to (PKCS#8 v1). Not here: files, randomness, the agent
//! (`signer`, `agent`), who is trusted (`trust`).
//!
//! Rules: a secret has no `Debug`, no `Clone`, and is wiped when dropped; no cost that a
//! key file asks for is paid unchecked; every verification is `verify_strict`.

use crate::text::{Fault, Next};
use std::error::Error;
use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::pkcs8::{KeypairBytes, PublicKeyBytes};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{Decode as _, SecretDocument};
use pkcs8::pkcs5::{self, pbes2, scrypt};
use pkcs8::spki::{EncodePublicKey as _, SubjectPublicKeyInfoRef};
use pkcs8::{EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use sha2::{Digest as _, Sha256};
use ssh_encoding::{Decode as SshDecode, Encode as _, Reader as _};
use zeroize::Zeroizing;

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;
/// A larger file is not a private key.
pub const MAX_KEY_FILE_BYTES: usize = 64 << 10;
/// The one key type, as OpenSSH names it.
pub(super) const SSH_ED25519: &str = "ssh-ed25519";

/// scrypt with N = 2^14 and r = 8 takes 16 MiB, the most that OpenSSL 3 reads without being
/// asked to (its limit is 32); p = 5 makes up for the memory with time.
const WRITTEN_SCRYPT: (u8, u32, u32) = (14, 8, 5);
/// What a key file may ask for at most: 1 GiB, and some seconds.
const MAX_SCRYPT_MEMORY_BYTES: u64 = 1 << 30;
const MAX_SCRYPT_BLOCKS: u64 = 1 << 26;
const MAX_PBKDF2_ITERATIONS: u32 = 20_000_000;
const MAX_BCRYPT_ROUNDS: u32 = 4096;

/// An Ed25519 public key that is safe to verify with: on the curve, canonical, not weak.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From the 32 bytes of RFC 8032.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::BadPoint)?;
        // One key must have one fingerprint, and a weak key verifies what nobody signed.
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::BadPoint);
        }
        Ok(Self(key))
    }

    /// From one SPKI PEM block.
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyError> {
        // Before it is decoded: OpenSSH breaks its lines elsewhere.
        if pem_blocks(pem).any(|(label, _)| label.ends_with("PRIVATE KEY")) {
            return Err(KeyError::PrivateGiven);
        }
        let (label, der) =
            pkcs8::der::Document::from_pem(pem).map_err(|e| KeyError::Malformed(format!("PEM: {e}")))?;
        match label {
            "PUBLIC KEY" => {}
            "RSA PUBLIC KEY" => return Err(KeyError::NotEd25519("RSA".to_owned())),
            "CERTIFICATE" | "TRUSTED CERTIFICATE" => return Err(KeyError::Certificate),
            label => {
                return Err(KeyError::NotAKey(format!("a PEM block {:?}", crate::text::short(label))));
            }
        }
        let spki = SubjectPublicKeyInfoRef::from_der(der.as_bytes())
            .map_err(|e| KeyError::Malformed(format!("SPKI: {e}")))?;
        expect_ed25519(spki.algorithm.oid)?;
        let PublicKeyBytes(bytes) =
            PublicKeyBytes::try_from(spki).map_err(|e| KeyError::Malformed(format!("SPKI: {e}")))?;
        Self::from_bytes(&bytes)
    }

    /// From OpenSSH's binary form, as key lines and agents have it.
    pub fn from_ssh_blob(mut blob: &[u8]) -> Result<Self, KeyError> {
        let bad = |_| KeyError::Malformed("the OpenSSH key data is cut short".to_owned());
        let reader = &mut blob;
        let kind = <String as SshDecode>::decode(reader).map_err(bad)?;
        if kind != SSH_ED25519 {
            return Err(KeyError::NotEd25519(crate::text::short(&kind)));
        }
        let bytes = <Vec<u8> as SshDecode>::decode(reader).map_err(bad)?;
        if !reader.is_finished() {
            return Err(KeyError::Malformed("bytes after the OpenSSH key data".to_owned()));
        }
        let bytes = bytes
            .as_slice()
            .try_into()
            .map_err(|_| KeyError::Malformed("an Ed25519 key has 32 bytes".to_owned()))?;
        Self::from_bytes(bytes)
    }

    /// OpenSSH's binary form.
    pub fn to_ssh_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(51);
        SSH_ED25519.encode(&mut blob).expect("a short string encodes");
        self.0.as_bytes()[..].encode(&mut blob).expect("32 bytes encode");
        blob
    }

    /// The fingerprint as OpenSSH prints it, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.to_ssh_blob());
        format!("SHA256:{}", BASE64_NOPAD.encode(&digest))
    }

    /// SPKI PEM, with a newline at the end: what `openssl pkey -pubout` prints.
    pub fn to_spki_pem(&self) -> String {
        PublicKeyBytes(self.to_bytes()).to_public_key_pem(LineEnding::LF).expect("32 bytes fit an SPKI")
    }

    /// A line for `authorized_keys` or `allowed_signers`, without a newline.
    pub fn to_ssh_line(&self) -> String {
        format!("{SSH_ED25519} {}", BASE64.encode(&self.to_ssh_blob()))
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Did this key sign that message? Strict: one signature has one spelling.
    #[must_use]
    pub fn verify(&self, message: &[u8], sig: &[u8; SIGNATURE_BYTES]) -> bool {
        let sig = Signature::from_bytes(sig);
        self.0.verify_strict(message, &sig).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// A passphrase: bytes, wiped when dropped, never printed.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// For a key derivation.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The random numbers that encrypting a key takes: a salt and an initial vector.
pub type Salt = [u8; 32];

/// An Ed25519 private key. Wiped when dropped, never printed, never copied.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// From the 32 secret bytes of RFC 8032.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }

    /// Is this the text of a private key that needs a passphrase? Also refuses what is not an
    /// Ed25519 private key, as far as that shows before decrypting: nobody should be asked for
    /// the passphrase of a useless key.
    pub fn is_encrypted(file: &[u8]) -> Result<bool, KeyError> {
        Ok(match Block::of(file)? {
            Block::Pkcs8(der) => {
                Self::from_pkcs8(der.as_bytes())?;
                false
            }
            Block::Pbes2(der) => {
                affordable(encryption(&der)?)?;
                true
            }
            Block::Ssh(key) => key.is_encrypted(),
        })
    }

    /// Reads a private key file: PKCS#8 PEM (v1 and v2), PBES2-encrypted PKCS#8 PEM,
    /// OpenSSH. The passphrase of a key that has none is not looked at.
    pub fn read(file: &[u8], passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        match Block::of(file)? {
            Block::Pkcs8(der) => Self::from_pkcs8(der.as_bytes()),
            Block::Pbes2(der) => {
                let scheme = encryption(&der)?;
                affordable(scheme)?;
                let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
                let info = EncryptedPrivateKeyInfoRef::from_der(der.as_bytes())
                    .map_err(|e| KeyError::Malformed(format!("PKCS#8: {e}")))?;
                // Neither CBC nor its padding says for sure that the passphrase was wrong,
                // so text that is not a key counts as that too.
                let plain = info.decrypt(passphrase.as_bytes()).map_err(|e| match e {
                    pkcs8::Error::EncryptedPrivateKey(
                        e @ (pkcs5::Error::UnsupportedAlgorithm { .. }
                        | pkcs5::Error::AlgorithmParametersInvalid { .. }),
                    ) => KeyError::UnknownEncryption(e.to_string()),
                    _ => KeyError::WrongPassphrase,
                })?;
                Self::from_pkcs8(plain.as_bytes()).map_err(|e| match e {
                    KeyError::Malformed(_) => KeyError::WrongPassphrase,
                    other => other,
                })
            }
            Block::Ssh(key) if key.is_encrypted() => {
                let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
                let plain = key.decrypt(passphrase.as_bytes()).map_err(|e| match e {
                    ssh_key::Error::PublicKey => KeyError::HalvesDiffer,
                    _ => KeyError::WrongPassphrase,
                })?;
                Self::from_ssh(&plain)
            }
            Block::Ssh(key) => Self::from_ssh(&key),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |e: &dyn fmt::Display| KeyError::Malformed(format!("PKCS#8: {e}"));
        let info = PrivateKeyInfoRef::from_der(der).map_err(|e| malformed(&e))?;
        expect_ed25519(info.algorithm.oid)?;
        let pair = KeypairBytes::try_from(info).map_err(|e| malformed(&e))?;
        // A public half in the file (v2) must belong to the private half.
        SigningKey::try_from(&pair).map(Self).map_err(|_| KeyError::HalvesDiffer)
    }

    fn from_ssh(key: &ssh_key::PrivateKey) -> Result<Self, KeyError> {
        let pair = key
            .key_data()
            .ed25519()
            .ok_or_else(|| KeyError::NotEd25519(crate::text::short(key.algorithm().as_str())))?;
        let this = Self::from_seed(pair.private.as_ref());
        if this.public().to_bytes() != pair.public.0 {
            return Err(KeyError::HalvesDiffer);
        }
        Ok(this)
    }

    /// PKCS#8 v1 in PEM: v2, which has the public half in it, cannot be read by OpenSSL 3.0
    /// and what is built on it. With a passphrase: PBES2, scrypt, AES-256-CBC.
    pub fn to_pkcs8_pem(&self, lock: Option<(&Passphrase, &Salt)>) -> Result<Zeroizing<String>, KeyError> {
        let failed = |e: &dyn fmt::Display| KeyError::Malformed(format!("PKCS#8: {e}"));
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let plain = pair.to_pkcs8_der().map_err(|e| failed(&e))?;
        let Some((passphrase, random)) = lock else {
            return plain.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|e| failed(&e));
        };
        let (log_n, r, p) = WRITTEN_SCRYPT;
        let cost = scrypt::Params::new(log_n, r, p).map_err(|e| failed(&e))?;
        let (salt, iv) = random.split_at(16);
        let iv = iv.try_into().expect("half of 32 bytes");
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, iv).map_err(|e| failed(&e))?;
        PrivateKeyInfoRef::from_der(plain.as_bytes())
            .map_err(|e| failed(&e))?
            .encrypt_with_params(scheme, passphrase.as_bytes())
            .map_err(|e| failed(&e))?
            .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
            .map_err(|e| failed(&e))
    }
}

/// What a private key file holds, before any passphrase.
enum Block {
    Pkcs8(SecretDocument),
    Pbes2(SecretDocument),
    Ssh(Box<ssh_key::PrivateKey>),
}

impl Block {
    fn of(file: &[u8]) -> Result<Self, KeyError> {
        if file.len() > MAX_KEY_FILE_BYTES {
            return Err(KeyError::NotAKey(format!("{} bytes", file.len())));
        }
        let no_key = || KeyError::NotAKey("no PEM block".to_owned());
        let text = std::str::from_utf8(file).map_err(|_| no_key())?;
        if text.trim().is_empty() {
            return Err(KeyError::Empty);
        }
        let begins = text.lines().find(|line| line.contains("-----BEGIN ")).map(str::trim_end);
        let is_a_line = |line: &str| {
            line.starts_with("-----") && line.ends_with("-----") && line.matches("-----").count() == 2
        };
        if begins.is_some_and(|line| !is_a_line(line)) {
            return Err(KeyError::LostLines);
        }
        let Some((label, pem)) = pem_blocks(text).next() else {
            let first = text.split_ascii_whitespace().next().unwrap_or_default();
            return Err(match first {
                SSH_ED25519 => KeyError::PublicGiven,
                kind if is_key_type(kind) => KeyError::NotEd25519(crate::text::short(kind)),
                _ => no_key(),
            });
        };
        let der = || {
            SecretDocument::from_pem(pem)
                .map(|(_, der)| der)
                .map_err(|e| KeyError::Malformed(format!("PEM: {e}")))
        };
        match label {
            "PRIVATE KEY" => Ok(Self::Pkcs8(der()?)),
            "ENCRYPTED PRIVATE KEY" => Ok(Self::Pbes2(der()?)),
            "OPENSSH PRIVATE KEY" => Self::of_ssh(pem),
            "PUBLIC KEY" => Err(KeyError::PublicGiven),
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => Err(KeyError::Cosign),
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY" | "RSA PUBLIC KEY" => {
                let (kind, _) = label.split_once(' ').unwrap_or((label, ""));
                Err(KeyError::NotEd25519(kind.to_owned()))
            }
            label => Err(KeyError::NotAKey(format!("a PEM block {:?}", crate::text::short(label)))),
        }
    }

    fn of_ssh(pem: &str) -> Result<Self, KeyError> {
        let key = ssh_key::PrivateKey::from_openssh(pem).map_err(|e| match e {
            ssh_key::Error::PublicKey => KeyError::HalvesDiffer,
            // Types of keys and ciphers that are not compiled in: which of them was it?
            ssh_key::Error::AlgorithmUnknown => match ssh_kind(pem) {
                Some(kind) if kind == SSH_ED25519 => KeyError::UnknownEncryption(e.to_string()),
                Some(kind) => KeyError::NotEd25519(crate::text::short(&kind)),
                None => KeyError::Malformed(format!("OpenSSH: {e}")),
            },
            e => KeyError::Malformed(format!("OpenSSH: {e}")),
        })?;
        if key.algorithm() != ssh_key::Algorithm::Ed25519 {
            return Err(KeyError::NotEd25519(crate::text::short(key.algorithm().as_str())));
        }
        if let ssh_key::Kdf::Bcrypt { rounds, .. } = key.kdf()
            && *rounds > MAX_BCRYPT_ROUNDS
        {
            return Err(KeyError::TooCostly(format!("bcrypt with {rounds} rounds")));
        }
        Ok(Self::Ssh(Box::new(key)))
    }
}

/// The type of key in an OpenSSH private key file.
fn ssh_kind(pem: &str) -> Option<String> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).ok()?);
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    for _cipher_kdf_options in 0..3 {
        <Vec<u8> as SshDecode>::decode(&mut rest).ok()?;
    }
    let _count = <u32 as SshDecode>::decode(&mut rest).ok()?;
    let public = <Vec<u8> as SshDecode>::decode(&mut rest).ok()?;
    <String as SshDecode>::decode(&mut public.as_slice()).ok()
}

/// The PEM blocks of a text, each with its label and from its BEGIN line to its END line.
pub(super) fn pem_blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find("-----BEGIN ")?;
        let block = &rest[start..];
        let label = block["-----BEGIN ".len()..].split("-----").next()?;
        let end_line = format!("-----END {label}-----");
        let end = block.find(&end_line).map_or(block.len(), |at| at + end_line.len());
        rest = &block[end..];
        Some((label, &block[..end]))
    })
}

fn encryption(der: &SecretDocument) -> Result<pkcs5::EncryptionScheme, KeyError> {
    EncryptedPrivateKeyInfoRef::from_der(der.as_bytes())
        .map(|info| info.encryption_algorithm)
        .map_err(|e| KeyError::UnknownEncryption(e.to_string()))
}

fn affordable(scheme: pkcs5::EncryptionScheme) -> Result<(), KeyError> {
    let Some(parameters) = scheme.pbes2() else {
        return Err(KeyError::UnknownEncryption("PBES1".to_owned()));
    };
    if let Some(kdf) = parameters.kdf.scrypt() {
        let (n, r, p) = (kdf.cost_parameter, u64::from(kdf.block_size), u64::from(kdf.parallelization));
        let blocks = n.saturating_mul(r);
        let memory = blocks.saturating_mul(128);
        if memory > MAX_SCRYPT_MEMORY_BYTES || blocks.saturating_mul(p) > MAX_SCRYPT_BLOCKS {
            return Err(KeyError::TooCostly(format!("scrypt with N={n}, r={r}, p={p}")));
        }
    }
    if let Some(kdf) = parameters.kdf.pbkdf2() {
        if kdf.prf == pbes2::Pbkdf2Prf::HmacWithSha1 {
            return Err(KeyError::UnknownEncryption("PBKDF2 with SHA-1".to_owned()));
        }
        let count = kdf.iteration_count;
        if count > MAX_PBKDF2_ITERATIONS {
            return Err(KeyError::TooCostly(format!("PBKDF2 with {count} iterations")));
        }
    }
    Ok(())
}

fn expect_ed25519(oid: pkcs8::ObjectIdentifier) -> Result<(), KeyError> {
    let name = match oid.to_string().as_str() {
        "1.3.101.112" => return Ok(()),
        "1.3.101.110" => "X25519".to_owned(),
        "1.3.101.113" => "Ed448".to_owned(),
        "1.2.840.10045.2.1" => "EC".to_owned(),
        "1.2.840.113549.1.1.1" => "RSA".to_owned(),
        other => format!("algorithm {other}"),
    };
    Err(KeyError::NotEd25519(name))
}

/// A line of a trust file that is not damaged, and that attesh does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    what: String,
    instead: &'static str,
}

/// Why bytes are not a key that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// Something else altogether.
    NotAKey(String),
    /// A private key where a public one belongs.
    PrivateGiven,
    /// A public key where a private one belongs.
    PublicGiven,
    /// Nothing.
    Empty,
    /// A PEM block that is not on lines of its own.
    LostLines,
    /// A private key in cosign's own form.
    Cosign,
    /// A certificate where a public key belongs.
    Certificate,
    /// A key of another kind.
    NotEd25519(String),
    /// It claims to be a key and does not parse.
    Malformed(String),
    /// attesh does not take this line of a trust file, although nothing in it is damaged.
    Refused(Refusal),
    /// The 32 bytes are not a point, not its only spelling, or a weak point.
    BadPoint,
    /// The public half in the file does not belong to the private half.
    HalvesDiffer,
    /// Encrypted, and no passphrase was given.
    NeedsPassphrase,
    /// Encrypted, and not with this passphrase.
    WrongPassphrase,
    /// Encrypted in a way that attesh does not read.
    UnknownEncryption(String),
    /// Encrypted at a cost that nobody chooses in earnest.
    TooCostly(String),
}

impl KeyError {
    /// What stands there and why attesh does not take it, and what to write instead.
    pub(super) fn refused(what: impl Into<String>, instead: &'static str) -> Self {
        Self::Refused(Refusal { what: what.into(), instead })
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey(found) => write!(f, "not a key: {found}"),
            Self::PrivateGiven => f.write_str("a private key, but the public half is needed"),
            Self::PublicGiven => f.write_str("a public key, but the private half is needed"),
            Self::Empty => f.write_str("empty, but a private key is needed"),
            Self::LostLines => f.write_str("a key whose lines were joined or moved"),
            Self::Cosign => f.write_str(
                "a key in cosign's own form, but an Ed25519 key in PKCS#8 or OpenSSH's form is needed",
            ),
            Self::Certificate => f.write_str("a certificate, but a public key is needed"),
            Self::NotEd25519(kind) => write!(f, "a key of type {kind}, but an Ed25519 key is needed"),
            Self::Malformed(what) => write!(f, "a damaged key: {what}"),
            Self::Refused(refusal) => f.write_str(&refusal.what),
            Self::BadPoint => f.write_str("not a sound Ed25519 public key"),
            Self::HalvesDiffer => {
                f.write_str("a damaged key: its public half does not belong to its private half")
            }
            Self::NeedsPassphrase => f.write_str("encrypted, and no passphrase was given"),
            Self::WrongPassphrase => f.write_str("this passphrase does not open it"),
            Self::UnknownEncryption(what) => {
                write!(f, "encrypted in a way that attesh does not read ({what})")
            }
            Self::TooCostly(what) => write!(f, "opening it would take too much time or memory ({what})"),
        }
    }
}

impl Error for KeyError {}

impl Fault for KeyError {
    fn next(&self) -> Option<Next> {
        let sentence = match self {
            Self::PrivateGiven => {
                "to print the public half type: openssl pkey -in FILE -pubout (for a key of OpenSSH: ssh-keygen -y -f FILE)"
            }
            Self::NotEd25519(_) | Self::Cosign => "to make one type: attesh key generate -o FILE",
            Self::Empty => "put the private key there; a CI gives its secrets to no job of a fork",
            Self::LostLines => {
                "give it line by line as it was made: a CI keeps the lines of a file, a shell those of \"$KEY\" in quotes"
            }
            Self::NotAKey(_) => {
                "a key file has a line -----BEGIN … KEY-----; to make one type: attesh key generate -o FILE"
            }
            Self::Malformed(_) => "copy it again, from its first line to its last",
            Self::Refused(refusal) => refusal.instead,
            Self::Certificate => "to print its public key type: openssl x509 -in FILE -noout -pubkey",
            Self::NeedsPassphrase => "give --passphrase-file or set ATTESH_PASSPHRASE",
            Self::WrongPassphrase => "type the command again, with the passphrase of this key",
            Self::UnknownEncryption(_) | Self::TooCostly(_) => {
                "convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW"
            }
            _ => return None,
        };
        Some(sentence.into())
    }
}

/// Whether a word is a type of key in OpenSSH's formats.
pub(super) fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|p| word.starts_with(p))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
