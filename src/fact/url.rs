//! URLs of repositories and of variables: without what is secret in them, and as a policy names a
//! repository.

use std::borrow::Cow;

/// A text with the userinfo of each URL in it taken out: `https://user:token@host/` becomes
/// `https://host/`.
#[must_use]
pub fn without_userinfo(text: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, b"://") {
        let begin = at + 3;
        if begin < done {
            continue;
        }
        let ends = |is_end: fn(u8) -> bool| {
            text[begin..].iter().position(|byte| is_end(*byte)).map_or(text.len(), |n| begin + n)
        };
        let mut end = ends(ends_authority);
        // A password with a slash in it is no URL, and a password all the same.
        let host = text[begin..end].rsplit(|byte| *byte == b'@').next().unwrap_or_default();
        let port = memchr::memrchr(b':', host).map(|at| &host[at + 1..]);
        if port.is_some_and(|port| !host.ends_with(b"]") && !port.iter().all(u8::is_ascii_digit)) {
            end = ends(ends_url);
        }
        // The last one counts: a password can have this character, too.
        if let Some(userinfo) = memchr::memrchr(b'@', &text[begin..end]) {
            kept.extend_from_slice(&text[done..begin]);
            done = begin + userinfo + 1;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    kept.extend_from_slice(&text[done..]);
    Cow::Owned(kept)
}

fn ends_authority(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'\\') || ends_url(byte)
}

fn ends_url(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'') || byte.is_ascii_whitespace()
}

/// A remote of git without its userinfo: also of the form `user@host:path`.
#[must_use]
pub fn remote(url: &[u8]) -> Vec<u8> {
    if memchr::memmem::find(url, b"://").is_some() {
        return without_userinfo(url).into_owned();
    }
    let host_ends = url.iter().position(|byte| matches!(byte, b':' | b'/')).unwrap_or(0);
    match url[..host_ends].iter().rposition(|byte| *byte == b'@') {
        Some(at) if url[host_ends] == b':' => url[at + 1..].to_vec(),
        _ => url.to_vec(),
    }
}

/// How a policy names the repository of a URL: `host/path`, without scheme, user, port of ssh and
/// `.git`; `None` for one that is no place on a network.
#[must_use]
pub fn repository(url: &str) -> Option<String> {
    let plain = String::from_utf8(remote(url.trim().as_bytes())).ok()?;
    let (host, path) = match plain.split_once("://") {
        Some((scheme, rest)) if !scheme.eq_ignore_ascii_case("file") => rest.split_once('/')?,
        Some(_) => return None,
        None => plain.split_once(':').filter(|(host, _)| !host.contains('/'))?,
    };
    let path = path.trim_matches('/').trim_end_matches(".git").trim_end_matches('/');
    let host = host.strip_suffix(":22").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
    let fits = !host.is_empty() && !path.is_empty();
    fits.then(|| format!("{}/{path}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_a_url_becomes_a_text() {
        for (text, kept) in [
            ("https://user:tok@host/a", "https://host/a"),
            ("a https://u@h b ssh://x:y@z:22/p c", "a https://h b ssh://z:22/p c"),
            ("https://u:p@ss@host/a@b", "https://host/a@b"),
            ("https://host/a?b=c@d", "https://host/a?b=c@d"),
            ("postgres://u:p@h", "postgres://h"),
            ("no url@here", "no url@here"),
            ("http://a@b://c@d", "http://b://d"),
            ("https://u:p/w@h/a", "https://h/a"),
            ("https://h:8080/a@b", "https://h:8080/a@b"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("https://u:p@[::1]/a@b", "https://[::1]/a@b"),
            ("", ""),
        ] {
            assert_eq!(without_userinfo(text.as_bytes()), kept.as_bytes(), "{text}");
        }
        for (url, kept) in [
            ("git@github.com:a/b.git", "github.com:a/b.git"),
            ("https://x:y@h/a", "https://h/a"),
            ("/srv/git/a@b:c", "/srv/git/a@b:c"),
            ("../a", "../a"),
            ("host:a@b", "host:a@b"),
        ] {
            assert_eq!(remote(url.as_bytes()), kept.as_bytes(), "{url}");
        }
    }

    #[test]
    fn one_repository_has_two_names() {
        for url in [
            "https://github.com/acme/app",
            "https://github.com/acme/app.git",
            "https://user:pass@GitHub.com/acme/app/",
            "git@github.com:acme/app.git",
            "ssh://git@github.com:22/acme/app.git",
            "git://github.com/acme/app.git",
        ] {
            assert_eq!(repository(url).as_deref(), Some("github.com/acme/app"), "{url}");
        }
        let subgroups = repository("https://gitlab.example:8443/a/b/c.git");
        assert_eq!(subgroups.as_deref(), Some("gitlab.example:8443/a/b/c"));
        for url in ["", "/srv/a.git", "../a", "file:///srv/a", "https://host", "https:///a"] {
            assert_eq!(repository(url), None, "{url}");
        }
    }
}
