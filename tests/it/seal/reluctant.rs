//! An agent that signs one file and refuses another.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

use attesh::seal::derived::Format;

use super::derived::{SCRIPT, all, key, names, recorded};
use crate::stage::programs::said;
use crate::stage::world::put;

/// An agent that signs so many messages and refuses the next ones.
fn reluctant(socket: &Path, messages: usize) {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut signed = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                return;
            }
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let blob = string(&key().public().to_ssh_blob());
            let answer = match request[0] {
                11 => [&[12, 0, 0, 0, 1][..], &blob, &string(b"key")].concat(),
                13 if signed < messages => {
                    signed += 1;
                    let message = &request[1 + blob.len() + 4..request.len() - 4];
                    let sig = [string(b"ssh-ed25519"), string(&key().sign(message))].concat();
                    [&[14][..], &string(&sig)].concat()
                }
                _ => vec![5],
            };
            stream.write_all(&string(&answer)).unwrap();
        }
    });
}

#[test]
fn a_signature_that_is_refused_leaves_some_of_the_files() {
    let world = recorded(SCRIPT);
    put(&world.home.path().join("key.pub"), key().public().to_spki_pem().as_bytes());
    let words = ["seal", "--dir", "job", "--key", "key.pub", "-o", "build.intoto.json", "--format", &all()];
    for messages in 0..=Format::ALL.len() + 1 {
        let socket = world.home.path().join(format!("agent{messages}"));
        reluctant(&socket, messages);
        let job = world.home.path().join("job").display().to_string();
        let words = words.map(|word| if word == "job" { &*job } else { word });
        let mut command = world.attesh(&words);
        command.env("SSH_AUTH_SOCK", &socket).stdout(Stdio::piped()).stderr(Stdio::piped());
        let said = said(&mut command);
        if messages <= Format::ALL.len() {
            assert!(
                said.code == Some(5) && said.err.contains("nothing was sealed"),
                "{messages}: {}",
                said.err
            );
            assert_eq!(names(&world), Vec::<String>::new(), "{messages}");
        } else {
            assert_eq!(said.code, Some(0), "{}", said.err);
            assert_eq!(names(&world).len(), 3 + Format::ALL.len());
        }
    }
}
