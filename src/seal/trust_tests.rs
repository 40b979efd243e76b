use super::*;
use crate::seal::keys::PrivateKey;

fn key(seed: u8) -> PublicKey {
    PrivateKey::from_seed(&[seed; 32]).public()
}

/// Local time somewhere.
fn an_hour_east(time: jiff::civil::DateTime) -> Option<i64> {
    Some(jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?.as_second() - 3600)
}

fn read(text: &str) -> Result<TrustFile, TrustError> {
    TrustFile::read(text.as_bytes(), an_hour_east)
}

fn keys(text: &str) -> Vec<PublicKey> {
    let file = read(text).unwrap();
    file.keys.iter().map(|k| k.key().clone()).collect()
}

#[test]
fn pem_blocks_and_key_lines_are_read_in_order() {
    let pem = format!("# ours\n{}\n{}", key(1).to_spki_pem(), key(2).to_spki_pem());
    assert_eq!(keys(&pem), [key(1), key(2)]);
    let crlf = key(1).to_spki_pem().replace('\n', "\r\n");
    assert_eq!(keys(&crlf), [key(1)]);
    let lines = format!("\n# ours\n{} a b c\r\n  {}\n", key(1).to_ssh_line(), key(2).to_ssh_line());
    assert_eq!(keys(&lines), [key(1), key(2)]);
    assert_eq!(read(&lines).unwrap().keys[0].principals(), Some("a b c"));
}

#[test]
fn allowed_signers_lines_are_read() {
    let line = key(1).to_ssh_line();
    for options in [
        "",
        "namespaces=\"attesh\"",
        "namespaces=\"file,att*\"",
        "NAMESPACES=\"attes?\"",
        "namespaces=attesh,valid-after=20260102Z",
        "namespaces=\"a\\\" b,attesh\"",
        "valid-before=\"20270102030405Z\",valid-after=\"202601020304Z\"",
    ] {
        let file = read(&format!("alice@example.org,*@b.org {options} {line} comment\n")).unwrap();
        assert_eq!(file.keys[0].key(), &key(1), "{options}");
        assert_eq!(file.keys[0].principals(), Some("alice@example.org,*@b.org"));
    }
    let file =
        read(&format!("\"a b\" valid-before=\"20270102030405Z\",valid-after=\"202601020304Z\" {line}"))
            .unwrap();
    assert_eq!(file.keys[0].principals(), Some("a b"));
    assert_eq!(file.keys[0].validity(), Validity { after: Some(1_767_323_040), before: Some(1_798_859_045) });
}

#[test]
fn a_time_without_a_zone_is_local_time() {
    let line = key(1).to_ssh_line();
    let text = format!("a valid-after=\"202601020304\",valid-before=\"20270102030405\" {line}");
    let validity = read(&text).unwrap().keys[0].validity();
    assert_eq!(validity, Validity { after: Some(1_767_323_040 - 3600), before: Some(1_798_859_045 - 3600) });
    assert!(!validity.holds_at(1_767_323_040 - 3601));
}

#[test]
fn sound_lines_that_trust_nobody_here_are_left_out_and_said() {
    let line = key(1).to_ssh_line();
    for (other, says) in [
        ("a ssh-rsa AAAA".to_owned(), "of type ssh-rsa"),
        ("ecdsa-sha2-nistp256 AAAA".to_owned(), "of type ecdsa"),
        ("a sk-ssh-ed25519@openssh.com AAAA".to_owned(), "of type sk-"),
        (format!("a cert-authority {line}"), "certificate authority"),
        (format!("a namespaces=\"git\" {line}"), "namespaces"),
        (format!("a namespaces=\"*,!attesh\" {line}"), "namespaces"),
    ] {
        let file = read(&format!("{other}\n{}\n", key(2).to_ssh_line())).unwrap();
        assert_eq!(file.keys.len(), 1, "{other}");
        assert_eq!(file.keys[0].key(), &key(2));
        assert_eq!(file.unused[0].line, 1);
        assert!(file.unused[0].why.contains(says), "{:?}", file.unused[0]);
        // Nothing else in it: an error that says why.
        let error = read(&other).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains(says), "{error}");
        assert!(error.contains("no usable key") || error.contains("an Ed25519 key is needed"), "{error}");
    }
}

#[test]
fn a_damaged_line_is_named_though_others_are_good() {
    let good = key(2).to_ssh_line();
    let line = key(1).to_ssh_line();
    let data = line.strip_prefix("ssh-ed25519 ").unwrap().to_owned();
    for damaged in [
        "ssh-ed25519".to_owned(),
        "ssh-ed25519 !!!!".to_owned(),
        format!("ssh-ed25519 {}", &data[..40]),
        format!("ssh-ed25519 {}AAAA", data),
        "alice".to_owned(),
        format!("alice {data}"),
        format!("alice valid-after={line}"),
        format!("alice valid-after=\"2026Z\" {line}"),
        format!("alice valid-after=\"20261301Z\" {line}"),
        format!("alice valid-after=\"20260101Z\",valid-after=\"20270101Z\" {line}"),
        format!("alice valid-sometimes=\"20260101Z\" {line}"),
        format!("alice namespaces {line}"),
        format!("alice cert-authority, {line}"),
        format!("alice namespaces=\"a\"b {line}"),
        format!("alice namespaces=\"a {line}"),
    ] {
        let error = read(&format!("{good}\n{damaged}\n")).unwrap_err();
        assert_eq!(error.line, Some(2), "{damaged}: {error}");
    }
}

#[test]
fn other_files_are_said_to_be_what_they_are() {
    let private = PrivateKey::from_seed(&[1; 32]).to_pkcs8_pem(None).unwrap();
    let error = read(&private).unwrap_err();
    assert_eq!(error.why, KeyError::PrivateGiven);
    for text in ["", "# nothing\n", "hello"] {
        assert!(matches!(read(text).unwrap_err().why, KeyError::NotAKey(_)));
    }
    assert!(TrustFile::read(&[0xff, 0xfe], an_hour_east).is_err());
    let mixed = format!("{}{}\n", key(1).to_spki_pem(), key(2).to_ssh_line());
    assert_eq!(read(&mixed).unwrap_err().line, Some(4));
}

#[test]
fn patterns_match_as_openssh_has_them() {
    for (pattern, matches) in [
        ("attesh", true),
        ("a*", true),
        ("*", true),
        ("*h", true),
        ("a*s*", true),
        ("att?sh", true),
        ("?", false),
        ("attesh?", false),
        ("", false),
        ("git,file", false),
        ("git,attesh", true),
        ("!attesh,*", false),
        ("*,!git", true),
        ("!git", false),
    ] {
        assert_eq!(matches_any(pattern, "attesh"), matches, "{pattern}");
    }
    let many_stars = "*a".repeat(5000);
    assert!(!matches_any(&many_stars, &"a".repeat(4999)));
}
