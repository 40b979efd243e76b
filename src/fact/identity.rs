//! What a token of OpenID Connect says of a job.
//!
//! What lives here: its header and its claims, as texts. What does not: its signature, which nobody
//! checks here, and with which others could use the token.
//!
//! Rules: no byte of the signature gets into a text, also not into why a token is none.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::url::without_userinfo;
use super::{IDENTITY, Seen, Texts};

/// The longest token in bytes.
pub const TOKEN_MAX: usize = 16 << 10;

/// What a token says, in the variable of this name.
#[must_use]
pub fn seen(variable: &str, token: Option<&[u8]>) -> Seen {
    let failed = |why: &str| Seen::failed(IDENTITY, &format!("the variable {variable} {why}"));
    let Some(token) = token else { return failed("is not set") };
    let token = token.trim_ascii();
    if token.len() > TOKEN_MAX {
        return failed(&format!("has more than {TOKEN_MAX} bytes"));
    }
    // RFC 7519, section 7.2: three parts in unpadded base64url; the last one is the signature.
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    let [header, claims, _signature] = parts[..] else { return failed("has no JSON Web Token") };
    match (object(header), object(claims)) {
        (Some(header), Some(claims)) => {
            let mut texts = Texts::default();
            texts.add("variable", variable);
            texts.add("header", header);
            texts.add("claims", claims);
            Seen::new(IDENTITY, texts)
        }
        _ => failed("has no JSON Web Token"),
    }
}

/// The object that a part of a token is, as it stands there: numbers and members are the issuer's.
fn object(part: &[u8]) -> Option<Vec<u8>> {
    let bytes = BASE64URL_NOPAD.decode(part).ok()?;
    serde_json::from_slice::<Map<String, Value>>(&bytes).ok()?;
    Some(without_userinfo(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(token: &str) -> Vec<(String, String)> {
        let seen = seen("TOKEN", Some(token.as_bytes()));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        seen.texts.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
    }

    fn part(text: &str) -> String {
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    #[test]
    fn a_token_is_told_with_its_signature_or_without_its_claims() {
        let token = format!(
            "{}.{}.c2VjcmV0\n",
            part("{\"alg\":\"RS256\"}"),
            part("{\"sub\":\"a\", \"iss\":\"https://u:p@h/\",\"n\":12345678901234567890123}")
        );
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = [
            of("claims", "{\"sub\":\"a\", \"iss\":\"https://h/\",\"n\":12345678901234567890123}"),
            of("header", "{\"alg\":\"RS256\"}"),
            of("variable", "TOKEN"),
        ];
        assert_eq!(texts(&token), all);
        let (one, two) = (part("{}"), part("[]"));
        for bad in [
            String::new(),
            "ghp_0123456789".to_owned(),
            format!("{one}.{one}"),
            format!("{one}.{two}.c2VjcmV0"),
            format!("{one}.x=.c2VjcmV0"),
            format!("{one}.{one}.c2VjcmV0.x"),
        ] {
            assert_eq!(texts(&bad), [of("error", "the variable TOKEN has no JSON Web Token")], "{bad}");
        }
        let long = format!("{one}.{one}.{}", "c".repeat(TOKEN_MAX));
        assert_eq!(texts(&long), [of("error", "the variable TOKEN has more than 16384 bytes")]);
        assert_eq!(seen("TOKEN", None).texts.get("error"), Some(&b"the variable TOKEN is not set"[..]));
    }
}
