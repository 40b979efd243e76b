//! The three columns of a line: core, disclosures, authentication.

use super::chain::Auth;
use crate::cause::Code;
use crate::encoding::{base64url, base64url_exact};
use crate::record::LINE_MAX;

/// A line's columns as stored; nothing in them has been checked yet.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The signed bytes.
    pub core: &'a [u8],
    /// The texts.
    pub disclosures: &'a [u8],
    /// Signature and tag.
    pub auth: Auth,
}

/// Puts a line together, newline included.
#[must_use]
pub fn join(core: &[u8], disclosures: &[u8], auth: &Auth) -> Vec<u8> {
    let auth = base64url(&[&auth.signature[..], &auth.tag].concat());
    [core, b"\t", disclosures, b"\t", auth.as_bytes(), b"\n"].concat()
}

/// Takes a line apart.
///
/// # Errors
/// One of the codes `line.*`.
pub fn split(line: &[u8]) -> Result<Columns<'_>, Code> {
    if line.len() > LINE_MAX {
        return Err(Code::LineLength);
    }
    let Some((b'\n', text)) = line.split_last() else { return Err(Code::LineTorn) };
    let mut columns = text.split(|byte| *byte == b'\t');
    let (Some(core), Some(disclosures), Some(auth), None) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(Code::LineColumns);
    };
    let bytes: [u8; 96] = base64url_exact(auth).ok_or(Code::LineAuth)?;
    let (signature, tag) = bytes.split_at(64);
    let auth = Auth {
        signature: signature.try_into().expect("64 bytes"),
        tag: tag.try_into().expect("the other 32 of 96"),
    };
    Ok(Columns { core, disclosures, auth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_apart_as_it_was_joined() {
        let auth = Auth { signature: [1; 64], tag: [2; 32] };
        let line = join(b"{}", b"{}", &auth);
        let columns = split(&line).unwrap();
        assert_eq!((columns.core, columns.disclosures, columns.auth), (&b"{}"[..], &b"{}"[..], auth));
    }

    #[test]
    fn a_line_that_is_not_one_is_refused() {
        let auth = Auth { signature: [1; 64], tag: [2; 32] };
        let line = join(b"{}", b"{}", &auth);
        assert_eq!(split(&line[..line.len() - 1]).unwrap_err(), Code::LineTorn);
        assert_eq!(split(b"a\tb\n").unwrap_err(), Code::LineColumns);
        assert_eq!(split(&[b"x\t", &line[..]].concat()).unwrap_err(), Code::LineColumns);
        assert_eq!(split(b"a\tb\tAAAA\n").unwrap_err(), Code::LineAuth);
        assert_eq!(split(&vec![b'\n'; LINE_MAX + 1]).unwrap_err(), Code::LineLength);
    }
}
