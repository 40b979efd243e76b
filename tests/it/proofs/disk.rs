//! Keys on a real file system: none but the newest is left on the device.

use std::path::Path;
use std::process::Command;

use attesh::journal::state::newest;

use crate::journal::torn::Files;
use crate::proofs::inject::mounted;
use crate::stage::world::{long, skipped};

const IMAGE_BYTES: u64 = 16 << 20;

fn formatted(image: &Path) -> bool {
    std::fs::File::create_new(image).unwrap().set_len(IMAGE_BYTES).unwrap();
    let output = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image).output();
    let done = output.is_ok_and(|output| output.status.success());
    if !done {
        skipped("no mkfs.ext4");
    }
    done
}

#[test]
fn an_earlier_key_is_left_on_the_device() {
    if !long() {
        eprintln!("SKIPPED: the raw device is searched in the long form");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (image, point) = (folder.path().join("image"), folder.path().join("point"));
    std::fs::create_dir(&point).unwrap();
    if !formatted(&image) || !mounted(&["-o", "loop", &image.to_string_lossy()], &point) {
        return;
    }
    let mut keys: Vec<[u8; 32]> = vec![[1; 32]];
    let last;
    {
        let files = Files::begun_in(tempfile::tempdir_in(&point).unwrap());
        let state = |files: &Files| {
            let mut bytes = vec![0; 8192];
            std::os::unix::fs::FileExt::read_exact_at(&files.state, &mut bytes, 0).unwrap();
            newest(&bytes).unwrap().0
        };
        for at in 0..200 {
            let slot = state(&files);
            keys.extend([slot.seed.0, slot.chain_key.0]);
            files.append(b"ls -l");
            // Each state reaches the device, as it may at any time.
            if at % 4 == 0 {
                files.state.sync_all().unwrap();
            }
        }
        files.state.sync_all().unwrap();
        last = state(&files).seed.0;
        nix::unistd::sync();
        let raw = std::fs::read(&image).unwrap();
        let has = |key: &[u8; 32]| raw.windows(32).any(|window| window == key);
        assert!(has(&last), "the search finds nothing: it proves nothing");
        let left = keys.iter().filter(|key| has(key)).count();
        assert_eq!(left, 0, "{left} of {} earlier keys are on the device", keys.len());
    }
    assert!(Command::new("umount").arg(&point).status().unwrap().success());
}
