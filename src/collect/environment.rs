//! Looks at the machine.

use std::path::Path;

use crate::fact::environment::{Machine, release};
use crate::files;
use crate::paths;

/// What the system says of itself.
pub(super) fn machine() -> Machine {
    let named = nix::sys::utsname::uname().ok();
    let text = |value: Option<&std::ffi::OsStr>| {
        value.map(|value| value.as_encoded_bytes().to_vec()).unwrap_or_default()
    };
    let distribution = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| release(&files::read_stream(Path::new(path), 64 << 10).ok()?, "PRETTY_NAME"));
    Machine {
        system: text(named.as_ref().map(nix::sys::utsname::UtsName::sysname)),
        architecture: text(named.as_ref().map(nix::sys::utsname::UtsName::machine)),
        kernel: text(named.as_ref().map(nix::sys::utsname::UtsName::release)),
        distribution,
        container: container(),
    }
}

/// What kind of container this is, by what each kind leaves for its programs to see.
fn container() -> Option<&'static str> {
    let is_there = |path: &str| Path::new(path).exists();
    if paths::variable("KUBERNETES_SERVICE_HOST").is_some() {
        return Some("kubernetes");
    }
    if is_there("/run/.containerenv") {
        return Some("podman");
    }
    if is_there("/.dockerenv") {
        return Some("docker");
    }
    // systemd(1) and lxc leave a word there.
    let word = files::read_stream(Path::new("/run/systemd/container"), 64).ok()?;
    let known = ["lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "proot"];
    known.into_iter().find(|kind| kind.as_bytes() == word.trim_ascii()).or(Some("other"))
}
