//! The example of attesh-journal(5): one small journal with all intermediate values, computed
//! here by the page's formulas and from the file of the vectors.

use std::fmt::Write as _;

use attesh::encoding::{base64url_exact, hex};
use attesh::journal::line;
use sha2::{Digest, Sha256};

use super::journal::{part, read};

/// The journal of the vectors that the page takes apart.
const NAME: &str = "genesis-and-end";

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    blake3::derive_key(&format!("attesh 2026-11-22 v1 {context}"), &parts.concat())
}

/// A value of the display: its name, and its text broken into lines that a page has room for.
fn put(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "{name} =");
    let bytes: Vec<char> = text.chars().collect();
    for piece in bytes.chunks(72) {
        let _ = writeln!(out, "  {}", piece.iter().collect::<String>().replace('\\', "\\e"));
    }
}

/// What the display has, but for its frame.
fn display() -> String {
    let mut out = String::new();
    let journal = read(&format!("tests/vectors/journals/{NAME}.journal"));
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let session = uuid::Uuid::try_parse(crate::stage::signer::SESSION).unwrap().into_bytes();
    put(&mut out, "session", &hex(&session));
    let mut seed = [1; 32];
    put(&mut out, "seed_0", &hex(&seed));
    let (mut leaves, mut chain_key) = (Vec::new(), [0; 32]);
    for (at, text) in lines.iter().enumerate() {
        let columns = line::split(text.as_bytes()).unwrap();
        put(&mut out, &format!("core_{at}"), std::str::from_utf8(columns.core).unwrap());
        if at == 0 {
            let (salt, value) = user(columns.disclosures);
            put(&mut out, "salt of user", &hex(&salt));
            let preimage = [
                b"attesh field v1\0",
                &[4][..],
                b"user",
                &salt,
                &u32::try_from(value.len()).unwrap().to_be_bytes(),
                &value,
            ]
            .concat();
            put(&mut out, "preimage of user", &hex(&preimage));
            let commitment = attesh::encoding::base64url(&sha(&[&preimage]));
            assert!(text.contains(&format!("\"user\":\"{commitment}\"")), "another commitment");
            put(&mut out, "commitment to user", &commitment);
        }
        leaves.push(sha(&[&[0], columns.core]));
        put(&mut out, &format!("leaf_{at}"), &hex(&leaves[at]));
        let root = if at == 0 { leaves[0] } else { sha(&[&[1], &leaves[0], &leaves[1]]) };
        put(&mut out, &format!("root_{}", at + 1), &hex(&root));
        if at == 0 {
            chain_key = derive("chain", &[&root]);
        }
        put(&mut out, &format!("ck_{at}"), &hex(&chain_key));
        let mac_key = derive("mac", &[&chain_key]);
        put(&mut out, &format!("mk_{at}"), &hex(&mac_key));
        let step = [&session[..], &(at as u64).to_be_bytes(), &root].concat();
        let tag = *blake3::keyed_hash(&mac_key, &[b"attesh tag v1\n", &step[..]].concat()).as_bytes();
        assert_eq!(tag, columns.auth.tag, "another tag");
        put(&mut out, &format!("tag_{at}"), &hex(&tag));
        let message = [b"attesh step v1\n", &step[..], &tag].concat();
        put(&mut out, &format!("step message_{at}"), &hex(&message));
        let key = ed25519_dalek::SigningKey::from_bytes(&derive("sign", &[&seed]));
        put(&mut out, &format!("sk_{at}"), &hex(key.as_bytes()));
        let signature = ed25519_dalek::Signer::sign(&key, &message).to_bytes();
        assert_eq!(signature, columns.auth.signature, "another signature");
        put(&mut out, &format!("sig_{at}"), &hex(&signature));
        chain_key = derive("next", &[&chain_key, &root]);
        seed = derive("seed", &[&seed]);
    }
    out
}

/// Salt and bytes of the text `user`.
fn user(column: &[u8]) -> ([u8; 16], Vec<u8>) {
    let column: serde_json::Value = serde_json::from_slice(column).unwrap();
    let salt = base64url_exact(column["user"][0].as_str().unwrap().as_bytes()).unwrap();
    (salt, column["user"][1].as_str().unwrap().as_bytes().to_vec())
}

#[test]
fn the_example_is_another_journal_than_the_vectors_have() {
    let page = read("man/attesh-journal.5");
    let lines = part(&page, ".Sh AN EXAMPLE WITH ALL VALUES");
    assert!(lines.iter().any(|line| line.contains(&format!("{NAME}.journal"))));
    let shown = lines.iter().skip_while(|line| !line.starts_with(".Bd")).skip(1);
    let shown: String = shown.take_while(|line| *line != ".Ed").map(|line| format!("{line}\n")).collect();
    assert!(shown == display(), "the page must have:\n{}", display());
}
