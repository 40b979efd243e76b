//! Who sent a datagram, by the kernel's word.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd};

use nix::Result;
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg, setsockopt};

/// From here on the kernel says with each datagram who sent it.
///
/// # Errors
/// The kernel refused.
pub fn tell(socket: &impl AsFd) -> Result<()> {
    setsockopt(socket, PassCred, &true)
}

/// The next datagram, if one has come: its length, and the process that sent it.
///
/// # Errors
/// None has come, or a signal has.
pub fn receive(socket: &impl AsRawFd, bytes: &mut [u8]) -> Result<(usize, Option<i32>)> {
    let mut space = nix::cmsg_space!(UnixCredentials);
    let mut parts = [IoSliceMut::new(bytes)];
    let heard = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_DONTWAIT)?;
    Ok((heard.bytes, heard.cmsgs().ok().and_then(|mut all| all.find_map(sender))))
}

fn sender(message: ControlMessageOwned) -> Option<i32> {
    match message {
        ControlMessageOwned::ScmCredentials(credentials) => Some(credentials.pid()),
        _ => None,
    }
}
