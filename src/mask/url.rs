//! Addresses: the password or token before the host.

use super::name::Kind;
use super::scan::Scan;
use super::value::{is_drawn, secret};

/// What stands for a password where the user is the token.
const NO_PASSWORDS: [&[u8]; 4] = [b"x-oauth-basic", b"x", b"", b"x-token-auth"];
/// The shortest user of an address without a password that is taken for a token.
const TOKEN_MIN: usize = 16;

impl Scan<'_, '_> {
    /// The secret of the address whose `://` is here; where to go on.
    pub(super) fn url(&mut self, at: usize) -> Option<usize> {
        let from = at + 3;
        let rest = &self.text[from..];
        let ends = |place: usize| {
            let byte = rest[place];
            byte.is_ascii_whitespace() || b"\"'<>`\0\\".contains(&byte) || rest[place..].starts_with(b"://")
        };
        let length = (0..rest.len()).find(|place| ends(*place)).unwrap_or(rest.len());
        let user = user_length(&rest[..length])?;
        let info = &rest[..user];
        let colon = info.iter().position(|byte| *byte == b':');
        let name = &info[..colon.unwrap_or(user)];
        let password = colon.map(|colon| &info[colon + 1..]);
        match password.filter(|password| !NO_PASSWORDS.contains(password)) {
            Some(password) => {
                let part = secret(password, Kind::Password, false)?;
                let start = from + user - password.len();
                self.push(start + part.start, start + part.end, "url-password");
                Some(from + user)
            }
            None if is_drawn(name, TOKEN_MIN) || password.is_some() && name.len() >= TOKEN_MIN => {
                let form = self.form_at(from).filter(|(end, _)| *end == from + name.len());
                self.push(from, from + name.len(), form.map_or("url-token", |(_, rule)| rule));
                Some(from + user)
            }
            _ => None,
        }
    }
}

/// How long what stands before the `@` of the host is.
fn user_length(address: &[u8]) -> Option<usize> {
    let is_end = |byte: &u8| b"/?#".contains(byte);
    let authority = address.iter().position(is_end).unwrap_or(address.len());
    let at = |part: &[u8]| part.iter().rposition(|byte| *byte == b'@');
    if let Some(user) = at(&address[..authority]) {
        return Some(user);
    }
    let colon = address[..authority].iter().position(|byte| *byte == b':')?;
    let port = &address[colon + 1..authority];
    if port.iter().all(u8::is_ascii_digit) || address[0] == b'[' {
        return None;
    }
    let user = at(address)?;
    let host = address[user + 1..].iter().take_while(|byte| !is_end(byte) && **byte != b':');
    let mut host = host.peekable();
    let is_host =
        host.peek().is_some() && host.all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte));
    is_host.then_some(user)
}
